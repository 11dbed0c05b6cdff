"""Values of a host that a run sets for its own time: what they are, and how they are put back."""

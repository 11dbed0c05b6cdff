"""A point of the report's first words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """One point, in Markdown. evidence: its exact figures, or empty."""

    claim: str
    evidence: str = ""

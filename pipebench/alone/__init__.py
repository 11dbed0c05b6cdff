"""What is answered without an environment: only the standard library is imported here."""

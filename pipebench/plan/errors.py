"""The mistakes in a plan, in sentences for the person who made it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class PlanError(ValueError):
    """Mistakes in the variables, the inventory or a framework: one sentence per line."""

    def __init__(self, *sentences: str) -> None:
        self.sentences = list(sentences)
        super().__init__("\n".join(self.sentences))


class Mistakes(list[str]):
    """Collected sentences, so that a person reads all of them at once."""

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Keep the sentences of a PlanError, and go on."""
        try:
            yield
        except PlanError as error:
            self += error.sentences

    def refuse(self) -> None:
        """Raise PlanError if there is any."""
        if self:
            raise PlanError(*self)


def sentence(text: str) -> str:
    """The text with a full stop, unless it ends with a question mark."""
    return text if text.endswith("?") else f"{text}."

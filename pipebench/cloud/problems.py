"""Answers of a provider that say no, as sentences: what happened, and what helps."""

from __future__ import annotations

from pipebench.cloud.provider import Description


def sentence_of(message: str, theirs: Description) -> str:
    """The message of a provider, with what helps if its code is known. No full stop."""
    text = " ".join(message.split()).rstrip(".")
    if theirs.lost and theirs.lost[0].search(text):
        return theirs.lost[1]
    code = theirs.code.search(text)
    if code and code[1] in theirs.help:
        return f"{theirs.help[code[1]]} ({text})"
    return text

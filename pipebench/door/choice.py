"""Which phases of a run are wanted, and options with which there can be none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pipebench.documents.declared import listed
from pipebench.door.words import NO_LIMIT, NO_START
from pipebench.plan.phases import PHASES

OTHER_TAGS = ("all", "always")
"""Tags besides the phases; `always` is what every run needs."""


class Choice(NamedTuple):
    """What of a run is wanted, as ansible-playbook has it."""

    tags: tuple[str, ...] = ("all",)
    skipped: tuple[str, ...] = ()
    limit: str | None = None
    start_at: str | None = None

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Choice:
        """From the options of the command line (ansible.context.CLIARGS)."""
        return cls(
            tags=tuple(options.get("tags") or ("all",)),
            skipped=tuple(options.get("skip_tags") or ()),
            limit=options.get("subset"),
            start_at=options.get("start_at_task"),
        )


def choice_mistakes(choice: Choice) -> list[str]:
    """A sentence for each option that cannot work."""
    sentences = [
        *_tag_mistakes(choice.tags),
        *_tag_mistakes(choice.skipped),
        *([f"{NO_LIMIT}."] if choice.limit else []),
        *([f"{NO_START}."] if choice.start_at else []),
    ]
    return sentences + [
        f"{tag} cannot be skipped: without these tasks there is no run."
        for tag in OTHER_TAGS
        if tag in choice.skipped
    ]


def _tag_mistakes(tags: Iterable[str]) -> list[str]:
    """A sentence for each tag that is not a phase."""
    return [
        f"{tag} is not a phase; the phases are {listed(PHASES)}."
        for tag in tags
        if tag not in (*PHASES, *OTHER_TAGS)
    ]

"""The run that variables and inventory ask for, with all that is wrong with them: before any host.

./bench and the action `bench_plan` both call this.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from pipebench.documents.declared import listed
from pipebench.door.words import NO_LIMIT, NO_START
from pipebench.earlier.complete import left_text
from pipebench.earlier.repeat import plan_repeated, repeated_text
from pipebench.earlier.resume import plan_resumed
from pipebench.hosts.ending import early_endings
from pipebench.hosts.via_controller import hosts_via_controller
from pipebench.plan.described import described
from pipebench.plan.errors import Mistakes
from pipebench.plan.estimate import plan_text
from pipebench.plan.host_variables import host_variable_mistakes
from pipebench.plan.phases import MEASURE, PHASES, PROVISION, is_run
from pipebench.plan.project import Project
from pipebench.plan.run_plan import RunPlan, plan_run
from pipebench.plan.testbeds import Inventory
from pipebench.plan.variables import LIKE, RESUME

OTHER_TAGS = ("all", "always", "tagged", "untagged")
"""Tags that Ansible knows besides the phases; `always` is what every run needs."""


class Planned(NamedTuple):
    """A run, what is said of it first, and the hosts that are provisioned through the controller."""

    run: RunPlan
    text: str
    via_controller: list[str]


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


def planned(
    given: Mapping[str, Any], inventory: Inventory, project: Project, choice: Choice
) -> Planned:
    """The run, whichever kind it is. Raises PlanError with every mistake.

    given: variables by their names; only those that begin with `bench_` count.
    """
    mistakes = Mistakes(choice_mistakes(choice))
    mistakes += host_variable_mistakes(inventory, given)
    result: Planned | None = None
    with mistakes.collected():
        result = _planned(given, inventory, project, choice)
    mistakes.refuse()
    assert result is not None  # otherwise there was a mistake
    return result


def _planned(
    given: Mapping[str, Any], inventory: Inventory, project: Project, choice: Choice
) -> Planned:
    measures, provisions = (
        is_run(phase, choice.tags, choice.skipped) for phase in (MEASURE, PROVISION)
    )
    if given.get(LIKE):
        run = plan_repeated(given, inventory, project, measures=measures)
        text = repeated_text(run)
    elif given.get(RESUME):
        run = plan_resumed(given, inventory, project)
        text = left_text(run)
    else:
        run = plan_run(given, inventory, project, measures=measures)
        text = f"Run {run.run_id}, {plan_text(run)}, after provisioning"
    Mistakes(early_endings(run, inventory, time.time())).refuse()
    through = hosts_via_controller(inventory)
    return Planned(run, f"{text}\n{described(run)}", through if provisions else [])


def choice_mistakes(choice: Choice) -> list[str]:
    """A sentence for each option that cannot work."""
    sentences = [
        *_tag_mistakes(choice.tags),
        *_tag_mistakes(choice.skipped),
        *([f"{NO_LIMIT}."] if choice.limit else []),
        *([f"{NO_START}."] if choice.start_at else []),
    ]
    if "always" in choice.skipped:
        sentences.append("always cannot be skipped: without these tasks there is no run.")
    return sentences


def _tag_mistakes(tags: Iterable[str]) -> list[str]:
    """A sentence for each tag that is not a phase."""
    return [
        f"{tag} is not a phase; the phases are {listed(PHASES)}."
        for tag in tags
        if tag not in (*PHASES, *OTHER_TAGS)
    ]

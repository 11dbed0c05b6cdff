"""The run that variables and inventory ask for, with all that is wrong with them: before any host.

./bench and the action `bench_plan` both call this.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from pipebench.documents.declared import listed
from pipebench.door.choice import Choice, choice_mistakes
from pipebench.earlier.complete import left_text
from pipebench.earlier.repeat import plan_repeated, repeated_text
from pipebench.earlier.resume import plan_resumed
from pipebench.hosts.ending import early_endings
from pipebench.hosts.via_controller import hosts_via_controller
from pipebench.plan.connection_variables import connection_mistakes
from pipebench.plan.described import described
from pipebench.plan.errors import Mistakes
from pipebench.plan.estimate import plan_text
from pipebench.plan.host_variables import host_variable_mistakes
from pipebench.plan.phases import MEASURE, PROVISION, is_run
from pipebench.plan.project import Project
from pipebench.plan.run_plan import RunPlan, plan_run
from pipebench.plan.testbeds import ADDRESS, Inventory
from pipebench.plan.variables import LIKE, RESUME


class Planned(NamedTuple):
    """A run, the text shown before it, and the hosts that reach the internet by the controller."""

    run: RunPlan
    text: str
    via_controller: list[str]


def planned(
    given: Mapping[str, Any], inventory: Inventory, project: Project, choice: Choice
) -> Planned:
    """The run, whichever kind it is. Raises PlanError with every mistake.

    given: variables by their names; only those that begin with `bench_` count.
    """
    mistakes = Mistakes(choice_mistakes(choice))
    mistakes += host_variable_mistakes(inventory, given)
    mistakes += connection_mistakes(inventory)
    if ADDRESS in given and len(inventory.servers) > 1:
        mistakes.append(
            f"{ADDRESS} would be the same for {listed(inventory.servers)}; give it to each server "
            "in the inventory."
        )
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

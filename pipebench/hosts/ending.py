"""Hosts that end themselves at a moment, as rented ones do: whether a run is over by then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from pipebench.plan.estimate import duration_text, estimate_s
from pipebench.plan.host_variables import number_in
from pipebench.plan.run_plan import RunPlan
from pipebench.plan.testbeds import Inventory
from pipebench.plan.variables import UNTIL

PROVISIONING_S = 600
"""Of new hosts; the estimate begins after it."""


def early_endings(run: RunPlan, inventory: Inventory, now: float) -> Iterator[str]:
    """A sentence for each moment at which hosts end before the run. now: unix s."""
    hosts = [host for one in run.testbeds for host in (one.server, *one.generators)]
    endings: dict[float, list[str]] = {}
    for host in hosts:
        until = number_in(inventory.hostvars[host].get(UNTIL))
        if until is not None:
            endings.setdefault(until, []).append(host)
    needed_s = PROVISIONING_S + estimate_s(run)
    for until, names in endings.items():
        if until >= now + needed_s:
            continue
        more = len(names) - 1
        others = f" and {more} other host{'s' if more > 1 else ''} end" if more else " ends"
        left = duration_text(max(0.0, until - now))
        yield (
            f"{names[0]}{others} at {datetime.fromtimestamp(until, UTC):%H:%M} UTC, in {left}, and "
            f"the run needs about {duration_text(needed_s)} with provisioning; rent hosts for "
            "longer (time_to_live_hours), or take a shorter plan."
        )

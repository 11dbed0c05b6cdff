"""That a run was measured in parts."""

from __future__ import annotations

from pipebench.plan.estimate import duration_text
from pipebench.record.run_record import Run, moment
from pipebench.record.schema import Interruption
from pipebench.record.values import first_of
from pipebench.show import formats
from pipebench.show.claim import Claim


def interruption_points(run: Run) -> list[Claim]:
    """When a run was interrupted, for how long, and what changed: a point for each time."""
    claims = [_claim(one, run.scheduled) for one in run.interruptions]
    return [Claim(claim) for claim in first_of(claims)]


def _claim(one: Interruption, scheduled: int) -> str:
    at, resumed = moment(one.at), moment(one.resumed)
    when = f" at {at:%Y-%m-%d %H:%M} UTC" if at else ""
    gap = f", {duration_text((resumed - at).total_seconds())} later" if at and resumed else ""
    so_far = f"after {one.measured} of now {scheduled} measurements"
    claim = f"**This run was interrupted**{when}, {so_far}, and went on{gap}."
    if not one.changes:
        return f"{claim} Nothing that was recorded of hosts and frameworks changed in between."
    return f"{claim} Changed in between: {' '.join(map(formats.text, first_of(one.changes)))}"

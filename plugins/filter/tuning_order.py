"""What a run sets on a kind of host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipebench.plan.run_plan import RunPlan
from pipebench.plan.tuning import Kind, order_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DOCUMENTATION = """
---
name: tuning_order
short_description: What a run sets on a kind of host, as files/tuning/plan.py reads it
positional: _input
options:
  _input:
    description: C(bench_run).
    type: dict
    required: true
  kind:
    description: C(server) or C(generator).
    type: str
    required: true
"""


def tuning_order(run: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    planned = RunPlan.from_fact(run)
    return order_of(planned.variables, kind, planned.variables.port)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"tuning_order": tuning_order}

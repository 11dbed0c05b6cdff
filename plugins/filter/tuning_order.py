"""What a run sets on a kind of host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pipebench.documents.declared import plain
from pipebench.plan.tuning import Kind, order_of
from pipebench.plan.variables import Variables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DOCUMENTATION = """
---
name: tuning_order
short_description: What a run sets on a kind of host, as files/tuning/plan.py reads it
positional: _input
options:
  _input:
    description: C(bench_run.variables).
    type: dict
    required: true
  kind:
    description: C(server) or C(generator).
    type: str
    required: true
"""


def tuning_order(variables: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    return order_of(msgspec.convert(plain(variables), Variables), kind)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"tuning_order": tuning_order}

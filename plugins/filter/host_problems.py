"""Say what is wrong with the hosts of a run, before any of them is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pipebench.documents.declared import plain
from pipebench.hosts import requirements
from pipebench.plan.testbeds import Testbed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DOCUMENTATION = """
---
name: host_problems
short_description: What is wrong with the hosts of a run
description:
  - One sentence for each problem, which says what is right; an empty list if there is none.
positional: _input
options:
  _input:
    description: C(bench_run.testbeds).
    type: list
    required: true
  hostvars:
    description: The variables of all hosts, with what playbooks/preflight_hosts.yml registered.
    type: dict
    required: true
  free_gb:
    description: C(server) and C(generator), the space that each kind of host requires, in GB.
    type: dict
    required: true
  pauses:
    description: Whether services that would undo the tuning are stopped for the time of the run.
    type: bool
    default: false
"""


def host_problems(
    testbeds: list[Any],
    hostvars: Mapping[str, Any],
    free_gb: Mapping[str, float],
    *,
    pauses: bool = False,
) -> list[str]:
    planned = msgspec.convert(plain(testbeds), list[Testbed])
    return requirements.host_problems(planned, hostvars, free_gb, pauses=pauses)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"host_problems": host_problems, "runs_modules": requirements.runs_modules}

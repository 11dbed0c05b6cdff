"""Say which machines a run holds, before they are stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from pipebench.documents.declared import plain
from pipebench.hosts.requirements import Lease, held_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DOCUMENTATION = """
---
name: lease_problems
short_description: Which machines are held by a run
description:
  - One sentence for each machine that a run holds; none for a run that is known to be dead.
positional: _input
options:
  _input:
    description: The leases that go on, by the name of the machine.
    type: dict
    required: true
"""


def lease_problems(leases: Mapping[str, Any]) -> list[str]:
    """A sentence for each machine that is held. leases: by its name."""
    said = (held_text(name, msgspec.convert(lease, Lease)) for name, lease in plain(leases).items())
    return list(filter(None, said))


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"lease_problems": lease_problems}

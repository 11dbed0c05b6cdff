"""Say what a provider's "no" means, in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipebench.cloud.problems import sentence_of

if TYPE_CHECKING:
    from collections.abc import Callable

DOCUMENTATION = """
---
name: cloud_problem
short_description: What a provider's "no" means, in a sentence
positional: _input
options:
  _input:
    description: The message of a module.
    type: str
    required: true
"""


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"cloud_problem": sentence_of}

"""Say what a provider's "no" means, in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipebench.cloud.problems import sentence_of
from pipebench.cloud.providers import description_of

if TYPE_CHECKING:
    from collections.abc import Callable

DOCUMENTATION = """
---
name: cloud_problem
short_description: What a provider's "no" means, in a sentence
positional: _input, provider
options:
  _input:
    description: The message of a module.
    type: str
    required: true
  provider:
    description: Whose module said so, as in a cloud file.
    type: str
    required: true
"""


def cloud_problem(message: str, provider: str) -> str:
    return sentence_of(message, description_of(provider))


class FilterModule:
    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"cloud_problem": cloud_problem}

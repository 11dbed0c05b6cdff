"""Options of ansible-playbook with which a run could not be what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipebench.plan.connection_variables import missing_key, misspelt_way


def option_mistakes(options: Mapping[str, Any]) -> list[str]:
    """A sentence for each value that cannot be used. options: of Ansible's command line."""
    key, way = options.get("private_key_file"), options.get("connection")
    mistakes = []
    if key and (missing := missing_key(key)):
        mistakes.append(f"--private-key is {missing}.")
    if way and (meant := misspelt_way(way)):
        mistakes.append(f"--connection is {way!r}; did you mean {meant}?")
    return mistakes


def forks_mistakes(options: Mapping[str, Any], testbeds: int) -> list[str]:
    """A sentence if fewer testbeds are measured at the same time than the run has."""
    forks = options.get("forks") or testbeds
    wrong = (
        f"--forks {forks} would measure the {testbeds} testbeds one after the other; leave it out, "
        f"or give {testbeds} or more."
    )
    return [wrong] if forks < testbeds else []

"""Groups and variables of an inventory that Ansible takes for a person's own, as misspelt ones."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from pipebench.documents.declared import near
from pipebench.plan.variables import HOST_VARIABLES, PREFIX

GROUPS = ("servers", "loadgens")
CONNECTIONS = tuple(
    f"ansible_{name}"
    for name in (
        "host", "port", "user", "password", "connection", "become", "become_user",
        "become_method", "become_password", "ssh_private_key_file", "ssh_common_args",
        "ssh_extra_args", "ssh_args", "ssh_host", "ssh_port", "ssh_user", "ssh_pass",
        "ssh_password", "ssh_executable", "python_interpreter", "shell_type",
        "private_key_file", "host_key_checking", "control_path", "control_path_dir",
    )
)  # fmt: skip
"""Variables with which a host is reached, as Ansible spells them."""
CLOSE = 0.88


class HasVariables(Protocol):
    """A host or a group of Ansible."""

    name: str
    vars: Mapping[str, Any]


def misspelt_groups(groups: Iterable[str]) -> list[str]:
    """A sentence for each of the two groups that is not there, if another one may be meant."""
    names = set(groups)
    return [
        f"The inventory has a group {meant}; did you mean {wanted}?"
        for wanted in GROUPS
        if wanted not in names and (meant := near(wanted, names - {"all", "ungrouped"}))
    ]


def misspelt_variables(owners: Iterable[HasVariables]) -> list[str]:
    """A sentence for each variable that neither Ansible nor the project would know."""
    named = {name: one.name for one in owners for name in one.vars}
    return [
        f"{owner}: {name} is not a variable of {of}; did you mean {meant}?"
        for name, owner in named.items()
        for of, meant in _meant(name)
    ]


def _meant(name: str) -> list[tuple[str, str]]:
    """Whose variable is meant, and its name; none if the name is right, or quite another one.

    What begins with the project's prefix is checked as a variable of the run or of a host.
    """
    if name in CONNECTIONS or name.startswith(PREFIX):
        return []
    plain = name.lower().replace("-", "_")
    for of, known in (("Ansible", CONNECTIONS), ("a host", sorted(HOST_VARIABLES))):
        like = difflib.get_close_matches(plain, known, n=1, cutoff=CLOSE)
        if like:
            return [(of, like[0])]
    return []

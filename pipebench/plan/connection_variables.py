"""The variables of a host with which Ansible reaches it: values that would be taken for others.

Ansible takes a word that is not true for false, and half of an option for the whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipebench.documents.declared import near, plain
from pipebench.plan.errors import sentence
from pipebench.plan.testbeds import UP_PATH, Inventory

PORTS = ("ansible_port", "ansible_ssh_port")
TRUTHS = (
    "ansible_become", "ansible_host_key_checking", "ansible_ssh_host_key_checking",
    "ansible_pipelining", "ansible_ssh_pipelining",
)  # fmt: skip
TEXTS = ("ansible_host", "ansible_ssh_host", "ansible_user", "ansible_ssh_user")
KEYS = ("ansible_ssh_private_key_file", "ansible_private_key_file")
OPTIONS = (
    "ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args",
    "ansible_scp_extra_args", "ansible_sftp_extra_args",
)  # fmt: skip
CONNECTION = "ansible_connection"
CHECKED = (*PORTS, *TRUTHS, *TEXTS, *KEYS, *OPTIONS, CONNECTION)
KNOWN_BEFORE = tuple(name for name in CHECKED if name not in KEYS)
"""Those of a host that comes up with the lab, which makes the key then."""
WAYS = ("ssh", "smart", "local", "paramiko", "paramiko_ssh")
"""Connections that Ansible itself has, for hosts of this kind; others come from collections."""
MEANS_TRUE_OR_FALSE = re.compile(r"y|yes|on|1|1\.0|true|t|n|no|off|0|0\.0|false|f", re.IGNORECASE)
HALF = re.compile(r"(?:^|.*\s)(?P<option>-[A-Za-z])\s*")


def connection_mistakes(inventory: Inventory) -> list[str]:
    """A sentence for each wrong value; for hosts that share one, once."""
    hosts: dict[str, list[str]] = {}
    for host in dict.fromkeys([*inventory.servers, *inventory.loadgens]):
        variables = inventory.hostvars[host]
        for name in KNOWN_BEFORE if UP_PATH in variables else CHECKED:
            if (value := plain(variables.get(name))) is not None:
                for wrong in _mistakes(name, value):
                    hosts.setdefault(wrong, []).append(host)
    return [sentence(f"{hosts_named(names)}: {wrong}") for wrong, names in hosts.items()]


def hosts_named(hosts: list[str]) -> str:
    """One host, or the first of several and how many more."""
    return hosts[0] if len(hosts) == 1 else f"{hosts[0]} and {len(hosts) - 1} more"


def _mistakes(name: str, value: Any) -> Iterator[str]:
    text = str(value)
    if name in PORTS and not (text.isdecimal() and 0 < int(text) < 65536):
        yield f"{name} is {value!r}; it must be a whole number from 1 to 65535"
    elif name in TRUTHS and not MEANS_TRUE_OR_FALSE.fullmatch(text):
        yield f"{name} is {value!r}; it must be true or false"
    elif name in TEXTS and isinstance(value, list | dict):
        yield f"{name} is {value!r}; it must be one text"
    elif name in KEYS and text and (missing := missing_key(text)):
        yield f"{name} is {missing}"
    elif name in OPTIONS and (half := HALF.fullmatch(text)):
        yield (
            f"{name} ends with {half['option']}, an option that lacks its value; write all of it "
            "in one pair of quotes"
        )
    elif name == CONNECTION and (meant := misspelt_way(text)):
        yield f"{name} is {value!r}; did you mean {meant}?"


def missing_key(path: str) -> str | None:
    """That a file with a private key is not there, behind `is`."""
    return None if Path(path).expanduser().is_file() else f"{path}, which is not a file here"


def misspelt_way(name: str) -> str | None:
    """The connection that is meant by a name that is none."""
    return None if name in WAYS else near(name, WAYS)

"""One of the programs of files/, run on a host: JSON to it, JSON from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from pipebench.record.assemble import Answer
from pipebench.record.reading import json_value
from pipebench.record.schema import RecordError

# Where roles/host puts files/: a program imports its neighbours from there.
FOLDER = "/opt/pipeline-bench"

THROW_AWAY = {"user": "throw-away"}
"""For an order whose program parses what a server sends: a user who exists for it alone does it
(files/host/throw_away.py)."""


@dataclass(frozen=True, slots=True)
class Call:
    """A program and what it reads. program: its module, as in `server.unit`."""

    program: str
    order: Mapping[str, Any]

    @property
    def command(self) -> str:
        """For the shell of the host.

        -S: no program of files/ needs what is installed, so site is not looked at.
        """
        return f"cd {FOLDER} && exec /usr/bin/python3 -S -m {self.program}"

    @property
    def input(self) -> bytes:
        return json.dumps(self.order).encode()

    def answer(self, done: Mapping[str, Any]) -> Answer:
        """What it printed, or that it failed; done: what Ansible returns of a command."""
        with suppress(RecordError):
            printed = json_value(done["stdout"].encode(errors="replace"))
            if isinstance(printed, dict):
                return printed
        text = (done["stderr"] or done["stdout"]).strip()
        return {"failed": True, "msg": f"{self.program} ended with {done['rc']}: {text}"}


class Host(Protocol):
    """A host of a testbed, by its name in the inventory."""

    @property
    def name(self) -> str: ...

    def run(self, call: Call) -> Answer:
        """What the program printed.

        `{failed, msg}` if it could not be run, `{unreachable, msg}` if the host did not answer.
        """
        ...


def ask_all(calls: Mapping[str, Call], hosts: Iterable[Host]) -> dict[str, Answer]:
    """What each host answers to its call, all at the same time; by its name, if it has a call."""
    asked = [host for host in hosts if host.name in calls]
    if not asked:
        return {}
    with ThreadPoolExecutor(len(asked)) as pool:
        answers = pool.map(lambda host: host.run(calls[host.name]), asked)
        return dict(zip((host.name for host in asked), answers, strict=True))

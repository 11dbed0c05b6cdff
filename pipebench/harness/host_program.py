"""One of the programs of files/, run on a host: JSON to it, JSON from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

# Where roles/host puts files/: a program imports its neighbours from there.
FOLDER = "/opt/pipeline-bench"


def command(program: str) -> str:
    """For the shell of the host; program: its module, as in `server.unit`.

    -S: no program of files/ needs what is installed, so site is not looked at.
    """
    return f"cd {FOLDER} && exec /usr/bin/python3 -S -m {program}"


def order(parts: Iterable[Mapping[str, Any]]) -> bytes:
    """What it reads: one mapping of several, of which those that come later add to the first."""
    return json.dumps({key: value for part in parts for key, value in part.items()}).encode()


def answer(program: str, done: Mapping[str, Any]) -> dict[str, Any]:
    """What it printed, or that it failed; done: what Ansible returns of a command."""
    try:
        printed: dict[str, Any] = json.loads(done["stdout"])
    except ValueError:
        text = (done["stderr"] or done["stdout"]).strip()
        return {"failed": True, "msg": f"{program} ended with {done['rc']}: {text}"}
    return printed

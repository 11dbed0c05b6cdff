"""How a program is asked on a host: an order on standard input, the answer on standard output.

Both are JSON objects. An order may have, beside what its program reads,

    "lease": {"run", "owner", "seconds"}    holds the host for so long (lease.py)
    "owner": text                           who asks

and is refused if the run of another owner holds the host: a run that has lost its host, as its
controller slept, must not end what another one measures there. {"failed": true, "msg"} is printed
if it is refused, or the host cannot do its part; also if the program itself has an error, so that
its answer is never lost.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from host.failure import failure
from host.lease import hold, refuse_others


def obey(program: Callable[[dict[str, Any]], object]) -> int:
    """Read the order, have the program do it and print what it answers; the exit status."""
    json.dump(answer_to(json.load(sys.stdin), program), sys.stdout)
    return 0


def answer_to(order: dict[str, Any], program: Callable[[dict[str, Any]], object]) -> object:
    """What is printed."""
    try:
        if lease := order.pop("lease", None):
            hold(**lease)
        if owner := order.get("owner"):
            refuse_others(owner)
        return program(order)
    except Exception as error:  # noqa: BLE001 (whatever it is, who asks is told)
        return failure(error)

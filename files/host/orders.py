"""How a program is asked on a host: an order on standard input, the answer on standard output.

Both are JSON objects. An order of a run has, beside what its program reads,

    "lease": {"token", "seconds"}   the token of its lease, and for how long it holds the host from
                                    now on (lease.py); without "seconds" as long as before

and is refused if that lease is not here any more: a run that has lost its host, as its controller
slept, must neither end what another one measures there nor measure what that one left. An order
without a lease is refused as long as any run holds the host. Before something is measured, what
the run has set on this host is set anew if it was put back (tuning/hold.py).

{"failed": true, "msg"} is printed if an order is refused, or the host cannot do its part; also if
the program itself has an error, so that its answer is never lost.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from host.failure import failure
from host.lease import keep, refuse_others


def obey(program: Callable[[dict[str, Any]], object], *, measures: bool = True) -> int:
    """Read the order, have the program do it and print what it answers; the exit status.

    measures: whether an order of this program that holds the host is one to measure.
    """
    json.dump(answer_to(json.load(sys.stdin), program, measures=measures), sys.stdout)
    return 0


def answer_to(
    order: dict[str, Any],
    program: Callable[[dict[str, Any]], object],
    *,
    measures: bool = True,
) -> object:
    """What is printed."""
    try:
        lease = order.pop("lease", None)
        if lease is None:
            refuse_others(None)
        else:
            keep(**lease)
            if measures and "seconds" in lease:
                set_anew(lease["token"])
        return program(order)
    except Exception as error:  # noqa: BLE001 (whatever it is, who asks is told)
        return failure(error)


def set_anew(token: str) -> None:
    """Set what this run has set on this host, if that was put back meanwhile."""
    # only here: the programs of tuning are asked by orders, too, and each import takes time
    from tuning.settings import is_put_back  # noqa: PLC0415

    if is_put_back(token):
        from tuning import hold  # noqa: PLC0415

        hold.set_anew(token)

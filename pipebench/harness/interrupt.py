"""A signal that ends a run on a testbed: what goes on is dropped, and the hosts are left clean."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from pipebench.harness.execution import Hosts, call_of
from pipebench.harness.host_program import ask_all
from pipebench.plan.run_plan import RunPlan

SIGNALS = (signal.SIGINT, signal.SIGTERM)
SERVER, LOAD = "server.unit", "generator.load"
"""The programs that end what they started."""
LEASE = "host.lease"


class Interrupted(BaseException):
    """The run is to end now. No fault of a host, so that nothing takes it for one."""


@contextmanager
def interruptible() -> Iterator[None]:
    """The first signal raises Interrupted in the body, once the calls to hosts are cut off.

    These are processes of this one's group: ssh. Further signals are ignored, so that the hosts can
    be cleaned.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        for one in SIGNALS:
            signal.signal(one, signal.SIG_IGN)
        if os.getpgrp() == os.getpid():
            os.killpg(os.getpgrp(), signal.SIGTERM)
        raise Interrupted

    before = {one: signal.signal(one, interrupt) for one in SIGNALS}
    try:
        yield
    finally:
        for one, handler in before.items():
            if signal.getsignal(one) is interrupt:
                signal.signal(one, handler)


def end_everything(hosts: Hosts, run: RunPlan) -> None:
    """Have all hosts of a testbed stop what they do for the run, which holds them still.

    One that cannot be reached does so later: its units carry their own end.
    """
    order = {"state": "ended"}
    calls = {host.name: call_of(run, LOAD, order) for host in hosts.generators}
    calls[hosts.server.name] = call_of(run, SERVER, order)
    ask_all(calls, hosts.all)


def let_go(hosts: Hosts, run: RunPlan) -> None:
    """Hold the hosts of a testbed no longer, once all is put back; or else their lease ends."""
    call = call_of(run, LEASE, {"state": "released"})
    ask_all({host.name: call for host in hosts.all}, hosts.all)

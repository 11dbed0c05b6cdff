"""A process that holds the hosts of a testbed while nothing is done on them.

Testbeds wait for each other between two phases of a run, and at its end, for as long as the slowest
one needs. A measurement keeps the lease of its hosts; meanwhile this process does. It is a fork of
the process that has the connections to the hosts, and it ends with its run, however that ends.
"""

from __future__ import annotations

import os
import signal
import time

from pipebench.harness.execution import Hosts, holding_call
from pipebench.harness.host_program import ask_all
from pipebench.hosts.owner import owner_of, parsed
from pipebench.plan.run_plan import RunPlan

EVERY_S = 60
LOOK_EVERY_S = 0.5


def keep(hosts: Hosts, run: RunPlan) -> str:
    """Hold these hosts from now on; the process that does so, for `Owner.end`."""
    pid = os.fork()
    if pid == 0:
        try:
            _be_alone()
            keep_on(hosts, run)
        finally:
            os._exit(0)  # nothing of the process that this is a fork of is done twice
    return str(owner_of(pid))


def keep_on(hosts: Hosts, run: RunPlan) -> None:
    """Hold these hosts as long as the run lives, and has one of them."""
    owner = parsed(run.owner)
    call = holding_call(run, 0, "host.lease", {"state": "kept"})
    calls = {host.name: call for host in hosts.all}
    while calls:
        due = time.monotonic() + EVERY_S
        while time.monotonic() < due:
            if owner.is_dead:
                return
            time.sleep(min(LOOK_EVERY_S, EVERY_S))
        answers = ask_all(calls, hosts.all)
        calls = {name: call for name in calls if not answers[name].get("failed")}


def _be_alone() -> None:
    """Get no signal of a terminal, and keep nobody waiting for the end of an output."""
    os.setsid()
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)

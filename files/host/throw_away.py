"""Orders that a user carries out who exists for one order alone, and may do nothing else.

What a server under test sends is parsed by load tools, iperf3 and the probe, and whoever wrote the
server decides what that is. So none of it is parsed by root: an order with

    "user": "throw-away"

is carried out by the same program in a unit of systemd, whose user is made for it and is gone
afterwards. It reads what everybody may read, writes into a folder in memory, and reaches the
network. A host that cannot give such a user is told so: nothing is done as root instead. Without
"user" the order is carried out by whoever runs the program, as one does by hand.

`uid` of the answer is the number of the user who did it.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable

from host.failure import failure
from host.transient import TransientError, run

THROW_AWAY = "throw-away"
PROGRAMS = Path(__file__).resolve().parents[1]
# For systemd to start the unit and to end it, s.
SYSTEMD_S = 30
# No filter of system calls but those that a throw-away user brings anyway, or that are about calls
# which nobody makes under a load.
PROPERTIES = (
    "DynamicUser=yes", "NoNewPrivileges=yes", "CapabilityBoundingSet=", "AmbientCapabilities=",
    "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "PrivateDevices=yes",
    "ProtectProc=invisible", "ProtectClock=yes", "ProtectControlGroups=yes", "ProtectHostname=yes",
    "ProtectKernelLogs=yes", "ProtectKernelModules=yes", "ProtectKernelTunables=yes",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK", "RestrictNamespaces=yes",
    "RestrictRealtime=yes", "RestrictSUIDSGID=yes", "LockPersonality=yes", "RemoveIPC=yes",
    "UMask=0077", "LimitCORE=0", "TimeoutStopSec=2",
    # a tool that the kernel ends for want of memory is told of by the driver, which goes on
    "OOMPolicy=continue",
)  # fmt: skip


def carry_out(
    program: str,
    order: dict[str, Any],
    at_most: float,
    work: Callable[[dict[str, Any]], Mapping[str, object]],
) -> dict[str, object]:
    """Do what an order says, by the user that it wants; what is answered, with `uid`.

    program: the module of `work`, which answers the order as its `answer_to` does. at_most: s,
    after which systemd ends it. Raises TransientError if the user cannot be had.
    """
    user = order.pop("user", None)
    if user is None:
        return {**work(order), "uid": os.geteuid()}
    if user != THROW_AWAY:
        raise TransientError(
            f"user of the order is {user!r}; it must be {THROW_AWAY}, or not there"
        )
    return by_throw_away(program, order, at_most)


def by_throw_away(program: str, order: dict[str, Any], at_most: float) -> dict[str, object]:
    """The same by a throw-away user. Raises TransientError if this host does not give one."""
    name = unit_name(program)
    own = {key: value for key, value in order.items() if key not in ("lease", "owner")}
    words = command(name, program, at_most)
    try:
        run("systemctl", "stop", f"{name}.service")  # of a run that has died
        done = run(*words, timeout=at_most + SYSTEMD_S, given=json.dumps(own))
    except TransientError as error:
        raise not_carried_out(program, str(error)) from error
    with suppress(ValueError):
        answer: dict[str, object] = json.loads(done.stdout)
        return answer
    how = f"its unit ended with status {done.returncode}" if done.returncode else "it was ended"
    printed = done.stderr.strip() or "it printed nothing"
    raise not_carried_out(program, f"{how}: {printed}")


def unit_name(program: str) -> str:
    """Of its unit, without the ending; host/units.py has it among those that it ends."""
    return f"pipeline-bench-{program.rpartition('.')[2]}-client"


def not_carried_out(program: str, reason: str) -> TransientError:
    refused = f"{program} could not be carried out by a throw-away user"
    return TransientError(f"{refused}, and root does not do it instead: {reason}")


def command(name: str, program: str, at_most: float) -> list[str]:
    """What starts a unit of that name, with the CPUs and the open files of who asks."""
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    properties = (
        *PROPERTIES,
        f"RuntimeMaxSec={at_most:g}",
        f"LimitNOFILE={'infinity' if files == resource.RLIM_INFINITY else files}",
        f"CPUAffinity={' '.join(map(str, sorted(os.sched_getaffinity(0))))}",
        # in memory: h2load writes a line a response, and waits for it
        f"RuntimeDirectory={name}",
    )
    words = ["systemd-run", "--quiet", "--collect", "--wait", "--pipe", "--service-type=exec"]
    words += [f"--unit={name}.service", f"--working-directory={PROGRAMS}"]
    words += [f"--property={one}" for one in properties]
    words += [f"--setenv=TMPDIR=/run/{name}"]
    return [*words, sys.executable, "-S", "-m", "host.throw_away", program]


def inside(program: str, order: dict[str, Any]) -> object:
    """What is printed within the unit. Root is not a throw-away user, whatever systemd says."""
    if os.geteuid() == 0:
        return failure(not_carried_out(program, "systemd gave it the user root"))
    try:
        return importlib.import_module(program).answer_to(order)
    except Exception as error:  # noqa: BLE001 (whatever it is, who asks is told)
        return failure(error)


if __name__ == "__main__":
    json.dump(inside(sys.argv[1], json.load(sys.stdin)), sys.stdout)

"""Whether the hosts of a run meet its requirements, from a check that changes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from pipebench.documents.declared import plain
from pipebench.hosts.login import (
    Login,
    last_line,
    login_of,
    no_module_text,
    no_python_text,
    unreachable_text,
)
from pipebench.hosts.owner import parsed
from pipebench.plan.testbeds import DIFFERENT, Testbed
from pipebench.plan.tuning import TuningCheck, rewriter_problem

OLDEST_PYTHON = (3, 9)
SUPPORTED = {"debian": ("12", "13"), "ubuntu": ("24.04",)}
SUPPORTED_TEXT = "Debian 12 or 13, or Ubuntu 24.04"
ARCHITECTURES = ("x86_64", "aarch64")


class PythonAnswer(Struct, frozen=True):
    """The answer of a host about its Python; stdout ends with `3.13`. rc: None if nothing ran."""

    unreachable: bool = False
    rc: int | None = None
    stdout: str = ""
    stderr: str = ""
    msg: str = ""


class Attempt(Struct, frozen=True):
    """An attempt to bind a port or to connect to it.

    error: a name of errno. holder: the program that uses the port.
    """

    ok: bool
    error: str | None = None
    holder: str | None = None


class FreeSpace(Struct, frozen=True):
    """The free bytes of a file system, and the folders on it."""

    folders: list[str]
    bytes: int


class Lease(Struct, frozen=True):
    """Which run holds a host. owner: hosts/owner.py. since: unix s by the host's clock.

    left: so long it goes on unless that run asks for more, s.
    """

    run: str
    owner: str
    since: float
    left: float


class HostCheck(Struct, frozen=True, kw_only=True):
    """The result of the module host_check; a server has bind and addresses, a generator path."""

    os: str | None
    os_version: str | None
    os_title: str | None
    architecture: str
    systemd: bool
    root: bool
    cpus: int
    identity: str
    free: list[FreeSpace]
    bind: Attempt | None = None
    addresses: list[str] = []
    path: Attempt | None = None
    lease: Lease | None = None
    tuning: TuningCheck | None = None


class Discovered(Struct, frozen=True):
    """The Python that Ansible has chosen on a host, if the inventory names none."""

    discovered_interpreter_python: str | None = None


class CheckAnswer(Struct, frozen=True):
    """The result of the task with host_check; without `check` it failed, and msg says why.

    module_stdout, module_stderr: what was printed in place of a result.
    """

    check: HostCheck | None = None
    unreachable: bool = False
    msg: str = ""
    module_stdout: str = ""
    module_stderr: str = ""
    ansible_facts: Discovered = Discovered()


class WayAnswer(Struct, frozen=True):
    """The result of trying the host's way out (the action way_out); a sentence, or nothing."""

    problem: str | None = None
    msg: str = ""


class CheckedHost(NamedTuple):
    """A host with its answers."""

    login: Login
    python: PythonAnswer
    answer: CheckAnswer
    way: WayAnswer


def host_of(name: str, variables: Mapping[str, Any]) -> CheckedHost:
    """A host of the inventory, from the results of playbooks/preflight_hosts.yml."""
    python = variables.get("preflight_python") or {"unreachable": True}
    answer = variables.get("preflight_host") or {}
    way = variables.get("preflight_way_out") or {}
    return CheckedHost(
        login_of(name, variables),
        msgspec.convert(plain(python), PythonAnswer),
        msgspec.convert(plain(answer), CheckAnswer),
        msgspec.convert(plain(way), WayAnswer),
    )


def host_problems(
    testbeds: Iterable[Testbed],
    hostvars: Mapping[str, Mapping[str, Any]],
    free_gb: Mapping[str, float],
    *,
    pauses: bool = False,
) -> list[str]:
    """A sentence for every requirement that a host of a run does not meet.

    free_gb: the space that a `server` and a `generator` require, in GB. pauses: whether services
    that would undo the tuning are stopped for the time of the run.
    """
    problems: list[str] = []
    checks: dict[str, HostCheck] = {}
    for testbed in testbeds:
        for name in [testbed.server, *testbed.generators]:
            host = host_of(name, hostvars[name])
            problem = python_problem(host) or check_problem(host)
            if problem or host.answer.check is None:
                problems += [problem] if problem else []
                continue
            checks[name] = host.answer.check
            problems += problems_of(name, testbed, host.answer.check, free_gb)
            if host.answer.check.tuning:
                undone = rewriter_problem(name, host.answer.check.tuning, pauses=pauses)
                problems += [undone] if undone else []
            problems += [host.way.problem] if host.way.problem else []
    return problems + same_machines(checks)


def problems_of(
    host: str, testbed: Testbed, check: HostCheck, free_gb: Mapping[str, float]
) -> list[str]:
    """The problems of one host of a testbed."""
    serves = host == testbed.server
    network = bind_problem if serves else path_problem
    problem = network(host, testbed, check)
    least = free_gb["server" if serves else "generator"]
    network_problem = [problem] if problem else []
    return [
        *lease_problems(host, check),
        *system_problems(host, check),
        *space_problems(host, check, least),
        *network_problem,
    ]


def lease_problems(host: str, check: HostCheck) -> list[str]:
    """Whether another run holds the host; one that is known to be dead does not."""
    sentence = held_text(host, check.lease) if check.lease else None
    return [sentence] if sentence else []


def held_text(host: str, lease: Lease) -> str | None:
    """A sentence that a run holds a host, unless that run is known to be dead."""
    owner = parsed(lease.owner)
    if owner.is_dead:
        return None
    moments = (lease.since, time.time() + lease.left)
    since, until = (f"{datetime.fromtimestamp(at, UTC):%H:%M}" for at in moments)
    holds = f"{host} is held by the run {lease.run} since {since} UTC, made on {owner.computer}"
    return f"{holds}; wait for its end, or, if that computer is gone, until {until} UTC."


def python_problem(host: CheckedHost) -> str | None:
    """Whether the host does not answer, or lacks a Python that modules run on."""
    python = host.python
    if python.unreachable:
        return unreachable_text(host.login, python.msg)
    oldest = ".".join(map(str, OLDEST_PYTHON))
    version = version_of(python)
    if version is None:
        printed = f"{python.stderr}\n{python.stdout}"
        return no_python_text(host.login, python.rc, printed, python.msg)
    if version < OLDEST_PYTHON:
        number = ".".join(map(str, version))
        return (
            f"{host.login.where} has Python {number} as {host.login.python}; it requires {oldest} "
            "or later."
        )
    return None


def version_of(python: PythonAnswer) -> tuple[int, ...] | None:
    """Major and minor version, or None if there is no Python."""
    parts = last_line(python.stdout).split(".")
    is_version = python.rc == 0 and len(parts) == 2 and all(part.isdigit() for part in parts)
    return tuple(map(int, parts)) if is_version else None


def runs_modules(answer: Mapping[str, Any]) -> bool:
    """Whether modules run on the Python of a host; `answer`: of the task that asked for it."""
    version = version_of(msgspec.convert(plain(answer), PythonAnswer))
    return version is not None and version >= OLDEST_PYTHON


def check_problem(host: CheckedHost) -> str | None:
    """Whether the module could not run as root."""
    answer = host.answer
    if answer.check is not None:
        return None
    discovered = answer.ansible_facts.discovered_interpreter_python
    printed = f"{answer.module_stdout}\n{answer.module_stderr}"
    return no_module_text(
        host.login, printed, answer.msg, discovered, unreachable=answer.unreachable
    )


def system_problems(host: str, check: HostCheck) -> list[str]:
    """The requirements of both kinds of host."""
    problems = []
    if check.os_version not in SUPPORTED.get(str(check.os), ()):
        title = check.os_title or "an unknown system"
        problems.append(f"{host} runs {title}; it must run {SUPPORTED_TEXT}.")
    if check.architecture not in ARCHITECTURES:
        problems.append(
            f"{host} is a {check.architecture} machine; it must be {' or '.join(ARCHITECTURES)}."
        )
    if not check.systemd:
        problems.append(f"{host} was not booted with systemd; the frameworks run as its units.")
    if not check.root:
        problems.append(
            f"{host}: become does not make ansible_user root; it must: leave out ansible_become "
            "and ansible_become_user."
        )
    return problems


def space_problems(host: str, check: HostCheck, least_gb: float) -> list[str]:
    """File systems that have too little space left."""
    return [
        f"{host} has {space.bytes / 1e9:.1f} GB free for {' and '.join(space.folders)}; "
        f"it requires {least_gb:g} GB."
        for space in check.free
        if space.bytes < least_gb * 1e9
    ]


def bind_problem(host: str, testbed: Testbed, check: HostCheck) -> str | None:
    """Whether the server cannot listen where its generators will connect."""
    if check.bind is None or check.bind.ok:
        return None
    address, port = testbed.address, testbed.port
    if check.bind.error == "EADDRNOTAVAIL":
        addresses = ", ".join(check.addresses) or "unknown"
        return (
            f"{host} does not have the address {address} (it has {addresses}); set bench_address "
            "to the one at which the load generators reach it."
        )
    if check.bind.error == "EADDRINUSE":
        holder = check.bind.holder or "another program"
        return (
            f"{host}: port {port} of {address} is in use by {holder}; stop it, or choose another "
            "bench_port."
        )
    return f"{host} cannot listen on {address} port {port}: {check.bind.error}."


def path_problem(host: str, testbed: Testbed, check: HostCheck) -> str | None:
    """Whether packets of the generator do not reach the server."""
    if check.path is None or check.path.ok:
        return None
    where = f"{testbed.server} ({testbed.address} port {testbed.port})"
    if check.path.error == "ETIMEDOUT":
        return (
            f"{host} gets no answer when it connects to {where}: a firewall or security group "
            "drops the packets; allow TCP from that host."
        )
    return (
        f"{host} cannot connect to {where}: {check.path.error}; bench_address must be an address "
        "that the load generators reach."
    )


def same_machines(checks: Mapping[str, HostCheck]) -> list[str]:
    """Hosts that are one machine under two names, whose CPUs would be shared."""
    first: dict[str, str] = {}
    for host, check in checks.items():
        first.setdefault(check.identity, host)
    return [
        f"{first[check.identity]} and {host} are the same machine; {DIFFERENT}."
        for host, check in checks.items()
        if first[check.identity] != host
    ]

"""Judge what host_check and the tasks around it have read, before any host is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

DOCUMENTATION = """
---
name: host_problems
short_description: What is wrong with the hosts of a run
description:
  - One sentence for each problem, saying what would be right; an empty list when all is well.
positional: _input
options:
  _input:
    description: C(bench_run.testbeds).
    type: list
    required: true
  hostvars:
    description: The variables of all hosts, with what playbooks/preflight_hosts.yml registered.
    type: dict
    required: true
  free_gb:
    description: C(server) and C(generator), the room that each kind of host needs, in GB.
    type: dict
    required: true
"""

OLDEST_PYTHON = (3, 9)
SUPPORTED = {"debian": ("12", "13"), "ubuntu": ("24.04",)}
SUPPORTED_TEXT = "Debian 12 or 13, or Ubuntu 24.04"
ARCHITECTURES = ("x86_64", "aarch64")


def last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "no message"


def reached(host: str, variables: Mapping[str, Any], python: Mapping[str, Any]) -> str | None:
    """Whether the host answers at all, and with a Python that modules run on."""
    where = variables.get("ansible_host", host)
    if python.get("unreachable"):
        why = last_line(python.get("msg", "")).rpartition("via ssh: ")[2]
        return f"{host} ({where}) does not answer over ssh: {why}."
    text = python.get("stdout", "").strip()
    version = text.splitlines()[-1].split(".") if text else []
    oldest = ".".join(str(part) for part in OLDEST_PYTHON)
    if python.get("rc") != 0 or len(version) != 2 or not all(part.isdigit() for part in version):
        return f"{host} ({where}) has no python3; it takes Python {oldest} or later."
    if tuple(int(part) for part in version) < OLDEST_PYTHON:
        return (
            f"{host} ({where}) has Python {'.'.join(version)} as python3; "
            f"it takes {oldest} or later."
        )
    return None


def common(host: str, check: Mapping[str, Any], free_gb: float) -> list[str]:
    """What both kinds of host must be."""
    problems = []
    if check["os_version"] not in SUPPORTED.get(check["os"], ()):
        title = check["os_title"] or "an unknown system"
        problems.append(f"{host} runs {title}; it takes {SUPPORTED_TEXT}.")
    if check["architecture"] not in ARCHITECTURES:
        problems.append(
            f"{host} is a {check['architecture']} machine; it takes {' or '.join(ARCHITECTURES)}."
        )
    if not check["systemd"]:
        problems.append(f"{host} was not booted with systemd, whose units the frameworks are.")
    if not check["root"]:
        problems.append(f"{host}: become does not make ansible_user root; it must.")
    problems += [
        f"{host} has {room['bytes'] / 1e9:.1f} GB free for {' and '.join(room['folders'])}; "
        f"it takes {free_gb:g} GB."
        for room in check["free"]
        if room["bytes"] < free_gb * 1e9
    ]
    return problems


def bind(host: str, testbed: Mapping[str, Any], check: Mapping[str, Any]) -> str | None:
    """Whether the server can listen where its generators will ask."""
    address, port = testbed["address"], testbed["port"]
    error = check["bind"]["error"]
    if check["bind"]["ok"]:
        return None
    if error == "EADDRNOTAVAIL":
        own = ", ".join(check["addresses"]) or "unknown"
        return (
            f"{host} has no address {address} (it has {own}); set bench_address to the one that "
            "the load generators reach it at."
        )
    if error == "EADDRINUSE":
        who = check["bind"].get("holder") or "another program"
        return (
            f"{host}: port {port} of {address} is taken by {who}; stop it, or choose another "
            "bench_port."
        )
    return f"{host} cannot listen on {address} port {port}: {error}."


def path(host: str, testbed: Mapping[str, Any], check: Mapping[str, Any]) -> str | None:
    """Whether packets come from the generator to the server."""
    where = f"{testbed['server']} ({testbed['address']} port {testbed['port']})"
    error = check["path"]["error"]
    if check["path"]["ok"]:
        return None
    if error == "ETIMEDOUT":
        return (
            f"Nothing comes back when {host} connects to {where}: a firewall or security group "
            "drops it; let TCP through from there."
        )
    return (
        f"{host} cannot connect to {where}: {error}; bench_address must be an address that the "
        "load generators reach."
    )


def same_machines(checks: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Two names for one machine would share its CPUs."""
    seen: dict[str, str] = {}
    problems = []
    for host, check in checks.items():
        first = seen.setdefault(check["identity"], host)
        if first != host:
            problems.append(
                f"{first} and {host} are the same machine; server and load generator must be two."
            )
    return problems


def host_problems(
    testbeds: list[dict[str, Any]], hostvars: Mapping[str, Any], free_gb: Mapping[str, float]
) -> list[str]:
    problems = []
    checks: dict[str, Mapping[str, Any]] = {}
    for testbed in testbeds:
        for host in [testbed["server"], *testbed["generators"]]:
            serves = host == testbed["server"]
            variables = hostvars[host]
            python = variables.get("preflight_python") or {"unreachable": True}
            if problem := reached(host, variables, python):
                problems.append(problem)
                continue
            answer = variables.get("preflight_host") or {}
            if "check" not in answer:
                why = last_line(answer.get("msg", ""))
                problems.append(f"{host} could not be looked at as root: {why}.")
                continue
            check = checks[host] = answer["check"]
            problems += common(host, check, free_gb["server" if serves else "generator"])
            problem = bind(host, testbed, check) if serves else path(host, testbed, check)
            problems += [problem] if problem else []
    return problems + same_machines(checks)


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"host_problems": host_problems}

"""What it means for a run that some of its frameworks ran on a CPython that is not optimised."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from pipebench.record.run_record import NOT_OPTIMISED, UNOPTIMISED, Run


def unoptimised(run: Run) -> list[str]:
    """A sentence for each such CPython, without its full stop; none if there are none."""
    servers = list(dict.fromkeys(str(one.server) for one in run.testbeds if one.server))
    titles: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for host in servers:
        for name, installed in (run.hosts.get(host, {}).get("frameworks") or {}).items():
            version = _version_not_optimised(installed or {})
            framework = run.frameworks.get(name)
            if framework and framework.control_of is None and version:
                titles[host, version][framework.title] = None
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (host, version), own in titles.items():
        alike[version, tuple(own)].append(host)
    return [
        _sentence(version, own, hosts if len(hosts) < len(servers) else [])
        for (version, own), hosts in alike.items()
    ]


def _version_not_optimised(installed: Mapping[str, Mapping[str, str] | None]) -> str:
    interpreter = installed.get("interpreter") or {}
    return interpreter.get("version", "") if interpreter.get("source") in UNOPTIMISED else ""


def _sentence(version: str, titles: tuple[str, ...], hosts: list[str]) -> str:
    where = f" on {' and '.join(hosts)}" if hosts else ""
    return (
        f"CPython {version}, {NOT_OPTIMISED}{where}: Python frameworks are slower here than with "
        f"uv's ({'; '.join(titles)})"
    )

"""The hosts of runs and what was installed on them, as data frames."""

from __future__ import annotations

import pandas as pd

from pipebench.record.run_record import Run

KEYS = ("run_id", "host", "role", "testbed", "machine")
APART = ("frameworks",)
"""Parts of a fingerprint that are a frame of their own."""


def host_frame(run: Run | None) -> pd.DataFrame:
    """A row a host: its part in the run, and its fingerprint, nested values as `cpu.model`."""
    if run is None:
        return pd.DataFrame(columns=list(KEYS), dtype="str")
    servers = {str(one.server): one for one in run.testbeds}
    generators = {host: one for one in run.testbeds for host in one.generators}
    rows = []
    for host, fingerprint in run.hosts.items():
        testbed = servers.get(host) or generators.get(host)
        own = {
            "run_id": run.run_id,
            "host": host,
            "role": "server" if host in servers else "generator" if testbed else None,
            "testbed": testbed.name if testbed else None,
            "machine": testbed.machine if testbed and host in servers else None,
        }
        known = {name: part for name, part in fingerprint.items() if name not in APART}
        rows.append(own | {name: part for name, part in known.items() if name not in own})
    return pd.json_normalize(rows).convert_dtypes() if rows else host_frame(None)


def version_frame(run: Run | None) -> pd.DataFrame:
    """A row for each package of each framework, and for what runs it, as they were installed."""
    rows = [
        (run.run_id if run else "", name, package, version)
        for name, framework in (run.frameworks if run else {}).items()
        for package, version in framework.installed.items()
    ]
    return pd.DataFrame(rows, columns=["run_id", "framework", "package", "version"], dtype="str")

"""The hosts of runs and what was installed on them, as data frames."""

from __future__ import annotations

import pandas as pd

from pipebench.record.run_record import Run

APART = ("frameworks",)
"""Parts of a fingerprint that are a frame of their own."""


def host_frame(run: Run) -> pd.DataFrame:
    """A row a host: its part in the run, and its fingerprint, nested values as `cpu.model`."""
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
        rows.append(own | {name: part for name, part in fingerprint.items() if name not in APART})
    return pd.json_normalize(rows)


def version_frame(run: Run) -> pd.DataFrame:
    """A row for each package of each framework, and for what runs it, as they were installed."""
    rows = [
        (run.run_id, name, package, version)
        for name, framework in run.frameworks.items()
        for package, version in framework.installed.items()
    ]
    return pd.DataFrame(rows, columns=["run_id", "framework", "package", "version"], dtype="str")

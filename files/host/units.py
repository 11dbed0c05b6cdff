"""The units of this project on a host; one server at a time has the port of the benchmark."""

from __future__ import annotations

from host.transient import systemctl

PATTERNS = (
    "pipeline-bench@*.service",
    "pipeline-bench-sampler@*.service",
    "pipeline-bench-clock*.service",
    "pipeline-bench-path*.service",
    "pipeline-bench-*-client.service",
)


def end_all() -> None:
    """Stop every one that runs, of this run or of one that has died. Raises TransientError."""
    systemctl("stop", *PATTERNS, timeout=60)

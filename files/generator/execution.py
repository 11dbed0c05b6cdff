"""One execution of a program that is given some seconds, and what the kernel counted of it."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

from host.child import ends_within


class Execution(TypedDict):
    """The class Execution of pipebench/record/schema.py; `result` is JSON in a string."""

    argv: list[str]
    exit_status: int
    started: float
    ended: float
    cpu_s: float | None
    stdout: str
    stderr: str
    result: str | None
    received_still: bool | None


def execute(
    argv: list[str],
    files: Path,
    seconds: float,
    environment: dict[str, str],
    receives: Callable[[int], bool | None],
) -> Execution:
    """Run a program, and end it if it still runs after so many seconds.

    `files`: a folder for what it prints. One that had to be ended has the exit status -9 and no
    `cpu_s`; `received_still` is what `receives` said of its number shortly before, else None.
    Raises OSError if it cannot be started.
    """
    received_still = None
    out, err = files / "stdout", files / "stderr"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        started = time.time()
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env={**os.environ, "LC_ALL": "C", **environment},
        )
        overdue = not ends_within(process.pid, seconds)
        if overdue:
            try:
                received_still = receives(process.pid)
            finally:
                process.kill()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = -9 if overdue else os.waitstatus_to_exitcode(status)
        ended = time.time()
    return {
        "argv": argv,
        "exit_status": process.returncode,
        "started": started,
        "ended": ended,
        "cpu_s": None if overdue else usage.ru_utime + usage.ru_stime,
        "stdout": out.read_text(errors="replace"),
        "stderr": err.read_text(errors="replace"),
        "result": None,
        "received_still": received_still,
    }


def was_ended(execution: Execution) -> bool:
    """Whether it ran longer than it might."""
    return execution["exit_status"] == -9 and execution["cpu_s"] is None

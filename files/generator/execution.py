"""One execution of a program that is given some seconds, and what the kernel counted of it."""

from __future__ import annotations

import os
import resource
import subprocess
import time
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


def execute(argv: list[str], files: Path, seconds: float, environment: dict[str, str]) -> Execution:
    """Run a program, and end it if it still runs after so many seconds.

    `files`: a folder for what it prints. One that had to be ended has the exit status -9 and no
    `cpu_s`. Raises OSError if it cannot be started.
    """
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
        usage = wait(process, seconds)
        ended = time.time()
    return {
        "argv": argv,
        "exit_status": process.returncode,
        "started": started,
        "ended": ended,
        "cpu_s": None if usage is None else usage.ru_utime + usage.ru_stime,
        "stdout": out.read_text(errors="replace"),
        "stderr": err.read_text(errors="replace"),
        "result": None,
    }


def wait(process: subprocess.Popen[bytes], seconds: float) -> resource.struct_rusage | None:
    """Wait for this one process: what it used, or None if it had to be killed."""
    if not ends_within(process.pid, seconds):
        process.kill()
        os.wait4(process.pid, 0)
        process.returncode = -9
        return None
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage

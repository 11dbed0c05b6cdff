"""Programs that run for a moment, and units that end by themselves if nobody ends them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

# Longer than what is asked of one, and not for ever.
RUNS_AT_MOST_S = 30


class TransientError(Exception):
    """What was wanted could not be run; a sentence."""


def run(
    *argv: str, timeout: float | None = 10, given: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end. Raises TransientError if it cannot be run or does not end.

    given: its input.
    """
    try:
        return subprocess.run(
            argv,
            input=given,
            capture_output=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TransientError(f"{argv[0]}: {error}") from error


def systemctl(*words: str, timeout: float | None = 10) -> str:
    """Have systemd do something; what it prints. Raises TransientError if it does not.

    timeout: s; None: however long it takes.
    """
    done = run("systemctl", *words, timeout=timeout)
    if done.returncode != 0:
        raise TransientError(f"systemctl {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def start_unit(unit: str, *words: str) -> None:
    """Run a command as a transient unit; `words`: options of systemd-run, then the command."""
    limit = f"--property=RuntimeMaxSec={RUNS_AT_MOST_S}"
    done = run("systemd-run", "--quiet", "--collect", limit, f"--unit={unit}", *words)
    if done.returncode != 0:
        raise TransientError(f"{unit} could not be started: {done.stderr.strip()}")


def answer_order(
    order: dict[str, Any],
    start: Callable[[str, int], object],
    measure: Callable[[str, int], object],
    stop: Callable[[], object],
) -> object:
    """Do what an order's state says; what is answered."""
    if order["state"] == "started":
        return start(order["address"], order["port"])
    if order["state"] == "measured":
        return measure(order["address"], order["port"])
    return stop()

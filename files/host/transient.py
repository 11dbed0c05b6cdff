"""Programs that run for a moment, and units that end by themselves if nobody ends them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

from host.failure import failure

# Longer than what is asked of one, and not for ever.
RUNS_AT_MOST_S = 30


class TransientError(Exception):
    """What was wanted could not be run; a sentence."""


def run(*argv: str, timeout: float = 10) -> subprocess.CompletedProcess[str]:
    """Run a program to its end. Raises TransientError if it cannot be run or does not end."""
    try:
        return subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TransientError(f"{argv[0]}: {error}") from error


def systemctl(*words: str, timeout: float = 10) -> None:
    """Have systemd do something. Raises TransientError if it does not."""
    done = run("systemctl", *words, timeout=timeout)
    if done.returncode != 0:
        raise TransientError(f"systemctl {words[0]}: {done.stderr.strip()}")


def start_unit(unit: str, *words: str) -> None:
    """Run a command as a transient unit; `words`: options of systemd-run, then the command."""
    limit = f"--property=RuntimeMaxSec={RUNS_AT_MOST_S}"
    done = run("systemd-run", "--quiet", "--collect", limit, f"--unit={unit}", *words)
    if done.returncode != 0:
        raise TransientError(f"{unit} could not be started: {done.stderr.strip()}")


def answer_order(
    start: Callable[[str, int], object],
    measure: Callable[[str, int], object],
    stop: Callable[[], object],
) -> None:
    """Read an order from standard input, do what its state says, and print the answer."""
    order = json.load(sys.stdin)
    answer: object
    try:
        if order["state"] == "started":
            answer = start(order["address"], order["port"])
        elif order["state"] == "measured":
            answer = measure(order["address"], order["port"])
        else:
            answer = stop()
    except TransientError as error:
        answer = failure(error)
    json.dump(answer, sys.stdout)

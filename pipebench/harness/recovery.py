"""What a testbed does about faults of the harness: go on, wait for a host to come back, or give up.

A host that is gone costs a time-out for each measurement; one that reboots comes back in a minute.
So faults in a row count, not all of a run: after LEAST of them there is a pause and another try, a
longer pause after each further fault, and after the last pause one more try.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

LEAST = 3
"""Faults in a row after which a testbed waits."""
PAUSES_S = (15, 60, 240)
"""The pauses of a run, s, unless `harness_pauses_s` is given to Ansible."""


class Step(NamedTuple):
    """What follows an execution. pause_s: how long to wait before the next one, s."""

    faults_in_a_row: int
    pause_s: int
    gives_up: bool


def step_after(*, fault: bool, faults_in_a_row: int, pauses_s: Sequence[int] = PAUSES_S) -> Step:
    """The next step of a testbed. faults_in_a_row: those before this execution."""
    if not fault:
        return Step(0, 0, gives_up=False)
    count = faults_in_a_row + 1
    pause = count - LEAST
    if pause < 0:
        return Step(count, 0, gives_up=False)
    if pause < len(pauses_s):
        return Step(count, pauses_s[pause], gives_up=False)
    return Step(count, 0, gives_up=True)


def sentence(step: Step) -> str:
    """What a reader of the terminal must know of a step; nothing if the run just goes on."""
    if step.gives_up:
        return f"the testbed is given up: {step.faults_in_a_row} faults of the harness in a row"
    if step.pause_s:
        return (
            f"{step.faults_in_a_row} faults of the harness in a row; "
            f"the next try is in {step.pause_s} s"
        )
    return ""

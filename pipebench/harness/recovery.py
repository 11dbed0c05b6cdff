"""After a fault of the harness a testbed goes on, waits for a host to come back, or is given up.

A host that is gone costs a time-out for each measurement; a host that reboots comes back in a
minute. So faults in a row count, not all faults of a run: after LEAST of them there is a pause and
another try, a longer pause after each further fault, and after the last pause one more try.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

LEAST = 3
"""Faults in a row after which a testbed waits."""
PAUSES_S = (15, 60, 240)
"""The pauses of a run, s, unless `harness_pauses_s` is given to Ansible."""


class Step(NamedTuple):
    """The step after an execution. pause_s: the pause before the next execution, s."""

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
    """A step in words for the terminal; empty if the run just goes on."""
    faults = f"{step.faults_in_a_row} faults of the harness in a row"
    if step.gives_up:
        return faults
    return f"{faults}; the next try is in {step.pause_s} s" if step.pause_s else ""

"""After a fault of the harness a testbed goes on, waits for a host to come back, or is given up.

A host that is gone costs a time-out for each measurement; a host that reboots comes back in a
minute. So faults in a row count, not all faults of a run: after LEAST of them there is a pause and
another try, a longer pause after each further fault, and after the last pause one more try.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

LEAST = 3
"""Faults in a row after which a testbed waits."""
PAUSES_S = (15, 60, 240)
"""The pauses of a run, s, unless `harness_pauses_s` is given to Ansible."""


class Waits(NamedTuple):
    """For how long, s, and why."""

    pause_s: int
    reason: str


@dataclass(slots=True)
class Recovery:
    """The state of one testbed. next_at: unix s, before which nothing is started.

    given_up: why, in a sentence; empty as long as the testbed goes on.
    """

    pauses_s: Sequence[int] = PAUSES_S
    faults_in_a_row: int = 0
    next_at: float = 0.0
    given_up: str = ""

    def after(self, fault: str | None, now: float) -> Waits | None:
        """Count the last execution. None if the testbed goes on, or is given up from now on."""
        self.next_at = 0.0
        self.faults_in_a_row = self.faults_in_a_row + 1 if fault else 0
        further = self.faults_in_a_row - LEAST
        if further < 0:
            return None
        faults = f"{self.faults_in_a_row} faults of the harness in a row"
        if further < len(self.pauses_s):
            self.next_at = now + self.pauses_s[further]
            return Waits(self.pauses_s[further], faults)
        self.given_up = f"{faults}; the last: {fault}"
        return None

"""What a testbed does about faults of the harness."""

from __future__ import annotations

import pytest

from pipebench.harness.recovery import LEAST, PAUSES_S, Recovery, Waits

NOW = 1000.0


def after(faults: list[bool]) -> tuple[Recovery, list[float], list[Waits | None]]:
    """The state after executions, the pause after each, s, and what becomes of it."""
    recovery = Recovery()
    pauses, said = [], []
    for fault in faults:
        said.append(recovery.after("gone" if fault else None, NOW))
        pauses.append(max(0.0, recovery.next_at - NOW))
    return recovery, pauses, said


def test_faults_that_are_not_in_a_row_end_nothing() -> None:
    recovery, pauses, said = after([True, True, False] * 10)
    assert recovery == Recovery()
    assert not any(pauses)
    assert not any(said)


def test_faults_in_a_row_are_followed_by_longer_and_longer_pauses() -> None:
    recovery, pauses, said = after([True] * (LEAST + len(PAUSES_S)))
    assert pauses == [0] * (LEAST - 1) + [*PAUSES_S, 0]
    assert recovery.given_up == "6 faults of the harness in a row; the last: gone"
    assert said[LEAST - 1] == Waits(15, "3 faults of the harness in a row")
    assert said[-1] is None
    assert list(PAUSES_S) == sorted(PAUSES_S)


@pytest.mark.parametrize("before", [LEAST - 1, LEAST + len(PAUSES_S) - 1])
def test_a_host_that_comes_back_begins_anew(before: int) -> None:
    recovery, pauses, _ = after([True] * before + [False, True])
    assert (recovery.faults_in_a_row, recovery.given_up, pauses[-1]) == (1, "", 0)

"""What a testbed does about faults of the harness."""

from __future__ import annotations

from pipebench.harness.recovery import LEAST, PAUSES_S, Step, sentence, step_after


def steps(faults: list[bool]) -> list[Step]:
    made: list[Step] = []
    for fault in faults:
        before = made[-1].faults_in_a_row if made else 0
        made.append(step_after(fault=fault, faults_in_a_row=before))
    return made


def test_faults_that_are_not_in_a_row_end_nothing() -> None:
    made = steps([True, True, False] * 10)
    assert not any(step.gives_up or step.pause_s for step in made)


def test_faults_in_a_row_are_followed_by_longer_and_longer_pauses() -> None:
    made = steps([True] * (LEAST + len(PAUSES_S)))
    assert [step.pause_s for step in made] == [0] * (LEAST - 1) + [*PAUSES_S, 0]
    assert [step.gives_up for step in made] == [False] * (len(made) - 1) + [True]
    assert list(PAUSES_S) == sorted(PAUSES_S)


def test_a_host_that_comes_back_begins_anew() -> None:
    *_, last, after = steps([True] * (LEAST + len(PAUSES_S) - 1) + [False, True])
    assert last == Step(0, 0, gives_up=False)
    assert after == Step(1, 0, gives_up=False)


def test_a_reader_is_told_of_what_is_not_just_going_on() -> None:
    assert sentence(Step(1, 0, gives_up=False)) == ""
    assert "next try is in 15 s" in sentence(Step(3, 15, gives_up=False))
    assert sentence(Step(6, 0, gives_up=True)) == "6 faults of the harness in a row"

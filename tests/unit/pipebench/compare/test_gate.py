"""--fail-if-slower: what each comparison ends with."""

from pathlib import Path

import pytest

from pipebench.alone.status import Status
from pipebench.compare.cells import ComparedFigure, Verdict
from pipebench.compare.gate import gate, status_of
from pipebench.compare.runs import compare_runs
from pipebench.show.comparison import gate_lines
from pipebench.stats.estimate import Estimate
from tests.unit.pipebench.runs import made_run

FOUR = {"one": 50_000, "one-again": 50_000, "two": 40_000, "ceiling": 10_000}


def figure(verdict: str, ratio: float, low: float | None, high: float | None) -> ComparedFigure:
    return ComparedFigure(
        ratio=Estimate(ratio, low, high),
        noise_floor=0.02,
        verdict=Verdict(verdict),
        reason="because",
    )


@pytest.mark.parametrize(
    ("seen", "status"),
    [
        (figure("tied", 1, 0.97, 1.03), Status.DONE),
        (figure("better", 1.2, 1.1, 1.3), Status.DONE),
        (figure("worse", 0.9, 0.88, 0.93), Status.SLOWER),
        (figure("worse", 0.97, 0.96, 0.98), Status.DONE),  # slower, but not by so much
        (figure("worse", 0.94, 0.93, 0.96), Status.SLOWER),
        (figure("worse", 0.96, 0.94, 0.98), Status.TOO_MUCH_VARIANCE),
        (figure("tied", 0.9, 0.8, 1.01), Status.TOO_MUCH_VARIANCE),
        (figure("tied", 1.1, 0.9, 1.3), Status.TOO_MUCH_VARIANCE),
        (figure("too few rounds", 0.5, None, None), Status.TOO_FEW_ROUNDS),
        (figure("not comparable", 0.5, None, None), Status.NOT_COMPARABLE),
    ],
)
def test_a_cell_at_five_percent(seen: ComparedFigure, status: Status) -> None:
    assert status_of(seen, 0.05) == status


def test_by_the_share_of_the_ceiling(tmp_path: Path) -> None:
    base = made_run(tmp_path / "base", FOUR)
    slower_machine = {name: 1.25 * mean for name, mean in FOUR.items()}
    compared = compare_runs([base, made_run(tmp_path / "other", slower_machine)])
    assert gate(compared, 0.05).status == Status.SLOWER
    assert gate(compared, 0.05, to_ceiling=True).status == Status.DONE


def test_the_weightiest_counts_and_all_are_told(tmp_path: Path) -> None:
    base = made_run(tmp_path / "base", FOUR | {"three": 40_000, "absent": 0})
    other = made_run(tmp_path / "other", FOUR | {"two": 60_000, "three": 0, "absent": 0})
    found = gate(compare_runs([base, other]), 0.05)
    assert found.status == Status.SLOWER
    assert found.checked == 3  # not what is absent in the base, nor ceiling and control
    assert [sentence.split(" (")[0] for sentence in gate_lines(found)[1:]] == [
        "slower: two",
        "not comparable: three",
    ]
    # a loss of half is not there, and it is excluded
    half = gate_lines(gate(compare_runs([base, other]), 0.5))
    assert half[1].startswith("not comparable: three")


def test_what_was_not_compared_did_not_pass(tmp_path: Path) -> None:
    base = made_run(tmp_path / "base", FOUR)
    same = made_run(tmp_path / "same", FOUR)
    assert gate(compare_runs([base, same]), 0.2).status == Status.DONE
    found = gate(compare_runs([base, same, tmp_path / "none"]), 0.2)
    assert (found.status, found.checked) == (Status.NOT_COMPARABLE, 2)
    assert "does not exist" in gate_lines(found)[1]
    assert gate(compare_runs([base, base]), 0.2).status == Status.NOT_COMPARABLE


def test_too_few_rounds_and_too_much_variance(tmp_path: Path) -> None:
    base = made_run(tmp_path / "base", FOUR)
    few = made_run(tmp_path / "few", FOUR, rounds=4)
    wide = made_run(tmp_path / "wide", FOUR, spread=0.3)
    assert gate(compare_runs([base, few]), 0.05).status == Status.TOO_FEW_ROUNDS
    assert gate(compare_runs([base, wide]), 0.05).status == Status.TOO_MUCH_VARIANCE


def test_a_framework_that_had_another_name_is_checked(tmp_path: Path) -> None:
    old = {"one": 50_000, "one-again": 50_000, "aiohttp-2017": 40_000, "ceiling": 10_000}
    new = {"one": 50_000, "one@again": 50_000, "aiohttp@2017": 50_000, "ceiling": 10_000}
    compared = compare_runs([made_run(tmp_path / "old", old), made_run(tmp_path / "new", new)])
    checked = gate(compared, 0.05)
    assert (checked.status, checked.checked) == (Status.SLOWER, 2)
    assert [miss.cell and miss.cell.framework for miss in checked.misses] == ["aiohttp-2017"]

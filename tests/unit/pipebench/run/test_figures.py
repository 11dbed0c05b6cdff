"""What one declaration of a figure makes: columns of every table, and values over the rounds."""

from collections.abc import Callable

import pytest

from pipebench.frame.cells import summary
from pipebench.frame.measured import MeasuredCells
from pipebench.frame.typed import csv_text
from pipebench.rules.rule import Outcome
from pipebench.run.columns import Column, Shown
from pipebench.run.entries import GREATEST, MEDIAN, Better, Figure, Needs, Ranking, Summarised
from pipebench.run.figures import FIGURES, CellSummary
from pipebench.run.judge import JudgedMeasurement, judge_run
from pipebench.run.tables import RESULTS, cell_columns, measurement_columns
from tests.unit.pipebench.factory import DATA


class Made:
    """Figures that the project does not have."""

    plain = Figure(unit="s", measured=lambda one: one.round, explained="")
    middle = Figure(unit="s", measured=lambda one: one.round, over_rounds=MEDIAN, explained="")
    most = Figure(
        unit="s",
        measured=lambda one: one.round,
        needs=Needs.NOTHING,
        over_rounds=GREATEST,
        explained="",
    )
    patchy = Figure(
        unit="s",
        measured=lambda one: one.round if one.round > 2 else None,
        over_rounds=MEDIAN,
        every_round=True,
        explained="",
    )
    ranked = Figure(
        unit="s",
        measured=lambda one: one.round,
        over_rounds=MEDIAN,
        interval=True,
        compared_as="made",
        ranking=Ranking(Better.LOWER, "soonest", "sooner", "later", ceiling=Shown()),
        explained="",
    )


@pytest.fixture(scope="module")
def measured() -> Callable[[str], list[JudgedMeasurement]]:
    """The measurements of a framework of tests/data/run."""
    judged_run = judge_run(DATA / "run")

    def of_framework(name: str) -> list[JudgedMeasurement]:
        return [one for one in judged_run.measurements if one.measurement.cell.framework == name]

    return of_framework


@pytest.mark.parametrize(
    ("figure", "columns"),
    [
        (Made.plain, []),
        (Made.middle, ["middle"]),
        (
            Made.ranked,
            ["rank_made", "ranked", "ranked_low", "ranked_high", "relative_made",
             "relative_made_low", "relative_made_high", "share_of_ceiling_made", "verdict_made",
             "noise_floor_made"],
        ),
    ],
)  # fmt: skip
def test_the_columns_of_a_figure(figure: Figure, columns: list[str]) -> None:
    assert [column.name for column in measurement_columns(figure)] == [figure.name]
    assert [column.name for column in cell_columns(figure)] == columns


def test_only_rounds_with_a_rate_are_in_a_median(
    measured: Callable[[str], list[JudgedMeasurement]],
) -> None:
    both = MeasuredCells.of([measured("alpha"), measured("crasher")], [Made.middle, Made.most])
    assert both.summarised(Made.middle) == [Summarised(3.5, 1, 6), Summarised()]
    assert both.summarised(Made.most) == [Summarised(6), Summarised(6)]
    assert both.summarised(Made.plain) == [Summarised(), Summarised()]


def test_a_figure_of_every_round_is_that_of_all_or_none(
    measured: Callable[[str], list[JudgedMeasurement]],
) -> None:
    late = [one for one in measured("alpha") if one.measurement.round > 2]
    both = MeasuredCells.of([late, measured("alpha")], [Made.patchy])
    assert [own.value for own in both.summarised(Made.patchy)] == [4.5, None]


def test_a_failure_has_no_rate(measured: Callable[[str], list[JudgedMeasurement]]) -> None:
    for judged in measured("crasher"):
        assert judged.judgement.outcome == Outcome.FAILED
        assert CellSummary.requests_per_s.value_in(judged) is None
    assert CellSummary.requests_per_s.by_round(measured("crasher")) == {}


def test_each_number_is_measured_or_derived() -> None:
    for figure in FIGURES:
        assert (figure.measured is None) != (figure.of_cell is None), figure.name


def test_a_row_has_every_figure() -> None:
    row = summary(judge_run(DATA / "run"))[0]
    assert row.requests_per_s is row.figures["requests_per_s"]
    assert set(row.figures) == {figure.name for figure in FIGURES}


def test_what_was_not_measured_is_empty_and_integers_stay_integers(
    measured: Callable[[str], list[JudgedMeasurement]],
) -> None:
    columns = [one for one in RESULTS if one.name in ("batch_latency_p50_us", "duration_s")]
    crashed, *_ = measured("crasher")
    fine, *_ = measured("alpha")
    assert csv_text(columns, [crashed, fine]) == ("duration_s,batch_latency_p50_us\n,\n5.0,20000\n")


def test_a_text_with_commas_and_quotes_is_quoted() -> None:
    column: Column[str] = Column(name="a", explained="", value=lambda row: row)
    assert csv_text([column], ['x, "y"', "z"]) == 'a\n"x, ""y"""\nz\n'

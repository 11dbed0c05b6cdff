"""A run as data frames: a row a measurement, or a row a cell; and the files made of them."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from pipebench.frame.typed import csv_text, frame_of, series_of
from pipebench.run.columns import ColumnKind
from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedMeasurement, JudgedRun
from pipebench.run.tables import RESULTS, SUMMARY

STARTED = "started"
"""When the load of a measurement began, by the server's clock: a moment of UTC."""
MACHINE = "machine"
"""The kind of machine that the server of a testbed is; without one, the testbed."""
WORDS = "{} in words"
OF_FRAMEWORK = ("title", "role", "runtime", "loop")
"""What is known of a framework beside its name."""


def results_csv(measurements: Iterable[JudgedMeasurement]) -> str:
    """results.csv: a row a measurement, in the order given."""
    return csv_text(RESULTS, measurements)


def summary_csv(rows: Iterable[CellSummary]) -> str:
    """summary.csv: a row a cell."""
    return csv_text(SUMMARY, rows)


def shown_frame(rows: Iterable[CellSummary]) -> pd.DataFrame:
    """What readers see of cells: the columns of summary.csv; and in columns of WORDS, the words
    that readers see in place of a value."""
    every = list(rows)
    frame = frame_of(SUMMARY, every)
    for column in SUMMARY:
        if column.instead:
            words = series_of(ColumnKind.TEXT, map(column.instead, every))
            frame[WORDS.format(column.name)] = words
    return frame


def measurement_frame(judged_run: JudgedRun | None) -> pd.DataFrame:
    """The columns of results.csv, not rounded, and when, where and with what each was measured.

    None: of no run, there are the columns alone.
    """
    measured = judged_run.measurements if judged_run else []
    windows = [one.measurement.windows for one in measured]
    starts = [min((window.started for window in own), default=None) for own in windows]
    frame = _with_circumstances(judged_run, frame_of(RESULTS, measured))
    moments = pd.to_datetime(pd.Series(starts, dtype="float64"), unit="s", utc=True)
    frame[STARTED] = moments.dt.as_unit("ns")
    return _in_order(frame)


def cell_frame(judged_run: JudgedRun | None, rows: Iterable[CellSummary]) -> pd.DataFrame:
    """The columns of summary.csv, and where and with what each cell was measured."""
    return _in_order(_with_circumstances(judged_run, frame_of(SUMMARY, rows)))


def _with_circumstances(judged_run: JudgedRun | None, frame: pd.DataFrame) -> pd.DataFrame:
    testbeds = judged_run.run.testbeds if judged_run else []
    frameworks = judged_run.run.frameworks if judged_run else {}
    machines = {one.name: one.machine or one.name for one in testbeds}
    frame[MACHINE] = series_of(
        ColumnKind.TEXT, (machines.get(name, name) for name in frame["testbed"])
    )
    described = {
        name: (one.title, "control" if one.control_of else one.role, one.runtime, one.loop)
        for name, one in frameworks.items()
    }
    for place, column in enumerate(OF_FRAMEWORK):
        unknown = {"title": None, "role": "framework"}.get(column)
        own = {name: values[place] for name, values in described.items()}
        values = [own.get(name, unknown) for name in frame["framework"]]
        frame[column] = series_of(ColumnKind.TEXT, values)
    return frame


def _in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns that say what a row is come first."""
    first = ["run_id", STARTED, MACHINE, "testbed", "framework", "folder", "variant"]
    first = [name for name in [*first, *OF_FRAMEWORK] if name in frame]
    return frame[[*first, *(name for name in frame.columns if name not in first)]]

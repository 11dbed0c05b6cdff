"""Runs as data frames, for notebooks and programs: `pipebench.load("results/*")`.

Every run is judged by the rules of this version. What cannot be read is a sentence in
`Runs.problems`; all else is loaded. Nothing is written.
"""

from __future__ import annotations

import glob
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import pandas as pd

from pipebench.compare.judged_side import JudgedSide, read_sides
from pipebench.frame import records
from pipebench.frame.hosts import host_frame, version_frame
from pipebench.frame.ratios import RatioError, figure_named, ratio_frame
from pipebench.frame.tables import cell_frame, measurement_frame
from pipebench.record import store
from pipebench.record.schema import RunError
from pipebench.run.columns import Column, Row
from pipebench.run.figures import CellSummary
from pipebench.run.tables import RESULTS, SUMMARY

RATE = CellSummary.requests_per_s.name


class Runs:
    """Runs that were loaded. Each attribute is a data frame, made when it is first asked for.

    problems: a sentence for each run that could not be read, or that is not whole.
    """

    def __init__(self, sides: Sequence[JudgedSide], problems: Iterable[str] = ()) -> None:
        self._sides = sides
        whole = [problem for side in self._sides for problem in side.problems]
        self.problems: list[str] = [*problems, *whole]

    def __len__(self) -> int:
        return len(self._sides)

    def __repr__(self) -> str:
        names = ", ".join(side.run.run_id for side in self._sides)
        runs = "1 run" if len(self) == 1 else f"{len(self)} runs"
        return f"<{runs}: {names}; problems: {len(self.problems)}>"

    @cached_property
    def measurements(self) -> pd.DataFrame:
        """A row a measurement: the columns of results.csv, not rounded, and its circumstances."""
        frames = [measurement_frame(side.judged_run) for side in self._sides]
        return _concat(frames, measurement_frame(None))

    @cached_property
    def cells(self) -> pd.DataFrame:
        """A row a cell: the columns of summary.csv, and its circumstances."""
        frames = [cell_frame(side.judged_run, side.rows.values()) for side in self._sides]
        return _concat(frames, cell_frame(None, []))

    @cached_property
    def latencies(self) -> pd.DataFrame:
        """A row a latency that occurred in a measurement: latency_us, and how many batches."""
        return self._of_records(records.latencies)

    @cached_property
    def samples(self) -> pd.DataFrame:
        """A row a sample of a host in a measurement: counters as they were read."""
        return self._of_records(records.samples)

    @cached_property
    def connections(self) -> pd.DataFrame:
        """A row a connection of a measurement: what it received, and since when it is quiet."""
        return self._of_records(records.connections)

    @cached_property
    def hosts(self) -> pd.DataFrame:
        """A row a host: its fingerprint."""
        return _concat([host_frame(side.run) for side in self._sides], host_frame(None))

    @cached_property
    def versions(self) -> pd.DataFrame:
        """A row a package of a framework: its version as it was installed."""
        return _concat([version_frame(side.run) for side in self._sides], version_frame(None))

    @cached_property
    def columns(self) -> pd.DataFrame:
        """What each column of `measurements` and `cells` is: name, kind, unit, meaning."""
        rows = [_described("measurements", column) for column in RESULTS]
        rows += [_described("cells", column) for column in SUMMARY]
        return pd.DataFrame(rows, columns=["table", "name", "kind", "unit", "meaning"])

    def ratios(self, to: str, *, of: str = RATE, by: str = "round") -> pd.DataFrame:
        """Each cell relative to another of its group: the median over rounds of the ratio within
        the round, with its exact 95 % interval.

        to: a framework's name; `ceiling`; `reference`, that of the run; or `plain`, of a variant
        the framework that it differs from. of: requests_per_s, or another figure that is ranked.
        by: what is paired; rounds are all that can be. RatioError: there is nothing of this name.
        """
        if by != "round":
            raise RatioError(f"ratios are made round by round: by is {by!r}; it must be 'round'")
        rows = [
            (row, side.measured[cell]) for side in self._sides for cell, row in side.rows.items()
        ]
        references = {
            side.run.run_id: str(side.run.variables.get("bench_reference")) for side in self._sides
        }
        return ratio_frame(rows, references, to, figure_named(of))

    def _of_records(self, part: records.Part) -> pd.DataFrame:
        frames: list[pd.DataFrame] = []
        for side in self._sides:
            measured = [one.measurement for one in side.judged_run.measurements]
            frames += records.of_records(side.run.folder, measured, part)
        return _concat(frames, records.none_of(part))


Place = str | Path


def load(*places: Place | Iterable[Place]) -> Runs:
    """The runs in these places: folders of runs, folders of such folders, or patterns of them."""
    sides: list[JudgedSide] = []
    problems: list[str] = []
    seen: dict[str, Path] = {}
    folders = _folders(_flat(places), problems)
    for folder, side in zip(folders, read_sides(folders), strict=True):
        if isinstance(side, RunError):
            problems.append(str(side))
            continue
        run_id = side.run.run_id
        if run_id in seen:
            problems.append(f"{folder} is the run {run_id}, which {seen[run_id]} is, too")
            continue
        seen[run_id] = folder
        sides.append(side)
    return Runs(sides, problems)


def _flat(places: Iterable[Place | Iterable[Place]]) -> list[Place]:
    """Places that were given one by one, or as a list."""
    return [
        one for place in places for one in ([place] if isinstance(place, str | Path) else place)
    ]


def _described(table: str, column: Column[Row]) -> tuple[str, ...]:
    return table, column.name, column.kind.value, column.unit, column.explained


def _folders(places: Iterable[str | Path], problems: list[str]) -> list[Path]:
    """The folders of runs; what does not exist, or holds none, is a problem."""
    found: dict[Path, Path] = {}
    for place in places:
        path = Path(place).expanduser()
        # a name may have signs of a pattern
        matched = [path] if path.exists() else sorted(map(Path, glob.glob(str(path))))  # noqa: PTH207
        folders = [run for one in matched for run in _runs_in(one)]
        if not folders:
            problems.append(f"{place} is not a run, and has none: a run has a {store.RUN}")
        for folder in folders:
            found.setdefault(folder.resolve(), folder)
    return list(found.values())


def _runs_in(path: Path) -> list[Path]:
    """The folder itself, or those in it that are runs."""
    if (path / store.RUN).exists():
        return [path]
    return sorted(inner.parent for inner in path.glob(f"*/{store.RUN}")) if path.is_dir() else []


def _concat(frames: Iterable[pd.DataFrame], nothing: pd.DataFrame) -> pd.DataFrame:
    """All rows. nothing: the columns, if there is no row."""
    whole = [frame for frame in frames if len(frame)]
    return pd.concat(whole, ignore_index=True) if whole else nothing

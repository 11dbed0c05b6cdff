"""The runs of a folder: from run.json and the number of records; no record is read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipebench.record import store
from pipebench.record.factors import PLACE, FactorValue, in_order
from pipebench.record.folder import exists
from pipebench.record.reading import one_document
from pipebench.record.run_record import Run, load_run
from pipebench.record.schema import RecordError, RunError
from pipebench.record.values import line
from pipebench.show import formats

AT_REST = timedelta(minutes=15)
"""A run without an end is not under way if it wrote nothing for so long."""
LONGEST_CELL = 500


@dataclass(frozen=True, slots=True)
class Listed:
    """One run. state: "ended", "under way", or "incomplete": records are missing for good."""

    folder: Path
    run: Run
    state: str
    measured: int


def runs(results: Path, now: datetime | None = None) -> tuple[list[Listed], list[str]]:
    """The runs in a folder (or that folder itself), newest first; and why a folder is not a run.

    RunError: it is not a folder.
    """
    if not results.is_dir():
        raise RunError(f"{results} is not a folder")
    listed: list[Listed] = []
    broken: list[str] = []
    alone = exists(results, store.RUN)
    for folder in [results] if alone else sorted(one for one in results.iterdir() if one.is_dir()):
        if exists(folder, "compare.csv") and not exists(folder, store.RUN):
            continue  # `compare` wrote it
        try:
            with one_document():
                listed.append(_listed(folder, now or datetime.now(UTC)))
        except (RunError, OSError) as error:
            broken.append(str(error))
        except RecordError as error:
            broken.append(f"{folder} cannot be listed: {error}")
    listed.sort(
        key=lambda one: (one.run.started or datetime.min.replace(tzinfo=UTC), one.run.run_id)
    )
    return listed[::-1], broken


def _listed(folder: Path, now: datetime) -> Listed:
    run = load_run(folder)
    measured = _measured(run)
    if run.ended is not None:
        state = "ended" if measured >= run.scheduled else "incomplete"
    else:
        # writing a record changes its folder
        newest = max(one.lstat().st_mtime for one in folder.iterdir())
        written = datetime.fromtimestamp(newest, UTC)
        state = "under way" if now - written < AT_REST else "incomplete"
    return Listed(folder, run, state, measured)


def _measured(run: Run) -> int:
    """How many scheduled measurements have a record.

    One of a round that precision made needless is not scheduled.
    """
    files = [store.name_of(file) for file in store.files(run.folder, store.RAW)]
    needless = {
        file
        for testbed, taken in run.rounds_taken.items()
        for file in files
        if (store.round_in_name(file, testbed) or 0) > taken.rounds
    }
    return min(len(files) - len(needless), run.scheduled)


def terminal(listed: list[Listed], columns: int | None = None) -> str:
    """A line per run; cut to the columns, if they are given."""
    heads = ["run", "started (UTC)", "state", "measured", "plan", "commit", "hosts", "frameworks"]
    lines = [heads, *([cell[:LONGEST_CELL] for cell in _line(one)] for one in listed)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    texts = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    return "\n".join(
        text if not columns or len(text) <= columns else f"{text[: columns - 2]}.."
        for text in texts
    )


def _line(one: Listed) -> list[str]:
    run = one.run
    return [
        line(one.folder.resolve().name),
        str(run.started)[:16] if run.started else formats.MISSING,
        one.state,
        f"{one.measured} of {run.scheduled}",
        _plan(run),
        f"{run.commit[:8]}{'+' if run.dirty else ''}" if run.commit else formats.MISSING,
        ", ".join(_hosts(run)) or formats.MISSING,
        ", ".join(name for name, one in run.frameworks.items() if one.ranked) or formats.MISSING,
    ]


def _plan(run: Run) -> str:
    """What was varied x rounds: "w1 d5 c200 r6"."""
    cells = run.cells
    if not cells:
        return formats.MISSING
    parts = [f"{factor.letter}{_span(map(factor.of, cells))}" for factor in PLACE]
    return f"{' '.join(parts)} r{len(run.rounds)}"


def _span(values: Iterable[FactorValue]) -> str:
    ordered = sorted(set(values), key=in_order)
    return str(ordered[0]) if len(ordered) == 1 else f"{ordered[0]}-{ordered[-1]}"


def _hosts(run: Run) -> list[str]:
    """Servers first, then generators."""
    servers = [one.server for one in run.testbeds if one.server]
    generators = [host for one in run.testbeds for host in one.generators]
    return [*servers, *generators]

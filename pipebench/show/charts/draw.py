"""All charts of a run drawn, in a process beside this one where there is a core for it."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, NamedTuple

from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedRun
from pipebench.show.charts import charts, svg
from pipebench.show.charts.charts import Chart


class Drawn(NamedTuple):
    """A chart and its SVG document."""

    chart: Chart
    svg: str


@dataclass(frozen=True, slots=True)
class Begun:
    """Charts that are being drawn. faults: a sentence for each that could not be begun."""

    pictures: list[tuple[Chart, Future[str]]]
    faults: list[str]

    def finish(self) -> tuple[list[Drawn], list[str]]:
        """All charts that are drawn, and a sentence for each that could not be."""
        drawn: list[Drawn] = []
        faults = list(self.faults)
        for chart, picture in self.pictures:
            try:
                drawn.append(Drawn(chart, picture.result()))
            except Exception as error:  # noqa: BLE001 (a fault here must not cost the report)
                faults.append(_fault(chart.name, error))
        return drawn, faults


def begin(judged_run: JudgedRun, rows: list[CellSummary], drawer: Executor) -> Begun:
    """Begin all charts that there are data for; rows: summary.csv's."""
    data = charts.data_of(judged_run, rows)
    pictures: list[tuple[Chart, Future[str]]] = []
    faults: list[str] = []
    for make in charts.CHARTS:
        try:
            chart = make(data)
            if chart:
                pictures.append((chart, drawer.submit(svg.document, chart.spec, chart.alt)))
        except Exception as error:  # noqa: BLE001 (a fault here must not cost the report)
            faults.append(_fault(make.__name__, error))
    return Begun(pictures, faults)


def _fault(name: str, error: Exception) -> str:
    return f"the chart {name} could not be drawn: {type(error).__name__}: {error}"


class Here(Executor):
    """Draws in this process, at once."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(work(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 (raised again by the future)
            future.set_exception(error)
        return future


@contextmanager
def drawer() -> Iterator[Executor]:
    """What draws: a process of its own, which starts now; this one if there is only one core.

    It is worth a process as the library that draws takes half a second to start.
    """
    if len(os.sched_getaffinity(0)) == 1:
        yield Here()
        return
    # not by fork: see judge.py
    with ProcessPoolExecutor(1, mp_context=get_context("forkserver")) as process:
        process.submit(svg.start)
        yield process

"""Charts drawn by what drawer.py gives."""

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import NamedTuple

from pipebench.show.charts import charts, svg
from pipebench.show.charts.chart import Chart, ChartMaker, Data

FILES = tuple(f"charts/{make.__name__}.svg" for make in charts.CHARTS)
"""The pictures that a report may have, by their names in the run's folder."""


class Drawn(NamedTuple):
    """A chart and its SVG document."""

    chart: Chart
    svg: str


@dataclass(frozen=True, slots=True)
class Begun:
    """Charts that are being drawn. faults: a sentence for each that could not be begun."""

    pictures: list[tuple[Chart, Future[str]]]
    faults: list[str]

    @property
    def charts(self) -> list[Chart]:
        return [chart for chart, _ in self.pictures]

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


def begin(data: Data, drawer: Executor, makers: Sequence[ChartMaker] | None = None) -> Begun:
    """Begin all charts that there are data for; makers: of charts, None: of all that there are."""
    pictures: list[tuple[Chart, Future[str]]] = []
    faults: list[str] = []
    for make in charts.CHARTS if makers is None else makers:
        try:
            chart = make(data)
            if chart:
                pictures.append((chart, drawer.submit(svg.document, chart.spec, chart.alt)))
        except Exception as error:  # noqa: BLE001 (a fault here must not cost the report)
            faults.append(_fault(make.__name__, error))
    return Begun(pictures, faults)


def _fault(name: str, error: Exception) -> str:
    return f"the chart {name} could not be drawn: {type(error).__name__}: {error}"

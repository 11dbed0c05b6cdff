"""The pictures of a report: which there are, and in which order."""

from pipebench.show.charts.chart import ChartMaker
from pipebench.show.charts.frameworks import cpu, rounds, throughput
from pipebench.show.charts.latency import latency
from pipebench.show.charts.machines import machines, price
from pipebench.show.charts.scans import connections, depth, gain, heat
from pipebench.show.charts.served import served
from pipebench.show.charts.workers import scaling, workers

CHARTS: tuple[ChartMaker, ...] = (
    throughput,
    cpu,
    latency,
    served,
    rounds,
    depth,
    gain,
    connections,
    heat,
    scaling,
    workers,
    price,
    machines,
)
"""In the order of a report, the first two those of the headline's answer."""

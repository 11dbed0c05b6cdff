"""The table: every figure and fact that the project shows, each declared once.

results.csv, summary.csv, the report's table, the terminal, the comparison of runs and
docs/columns.md are all made from what is declared here. To add a column, add an entry: an attribute
of Figures for a number of a measurement, an element of IDENTITY or CIRCUMSTANCES for anything else.
columns.py says what an entry can hold. The order of entries is the report's: IDENTITY, Figures,
CIRCUMSTANCES; in the files, new columns come last.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pipebench.measure.connections import Served
from pipebench.measure.latency import Latency
from pipebench.measure.measurement import Measurement, Totals
from pipebench.measure.verification import Verified
from pipebench.measure.workers import WorkersLoad
from pipebench.record.factors import FACTORS, GROUP, Cell
from pipebench.rules.bottleneck import Disturbance, LimitedBy
from pipebench.rules.connections import silent
from pipebench.rules.rule import Outcome
from pipebench.run.columns import RATIO_DECIMALS, ColumnKind, Form, Shown
from pipebench.run.entries import (
    GREATEST,
    MEDIAN,
    Better,
    Fact,
    Figure,
    HasFigures,
    Needs,
    Own,
    Ranking,
    Summarised,
)
from pipebench.run.identity import CellColumn, cell_columns
from pipebench.run.prices import Price
from pipebench.stats.estimate import UNKNOWN, Estimate
from pipebench.tools import FIRST, first_tool

LEAST_BATCHES_OF_P99 = 1000
"""Of fewer, less than ten are above it: it would depend on a handful of them."""
SECONDS_AN_HOUR = 3600


def _counted(figure: Callable[[Totals], float | None]) -> Callable[[Measurement], float | None]:
    """A figure of what the load tool counted."""
    return lambda measurement: figure(measurement.totals) if measurement.totals else None


def _latency(figure: Callable[[Latency], float | None]) -> Callable[[Measurement], float | None]:
    """A figure of the recorded batches."""
    return _of_batches(lambda totals: figure(totals.latency) if totals.latency else None)


def _of_batches(figure: Callable[[Totals], float | None]) -> Callable[[Measurement], float | None]:
    """A figure of batches; None if the load tool times requests."""
    counted = _counted(figure)
    return lambda measurement: counted(measurement) if measurement.of_batches else None


def _errors(kind: str) -> str:
    """What an error of this kind is."""
    return first_tool().errors.get(kind, f"that {FIRST} does not count")


def _recorded() -> str:
    """Whose latencies these are."""
    tool = first_tool()
    if tool.times != "batch":
        return f"empty, as {tool.name} times requests"
    undone = "[its correction undone](method.md#latency-and-why-it-is-not-what-wrk-prints)"
    return f"of the batches that {tool.name} recorded" + (f", {undone}" * bool(tool.uncorrected))


def _option(name: str) -> str:
    """Which option of the load tool is given it."""
    return first_tool().options.get(name, f"of {FIRST}")


def _p99(latency: Latency) -> float | None:
    return latency.p99_us if latency.batches >= LEAST_BATCHES_OF_P99 else None


def _slack(measurement: Measurement) -> float | None:
    depth = measurement.cell.depth
    return _of_batches(lambda totals: totals.slack(depth))(measurement)


def _other_cores(measurement: Measurement) -> float | None:
    return measurement.server_usage.other_cores if measurement.server_usage else None


def _served(figure: Callable[[Served], float | None]) -> Callable[[Measurement], float | None]:
    """A figure of how the connections were served."""
    return lambda measurement: figure(measurement.served) if measurement.served else None


def _verified(figure: Callable[[Verified], float | None]) -> Callable[[Measurement], float | None]:
    """A figure of what was verified while the load went on."""
    return lambda measurement: figure(measurement.verified) if measurement.verified else None


def _silent(measurement: Measurement) -> float | None:
    silences = silent(measurement)
    return None if silences is None else len(silences)


def _workers(
    figure: Callable[[WorkersLoad], float | None],
) -> Callable[[Measurement], float | None]:
    """A figure of how the load spread over several workers."""
    return lambda measurement: (
        figure(measurement.workers_load) if measurement.workers_load else None
    )


def _requests_per_money(row: "CellSummary") -> Estimate:
    rate = row.requests_per_s.value
    return Estimate(requests_for(row.price, rate) if rate is not None and row.price else None)


def requests_for(price: Price, rate: float) -> float:
    """Requests that a host answers for one unit of money. rate: requests/s."""
    return rate * SECONDS_AN_HOUR / price.per_hour


def _requests_per_core(row: "CellSummary") -> Estimate:
    rate, cpus = row.requests_per_s.value, row.server_cpus
    return Estimate(rate / cpus if rate is not None and row.price and cpus else None)


def _scaling(row: "CellSummary") -> Estimate:
    count = row.worker_count
    return Estimate(*(value / count for value in row.to_one_worker if value)) if count else UNKNOWN


class Figures(HasFigures[Own]):
    """The figures of a measurement. Of a cell: row.requests_per_s.value, .low, .rank, ..."""

    requests = Figure(
        unit="responses",
        kind=ColumnKind.INTEGER,
        measured=_counted(lambda totals: totals.requests),
        needs=Needs.RESULT,
        explained=f"that {FIRST} parsed in the measured window, whatever their status",
    )
    duration_s = Figure(
        unit="s",
        measured=_counted(lambda totals: totals.duration_s),
        needs=Needs.RESULT,
        decimals=6,
        explained=f"of the window, by {FIRST}'s own clock; of several generators the longest",
    )
    requests_per_s = Figure(
        unit="1/s",
        measured=_counted(lambda totals: totals.requests_per_s),
        over_rounds=MEDIAN,
        interval=True,
        decimals=2,
        form=Form.COUNT,
        shown=Shown("requests/s", "req/s", "requests/s", interval=True),
        compared_as="",
        ranking=Ranking(
            Better.HIGHER, "fastest", "faster", "slower",
            rank=Shown("rank", "rank"),
            relative=Shown("relative", "relative", interval=True),
            ceiling=Shown("of the ceiling"),
        ),
        explained="`requests / duration_s` of each generator, summed; "
        "only if the outcome is `ok` or `degraded`",
    )  # fmt: skip
    batch_latency_mean_us = Figure(
        unit="us",
        measured=_latency(lambda latency: latency.mean_us),
        decimals=1,
        form=Form.MICROSECONDS,
        explained=f"{_recorded()}; only if the outcome is `ok` or `degraded`, as all "
        "`batch_latency_*`",
    )
    batch_latency_p50_us = Figure(
        unit="us",
        kind=ColumnKind.INTEGER,
        measured=_latency(lambda latency: latency.p50_us),
        over_rounds=MEDIAN,
        decimals=1,
        form=Form.MICROSECONDS,
        shown=Shown("batch latency p50", "p50", "batch latency p50"),
        compared_as="p50",
        explained="the smallest latency that at least 50 % of the batches did not exceed",
    )
    batch_latency_p75_us = Figure(
        unit="us",
        kind=ColumnKind.INTEGER,
        measured=_latency(lambda latency: latency.p75_us),
        decimals=1,
        form=Form.MICROSECONDS,
        explained="the same for 75 %",
    )
    batch_latency_p90_us = Figure(
        unit="us",
        kind=ColumnKind.INTEGER,
        measured=_latency(lambda latency: latency.p90_us),
        decimals=1,
        form=Form.MICROSECONDS,
        explained="the same for 90 %",
    )
    batch_latency_p99_us = Figure(
        unit="us",
        kind=ColumnKind.INTEGER,
        measured=_latency(_p99),
        over_rounds=MEDIAN,
        every_round=True,  # else it would be that of the fast rounds alone
        decimals=1,
        form=Form.MICROSECONDS,
        shown=Shown("p99", "p99", "p99"),
        compared_as="p99",
        explained="the same for 99 %; empty below 1,000 batches",
        explained_over_rounds="; empty if a round had fewer than 1,000 batches: the rounds left "
        "would be the fast ones",
    )
    batch_latency_max_us = Figure(
        unit="us",
        kind=ColumnKind.INTEGER,
        measured=_latency(lambda latency: latency.max_us),
        decimals=1,
        form=Form.MICROSECONDS,
        explained="the longest batch",
    )
    bytes_read = Figure(
        unit="bytes",
        kind=ColumnKind.INTEGER,
        measured=_counted(lambda totals: totals.bytes),
        needs=Needs.RESULT,
        form=Form.BYTES,
        explained=f"that {FIRST} read in the window",
    )
    connect_errors = Figure(
        unit="errors",
        kind=ColumnKind.INTEGER,
        measured=_counted(lambda totals: totals.errors.get("connect")),
        needs=Needs.RESULT,
        explained=_errors("connect"),
    )
    read_errors = Figure(
        unit="errors",
        kind=ColumnKind.INTEGER,
        measured=_counted(lambda totals: totals.errors.get("read")),
        needs=Needs.RESULT,
        explained=_errors("read"),
    )
    write_errors = Figure(
        unit="errors",
        kind=ColumnKind.INTEGER,
        measured=_counted(lambda totals: totals.errors.get("write")),
        needs=Needs.RESULT,
        explained=_errors("write"),
    )
    status_errors = Figure(
        unit="responses",
        kind=ColumnKind.INTEGER,
        measured=_counted(lambda totals: totals.errors.get("status")),
        needs=Needs.RESULT,
        explained=_errors("status"),
    )
    timeout_errors = Figure(
        unit="batches",
        kind=ColumnKind.INTEGER,
        measured=_counted(lambda totals: totals.errors.get("timeout")),
        needs=Needs.RESULT,
        explained=_errors("timeout"),
    )
    server_cpu_us_per_request = Figure(
        unit="us",
        measured=lambda measurement: measurement.server_cpu_us_per_request,
        over_rounds=MEDIAN,
        interval=True,
        decimals=4,
        form=Form.MICROSECONDS,
        shown=Shown("server CPU/request", "CPU/req", "CPU/request"),
        compared_as="cpu",
        ranking=Ranking(
            Better.LOWER, "cheapest", "cheaper", "dearer",
            relative=Shown("relative", interval=True),
        ),
        explained="CPU time of the unit's cgroup over the window, by `requests`; empty without "
        "samples around both ends of the window, and unless the outcome is `ok` or `degraded`",
    )  # fmt: skip
    server_cpu_cores = Figure(
        unit="cores",
        measured=lambda measurement: measurement.server_cpu_cores,
        needs=Needs.RESULT,
        over_rounds=MEDIAN,
        decimals=4,
        explained="the same CPU time by `duration_s`",
    )
    server_rss_peak_bytes = Figure(
        unit="bytes",
        kind=ColumnKind.INTEGER,
        measured=lambda measurement: measurement.server_rss_peak_bytes,
        needs=Needs.NOTHING,
        over_rounds=GREATEST,
        form=Form.BYTES,
        shown=Shown("RSS peak"),
        explained="peak resident memory of the unit's processes, summed; empty if they had ended",
    )
    generator_cpu_cores = Figure(
        unit="cores",
        measured=lambda measurement: measurement.generator_cpu_cores,
        needs=Needs.RESULT,
        over_rounds=MEDIAN,
        decimals=4,
        explained=f"CPU time of {FIRST} from its start to its end by `duration_s`; of several "
        "generators the sum",
    )
    batches = Figure(
        unit="batches",
        kind=ColumnKind.INTEGER,
        measured=_of_batches(lambda totals: totals.latency.batches if totals.latency else 0),
        needs=Needs.RESULT,
        explained=f"recorded by {FIRST}",
    )
    batch_slack = Figure(
        unit="responses",
        kind=ColumnKind.INTEGER,
        measured=_slack,
        needs=Needs.RESULT,
        explained="`requests - depth x (batches + timeout_errors)`: those of batches that the end "
        "cut off; 0 to connections x (depth - 1) is possible",
    )
    busy = Figure(
        unit="share",
        measured=_of_batches(lambda totals: totals.busy),
        needs=Needs.RESULT,
        decimals=4,
        explained="sum of all batch latencies by connections x `duration_s`; near 1 (Little's "
        "law); below about 0.9 something hung or reconnected, unless batches are so long that "
        "those cut off at the end explain it (the mean batch latency weighted by length, by "
        "`duration_s`)",
    )
    server_other_cpu_cores = Figure(
        unit="cores",
        measured=_other_cores,
        decimals=4,
        explained="CPU that programs other than the unit's took on the CPUs that the server's host "
        "may use, over the window and 0.2 s more; empty without samples, and unless the outcome is "
        "`ok` or `degraded`",
    )
    steadiness = Figure(
        unit="share",
        measured=lambda measurement: measurement.steadiness,
        decimals=4,
        explained="requests/s in the slowest quarter of the window by that in the fastest, by the "
        "bytes that arrived at the generators; 1 is steady. If a batch lasts long against a "
        "quarter it is small for batches that come all at once. Empty without samples, and unless "
        "the outcome is `ok` or `degraded`",
    )
    responses_per_connection_min = Figure(
        unit="responses",
        measured=_served(lambda served: served.responses[0] if served.responses else None),
        needs=Needs.RESULT,
        decimals=1,
        explained="of the least served connection, up to 0.2 s before the window's end, by the "
        "bytes that the kernel received on it since it was opened; empty if the connections were "
        "not looked at, as all `responses_per_connection_*` and `connections_*`",
    )
    responses_per_connection_median = Figure(
        unit="responses",
        measured=_served(lambda served: served.median),
        needs=Needs.RESULT,
        over_rounds=MEDIAN,
        decimals=1,
        explained="the same of the connection in the middle",
    )
    responses_per_connection_max = Figure(
        unit="responses",
        measured=_served(lambda served: served.responses[-1] if served.responses else None),
        needs=Needs.RESULT,
        decimals=1,
        explained="the same of the most served connection",
    )
    connections_unserved = Figure(
        unit="connections",
        kind=ColumnKind.INTEGER,
        measured=_served(lambda served: served.unserved),
        needs=Needs.RESULT,
        over_rounds=GREATEST,
        explained="on which nothing ever came",
    )
    connections_silent = Figure(
        unit="connections",
        kind=ColumnKind.INTEGER,
        measured=_silent,
        needs=Needs.RESULT,
        over_rounds=GREATEST,
        explained="with a request under way, on which nothing came for longer than any healthy "
        "batch explains: at least 0.5 s, 0.15 of the window, and twice the longest batch",
    )
    verified_requests = Figure(
        unit="requests",
        kind=ColumnKind.INTEGER,
        measured=_verified(lambda verified: verified.answered),
        needs=Needs.NOTHING,
        explained="that were asked on further connections while the load went on, and whose "
        "answers were looked at; they are in no other figure",
    )
    verified_wrong = Figure(
        unit="batches",
        kind=ColumnKind.INTEGER,
        measured=_verified(lambda verified: verified.wrong),
        needs=Needs.NOTHING,
        over_rounds=GREATEST,
        explained="of these requests, with a wrong answer",
    )
    connections_per_worker_min = Figure(
        unit="connections",
        kind=ColumnKind.INTEGER,
        measured=_workers(lambda load: load.connections[0]),
        needs=Needs.RESULT,
        explained="of the worker that held the fewest when they were last looked at in the window, "
        "with the 4 on which each generator verifies answers; empty with one worker, for workers "
        "that are threads and not processes (Go), and if nobody looked, as all "
        "`connections_per_worker_*` and `worker_*`",
    )
    connections_per_worker_max = Figure(
        unit="connections",
        kind=ColumnKind.INTEGER,
        measured=_workers(lambda load: load.connections[-1]),
        needs=Needs.RESULT,
        over_rounds=MEDIAN,
        explained="the same of the worker that held the most",
    )
    workers_idle = Figure(
        unit="processes",
        kind=ColumnKind.INTEGER,
        measured=_workers(lambda load: load.idle),
        needs=Needs.RESULT,
        over_rounds=GREATEST,
        explained="workers that held no connection then",
    )
    worker_cpu_cores_min = Figure(
        unit="cores",
        measured=_workers(lambda load: load.cpu_cores[0] if load.cpu_cores else None),
        needs=Needs.RESULT,
        decimals=4,
        explained="CPU time of the worker that used the least, between the first look and the last "
        "in the window; empty with one look, which a window of 1 s has",
    )
    worker_cpu_cores_max = Figure(
        unit="cores",
        measured=_workers(lambda load: load.cpu_cores[-1] if load.cpu_cores else None),
        needs=Needs.RESULT,
        over_rounds=MEDIAN,
        decimals=4,
        explained="the same of the worker that used the most",
    )
    scaling = Figure(
        unit="ratio",
        of_cell=_scaling,
        interval=True,
        decimals=RATIO_DECIMALS,
        form=Form.RATIO,
        shown=Shown("scaling", "scaling", interval=True, if_several=True),
        explained="median over rounds of `requests_per_s` by that of the same cell with one worker "
        "in the same round, by `worker_count`: 1 if N workers answer N times as much as one. Empty "
        "unless the run has the cell with one worker too",
    )
    requests_per_money = Figure(
        unit="requests",
        of_cell=_requests_per_money,
        decimals=0,
        explained="that the server's host would answer for one unit of `currency`: "
        "`requests_per_s` x 3600 / `price_per_hour`",
    )
    requests_per_s_per_core = Figure(
        unit="1/s",
        of_cell=_requests_per_core,
        decimals=2,
        form=Form.COUNT,
        explained="`requests_per_s` by the CPUs of the server's host that the unit may use "
        "(hardware threads, busy or not)",
    )


FIGURES = [declared for declared in vars(Figures).values() if isinstance(declared, Figure)]
"""All of them, in the order of their declaration."""


@dataclass(kw_only=True)
class CellSummary(Figures[Summarised]):
    """A row of summary.csv: one cell, scheduled or seen. None is "not measured" everywhere.

    title: of the framework, for readers.
    """

    run_id: str
    cell: Cell
    stack: str | None
    title: str
    role: str
    """`framework`; or `ceiling`, or `control`, which have no rank."""
    outcome: Outcome | None
    reason: str | None
    limited_by: LimitedBy | None
    limit: str | None
    """Why it is limited by that, in a sentence."""
    disturbed: tuple[Disturbance, ...]
    """What disturbed how many of the rounds, in the words of the round it was greatest in."""
    rounds: int
    """With a result, whatever its outcome."""
    rounds_rated: int
    rounds_scheduled: int | None
    price: Price | None = None
    """Of the server's host."""
    server_cpus: int | None = None
    """CPUs of the server's host that the unit may use."""
    worker_count: int | None = None
    """How many workers there were, if the cell has `all`, too."""
    to_one_worker: Estimate = UNKNOWN
    """Requests/s by those of the same cell with one worker, within the round."""

    @property
    def disturbances(self) -> str | None:
        """The column `noise`."""
        return "; ".join(one.sentence for one in self.disturbed) or None

    @property
    def share_of_ceiling(self) -> float | None:
        """Requests/s by those of the ceiling, within the round."""
        return self.requests_per_s.share_of_ceiling


SHOWN_ORDER = [*GROUP, *(factor for factor in FACTORS if factor not in GROUP)]
"""Of the factors, as readers see them: the framework last, beside the figures."""


def _of_cell(one: CellColumn) -> Fact[CellSummary]:
    option = first_tool().options.get(one.name)
    return Fact(
        name=one.name,
        unit=one.unit,
        of_measurement=lambda judged: one.value(judged.measurement.cell),
        of_cell=lambda row: one.value(row.cell),
        kind=one.kind,
        shown=one.shown,
        explained=f"{option}; {one.explained}" if option else one.explained,
    )


IDENTITY: list[Fact[CellSummary]] = [
    Fact(
        name="run_id",
        of_measurement=lambda judged: judged.measurement.run_id,
        of_cell=lambda row: row.run_id,
        explained="the run",
    ),
    *(_of_cell(one) for one in cell_columns(SHOWN_ORDER)),
    Fact(
        name="worker_count",
        kind=ColumnKind.INTEGER,
        unit="processes",
        of_measurement=lambda judged: judged.measurement.worker_count,
        of_cell=lambda row: row.worker_count,
        explained="`workers` as a number: `BENCH_WORKERS` of the server; for Go, `GOMAXPROCS`",
    ),
    Fact(
        name="stack",
        of_measurement=lambda judged: judged.measurement.stack,
        of_cell=lambda row: row.stack,
        explained="`current`, or the year that its versions belong to",
    ),
    Fact(
        name="threads",
        kind=ColumnKind.INTEGER,
        unit="threads",
        of_measurement=lambda judged: judged.measurement.threads,
        explained=_option("threads"),
    ),
    Fact(
        name="generators",
        kind=ColumnKind.INTEGER,
        unit="hosts",
        of_measurement=lambda judged: len(judged.measurement.loads) or None,
        explained="load generators that measured together; each has an equal share of the "
        "connections, and `threads` of its own",
    ),
    Fact(
        name="start_spread_s",
        kind=ColumnKind.NUMBER,
        unit="s",
        of_measurement=lambda judged: judged.measurement.start_spread_s,
        decimals=4,
        explained="from the first start of a load generator to the last, by the server's clock; "
        "empty with one generator",
    ),
    Fact(
        name="round",
        kind=ColumnKind.INTEGER,
        of_measurement=lambda judged: judged.measurement.round,
        explained="from 1",
    ),
    Fact(
        name="position",
        kind=ColumnKind.INTEGER,
        of_measurement=lambda judged: judged.measurement.position,
        explained="in its round, from 1",
    ),
    Fact(
        name="record",
        of_measurement=lambda judged: judged.measurement.file,
        explained="file in `raw/` that all of this row is made from",
    ),
    Fact(
        name="role",
        of_cell=lambda row: row.role,
        explained_of_cell="`framework`; `ceiling`: the server of canned bytes; `control`: the "
        "reference a second time under another name. Only a `framework` has a rank",
    ),
    Fact(
        name="outcome",
        of_measurement=lambda judged: judged.judgement.outcome.value,
        of_cell=lambda row: row.outcome.value if row.outcome else None,
        shown=Shown("outcome", "outcome"),
        instead=lambda row: None if row.outcome else "no result",
        explained="see [outcomes](method.md#outcomes)",
        explained_of_cell="the worst of its rounds, in the order `ok`, `degraded`, `failed`, "
        "`unavailable`; empty if no round has a result",
    ),
    Fact(
        name="reason",
        of_measurement=lambda judged: judged.judgement.reason or None,
        of_cell=lambda row: row.reason,
        explained="sentences of the rules that made the outcome, with their figures; empty if `ok`",
        explained_of_cell="in how many rounds the outcome was this one, and why, with the figures "
        "of the first such round; empty if `ok`",
    ),
]
"""What was measured, and how it ended."""

CIRCUMSTANCES: list[Fact[CellSummary]] = [
    Fact(
        name="limited_by",
        of_measurement=lambda judged: judged.limited_by.value if judged.limited_by else None,
        of_cell=lambda row: row.limited_by.value if row.limited_by else None,
        shown=Shown("limited by", "limited by"),
        explained="`server`, `generator`, `network`, `waiting` or `unknown`: see "
        "[what limited it](method.md#what-limited-it). Empty unless the outcome is `ok` or "
        "`degraded`",
        explained_of_cell="what limited more than half of the rounds, else `unknown`; empty if no "
        "round was `ok` or `degraded`",
    ),
    Fact(
        name="limit",
        of_measurement=lambda judged: judged.bottleneck.sentence if judged.bottleneck else None,
        of_cell=lambda row: row.limit,
        explained="why `limited_by` is what it is, with the figures",
        explained_of_cell="the sentence of the first round that was limited by `limited_by`; if no "
        "limit was that of most rounds, how many had which",
    ),
    Fact(
        name="noise",
        of_measurement=lambda judged: judged.disturbances,
        of_cell=lambda row: row.disturbances,
        explained="what disturbed the measurement, with the figures; empty if nothing that was "
        "seen did, and unless the outcome is `ok` or `degraded`",
        explained_of_cell="what disturbed how many of the rounds that were `ok` or `degraded`, "
        "each with the figures of the round in which it was greatest",
    ),
    Fact(
        name="rounds",
        kind=ColumnKind.INTEGER,
        unit="rounds",
        of_cell=lambda row: row.rounds,
        explained_of_cell="with a result, whatever its outcome",
    ),
    Fact(
        name="rounds_rated",
        kind=ColumnKind.INTEGER,
        unit="rounds",
        of_cell=lambda row: row.rounds_rated,
        explained_of_cell="that the medians are over",
    ),
    Fact(
        name="rounds_scheduled",
        kind=ColumnKind.INTEGER,
        unit="rounds",
        of_cell=lambda row: row.rounds_scheduled,
        explained_of_cell="that the run was to have; if rounds are extended by precision, those "
        "that were taken; empty if the cell is not in its schedule",
    ),
    Fact(
        name="price_per_hour",
        kind=ColumnKind.NUMBER,
        unit="money",
        of_cell=lambda row: row.price.per_hour if row.price else None,
        decimals=6,
        explained_of_cell="of the server's host, from the run's `prices.yml`; empty, as all that "
        "follow, if that has none",
    ),
    Fact(
        name="currency",
        of_cell=lambda row: row.price.currency if row.price else None,
        explained_of_cell="of `price_per_hour` and `requests_per_money`",
    ),
]
"""What limited and disturbed it, over how many rounds it is, and at which price."""

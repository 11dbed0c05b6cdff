"""One raw record reduced to the input of a judgement: no histogram, no samples, short texts."""

import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from pipebench.measure.connections import Served, served_of
from pipebench.measure.consistency import all_bytes, server_contradiction, tool_contradiction
from pipebench.measure.latency import Latency, summarise
from pipebench.measure.load import Load, Ran, Window, loads_of, window_of
from pipebench.measure.moments import Moments, moments_of
from pipebench.measure.traffic import pace, quiet, reopened
from pipebench.measure.unit import UnitEnd, journal_lines, log_end, restarts, unit_end
from pipebench.measure.usage import Usage, usage_of
from pipebench.measure.verification import Verified, checked_of, verified_of
from pipebench.measure.window import CLOSING_S, WindowError, increase, levels
from pipebench.measure.workers import WorkersLoad, workers_load
from pipebench.record import store
from pipebench.record.columns import Samples, samples_of
from pipebench.record.factors import Cell
from pipebench.record.reading import one_document, read
from pipebench.record.run_record import moment
from pipebench.record.schema import InvalidRecord, Record, RecordError, Server
from pipebench.record.values import line, worded
from pipebench.tools import find_tool, tools
from pipebench.tools.tool import CheckedAnswers, LatencyError, Problem, RateKept, Tool

MEMORY_MOMENTS = 5
CLOCK_STEP_S = 0.01
"""A clock was set, and not only slewed, which NTP does by at most 0.0005 s a second."""


@dataclass(frozen=True, slots=True)
class GeneratorLoad:
    """CPU that the load tool used on one generator, in cores, with the threads and CPUs it had."""

    host: str
    cores: float | None
    threads: int
    cpus: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The sums over all generators in the measured window.

    bytes: of the responses; None if the tool did not count those of all. uncounted_bytes: so many
    may be missing. errors: by the tool's words, only those that it counts. opened: connections kept
    open.
    """

    requests: int
    bytes: int | None
    duration_s: float
    requests_per_s: float
    errors: dict[str, int]
    opened: int
    latency: Latency | None
    uncounted_bytes: int = 0

    @property
    def response_bytes(self) -> float | None:
        """The mean size of a response; None if it is not known."""
        return self.bytes / self.requests if self.bytes and self.requests else None

    def slack(self, depth: int) -> int:
        """Responses beyond complete batches: those of the batches that the end cut off."""
        batches = self.latency.batches if self.latency else 0
        return self.requests - depth * (batches + self.errors.get("timeout", 0))

    @property
    def busy(self) -> float:
        """Share of the connections' time that lies in recorded batches; near 1 (Little's law)."""
        total = self.latency.total_us if self.latency else 0
        return total / (self.opened * self.duration_s * 1e6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One measurement. None is "not measured" everywhere."""

    file: str
    run_id: str
    tool: str
    cell: Cell
    stack: str
    worker_count: int
    """Workers that the server was started with: the cell says `all` of some."""
    threads: int
    round: int
    """From 1; 0: at a constant rate, which belongs to no round."""
    position: int
    rate: float | None
    """Wanted requests/s at a constant rate."""
    ended: datetime | None
    moments: Moments
    harness_fault: str | None
    available: bool
    unavailable_reason: str | None
    ready_errors: list[str]
    """Why the server never became ready, by the server's host and by the generators."""
    unit_end: UnitEnd | None
    restarts: int
    warmup_s: float
    measured_s: float
    """How long the load tool ran; 0 if it did not run."""
    tool_problem: Problem | None
    """Why the load tool's output is not a result."""
    unusable: str | None
    """Why the figures of this record cannot be those of the tool or the kernel."""
    totals: Totals | None
    rate_kept: RateKept | None
    server: Server | None
    """The server's part of the record, without samples and journal."""
    server_cpu_us: float | None
    reopened: int | None
    """Connections that the generators opened in the window beyond the planned ones."""
    quiet_s: float | None
    """How long before the window's end the last data arrived at a generator."""
    served: Served | None
    """How each connection was served; None if it was not looked at them."""
    workers_load: WorkersLoad | None
    """How the load spread over several workers; None if it was not looked at them."""
    verified: Verified | None
    """What was verified of the answers; None if nothing was."""
    checked: CheckedAnswers | None
    """What the load tool counted if it checked every answer, so that its rate is nobody's."""
    pace: list[float] | None
    """Requests/s in each quarter of the window, from the bytes that arrived at the generators."""
    memory_bytes: list[float] | None
    """Resident memory of the unit at five moments, evenly from the window's start to its end."""
    journal_lines: list[str]
    """Lines that the unit itself wrote into its journal under load."""
    server_usage: Usage | None
    windows: tuple[Window, ...]
    """Of the generators, by the server's clock as far as clocks were compared."""
    loads: list[GeneratorLoad]
    generator_usages: list[Usage | None]
    """Of the same generators as `loads`, in the same order."""
    argv: list[str]
    tool_text: str
    """The output of the load tool."""
    log: str
    """The end of the unit's journal, or of the deployment's log."""

    @property
    def interrupt_cpus(self) -> int:
        """CPUs of the server's host that its processes may not use; 0 unless it is pinned."""
        cpus = self.server.cpus if self.server else None
        host_cpus = self.server.host_cpus if self.server else None
        return max(0, host_cpus - cpus) if cpus and host_cpus else 0

    @property
    def start_spread_s(self) -> float | None:
        """From the first start of a generator to the last; None with one generator."""
        starts = [window.started for window in self.windows]
        return max(starts) - min(starts) if len(starts) > 1 else None

    @property
    def apart_share(self) -> float | None:
        """Share of the whole window in which not every generator made load; None with one.

        A tool's clock stops up to one tick after its threads do. That tick does not count.
        """
        spread = self.start_spread_s
        if spread is None:
            return None
        ends = [window.ended for window in self.windows]
        whole = max(ends) - min(window.started for window in self.windows)
        after = max(0.0, max(ends) - min(ends) - CLOSING_S)
        return min(1.0, (spread + after) / whole) if whole else None

    @property
    def steadiness(self) -> float | None:
        """Requests/s in the slowest quarter of the window / in the fastest; 1 is steady."""
        if not self.pace or not max(self.pace):
            return None
        return min(self.pace) / max(self.pace)

    @property
    def server_host(self) -> str | None:
        return self.server.host if self.server else None

    @property
    def server_cpus(self) -> int | None:
        """CPUs that the unit may use."""
        return self.server.cpus if self.server else None

    @property
    def server_rss_peak_bytes(self) -> int | None:
        return self.server.rss_peak_bytes if self.server else None

    @property
    def server_cpu_cores(self) -> float | None:
        if self.server_cpu_us is None or self.totals is None:
            return None
        return self.server_cpu_us / self.totals.duration_s / 1e6

    @property
    def server_cpu_us_per_request(self) -> float | None:
        if self.server_cpu_us is None or self.totals is None or not self.totals.requests:
            return None
        return self.server_cpu_us / self.totals.requests

    @property
    def of_batches(self) -> bool:
        """Whether the load tool times whole batches; else its latencies are of requests."""
        return tools()[self.tool].times == "batch"

    @property
    def generator_cpu_cores(self) -> float | None:
        cores = [load.cores for load in self.loads]
        return math.fsum(c for c in cores if c is not None) if cores and None not in cores else None


def read_measurement(folder: Path, file: str, run_id: str) -> Measurement | InvalidRecord:
    """Read a record of a run, as `raw/a.json.gz`, and reduce it."""
    name = line(store.name_of(file))
    try:
        with one_document():
            record: Record = worded(read(folder, file, Record))
            measurement = reduce(record, file)
    except RecordError as error:
        return InvalidRecord(name, line(str(error)))
    if measurement.run_id != run_id:
        return InvalidRecord(name, f"it belongs to run {measurement.run_id}")
    return measurement


def reduce(record: Record, file: str) -> Measurement:
    """Reduce one record of a run. `unusable` says why its figures contradict each other.

    RecordError: an input of the figures is missing or impossible.
    """
    kind, _, name = file.rpartition("/")
    tool = find_tool(record.tool, kind)
    if record.round is None and kind != store.CROSSCHECK:
        raise RecordError("the record has no round")
    loads = loads_of(record, tool)
    ran = [load.measured for load in loads if load.measured]
    server = record.server
    samples = samples_of(server.samples if server else {}, "server")
    figures = _figures(loads, ran, samples, tool, server.cpus if server else None)
    return Measurement(
        file=line(name),
        run_id=record.run_id,
        tool=tool.name,
        cell=record.cell,
        stack=record.stack,
        worker_count=record.started_workers,
        threads=record.threads,
        round=record.round or 0,
        position=record.position,
        rate=record.rate,
        ended=moment(record.ended),
        moments=moments_of(record, loads),
        harness_fault=record.harness_fault,
        available=record.deployment.available,
        unavailable_reason=record.deployment.reason,
        ready_errors=_ready_errors(server, loads),
        unit_end=unit_end(server, loads) if server else None,
        restarts=restarts(server) if server else 0,
        warmup_s=_longest([load.warmup for load in loads]),
        measured_s=_longest([load.measured for load in loads]),
        tool_problem=_tool_problem(tool, loads),
        unusable=figures.unusable,
        totals=figures.totals,
        rate_kept=next((r.counts.rate_kept for r in ran if r.counts), None),
        server=replace(server, samples={}, processes=[], journal=None) if server else None,
        server_cpu_us=figures.server_cpu_us,
        reopened=figures.reopened,
        quiet_s=quiet(loads),
        served=served_of(loads, figures.totals.response_bytes if figures.totals else None),
        workers_load=workers_load(server, record.started_workers, window_of(ran)),
        verified=verified_of(loads),
        checked=checked_of(loads),
        pace=pace(loads),
        memory_bytes=figures.memory_bytes,
        journal_lines=journal_lines(server, loads) if server else [],
        server_usage=_server_usage(server, samples, figures.server_cpu_us, window_of(ran)),
        windows=tuple(Window(one.started, one.stopped) for one in ran),
        loads=[_generator_load(load, record.threads) for load in loads if load.measured],
        generator_usages=[_generator_usage(load) for load in loads if load.measured],
        argv=ran[0].execution.argv if ran else [],
        tool_text=_text(loads),
        log=log_end((server.journal if server else None) or record.deployment.log or ""),
    )


@dataclass(slots=True)
class Windowed:
    """The fields of Measurement that require a measured window."""

    totals: Totals | None = None
    server_cpu_us: float | None = None
    memory_bytes: list[float] | None = None
    reopened: int | None = None
    unusable: str | None = None


def _figures(
    loads: list[Load], ran: list[Ran], samples: Samples, tool: Tool, cpus: int | None
) -> Windowed:
    figures = Windowed()
    window = window_of(ran)
    if window is None or len(ran) < len(loads):
        return figures
    figures.unusable = _clock_set(loads)
    if figures.unusable:
        return figures
    try:
        figures.totals = _totals(ran)
        if figures.totals:
            started, ended = window.started, window.ended
            figures.server_cpu_us = increase(samples, "unit_cpu_us", started, ended)
            figures.memory_bytes = levels(samples, "unit_rss_bytes", started, ended, MEMORY_MOMENTS)
            figures.reopened = reopened(loads, figures.totals.opened, tool.tried)
            figures.unusable = next(filter(None, map(tool_contradiction, ran)), None) or (
                server_contradiction(
                    figures.server_cpu_us, cpus, ended - started, figures.totals.requests
                )
            )
    except (LatencyError, WindowError) as error:
        figures.unusable = str(error)
    if figures.unusable:
        figures.totals = None
    return figures


def _clock_set(loads: list[Load]) -> str | None:
    """Whether a clock was set meanwhile, in a sentence: durations and moments are wrong then."""
    for load in loads:
        step = load.clock_step_s or 0.0
        if abs(step) > CLOCK_STEP_S:
            return f"the clock of {load.host} was set by {step:+.3f} s during the measurement"
    return None


def _totals(ran: list[Ran]) -> Totals | None:
    counts = [one.counts for one in ran if one.counts]
    if len(counts) < len(ran):
        return None
    sizes = [all_bytes(one) for one in counts]
    return Totals(
        requests=sum(one.requests for one in counts),
        bytes=sum(size for size in sizes if size is not None) if None not in sizes else None,
        uncounted_bytes=sum(one.uncounted_bytes for one in counts),
        duration_s=max(one.duration_s for one in counts),
        requests_per_s=math.fsum(one.requests_per_s for one in counts),
        errors={kind: sum(one.errors[kind] for one in counts) for kind in counts[0].errors},
        opened=sum(one.opened for one in counts),
        latency=summarise([one.latencies() for one in counts]),
    )


def _tool_problem(tool: Tool, loads: list[Load]) -> Problem | None:
    """Of the measurements; of the warm-ups if something kept these from ending."""
    ran = [load.measured or load.warmup for load in loads]
    problems = (tool.problem(one.execution, one.counts) for one in ran if one)
    return next(filter(None, problems), None)


def _ready_errors(server: Server | None, loads: list[Load]) -> list[str]:
    errors = [server.ready_error] if server and server.ready_error else []
    if server and server.ready is False and not errors:
        errors.append("it never became ready")
    return errors + [f"{load.host}: {load.ready_error}" for load in loads if load.ready_error]


def _longest(executions: list[Ran | None]) -> float:
    return max((ran.ended - ran.started for ran in executions if ran), default=0.0)


def _text(loads: list[Load]) -> str:
    """The tool's output; without a result, that of the warm-up comes first."""
    texts = []
    for load in loads:
        phases = [load.measured]
        if load.measured is None or load.measured.counts is None:
            phases.insert(0, load.warmup)
        shown = [ran.execution for ran in phases if ran]
        texts += [(one.stdout + one.stderr).strip("\n") for one in shown]
    return "\n".join(text for text in texts if text)


def _generator_load(load: Load, threads: int) -> GeneratorLoad:
    ran, cores = load.measured, None
    if ran and ran.counts:
        threads = ran.counts.threads
        if ran.execution.cpu_s is not None:
            cores = ran.execution.cpu_s / ran.counts.duration_s
    return GeneratorLoad(load.host, cores, threads, load.cpus)


def _generator_usage(load: Load) -> Usage | None:
    ran = load.measured
    if ran is None:
        return None
    tool_cpu_us = None if ran.execution.cpu_s is None else ran.execution.cpu_s * 1e6
    window = ran.started, ran.ended
    return usage_of(load.host, load.samples, tool_cpu_us, window, load.allowance)


def _server_usage(
    server: Server | None, samples: Samples, cpu_us: float | None, window: Window | None
) -> Usage | None:
    if server is None or window is None:
        return None
    moments = window.started, window.ended
    return usage_of(server.host, samples, cpu_us, moments, server.allowance)

"""One raw record reduced to what a judgement needs: no histogram, no samples, short texts."""

import math
import re
import signal
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from pipebench.measure.latency import Latency, LatencyError, recover, summarise
from pipebench.measure.usage import Usage, usage_of
from pipebench.measure.window import CLOSING_S, WindowError, growths, increase, levels, quiet_end
from pipebench.record.schema import Cell, Generator, Record, Server, Wrk

LOG_LINES = 30
LOG_CHARACTERS = 4000
MEMORY_MOMENTS = 5
PACE_PARTS = 4
# Connecting is no answering, and takes a generator a moment.
OPENING_S = 0.05
ERROR_KINDS = ("connect", "read", "write", "status", "timeout")


@dataclass(frozen=True, slots=True)
class GeneratorLoad:
    """CPU that one generator's wrk took, and what it could have taken, in cores."""

    host: str
    cores: float | None
    threads: int
    cpus: int | None


@dataclass(frozen=True, slots=True)
class UnitEnd:
    """How the unit was found to have ended by itself.

    how: "crashed with SIGABRT"; when: "0.1 s into the warm-up", or None where nobody saw it;
    answered: requests that wrk saw answered in warm-up and measurement, None where it never ran.
    """

    how: str
    when: str | None
    answered: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What all generators counted together in the measured window."""

    requests: int
    bytes: int
    duration_s: float
    requests_per_s: float
    errors: dict[str, int]
    opened: int
    """Connections wrk opened: threads x floor(connections / threads) a generator."""
    latency: Latency | None

    def slack(self, depth: int) -> int:
        """Responses beyond whole batches: those of the batches that the end cut off."""
        batches = self.latency.batches if self.latency else 0
        return self.requests - depth * (batches + self.errors["timeout"])

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
    cell: Cell
    stack: str
    threads: int
    round: int
    position: int
    ended: datetime | None
    harness_fault: str | None
    available: bool
    unavailable_reason: str | None
    ready_errors: list[str]
    """Why the server never became ready, as the server's host and the generators saw it."""
    unit_end: UnitEnd | None
    restarts: int
    warmup_s: float
    measured_s: float
    """How long wrk ran for each, 0 where it did not."""
    wrk_problem: str | None
    """What wrk said where it ended without a result."""
    unusable: str | None
    """Why the figures of this record cannot be trusted to be wrk's or the kernel's."""
    totals: Totals | None
    server_host: str | None
    server_cpus: int | None
    server_cpu_us: float | None
    server_rss_peak_bytes: int | None
    reopened: int | None
    """Connections that the generators opened in the window beyond those wrk was to open."""
    quiet_s: float | None
    """For how long at the window's end nothing arrived at any generator any more."""
    pace: list[float] | None
    """Requests/s in each quarter of the window, by the bytes that arrived at the generators."""
    memory_bytes: list[float] | None
    """Resident memory of the unit at five moments, evenly from the window's start to its end."""
    spoke: list[str]
    """What the unit itself wrote into its journal under load."""
    server_usage: Usage | None
    loads: list[GeneratorLoad]
    generator_usages: list[Usage | None]
    """Of the same generators as `loads`."""
    argv: list[str]
    wrk_text: str
    log: str
    """The end of the unit's journal, or of the deployment's log."""

    @property
    def steadiness(self) -> float | None:
        """Requests/s in the slowest quarter of the window by that in the fastest; 1 is steady."""
        if not self.pace or not max(self.pace):
            return None
        return min(self.pace) / max(self.pace)

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
    def generator_cpu_cores(self) -> float | None:
        cores = [load.cores for load in self.loads]
        return math.fsum(c for c in cores if c is not None) if cores and None not in cores else None


def reduce(record: Record) -> Measurement:
    """The facts of one record; what contradicts itself is told in `unusable`, not raised."""
    server, generators = record.server, record.generators
    executions = [generator.measured for generator in generators if generator.measured]
    unusable: str | None = None
    totals: Totals | None = None
    server_cpu: float | None = None
    reopened: int | None = None
    memory: list[float] | None = None
    try:
        if executions and len(executions) == len(generators):
            totals = _totals(record, executions)
        if totals and server:
            server_cpu = increase(
                server.samples,
                "unit_cpu_us",
                min(wrk.started for wrk in executions),
                max(wrk.ended for wrk in executions),
            )
            memory = levels(
                server.samples,
                "unit_rss_bytes",
                min(wrk.started for wrk in executions),
                max(wrk.ended for wrk in executions),
                MEMORY_MOMENTS,
            )
        if totals:
            reopened = _reopened(generators, totals)
    except (LatencyError, WindowError) as error:
        unusable, totals = str(error), None
    window = (
        min((wrk.started for wrk in executions), default=0.0),
        max((wrk.ended for wrk in executions), default=0.0),
    )

    ready_errors = [server.ready_error] if server and server.ready_error else []
    if server and server.ready is False and not ready_errors:
        ready_errors.append("it never became ready")
    ready_errors += [
        f"{generator.host}: {generator.ready_error}"
        for generator in generators
        if generator.ready_error
    ]
    return Measurement(
        file=record.file,
        run_id=record.run_id,
        cell=record.cell,
        stack=record.stack,
        threads=record.threads,
        round=record.round,
        position=record.position,
        ended=record.ended,
        harness_fault=record.harness_fault,
        available=record.available,
        unavailable_reason=record.unavailable_reason,
        ready_errors=ready_errors,
        unit_end=_unit_end(server, generators) if server else None,
        restarts=_restarts(server) if server else 0,
        warmup_s=_longest([generator.warmup for generator in generators]),
        measured_s=_longest([generator.measured for generator in generators]),
        wrk_problem=next((said for wrk in executions if (said := _wrk_problem(wrk))), None),
        unusable=unusable,
        totals=totals,
        server_host=server.host if server else None,
        server_cpus=server.cpus if server else None,
        server_cpu_us=server_cpu,
        server_rss_peak_bytes=server.rss_peak_bytes if server else None,
        reopened=reopened,
        quiet_s=_quiet(generators),
        pace=_pace(generators),
        memory_bytes=memory,
        spoke=_spoke(server, generators) if server else [],
        server_usage=usage_of(server.host, server.samples, server_cpu, *window)
        if server and executions
        else None,
        loads=[_load(generator, record.threads) for generator in generators if generator.measured],
        generator_usages=[_usage(generator) for generator in generators if generator.measured],
        argv=executions[0].argv if executions else [],
        wrk_text=_wrk_text(generators),
        log=log_end((server.journal if server else None) or record.deployment_log or ""),
    )


def _totals(record: Record, executions: list[Wrk]) -> Totals | None:
    results = [wrk.result for wrk in executions if wrk.result]
    if len(results) < len(executions):
        return None
    share = record.cell.connections // len(executions)
    connections = [connections_of(wrk.argv) or share for wrk in executions]
    pairs = list(zip(results, connections, strict=True))
    return Totals(
        requests=sum(result.requests for result in results),
        bytes=sum(result.bytes for result in results),
        duration_s=max(result.duration_us for result in results) / 1e6,
        requests_per_s=math.fsum(r.requests / r.duration_us * 1e6 for r in results),
        errors={kind: sum(result.errors[kind] for result in results) for kind in ERROR_KINDS},
        opened=sum(max(1, c // r.threads) * r.threads for r, c in pairs),
        latency=summarise([recover(result, count) for result, count in pairs]),
    )


def _reopened(generators: list[Generator], totals: Totals) -> int | None:
    """The kernel's count of connections opened, less wrk's own and the one it tries first."""
    opened = 0.0
    for generator in generators:
        if generator.measured is None:
            return None
        wrk = generator.measured
        more = increase(generator.samples, "tcp_active_opens", wrk.started, wrk.ended)
        if more is None:
            return None
        opened += more - 1
    return max(0, round(opened) - totals.opened)


def _quiet(generators: list[Generator]) -> float | None:
    """Only what all generators know: the shortest of their silences."""
    silences = []
    for generator in generators:
        wrk = generator.measured
        if wrk is None or wrk.result is None:
            return None
        # what wrk does after its own clock has stopped is not silence
        ended = min(wrk.ended, wrk.started + wrk.result.duration_us / 1e6)
        silence = quiet_end(generator.samples, "nic_rx_bytes", wrk.started, ended)
        if silence is None:
            return None
        silences.append(silence)
    return min(silences, default=None)


def _pace(generators: list[Generator]) -> list[float] | None:
    """What all generators were answered; between the moments that wrk's threads begin and end."""
    paces = []
    for generator in generators:
        wrk = generator.measured
        if wrk is None or wrk.result is None or not wrk.result.requests:
            return None
        try:
            whole = increase(generator.samples, "nic_rx_bytes", wrk.started, wrk.ended)
        except WindowError:
            return None
        begun = wrk.started + OPENING_S
        ended = min(wrk.ended, wrk.started + wrk.result.duration_us / 1e6) - CLOSING_S
        grown = growths(generator.samples, "nic_rx_bytes", begun, ended, PACE_PARTS)
        if not whole or grown is None:
            return None
        per_byte = wrk.result.requests / whole / ((ended - begun) / PACE_PARTS)
        paces.append([growth * per_byte for growth in grown])
    return [math.fsum(parts) for parts in zip(*paces, strict=True)] or None


JOURNAL_LINE = re.compile(r"(\d{4}-\d\d-\d\dT\S+) \S+ ([^\s\[:]+)[^\s:]*: (.*)")


def _spoke(server: Server, generators: list[Generator]) -> list[str]:
    """Lines of the unit's own processes while wrk ran; the moment's clock is the server's."""
    executions = [wrk for g in generators for wrk in (g.warmup, g.measured) if wrk]
    if not executions or not server.journal:
        return []
    begun = min(wrk.started for wrk in executions)
    ended = max(wrk.ended for wrk in executions)
    said = []
    for line in server.journal.splitlines():
        found = JOURNAL_LINE.fullmatch(line)
        # systemd speaks of the unit, not for it
        if found is None or found[2].startswith("systemd"):
            continue
        try:
            moment = datetime.fromisoformat(found[1]).timestamp()
        except ValueError:
            continue
        if begun <= moment <= ended and found[3].strip():
            said.append(found[3].strip())
    return said


def connections_of(argv: list[str]) -> int | None:
    """What wrk was given by -c or --connections (-c200, -c 200, --connections=200)."""
    for word, following in pairwise([*argv, ""]):
        if word == "--":
            return None
        match = re.fullmatch(r"(?:-c|--connections=?)(\d*)", word)
        if match and (match[1] or following).isdigit():
            return int(match[1] or following)
    return None


def _longest(executions: list[Wrk | None]) -> float:
    return max((wrk.ended - wrk.started for wrk in executions if wrk), default=0.0)


def _wrk_text(generators: list[Generator]) -> str:
    """What wrk printed; where the measurement has no result, the warm-up tells more."""
    texts = []
    for generator in generators:
        phases = [generator.measured]
        if generator.measured is None or generator.measured.result is None:
            phases.insert(0, generator.warmup)
        texts += [(wrk.stdout + wrk.stderr).strip("\n") for wrk in phases if wrk]
    return "\n".join(text for text in texts if text)


def _load(generator: Generator, threads: int) -> GeneratorLoad:
    wrk = generator.measured
    cores = None
    if wrk and wrk.result:
        threads = wrk.result.threads
        if wrk.cpu_s is not None:
            cores = wrk.cpu_s / (wrk.result.duration_us / 1e6)
    return GeneratorLoad(generator.host, cores, threads, generator.cpus)


def _usage(generator: Generator) -> Usage | None:
    wrk = generator.measured
    if wrk is None:
        return None
    own = None if wrk.cpu_s is None else wrk.cpu_s * 1e6
    return usage_of(generator.host, generator.samples, own, wrk.started, wrk.ended)


def _wrk_problem(wrk: Wrk) -> str | None:
    if wrk.exit_status == 0 and wrk.result:
        return None
    lines = (wrk.stderr.strip() or wrk.stdout.strip()).splitlines()
    said = f": {lines[-1].strip()}" if lines else ""
    how = f"status {wrk.exit_status}"
    if wrk.exit_status < 0:
        how = _signal_name(-wrk.exit_status)
    return f"wrk ended with {how} and no result{said}"


def _restarts(server: Server) -> int:
    """Times the process was replaced by another while it was to be measured."""
    counted = _number(server.state.get("NRestarts"))
    pid = _number(server.state.get("ExecMainPID"))
    replaced = server.started_pid and pid and pid != server.started_pid
    return counted or (1 if replaced else 0)


def _unit_end(server: Server, generators: list[Generator]) -> UnitEnd | None:
    active = server.state.get("ActiveState")
    if active is None or active in ("active", "reloading"):
        return None
    # systemd gives waitid()'s si_code: 1 exited, 2 killed, 3 killed with a core dump
    code, status = (_number(server.state.get(f"ExecMain{name}")) for name in ("Code", "Status"))
    result = str(server.state.get("Result") or "")
    if code in (2, 3) and status:
        how = f"crashed with {_signal_name(status)}"
        if result == "oom-kill":
            how += " (out of memory)"
    elif code == 1:
        how = f"exited with status {status}"
    else:
        how = f"the unit was found {active}" + (f" ({result})" if result else "")
    return UnitEnd(how, _when(server, generators), _answered(generators))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _when(server: Server, generators: list[Generator]) -> str | None:
    """When the unit ended, told against wrk's executions."""
    moment = server.exited_at
    if moment is None:
        return None
    for phase, name in (("measured", "measurement"), ("warmup", "warm-up")):
        executions: list[Wrk] = [w for g in generators if (w := getattr(g, phase))]
        if executions and moment >= (started := min(wrk.started for wrk in executions)):
            if moment > max(wrk.ended for wrk in executions):
                return f"after the {name}"
            return f"{moment - started:.1f} s into the {name}"
    return "before the load"


def _answered(generators: list[Generator]) -> int | None:
    executions = [wrk for g in generators for wrk in (g.warmup, g.measured) if wrk]
    if not executions:
        return None
    return sum(wrk.result.requests for wrk in executions if wrk.result)


def _number(value: object) -> int:
    """systemd prints numbers; a record may hold them as such or as text."""
    try:
        return int(str(value))
    except ValueError:
        return 0


def log_end(text: str) -> str:
    """The last lines of a log, without control characters, at most some 4,000 characters."""
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]", "", text)
    lines = plain.strip("\n").splitlines()[-LOG_LINES:]
    return "\n".join(line.rstrip() for line in lines)[-LOG_CHARACTERS:]

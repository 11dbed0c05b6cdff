"""Raw records and whole runs as a measurement writes them, made up, for the tests of pipebench/.

wrk's correction is done here as wrk does it, in integers and one value at a time, independently
of how pipebench/measure/latency.py undoes it. `python -m tests.unit.pipebench.factory` writes
tests/data/run and what is expected of it, tests/data/run-expected, again: look at the difference.
"""
# ruff: noqa: S311 (nothing here is a secret)

import json
import random
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct

from pipebench.measure.measurement import Measurement, reduce
from pipebench.record.reading import parse
from pipebench.record.schema import Record

DATA = Path(__file__).parents[2] / "data"
START = 1790000000.0
RESPONSE_BYTES = 145

Histogram = Mapping[int, int]


def corrected(recorded: Histogram, interval: int) -> Counter[int]:
    """What wrk makes of its histogram: the loop of stats_correct().

    wrk looks at every n; what it adds lies below n, so that only what was recorded adds anything.
    """
    data = Counter(recorded)
    for n, count in recorded.items():
        m = n - interval
        while m > interval:
            data[m] += count
            m -= interval
    return +data


def wrk_result(  # noqa: PLR0913
    recorded: Histogram,
    *,
    depth: int = 5,
    threads: int = 10,
    connections: int = 200,
    duration_us: int = 5_000_000,
    tail: int = 0,
    complete: bool = True,
    errors: dict[str, int] | None = None,
    response_bytes: int = RESPONSE_BYTES,
) -> dict[str, Any]:
    """RESULT of a wrk that recorded these batches (us: count), and `tail` responses more."""
    requests = depth * sum(recorded.values()) + tail
    per_connection = requests // connections
    histogram = Counter(recorded)
    if per_connection:
        histogram = corrected(recorded, duration_us // per_connection)
    least = min(recorded, default=0)
    return {
        "schema_version": 1,
        "depth": depth,
        "threads": threads,
        "duration_us": duration_us,
        "requests": requests,
        "bytes": requests * response_bytes,
        "errors": {"connect": 0, "read": 0, "write": 0, "status": 0, "timeout": 0} | (errors or {}),
        "latency": {
            "min_us": least,
            "max_us": max(recorded, default=0),
            "complete": complete,
            "histogram": [[n, c] for n, c in sorted(histogram.items()) if complete or n >= least],
        },
    }


def closed_loop(  # noqa: PLR0913
    mean_us: float,
    *,
    connections: int = 200,
    duration_us: int = 5_000_000,
    spread: float = 0.1,
    step_us: int = 500,
    rng: random.Random,
) -> Counter[int]:
    """Batches that `connections` finish one after the other within the time (us: count).

    step_us: latencies are multiples of it, which keeps the histogram small.
    """
    recorded: Counter[int] = Counter()
    for _ in range(connections):
        spent = 0
        while True:
            drawn = max(step_us, round(rng.gauss(mean_us, spread * mean_us) / step_us) * step_us)
            spent += drawn
            if spent > duration_us:
                break
            recorded[drawn] += 1
    return recorded


def wrk(
    result: dict[str, Any] | None,
    *,
    started: float = START + 3,
    seconds: float = 5,
    cpu_s: float | None = 2.5,
    connections: int = 200,
    **other: Any,
) -> dict[str, Any]:
    """WRK, with a text as wrk prints it."""
    depth = result["depth"] if result else 5
    text = f"Running {seconds:g}s test @ http://198.18.0.10:8080/\n"
    if result:
        text += (
            f"  10 threads and {connections} connections\n"
            f"  {result['requests']} requests in {result['duration_us'] / 1e6:.2f}s, "
            f"{result['bytes'] / 2**20:.2f}MB read\n"
        )
        if any(result["errors"].values()):
            counts = result["errors"]
            kinds = ("connect", "read", "write", "timeout")
            told = ", ".join(f"{kind} {counts[kind]}" for kind in kinds)
            text += f"  Socket errors: {told}\n"
        text += f"Requests/sec: {result['requests'] / result['duration_us'] * 1e6:.2f}\n"
    argv = f"wrk -t10 -c{connections} -d{seconds:g}s --latency -s pipeline.lua"
    return {
        "argv": [*argv.split(), "http://198.18.0.10:8080/", "--", str(depth)],
        "exit_status": 0,
        "started": started,
        "ended": started + seconds,
        "cpu_s": cpu_s,
        "stdout": text,
        "stderr": "",
        "result": result,
    } | other


def samples(
    cores: float, *, start: float = START + 3, seconds: float = 5, dies_at: float | None = None
) -> list[dict[str, Any]]:
    """Ten samples a second, from 2.5 s before to 0.5 s after a window of constant load."""
    taken = []
    for tick in range(round((seconds + 3) * 10) + 1):
        t = start - 2.5 + tick / 10
        busy = min(max(0.0, t - start), seconds) + min(2.0, max(0.0, t - (start - 2.2)))
        cpu = None if dies_at is not None and t > dies_at else round(1e6 * (0.1 + cores * busy))
        taken.append({"t": round(t, 3), "unit_cpu_us": cpu})
    return taken


def arrivals(
    rates: list[float],
    *,
    start: float = START + 3,
    seconds: float = 5,
    wire_bytes: float = 160,
    rng: random.Random,
) -> dict[str, list[Any]]:
    """SAMPLES of a generator that is answered so many requests/s in equal parts of the window.

    Ten samples a second, each some ms late as a sampler's are; what does not belong to the load
    is a few hundred bytes a second. The interface is known from the second sample on.
    """
    part = seconds / len(rates)
    taken: dict[str, list[Any]] = {"t": [], "nic_rx_bytes": []}
    for tick in range(round((seconds + 3) * 10) + 1):
        t = start - 2.5 + tick / 10 + rng.uniform(0, 0.004)
        into = min(max(0.0, t - start), seconds)
        answered = sum(
            rate * min(max(0.0, into - number * part), part) for number, rate in enumerate(rates)
        )
        taken["t"].append(round(t, 6))
        taken["nic_rx_bytes"].append(round(answered * wire_bytes + 300 * tick / 10))
    taken["nic_rx_bytes"][0] = None
    return taken


def columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Samples as a record has them."""
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def state(**other: Any) -> dict[str, Any]:
    """A unit that runs."""
    return {
        "ActiveState": "active",
        "SubState": "running",
        "Result": "success",
        "NRestarts": 0,
        "ExecMainPID": 4242,
        "ExecMainCode": 0,
        "ExecMainStatus": 0,
    } | other


def server(**other: Any) -> dict[str, Any]:
    if isinstance(other.get("samples"), list):
        other["samples"] = columns(other["samples"])
    return {
        "host": "lab-server",
        "unit": "pipeline-bench@one.service",
        "ready": True,
        "ready_s": 0.31,
        "ready_error": None,
        "cpus": 2,
        "state": state(),
        "started_pid": 4242,
        "exited_at": None,
        "rss_peak_bytes": 30 * 2**20,
        "samples": columns(samples(0.97)),
        "journal": None,
    } | other


def generator(measured: dict[str, Any] | None, **other: Any) -> dict[str, Any]:
    warmup = wrk(None, started=START + 0.8, seconds=2)
    return {
        "host": "lab-loadgen",
        "cpus": 2,
        "ready_error": None,
        "samples": {},
        "warmup": warmup,
        "measured": measured,
    } | other


@cache
def healthy_batches() -> Counter[int]:
    """Those of a server that takes 40 ms for a batch."""
    return closed_loop(40_000, rng=random.Random(1))


def record(result: dict[str, Any] | None = None, **other: Any) -> dict[str, Any]:
    """A healthy record of the framework `one`, unless told otherwise."""
    if result is None:
        result = wrk_result(healthy_batches())
    connections = other.get("connections", 200)
    return {
        "schema_version": 1,
        "run_id": "20260101T000000Z-abcd",
        "testbed": "main",
        "framework": "one",
        "stack": "current",
        "workers": 1,
        "depth": result["depth"],
        "connections": connections,
        "threads": 10,
        "round": 1,
        "position": 1,
        "started": "2026-01-01T00:00:00.000000Z",
        "ended": "2026-01-01T00:00:08.000000Z",
        "deployment": {"available": True},
        "server": server(),
        "generators": [generator(wrk(result, connections=connections))],
        "harness_fault": None,
    } | other


Kind = TypeVar("Kind", bound=Struct)


def typed(document: dict[str, Any], kind: type[Kind]) -> Kind:
    """A document as it is read. RecordError: it cannot be used."""
    return parse(json.dumps(document).encode(), kind, "the record")


def measurement_of(document: dict[str, Any], folder: str = "raw") -> Measurement:
    """What is made of a record in a folder of a run. RecordError: it cannot be used."""
    return reduce(typed(document, Record), f"{folder}/a.json")


def run_document(frameworks: list[str], rounds: int, **other: Any) -> dict[str, Any]:
    """run.json of a finished run at depth 5 with 200 connections."""
    rng = random.Random(7)
    schedule = []
    for _ in range(rounds):
        cells: list[dict[str, Any]] = [
            {"framework": name, "workers": 1, "depth": 5, "connections": 200} for name in frameworks
        ]
        rng.shuffle(cells)
        schedule.append(cells)
    return {
        "schema_version": 1,
        "run_id": "20260101T000000Z-abcd",
        "started": "2026-01-01T00:00:00Z",
        "ended": "2026-01-01T00:10:00Z",
        "measuring_started": "2026-01-01T00:02:00Z",
        "measuring_ended": "2026-01-01T00:07:00Z",
        "command": ["ansible-playbook", "bench.yml", "-i", "inventory/lab"],
        "commit": "0123456789abcdef0123456789abcdef01234567",
        "dirty": False,
        "variables": {
            "bench_frameworks": frameworks,
            "bench_depths": [5],
            "bench_connections": [200],
            "bench_threads": 10,
            "bench_duration": 5,
            "bench_warmup": 2,
            "bench_rounds": rounds,
            "bench_workers": [1],
            "bench_order_seed": 1234,
        },
        "frameworks": {
            name: {
                "title": name.capitalize(),
                "stack": "current",
                "language": "Python",
                "runtime": "python",
                "python": None,
                "note": f"What one must know of {name}.",
            }
            for name in frameworks
        },
        "testbeds": [
            {
                "name": "main",
                "server": "lab-server",
                "generators": ["lab-loadgen"],
                "address": "198.18.0.10",
                "port": 8080,
            }
        ],
        "rounds": schedule,
        "versions": {"ansible": "2.19.0", "python": "3.13.5", "project": "0.1.0"},
        "harness_faults": [],
    } | other


def write_run(
    folder: Path, document: dict[str, Any], records: Mapping[str, dict[str, Any] | str]
) -> Path:
    """A run's folder: run.json, two hosts, and raw records (a text is written as it is)."""
    for name in ("raw", "hosts"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps(document, indent=1) + "\n")
    host = {
        "os": {"title": "Debian GNU/Linux 13 (trixie)"},
        "kernel": "6.12.0",
        "cpu": {"model": "A CPU | of 2 cores", "threads": 4, "governor": None},
        "mitigations": {"meltdown": "Not affected"},
    }
    frameworks = {"alpha": {"runtime": "CPython 3.13.5", "packages": {"uvloop": "0.22.1"}}}
    for name, own in (("lab-server", {"frameworks": frameworks}), ("lab-loadgen", {"wrk": "4.1"})):
        (folder / "hosts" / f"{name}.json").write_text(json.dumps(host | own, indent=1) + "\n")
    for name, content in records.items():
        text = content if isinstance(content, str) else json.dumps(content) + "\n"
        (folder / "raw" / name).write_text(text)
    return folder


def case(name: str, seen: str = "full", **other: Any) -> dict[str, Any]:
    """One case of a probe, as files/probe writes it."""
    relied_on = name in (
        "single", "pipelined", "pipelined-deeper", "keep-alive", "drawn-heads", "drawn-bodies",
    )  # fmt: skip
    return {
        "name": name,
        "title": f"what {name} sends",
        "asks": f"what {name} asks for",
        "relied_on": relied_on,
        "class": seen,
        "conforms": seen == "full",
        "answered": 16,
        "expected": 16,
        "detail": "answered all 16",
        "seconds": 0.01,
    } | other


def probe_record(cases: list[dict[str, Any]] | None, **other: Any) -> dict[str, Any]:
    """A record of probe/; None for cases: the probe did not come to the framework."""
    document = {
        "schema_version": 1,
        "address": "198.18.0.10",
        "port": 8080,
        "depth": 16,
        "started": START,
        "ended": START + 1,
        "cases": cases,
        "error": None,
    }
    return {
        "schema_version": 1,
        "run_id": "20260101T000000Z-abcd",
        "testbed": "main",
        "framework": "one",
        "workers": 1,
        "started": "2026-01-01T00:00:00.000000Z",
        "ended": "2026-01-01T00:00:02.000000Z",
        "deployment": {"available": True},
        "server": {"host": "lab-server", "ready": True, "ready_error": None},
        "generator": "lab-loadgen",
        "probe": None if cases is None else document,
        "harness_fault": None,
    } | other


SIX = ["alpha", "beta", "gamma", "crasher", "absent", "closer"]
CRASH_LOG = (
    "crasher[4242]: corrupted double-linked list\n"
    "systemd[1]: pipeline-bench@crasher.service: Main process exited, code=dumped, status=6/ABRT\n"
)


def small_run(folder: Path, rounds: int = 6) -> Path:
    """Six frameworks: three healthy, one crashes, one is absent, one closes after each batch.

    In round 2 the harness fails for gamma, and beta's record of round 3 is truncated.
    """
    rng = random.Random(42)
    document = run_document(SIX, rounds)
    means = {"alpha": 20_000, "beta": 25_000, "gamma": 80_000, "closer": 30_000}
    records: dict[str, dict[str, Any] | str] = {}
    for number, cells in enumerate(document["rounds"], start=1):
        for position, cell in enumerate(cells, start=1):
            name = cell["framework"]
            made = record_of(name, means.get(name, 0), rng)
            made |= {"framework": name, "round": number, "position": position}
            if (name, number) == ("gamma", 2):
                made |= {"harness_fault": "wrk on lab-loadgen: host did not answer: timed out"}
                made["generators"] = []
            text: dict[str, Any] | str = made
            if (name, number) == ("beta", 3):
                text = json.dumps(made)[:900]
            records[f"main-r{number:02}-{position:03}-{name}-w1-d5-c200.json"] = text
    write_probes(folder)
    document["harness_faults"] = ["wrk on lab-loadgen: host did not answer: timed out"]
    return write_run(folder, document, records)


def write_probes(folder: Path) -> None:
    """What the probe saw of the six: one closes, one crashes, one is not there."""
    (folder / "probe").mkdir(parents=True, exist_ok=True)
    names = ("single", "pipelined", "keep-alive", "http-1.0")
    all_right = [case(name) for name in names]
    closed = {"answered": 5, "expected": 250, "detail": "answered 5 of 250, then closed"}
    died = {"answered": 0, "detail": "answered 0 of 16, then closed; nothing listens any more"}
    unasked = {"conforms": None, "answered": None, "expected": None, "detail": "not tried"}
    probes = {
        "alpha": probe_record(all_right),
        "beta": probe_record([*all_right[:3], case("http-1.0", "stays open", detail="stays open")]),
        "closer": probe_record(
            [*all_right[:2], case("keep-alive", "closes", **closed), all_right[3]]
        ),
        "crasher": probe_record(
            [
                all_right[0],
                case("pipelined", "crashes", **died),
                case("keep-alive", "not probed", **unasked),
                case("http-1.0", "not probed", **unasked),
            ]
        ),
        "absent": probe_record(
            None, deployment={"available": False, "reason": "no CPython 3.7 here"}, server=None
        ),
    }
    for name, probe in probes.items():
        text = json.dumps(probe | {"framework": name}) + "\n"
        (folder / "probe" / f"main-{name}-w1.json").write_text(text)


def record_of(name: str, mean_us: float, rng: random.Random, depth: int = 5) -> dict[str, Any]:
    """One record of a framework of small_run()."""
    if name == "absent":
        return record(
            deployment={"available": False, "reason": "no CPython 3.7 here", "log": "uv: none"},
            server=None,
            generators=[],
        )
    if name == "crasher":
        seen = wrk_result({}, depth=depth, duration_us=2_000_000, errors={"write": 499613})
        refused = "unable to connect to 198.18.0.10:8080 Connection refused\n"
        return record(
            server=server(
                state=state(
                    ActiveState="failed", Result="core-dump", ExecMainCode=3, ExecMainStatus=6
                ),
                exited_at=START + 0.9,
                rss_peak_bytes=None,
                samples=samples(0.1, dies_at=START + 0.9),
                journal=CRASH_LOG,
            ),
            generators=[
                generator(
                    wrk(None, exit_status=1, stdout=refused, seconds=0.01),
                    warmup=wrk(seen, started=START + 0.8, seconds=2),
                )
            ],
        )
    batches = closed_loop(mean_us * rng.uniform(0.97, 1.03), spread=0.05, step_us=1000, rng=rng)
    errors = {"read": sum(batches.values())} if name == "closer" else {}
    cores = 0.55 if name == "closer" else 0.97
    result = wrk_result(batches, errors=errors, tail=rng.randrange(400))
    return record(result, server=server(samples=samples(cores)))


SWEPT = {"swift": (600_000, 6), "middling": (200_000, 3), "slow": (60_000, 0.2)}
"""Requests/s at great depth, and the depth at which half of that is reached, of a sweep's three."""


def steady(mean_us: float, connections: int, duration_us: int = 5_000_000) -> Counter[int]:
    """As many batches as fit into the time, around a mean, with a tail of a hundredth."""
    batches = round(connections * duration_us / mean_us)
    shares = {0.85: 0.15, 0.95: 0.25, 1.0: 0.3, 1.05: 0.2, 1.13: 0.09, 1.6: 0.01}
    mean = sum(value * share for value, share in shares.items())
    recorded = {round(mean_us * v / mean): round(batches * share) for v, share in shares.items()}
    return +Counter(recorded)


def sweep_run(
    folder: Path, depths: list[int], connections: list[int], rounds: int, seed: int = 5
) -> Path:
    """Three healthy frameworks, a ceiling, and one that crashes at every depth above 1."""
    rng = random.Random(seed)
    names = [*SWEPT, "shallow", "ceiling"]
    rates = SWEPT | {"shallow": (100_000, 1), "ceiling": (1_200_000, 5)}
    document = run_document(names, rounds)
    document["frameworks"]["ceiling"]["role"] = "ceiling"
    document["variables"] |= {"bench_depths": depths, "bench_connections": connections}
    records: dict[str, dict[str, Any] | str] = {}
    document["rounds"] = []
    for number in range(1, rounds + 1):
        cells: list[dict[str, Any]] = [
            {"framework": name, "workers": 1, "depth": depth, "connections": count}
            for name in names
            for depth in depths
            for count in connections
        ]
        rng.shuffle(cells)
        document["rounds"].append(cells)
        for position, cell in enumerate(cells, start=1):
            name, depth, count = (cell[key] for key in ("framework", "depth", "connections"))
            most, half = rates[name]
            rate = most * depth / (depth + half) * count / (count + 12) * rng.uniform(0.96, 1.04)
            if name == "shallow" and depth > 1:
                made = record_of("crasher", 0, rng, depth)
            else:
                batches = steady(count * depth / rate * 1e6, count)
                result = wrk_result(batches, depth=depth, connections=count, threads=8)
                made = record(result, connections=count, threads=8)
            made |= cell | {"round": number, "position": position}
            records[f"main-r{number:02}-{position:03}-{name}-w1-d{depth}-c{count}.json"] = made
    return write_run(folder, document, records)


if __name__ == "__main__":
    from pipebench.run.judge import judge_run
    from tests.unit.pipebench.rendering import render

    (DATA / "run-expected").mkdir(exist_ok=True)
    for name, text in render(judge_run(small_run(DATA / "run"))).files.items():
        if name != "report.html" and not name.startswith("charts/"):  # looked at in results/example
            (DATA / "run-expected" / name).write_text(text)

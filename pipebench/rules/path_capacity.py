"""What the path of each testbed carried before anything was measured: results/<run_id>/baseline/.

A baseline is optional, whatever is wrong with it is a sentence, and the path then unknown.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from pipebench.record.schema import SCHEMA_VERSION

Direction = Literal["to_server", "from_server"]
DIRECTIONS: tuple[Direction, ...] = ("to_server", "from_server")
COUNTERS = {"to_server": "nic_tx", "from_server": "nic_rx"}
"""The generator's own counters of each direction."""

BEST_S = 1.0
"""The best second of a test counts: a test's own start and end are not the path's."""
BUSY = 0.85
"""Share of its CPUs from which on a host, and not the path, held a test back."""
LOST = 0.01
"""Share of the packets from which on a busy sender shows nothing: the path dropped the rest."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What was carried in one direction, per second.

    at_least: a host was the limit of the test, so the path may carry more.
    """

    per_s: float
    at_least: bool


@dataclass(slots=True)
class PathCapacity:
    """One testbed's path. No entry in bytes or packets: not known, for a reason in `problems`.

    bytes: as the interface counts them, with all headers. packets: of 64 bytes, or TCP's own.
    """

    testbed: str
    bytes: dict[Direction, Capacity] = field(default_factory=dict)
    packets: dict[Direction, Capacity] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read_path_capacities(folder: Path) -> dict[str, PathCapacity]:
    """Those of a run's folder, by testbed; a run may have none."""
    found = {}
    for path in sorted((folder / "baseline").glob("[!.]*.json")):
        try:
            found[path.stem] = parse(json.loads(path.read_bytes()), path.stem)
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            problem = f"baseline/{path.name} cannot be used: {error}"
            found[path.stem] = PathCapacity(path.stem, problems=[problem])
    return found


def parse(document: dict[str, Any], testbed: str) -> PathCapacity:
    """The capacities of one record. ValueError, TypeError or KeyError: it is not one."""
    if document["schema_version"] != SCHEMA_VERSION:
        raise ValueError(f"it has schema version {document['schema_version']}")
    path_capacity = PathCapacity(testbed)
    if document.get("error"):
        path_capacity.problems.append(str(document["error"]))
    for test in document["tests"]:
        if test.get("error") or not test.get("end"):
            name = f"{test['protocol']} {test['direction'].replace('_', ' ')}"
            path_capacity.problems.append(f"{name}: {test.get('error') or 'it has no result'}")
        elif test["protocol"] == "tcp":
            _keep(path_capacity.bytes, test, _best(document, test, "bytes"), document)
            _keep(path_capacity.packets, test, _best(document, test, "packets"), document)
        else:
            received = test["end"].get("sum_received") or test["end"]["sum"]
            arrived = received["packets"] - received["lost_packets"]
            _keep(path_capacity.packets, test, arrived / received["seconds"], document)
    return path_capacity


def _keep(
    kept: dict[Direction, Capacity],
    test: dict[str, Any],
    per_s: float | None,
    document: dict[str, Any],
) -> None:
    """The greatest of several tests: what was carried once can be carried."""
    before = kept.get(test["direction"])
    if per_s and (before is None or per_s > before.per_s):
        kept[test["direction"]] = Capacity(per_s, held_back_by_a_host(document, test))


def _best(document: dict[str, Any], test: dict[str, Any], unit: str) -> float | None:
    """The most that the generator's interface counted in a second of this test, per second."""
    samples = document["generator"]["samples"]
    counter = samples.get(f"{COUNTERS[test['direction']]}_{unit}")
    if counter is None:
        return None
    t, values = np.array(samples["t"], dtype=float), np.array(counter, dtype=float)
    inside = np.isfinite(values) & (t >= test["started"]) & (t <= test["ended"])
    t, values = t[inside], values[inside]
    if len(t) < 2 or t[-1] - t[0] < BEST_S:
        return None
    begins = t[t <= t[-1] - BEST_S]
    rates = np.interp(begins + BEST_S, t, values) - np.interp(begins, t, values)
    return float(rates.max()) / BEST_S


def held_back_by_a_host(document: dict[str, Any], test: dict[str, Any]) -> bool:
    """Whether a host had no CPU left for this test.

    A sender that is busy while packets are lost on the way is no limit: more would not arrive.
    """
    hosts = [document["generator"], document["server"]]
    if test["direction"] == "from_server":
        hosts.reverse()
    sender, receiver = (_busy(host, test) for host in hosts)
    used = test["end"]["cpu_utilization_percent"]
    percents = [used["host_total"], used["remote_total"]]
    if test["direction"] == "from_server":
        percents.reverse()
    threads = [min(test["streams"], host["cpus"] or 1) for host in hosts]
    # before 3.16 all streams of iperf3 share one thread
    if not all(_threaded(host.get("version")) for host in hosts):
        threads = [1, 1]
    sending, receiving = (
        max(busy, percent / 100 / count)
        for busy, percent, count in zip((sender, receiver), percents, threads, strict=True)
    )
    received = test["end"].get("sum_received") or {}
    lost = received.get("lost_packets", 0) / max(1, received.get("packets", 0))
    return bool(receiving >= BUSY or (sending >= BUSY and lost < LOST))


def _threaded(version: Any) -> bool:
    try:
        major, minor = str(version).split(".")[:2]
        return (int(major), int(minor.rstrip("+"))) >= (3, 16)
    except ValueError:
        return False


def _busy(host: dict[str, Any], test: dict[str, Any]) -> float:
    """Share of a host's CPUs in use during a test, the kernel's network work included."""
    samples = host.get("samples") or {}
    t = np.array(samples.get("t", []), dtype=float)
    inside = (t >= test["started"]) & (t <= test["ended"])
    cpus = {name.split("_")[0] for name in samples if name.startswith("cpu")}
    if inside.sum() < 2 or not cpus:
        return 0.0
    used = 0.0
    for cpu in cpus:
        for kind in ("busy", "softirq", "steal"):
            counter = np.array(samples[f"{cpu}_{kind}_us"], dtype=float)[inside]
            used += float(np.nan_to_num(counter[-1] - counter[0]))
    return used / 1e6 / float(t[inside][-1] - t[inside][0]) / len(cpus)

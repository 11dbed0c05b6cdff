"""Make a run of many records: python -m tests.many_records FOLDER --cells 200 --rounds 50.

For measuring `collect.py`, which is to take 10,000 of them. Each record has a histogram of its own
of about a thousand distinct values, made by wrk's own correction from batches of one connection
after the other, and samples of both hosts in all columns of the sampler. It is as large as one of
5 s; nothing in it was measured.
"""
# ruff: noqa: S311 (nothing here is a secret)

import argparse
import json
import random
import runpy
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from itertools import islice, product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import structs
from msgspec.json import decode

from pipebench.record.names import again_of
from pipebench.record.packing import packed_result, packed_samples
from pipebench.record.schema import NOTHING, SCHEMA_VERSION, Record
from pipebench.record.store import raw_file, write
from tests.unit.pipebench import factory

DEPTHS = (1, 5, 16, 64)
CONNECTIONS = (16, 64, 200, 512, 1024)
CPUS = (0, 1, 2, 3, 4, 5)
WARMUP_S, SECONDS = 2, 5
SAMPLER = Path(__file__).parents[1] / "files" / "host" / "sampler.py"
REFERENCE = "f01"
CONTROL = again_of(REFERENCE)


def frameworks(cells: int) -> list[str]:
    """As many as so many cells need: the ceiling, the reference and its control before others."""
    count = -(-cells // (len(DEPTHS) * len(CONNECTIONS)))
    others = (f"f{number:02}" for number in range(2, count))
    return ["ceiling", REFERENCE, CONTROL, *others][:count]


def cells_of(names: list[str], count: int) -> list[dict[str, Any]]:
    made = (
        {"framework": name, "workers": 1, "depth": depth, "connections": connections}
        for depth, connections, name in product(DEPTHS, CONNECTIONS, names)
    )
    return list(islice(made, count))


def document(cells: int, rounds: int) -> dict[str, Any]:
    """run.json."""
    names = frameworks(cells)
    rng = random.Random(1)
    of_a_round = cells_of(names, cells)
    made = factory.run_document(names, 1)
    made["rounds"] = [rng.sample(of_a_round, len(of_a_round)) for _ in range(rounds)]
    made["variables"] |= {
        "bench_rounds": rounds,
        "bench_depths": list(DEPTHS),
        "bench_connections": list(CONNECTIONS),
        "bench_reference": REFERENCE,
    }
    for name, about in made["frameworks"].items():
        if name == "ceiling":
            about["role"] = "ceiling"
        elif name == CONTROL:
            about["control_of"] = REFERENCE
    return made


def batches(
    mean_us: float, connections: int, distinct: int, rng: np.random.Generator
) -> Counter[int]:
    """What wrk recorded (us: count): about so many distinct values, around the mean."""
    step = max(1, round(0.6 * mean_us / distinct))
    count = round(connections * SECONDS * 1e6 / mean_us)
    drawn = rng.normal(mean_us, 0.1 * mean_us, count).clip(0.7 * mean_us, 1.3 * mean_us)
    values, counts = np.unique((drawn / step).round().astype(int) * step, return_counts=True)
    return Counter(dict(zip(values.tolist(), counts.tolist(), strict=True)))


@cache
def columns() -> list[str]:
    """Of the sampler that hosts run, but for the time."""
    if str(SAMPLER.parents[1]) not in sys.path:
        sys.path.append(str(SAMPLER.parents[1]))  # which it is run in
    sampler = runpy.run_path(str(SAMPLER))
    return [
        *sampler["unit_counters"](None),
        *sampler["cpu_counters"](list(CPUS)),
        *sampler["pressure_counters"](),
        *sampler["network_counters"](None),
    ]


def sampled(
    load_bytes: float, unit_cores: float | None, rng: np.random.Generator
) -> dict[str, Any]:
    """SAMPLES of a host through warm-up and window: every column, ten times a second."""
    ticks = np.arange(round((WARMUP_S + SECONDS + 0.4) * 10) + 1) / 10
    start = factory.START + 3
    t = start - WARMUP_S - 0.3 + ticks + rng.uniform(0, 0.002, len(ticks))
    # under load in the warm-up and in the window, silent between them
    loaded = np.clip(t - start + WARMUP_S + 0.2, 0, WARMUP_S) + np.clip(t - start, 0, SECONDS)
    per_s: dict[str, float] = {
        "unit_cpu_us": (unit_cores or 0) * 1e6,
        "tcp_active_opens": 0,
        "nic_rx_bytes": load_bytes,
        "nic_tx_bytes": load_bytes,
    }
    made: dict[str, list[Any]] = {"t": t.round(6).tolist()}
    for name in columns():
        if (name.startswith("unit_") and unit_cores is None) or name == "unit_throttled_us":
            made[name] = [None] * len(t)
        elif name == "unit_rss_bytes":
            made[name] = [30 * 2**20] * len(t)
        elif name.endswith(("_drops", "_retransmits", "_steal_us")):
            made[name] = [17] * len(t)
        else:
            grown = loaded * per_s.get(name, 10_000) + 1e9
            made[name] = grown.astype(int).tolist()
    return made


def record(
    cell: dict[str, Any], number: int, position: int, distinct: int, names: list[str]
) -> dict[str, Any]:
    """One record of a server whose batches take it a time of its own, whatever is in them."""
    depth, connections, name = cell["depth"], cell["connections"], cell["framework"]
    place = names.index(REFERENCE if name == CONTROL else name)
    rng = np.random.default_rng([number, position])
    mean_us = 5_000 * (2 + place) * rng.uniform(0.97, 1.03)
    # the correction makes about `depth` values of each
    recorded = batches(mean_us, connections, max(8, distinct // depth), rng)
    result = factory.wrk_result(
        recorded,
        depth=depth,
        connections=connections,
        threads=8,
        duration_us=SECONDS * 1_000_000,
    )
    arrived = result["bytes"] / SECONDS
    cores = rng.uniform(0.95, 0.99)
    measured = factory.wrk(result, connections=connections)
    made = factory.record(
        result,
        server=factory.server(cpus=len(CPUS), samples=sampled(arrived, cores, rng)),
        generators=[
            factory.generator(measured, cpus=len(CPUS), samples=sampled(arrived, None, rng))
        ],
    )
    return made | cell | {"round": number, "position": position, "threads": 8}


def packed(document: dict[str, Any]) -> Record:
    """A record as a run of today has it."""
    old = factory.typed(document, Record)
    made = structs.replace(old, schema_version=SCHEMA_VERSION, tool="wrk")
    for part in (made.server, *made.generators):
        assert part
        assert isinstance(part.samples, dict)
        columns = {name: decode(column) for name, column in part.samples.items()}
        part.samples = packed_samples(columns)
    for execution in (made.generators[0].warmup, made.generators[0].measured):
        if execution and execution.result != NOTHING:
            execution.result = packed_result(bytes(execution.result).decode())
    return made


def write_round(folder: Path, run: dict[str, Any], distinct: int, plain: bool, number: int) -> int:
    """The records of one round; returns how many distinct values they have together."""
    names = list(run["frameworks"])
    values = 0
    for position, cell in enumerate(run["rounds"][number - 1], start=1):
        made = record(cell, number, position, distinct, names)
        values += len(made["generators"][0]["measured"]["result"]["latency"]["histogram"])
        record_made = packed(made)
        file = raw_file(record_made)
        if plain:
            text = json.dumps(made, ensure_ascii=False, separators=(",", ":"))
            (folder / file.removesuffix(".gz")).write_text(f"{text}\n")
        else:
            write(folder, file, record_made)
    return values


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cells", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--distinct", type=int, default=1000, help="values of a histogram, about")
    parser.add_argument("--plain", action="store_true", help="as version 1 of the schema had them")
    wanted = parser.parse_args(argv)
    run = document(wanted.cells, wanted.rounds)
    factory.write_run(wanted.folder, run, {})
    with ProcessPoolExecutor(mp_context=get_context("forkserver")) as pool:
        one = partial(write_round, wanted.folder, run, wanted.distinct, wanted.plain)
        values = sum(pool.map(one, range(1, wanted.rounds + 1)))
    records = wanted.cells * wanted.rounds
    size = sum(path.stat().st_size for path in (wanted.folder / "raw").iterdir())
    print(
        f"{records:,} records of {size / records / 1000:,.0f} kB "
        f"and {values / records:,.0f} distinct values on average"
    )


if __name__ == "__main__":
    main(sys.argv[1:])

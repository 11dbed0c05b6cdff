"""Whole runs to compare: made up, or the real one of results/example under another name."""

import gzip
import json
import random
import shutil
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipebench.record.names import AGAIN, parts
from pipebench.record.store import BETWEEN
from tests.unit.pipebench.factory import (
    closed_loop,
    record,
    run_document,
    samples,
    server,
    write_run,
    wrk_result,
)

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "results" / "example"
GOLDEN = ROOT / "tests" / "data" / "golden"
CONNECTIONS = 20


def made_run(  # noqa: PLR0913
    folder: Path,
    means: Mapping[str, float],
    *,
    rounds: int = 6,
    testbed: str = "main",
    spread: float = 0.01,
    depth: int = 5,
    **other: Any,
) -> Path:
    """A run of its folder's name. means: of the batch latency in us; 0: not deployed.

    The framework `ceiling` is the ceiling; `one@again`, or `one-again`, is the control of `one`.
    """
    rng = random.Random(folder.name)  # noqa: S311
    document = run_document(list(means), rounds, run_id=folder.name)
    document["testbeds"][0]["name"] = testbed
    for cells in document["rounds"]:
        for cell in cells:
            cell |= {"connections": CONNECTIONS, "depth": depth}
    described = document["frameworks"]
    for name in described:
        plain, variant = parts(name)
        if variant == AGAIN:
            described[name]["control_of"] = plain
    if "ceiling" in described:
        described["ceiling"]["role"] = "ceiling"
    document |= other
    records: dict[str, dict[str, Any] | str] = {}
    for number, cells in enumerate(document["rounds"], start=1):
        for position, cell in enumerate(cells, start=1):
            name = cell["framework"]
            made = _record(means[name] * rng.uniform(1 - spread, 1 + spread), depth, rng)
            made |= {"run_id": folder.name, "testbed": testbed, "framework": name}
            made |= {"round": number, "position": position}
            file = f"{testbed}-r{number:02}-{position:03}-{name}-w1-d{depth}-c{CONNECTIONS}.json"
            records[file] = made
    return write_run(folder, document, records)


def _record(mean_us: float, depth: int, rng: random.Random) -> dict[str, Any]:
    if not mean_us:
        absent = {"available": False, "reason": "no CPython 3.7 here"}
        return record(
            deployment=absent, server=None, generators=[], depth=depth, connections=CONNECTIONS
        )
    batches = closed_loop(mean_us, connections=CONNECTIONS, spread=0.05, step_us=100, rng=rng)
    result = wrk_result(batches, depth=depth, connections=CONNECTIONS)
    return record(result, connections=CONNECTIONS, server=server(samples=samples(0.97)))


def example_as(folder: Path, renamed: Mapping[str, str] | None = None) -> Path:
    """The real run under its folder's name, its measurements given to other frameworks."""
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("raw", "probe", "logs"))
    path = folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"run_id": folder.name}))
    (folder / "raw").mkdir()
    for file in sorted((EXAMPLE / "raw").glob("*.json.gz")):
        made = json.loads(gzip.decompress(file.read_bytes())) | {"run_id": folder.name}
        own = made["framework"]
        made["framework"] = name = (renamed or {}).get(own, own)
        path = folder / "raw" / file.name.replace(f"-{own}-w", f"-{name}-w")
        path.write_bytes(gzip.compress(json.dumps(made).encode(), 1))
    return folder


def golden(name: str, folder: Path) -> Path:
    """A run that was recorded in November 2026, in this folder."""
    with tarfile.open(GOLDEN / f"{name}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder


def rename_frameworks(folder: Path, names: Mapping[str, str]) -> None:
    """Give the frameworks of a run other names, wherever it has them. names: by the old ones."""
    document = json.loads((folder / "run.json").read_text())
    for one in document["frameworks"].values():
        one["control_of"] = names.get(one.get("control_of"))
    document["frameworks"] = {names[name]: one for name, one in document["frameworks"].items()}
    for cell in (cell for cells in document["rounds"] for cell in cells):
        cell["framework"] = names[cell["framework"]]
    variables = document["variables"]
    variables["bench_frameworks"] = [names[name] for name in variables["bench_frameworks"]]
    variables["bench_reference"] = names[variables["bench_reference"]]
    (folder / "run.json").write_text(json.dumps(document))
    for file in folder.glob("hosts/*.json"):
        host = json.loads(file.read_text())
        host["frameworks"] = {
            names.get(name, name): one for name, one in host["frameworks"].items()
        }
        file.write_text(json.dumps(host))
    for file in [*folder.glob("raw/*"), *folder.glob("probe/*")]:
        content, packed = file.read_bytes(), file.suffix == ".gz"
        record = json.loads(gzip.decompress(content) if packed else content)
        name = record["framework"]
        record["framework"] = names[name]
        content = json.dumps(record).encode()
        file.unlink()
        renamed = file.name
        for sign in ("-", BETWEEN):  # in the names of older runs, and of new ones
            renamed = renamed.replace(f"{sign}{name}{sign}w", f"{sign}{names[name]}{sign}w")
        file.with_name(renamed).write_bytes(gzip.compress(content) if packed else content)


def edit(path: Path, **fields: Any) -> None:
    """Fields of a JSON file replaced; a__b is the field b of a."""
    document = json.loads(path.read_text())
    for name, value in fields.items():
        *parents, last = name.split("__")
        of = document
        for parent in parents:
            of = of[parent]
        of[last] = value
    path.write_text(json.dumps(document))

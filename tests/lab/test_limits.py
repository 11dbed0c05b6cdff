"""The four limits, each constructed on the lab's machines, and a neighbour beside the server.

The load stays on the lab's own bridge; what is changed on a machine ends by itself or is undone.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from lab.tests.fixture import Lab

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.lab, pytest.mark.quiet]

# Next to no work for a request, and many headers, so that wrk has more to do than the server.
CANNED = '''\
"""Answers whatever ends in an empty line."""
import asyncio
import os

END = b"\\r\\n\\r\\n"
HEAD = b"HTTP/1.1 200 OK\\r\\n" + b"X: 1\\r\\n" * 60 + b"Content-Length: 12"
RESPONSE = HEAD + END + b"Hello world!"
MANY = memoryview(RESPONSE * 10_000)


class Canned(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.rest = transport, b""

    def data_received(self, data):
        data = self.rest + data
        self.rest = data[data.rfind(END) + len(END):] if END in data else data
        self.transport.write(MANY[: data.count(END) * len(RESPONSE)])


async def main():
    server = await asyncio.get_running_loop().create_server(
        Canned, os.environ["BENCH_ADDRESS"], int(os.environ["BENCH_PORT"])
    )
    await server.serve_forever()


asyncio.run(main())
'''
DELAY = "calibration@delay-40ms"
PROVISIONED = ("preflight", "begin", "path", "measure", "report")
HOG = "pipeline-bench-test-hog"
HOG_CORES = 0.3
# So much CPU and no more, on however many CPUs: a loop without end gets what the server leaves it.
NEIGHBOUR = f"""
import time
while True:
    due = time.monotonic() + 0.1
    until = time.process_time() + 0.1 * {HOG_CORES}
    while time.process_time() < until:
        pass
    time.sleep(max(0, due - time.monotonic()))
"""


class Bench:
    """Runs of bench.yml; what was deployed once is not deployed again."""

    def __init__(self, folder: Path) -> None:
        self.results = folder / "results"
        canned = folder / "frameworks" / "canned"
        canned.mkdir(parents=True)
        (canned / "framework.yml").write_text(
            "title: canned\nstack: current\nlanguage: Python\nruntime: python\n"
        )
        (canned / "server.py").write_text(CANNED)
        for name in ("requirements.in", "requirements.txt"):
            (canned / name).write_text("")
        self.folders = ["servers", "tests/calibration", str(folder / "frameworks")]
        everything = ["tornado", "uvloop-httptools", DELAY, "canned"]
        self._play(["preflight", "provision"], {"bench_frameworks": everything})

    def _play(self, names: Any, variables: dict[str, Any]) -> None:
        given = {
            "bench_framework_dirs": self.folders,
            "bench_results_dir": str(self.results),
            "bench_warmup": 0,
            "bench_duration": 2,
            "bench_rounds": 1,
            "bench_check_answers": False,
            "bench_controls": False,
        } | variables
        done = subprocess.run(
            [Path(sys.executable).with_name("ansible-playbook"), "-i", "inventory/lab",
             *(f"playbooks/{name}.yml" for name in names), "-e", json.dumps(given)],
            cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]

    def run(self, name: str, **variables: Any) -> dict[tuple[str, int], dict[str, str]]:
        """The rows of a run, by framework and connections."""
        self._play(PROVISIONED, {"bench_run_id": name, **variables})
        with (self.results / name / "results.csv").open(newline="") as handle:
            rows = list(csv.DictReader(handle))
        for row in rows:
            print(f"{name}: {row['framework']} c{row['connections']}: {row['requests_per_s']}/s:",
                  row["limited_by"], "|", row["limit"], "|", row["noise"])  # fmt: skip
        return {(row["framework"], int(row["connections"])): row for row in rows}

    def report(self, name: str) -> str:
        return (self.results / name / "report.md").read_text()


@pytest.fixture(scope="module")
def bench(
    lab: Lab,  # noqa: ARG001 (it is up)
    tmp_path_factory: pytest.TempPathFactory,
) -> Bench:
    return Bench(tmp_path_factory.mktemp("limits"))


@contextmanager
def narrow_path(lab: Lab) -> Iterator[None]:
    """50 Mbit/s from the server to the generator."""
    shaped = "rate 50mbit burst 32kbit latency 50ms"
    lab.shell(f"tc qdisc replace dev eth0 root tbf {shaped}", "servers")
    try:
        yield
    finally:
        lab.shell("tc qdisc del dev eth0 root", "servers")


@contextmanager
def hog(lab: Lab) -> Iterator[None]:
    """A neighbour of HOG_CORES on the server's machine, for two minutes at most."""
    unit = f"systemd-run --collect --unit {HOG} -p RuntimeMaxSec=120"
    lab.shell(f"{unit} /usr/bin/python3 -c '{NEIGHBOUR}'", "servers")
    try:
        yield
    finally:
        lab.shell(f"systemctl stop {HOG}", "servers")


def limited_by(row: dict[str, str], limit: str) -> None:
    """On a machine that others use as well, what was constructed need not be what came."""
    if row["limited_by"] != limit and "a neighbour" in row["noise"]:
        pytest.skip(f"this computer was busy with something else: {row['noise']}")
    assert row["limited_by"] == limit, row["limit"]


def test_the_server_or_waiting(bench: Bench) -> None:
    rows = bench.run(
        "server-waiting",
        bench_frameworks=["tornado", DELAY],
        bench_connections=[2],
        bench_threads=2,
    )
    busy, idle = rows["tornado", 2], rows[DELAY, 2]
    limited_by(busy, "server")
    assert "the server's process used" in busy["limit"]
    limited_by(idle, "waiting")
    assert "the 2 connections waited" in idle["limit"]
    assert idle["limit"] in bench.report("server-waiting")


def test_the_generator(bench: Bench) -> None:
    rows = bench.run(
        "generator",
        bench_frameworks=["canned"],
        bench_depths=[64],
        bench_threads=1,
        bench_path_capacity=False,
    )
    row = rows["canned", 200]
    limited_by(row, "generator")
    assert "wrk used" in row["limit"]


def test_the_network(lab: Lab, bench: Bench) -> None:
    with narrow_path(lab):
        rows = bench.run("network", bench_frameworks=["uvloop-httptools"], bench_depths=[16])
    row = rows["uvloop-httptools", 200]
    limited_by(row, "network")
    assert "Mbit/s from the server" in row["limit"]


def test_a_neighbour_is_named_where_the_number_stands(lab: Lab, bench: Bench) -> None:
    with hog(lab):
        rows = bench.run("neighbour", bench_frameworks=["tornado"], bench_path_capacity=False)
    row = rows["tornado", 200]
    assert "a neighbour: other programs used" in row["noise"]
    # The kernel's work for the server's packets, which may count in the server, is taken off it.
    assert float(row["server_other_cpu_cores"]) > HOG_CORES / 2
    report = bench.report("neighbour")
    rate = f"{round(float(row['requests_per_s'])):,} [1]"
    assert rate in report
    assert "- [1] tornado" in report

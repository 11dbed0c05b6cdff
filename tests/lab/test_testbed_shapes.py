"""A testbed of another shape: a server with two CPUs, and two load generators.

One of these has a clock that is 3 s ahead: that of what is started on the machine from then on; no
clock of a machine is set.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lab.tests.fixture import ROOT, Lab, playbook
from tests import commands

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = [pytest.mark.lab, pytest.mark.quiet]

HOSTS = """\
lab:
  children:
    servers:
      hosts:
        lab-server: {ansible_host: 198.18.0.11}
    loadgens:
      hosts:
        lab-loadgen: {ansible_host: 198.18.0.21}
        lab-loadgen-b: {ansible_host: 198.18.0.22}
"""
AHEAD_S = 3
# The loader gives it to every program that is started from then on.
SHIFT = f"""\
apt-get -qq update >/dev/null && apt-get -qq install -y libfaketime >/dev/null 2>&1 &&
echo +{AHEAD_S}s > /etc/faketimerc &&
dpkg -L libfaketime | grep 'libfaketimeMT.so.1$' > /etc/ld.so.preload && date +%s"""
UNSHIFT = "rm -f /etc/ld.so.preload /etc/faketimerc; date +%s"
DELAY, RATE = "calibration@delay-40ms", "calibration@rate-limited"
PLAN = {
    "bench_framework_dirs": "tests/calibration",
    "bench_frameworks": f"{DELAY},{RATE}",
    "bench_controls": False,
    "bench_probe": False,
    "bench_check_answers": False,
    "bench_path_capacity": False,
    "bench_rounds": 1,
    "bench_duration": 2,
    "bench_warmup": 1,
    "bench_threads": 1,
}


@pytest.fixture(scope="module")
def three(lab: Lab) -> Iterator[Lab]:
    """The lab with all CPUs for the server and a second load generator, until the tests end."""
    folder = ROOT / "inventory" / "three-machines-test"
    shutil.copytree(ROOT / "lab" / "inventory", folder)
    (folder / "hosts.yml").write_text(HOSTS)
    (folder / "group_vars" / "all.yml").write_text(f"lab_cpus: {{lab-server: '{every_cpu()}'}}\n")
    try:
        up = playbook("lab/up.yml", "-i", str(folder))
        assert up.returncode == 0, up.stdout + up.stderr
        yield Lab(folder, lab.was_up, lab.before, up)
    finally:
        # of the machine that goes: ssh itself needs 45 s to notice
        playbook("lab/down.yml", "-i", str(folder), "--tags", "connections")
        shutil.rmtree(folder)
        again = playbook("lab/up.yml", "-i", str(lab.inventory))
        assert again.returncode == 0, again.stdout + again.stderr


def every_cpu() -> str:
    """The CPUs of this computer that may be used, as `taskset` names them."""
    return ",".join(map(str, sorted(os.sched_getaffinity(0))))


def run_on(inventory: Path, results: Path, **variables: Any) -> Mapping[str, list[dict[str, str]]]:
    """Runs of the plan: the rows of results.csv by framework."""
    words: dict[str, Any] = PLAN | {"bench_results_dir": str(results)} | variables
    done = commands.run(f"./bench -i {inventory}{commands.options(words)}")
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    rows: dict[str, list[dict[str, str]]] = {}
    with (results / words["bench_run_id"] / "results.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            rows.setdefault(row["framework"], []).append(row)
    return rows


def test_two_generators_are_as_one_with_twice_the_connections(three: Lab, tmp_path: Path) -> None:
    """One with 20 connections gets 2,500 requests/s of the first server: its calibration."""
    three.shell_by_ansible(SHIFT, "lab-loadgen-b")
    try:
        rows = run_on(three.inventory, tmp_path, bench_connections=40, bench_run_id="two")
    finally:
        three.shell_by_ansible(UNSHIFT, "lab-loadgen-b")
    # wrk's clock stops at a tick, up to 0.1 of 2 s after its threads
    truths = {DELAY: (5_000, 0.07, 40_000), RATE: (5_000, 0.03, 40_000)}
    for name, (rate, within, batch_us) in truths.items():
        for row in rows[name]:
            assert (row["outcome"], row["generators"]) == ("ok", "2"), row["reason"]
            assert float(row["start_spread_s"]) < 0.05
            assert float(row["requests_per_s"]) == pytest.approx(rate, rel=within)
            assert float(row["batch_latency_p50_us"]) == pytest.approx(batch_us, rel=0.02)
    for moment in ("before", "after"):
        clocks = json.loads((tmp_path / "two" / "clocks" / f"main-{moment}.json").read_text())
        offsets = {clock["generator"]: clock["offset_s"] for clock in clocks["clocks"]}
        assert offsets["lab-loadgen"] == pytest.approx(0, abs=0.01)
        assert offsets["lab-loadgen-b"] == pytest.approx(-AHEAD_S, abs=0.01)


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="the server would have one CPU")
def test_all_workers_are_as_many_as_the_server_has_cpus(three: Lab, tmp_path: Path) -> None:
    """One that listens once for each worker, and one whose manager's workers share one socket."""
    cpus = len(os.sched_getaffinity(0))
    connections = 64 * cpus
    rows = run_on(
        three.inventory,
        tmp_path,
        bench_framework_dirs="servers",
        bench_frameworks="uvloop-httptools,uvicorn",
        bench_workers="1,all",
        bench_connections=connections,
        bench_duration=3,
        bench_run_id="cores",
    )
    for name, (one, every) in (
        (n, sorted(r, key=lambda row: row["workers"])) for n, r in rows.items()
    ):
        assert (one["outcome"], every["outcome"]) == ("ok", "ok"), (name, one, every)
        assert (one["workers"], one["worker_count"]) == ("1", "1")
        assert (every["workers"], every["worker_count"]) == ("all", str(cpus))
        assert one["connections_per_worker_max"] == ""
        fewest, most = (float(every[f"connections_per_worker_{end}"]) for end in ("min", "max"))
        # each generator verifies answers on 4 further connections
        assert fewest <= (connections + 8) / cpus <= most <= connections + 8
        if cpus == 2:
            # medians over looks, in which a verification may be connecting anew
            assert fewest + most == pytest.approx(connections + 8, abs=8)
        assert (
            0 < float(every["worker_cpu_cores_min"]) <= float(every["worker_cpu_cores_max"]) <= 1.1
        )

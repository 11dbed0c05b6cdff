"""The real bench.yml on the lab's machines: what each framework does is what the run says of it.

Three frameworks are added as folders of a temporary directory, with no other file touched: one that
works, one that ends at once, one whose environment cannot be built.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import commands
from tests.progress import checked

if TYPE_CHECKING:
    from lab.tests.fixture import Lab

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")

pytestmark = pytest.mark.lab

SERVER = '''\
"""A whole server in a few lines of the standard library."""
import asyncio
import os

HEAD = "HTTP/1.1 {}\\r\\nContent-Type: text/plain\\r\\nContent-Length: {}\\r\\n{}\\r\\n"


async def serve(reader, writer):
    while True:
        try:
            request = await reader.readuntil(b"\\r\\n\\r\\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return writer.close()
        lines = request.decode("latin-1").split("\\r\\n")[1:-2]
        pairs = (line.partition(":") for line in lines)
        fields = {name.lower(): value.strip() for name, _, value in pairs}
        try:
            await reader.readexactly(int(fields.get("content-length", 0)))
        except (asyncio.IncompleteReadError, ConnectionError):
            return writer.close()
        found = request.startswith(b"GET / ")
        close = fields.get("connection", "").lower() == "close"
        status, body = ("200 OK", "Hello world!") if found else ("404 Not Found", "")
        head = HEAD.format(status, len(body), "Connection: close\\r\\n" if close else "")
        writer.write((head + body).encode())
        if close:
            return writer.close()


async def main():
    await (
        await asyncio.start_server(serve, os.environ["BENCH_ADDRESS"], os.environ["BENCH_PORT"])
    ).serve_forever()


asyncio.run(main())
'''


# The six of the default plan, and one that Debian has.
OURS = ["uvloop-httptools", "aiohttp", "tornado", "sanic", "japronto", "fasthttp", "nginx"]


def add_framework(folder: Path, server: str, lock: str = "") -> None:
    folder.mkdir(parents=True)
    (folder / "framework.yml").write_text(
        f"title: {folder.name}\nstack: current\nlanguage: Python\nruntime: python\n"
    )
    (folder / "server.py").write_text(server)
    (folder / "requirements.in").write_text("")
    (folder / "requirements.txt").write_text(lock)


def playbook(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PLAYBOOK, *arguments],
        cwd=ROOT,
        env=os.environ | {"ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


@pytest.fixture(scope="module")
def run(
    lab: object,  # noqa: ARG001 (it is up)
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, str]:
    """A short run of everything by ./bench, and followed: its folder, and what it printed."""
    added = tmp_path_factory.mktemp("frameworks")
    results = tmp_path_factory.mktemp("results")
    add_framework(added / "seventh", SERVER)
    add_framework(added / "ends-at-once", "raise SystemExit('this one does not want to serve')\n")
    add_framework(
        added / "not-to-be-built",
        SERVER,
        f"no-such-package-of-this-benchmark==1.0 --hash=sha256:{'0' * 64}\n",
    )
    variables = {
        "bench_framework_dirs": ["servers", "fasthttp", str(added)],
        "bench_frameworks": [*OURS, "seventh", "ends-at-once", "not-to-be-built"],
        "bench_results_dir": str(results),
        "bench_run_id": "lab-test",
        "bench_duration": 1,
        "bench_warmup": 0,
        "bench_rounds": 2,
        "bench_connections": 50,  # a server on uvloop takes them one a turn of its loop
    }
    folder = results / "lab-test"
    follow = commands.filled("tail -F results/NAME/progress.jsonl", {"results/NAME": folder})
    with (results / "followed.jsonl").open("w") as followed:
        tail = subprocess.Popen(
            ["bash", "-c", f"exec {follow}"], stdout=followed, stderr=subprocess.DEVNULL
        )
        try:
            done = commands.run("./bench" + commands.options(variables))
            print(done.stdout[-6000:], done.stderr[-2000:])
            time.sleep(2)  # tail looks every second
        finally:
            tail.terminate()
            tail.wait(5)
    assert done.returncode == 0
    return folder, done.stdout


def rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="") as handle:
        return {row["framework"]: row for row in csv.DictReader(handle)}


def test_every_framework_has_its_true_outcome(run: tuple[Path, str]) -> None:
    summary = rows(run[0] / "summary.csv")
    outcomes = {name: row["outcome"] for name, row in summary.items()}
    assert outcomes == {
        "uvloop-httptools": "ok",
        "aiohttp": "ok",
        "tornado": "ok",
        "sanic": "ok",
        "fasthttp": "ok",
        "nginx": "ok",
        "seventh": "ok",
        "ends-at-once": "failed",
        "not-to-be-built": "unavailable",
        "ceiling": "ok",
        "uvloop-httptools@again": "ok",
        "japronto": "failed",
    }
    assert "SIG" in summary["japronto"]["reason"]


def test_the_controls_are_measured_and_not_ranked(run: tuple[Path, str]) -> None:
    summary = rows(run[0] / "summary.csv")
    roles = {name: row["role"] for name, row in summary.items() if row["role"] != "framework"}
    assert roles == {"ceiling": "ceiling", "uvloop-httptools@again": "control"}
    assert 0 < float(summary["aiohttp"]["share_of_ceiling"]) < 1
    assert {row["rank"] for row in summary.values()} == {""}  # two rounds rank nobody


def test_a_failure_has_its_log_and_no_figure(run: tuple[Path, str]) -> None:
    summary = rows(run[0] / "summary.csv")
    for name in ("ends-at-once", "not-to-be-built"):
        assert summary[name]["requests_per_s"] == ""
        assert summary[name]["reason"]
    log = run[0] / "logs" / "lab-server" / "ends-at-once.log"
    assert "does not want to serve" in log.read_text()
    assert "does not want to serve" in (run[0] / "report.md").read_text()


def test_the_figures_agree_with_each_other(run: tuple[Path, str]) -> None:
    for row in rows(run[0] / "results.csv").values():
        if row["outcome"] != "ok":
            continue
        rate = float(row["requests_per_s"])
        assert rate == pytest.approx(float(row["requests"]) / float(row["duration_s"]), rel=0.01)
        # Little's law, without any histogram: an upper bound, as what is unfinished at the end,
        # or not yet accepted, is in no batch.
        bound = 50 * 5 / rate * 1e6
        assert float(row["batch_latency_mean_us"]) <= bound * 1.02
        if row["framework"] == "fasthttp":  # takes all its connections at once
            assert float(row["batch_latency_mean_us"]) == pytest.approx(bound, rel=0.1)
        assert float(row["batch_latency_p50_us"]) > 0
        assert 0 < float(row["server_cpu_cores"]) < 1.1
        assert float(row["server_cpu_us_per_request"]) == pytest.approx(
            float(row["server_cpu_cores"]) / rate * 1e6, rel=0.1
        )


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(gzip.decompress(path.read_bytes())) for path in sorted(folder.iterdir())]


def test_every_measurement_left_its_evidence(run: tuple[Path, str]) -> None:
    folder = run[0]
    raw = records(folder / "raw")
    assert len(raw) == 2 * (10 + 2)  # with the ceiling and the control
    assert not any(record["harness_fault"] for record in raw)
    users = {generator["uid"] for record in raw for generator in record["generators"]}
    assert users
    assert all(61184 <= user <= 65519 for user in users)  # those of DynamicUser
    measured = [r["generators"][0]["measured"] for r in raw if r["framework"] == "aiohttp"]
    for wrk in measured:
        assert wrk["argv"][:4] == ["wrk", "-t10", "-c50", "-d1s"]
        assert "Latency Distribution" in wrk["stdout"]
        assert wrk["result"]["depth"] == 5
        assert wrk["result"]["latency"]["complete"]
    for host in ("lab-server", "lab-loadgen"):
        assert json.loads((folder / "hosts" / f"{host}.json").read_text())["kernel"]
    whole = json.loads((folder / "run.json").read_text())
    assert whole["ended"]
    assert len(whole["rounds"]) == 2
    assert whole["testbeds"][0]["threads"] == whole["variables"]["bench_threads"] == 10


def test_what_is_printed_and_what_machines_are_told(run: tuple[Path, str]) -> None:
    folder, printed = run
    started, *others, ended = checked(folder / "progress.jsonl")
    measured = [line for line in others if line["event"] == "measurement"]
    probed = [line for line in others if line["event"] == "probe"]
    assert {folder / line["record"] for line in probed} == set((folder / "probe").iterdir())
    answers = [line for line in others if line["event"] == "answers"]
    assert {folder / line["record"] for line in answers} == set((folder / "answers").iterdir())
    assert len(measured) + len(probed) + len(answers) == len(others)
    assert (started["cells"], started["rounds"], started["count"]) == (12, 2, 24)
    assert f"Run {folder.name}, 24 measurements: 12 cells x 2 rounds; about" in printed
    assert [line["number"] for line in measured] == list(range(1, 25))
    assert {folder / line["record"] for line in measured} == set((folder / "raw").iterdir())
    told = {line["framework"]: line for line in measured}
    assert told["not-to-be-built"]["requests_per_s"] is None
    assert told["not-to-be-built"]["said"].startswith("unavailable, ")
    summary = rows(folder / "results.csv")
    for name in ("aiohttp", "ceiling"):
        assert told[name]["requests_per_s"] == pytest.approx(
            float(summary[name]["requests_per_s"]), abs=0.1
        )
    assert ended["event"] == "run_ended"
    # not a terminal: the ends of the rounds, what got no answer, and one after a minute of silence
    lines = set(re.findall(r"^\[ ?(\d+)/24\] round", printed, flags=re.MULTILINE))
    silent = {str(line["number"]) for line in measured if line["requests_per_s"] is None}
    assert {"12", "24"} | silent <= lines
    begun, over = (datetime.fromisoformat(event["time"]) for event in (started, ended))
    assert len(lines - {"12", "24"} - silent) <= (over - begun) / timedelta(minutes=1)


def test_who_follows_a_run_is_told_all_of_it(run: tuple[Path, str]) -> None:
    told = (run[0].parent / "followed.jsonl").read_text()
    assert told == (run[0] / "progress.jsonl").read_text()


def test_the_finished_part_of_a_run_is_reported_while_it_goes_on(
    run: tuple[Path, str], tmp_path: Path
) -> None:
    """The records as they were when the first round had just ended."""
    so_far = tmp_path / "so-far"
    shutil.copytree(run[0], so_far, ignore=shutil.ignore_patterns("*_r02_*", "*.csv", "*.md"))
    record = json.loads((so_far / "run.json").read_text())
    record |= {"measuring_ended": None, "ended": None}
    (so_far / "run.json").write_text(json.dumps(record))
    done = subprocess.run(
        [sys.executable, ROOT / "collect.py", so_far], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "the run is still under way or was ended early" in done.stderr
    assert "12 of 24 scheduled measurements" in done.stderr
    assert rows(so_far / "summary.csv")["aiohttp"]["rounds"] == "1"
    assert "still under way" in (so_far / "report.md").read_text()


def test_the_run_ends_with_the_table_and_the_path_of_the_report(run: tuple[Path, str]) -> None:
    ending = run[1].rstrip().splitlines()[-25:]
    assert "report.md" in ending[-1]
    assert any("seventh" in line for line in ending)


@pytest.mark.usefixtures("run")
def test_provisioning_again_changes_nothing(lab: Lab) -> None:
    """Neither if the hosts are known again, nor if the roles compare everything."""
    ours = f"bench_frameworks={','.join(OURS)}"
    for known in (True, False):
        if not known:
            lab.shell("touch -d 2020-01-01 /etc/tmpfiles.d/pipeline-bench.conf")
        done = playbook("playbooks/preflight.yml", "playbooks/provision.yml", "-e", ours)
        assert done.returncode == 0, done.stdout[-4000:]
        assert ("TASK [server : Deploy each framework]" in done.stdout) != known
        recaps = re.findall(r"^(lab-\S+)\s.*changed=(\d+)", done.stdout, flags=re.MULTILINE)
        assert set(recaps) == {("lab-loadgen", "0"), ("lab-server", "0")}


@pytest.mark.usefixtures("run")
def test_what_came_from_debian_starts_nothing_of_its_own() -> None:
    show = "systemctl show --property=ActiveState,UnitFileState nginx.service"
    done = subprocess.run(
        [PLAYBOOK.with_name("ansible"), "servers", "-m", "ansible.builtin.command", "-a", show],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert "ActiveState=inactive" in done.stdout
    assert "UnitFileState=disabled" in done.stdout


def refusal(inventory: str, folder: Path, *arguments: str) -> str:
    """What a run on this inventory is refused with, before any host is changed."""
    path = folder / "hosts.yml"
    path.write_text(textwrap.dedent(inventory))
    done = playbook("bench.yml", "-i", str(path), "-e", f"bench_results_dir={folder}", *arguments)
    assert done.returncode != 0
    assert "TASK [host :" not in done.stdout
    assert not list(folder.glob("*/run.json"))
    return done.stdout


def test_a_host_that_does_not_answer_is_named(tmp_path: Path) -> None:
    said = refusal(
        """
        all:
          children:
            servers: {hosts: {nobody: {ansible_host: 198.18.0.250, bench_address: 198.18.0.250}}}
            loadgens: {hosts: {neither: {ansible_host: 198.18.0.251}}}
          vars: {ansible_user: root, ansible_ssh_common_args: -o ConnectTimeout=2}
        """,
        tmp_path,
    )
    assert "nobody" in said
    assert "198.18.0.250" in said


@pytest.mark.usefixtures("lab")
def test_one_machine_under_two_names_is_refused(tmp_path: Path) -> None:
    inventory = f"""
        all:
          children:
            servers: {{hosts: {{one: {{ansible_host: 198.18.0.11, bench_address: 198.18.0.11}}}}}}
            loadgens: {{hosts: {{two: {{ansible_host: lab-server}}}}}}
          vars:
            ansible_user: root
            ansible_ssh_private_key_file: {ROOT}/.lab/ssh/id_ed25519
            ansible_ssh_common_args: >-
              -F none -o UserKnownHostsFile={ROOT}/.lab/ssh/known_hosts
              -o Hostname=198.18.0.11 -o HostKeyAlias=198.18.0.11
    """
    assert "same machine" in refusal(inventory, tmp_path)


@pytest.mark.usefixtures("lab")
def test_a_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    """Another program of the server listens there for a moment."""
    port, unit = "8099", "pipeline-bench-test-listener"
    listen = f"import socket,time; s=socket.create_server(('', {port})); time.sleep(120)"
    ad_hoc = [str(PLAYBOOK.with_name("ansible")), "servers", "-m", "ansible.builtin.command", "-a"]
    start = f'systemd-run --unit {unit} python3 -c "{listen}"'
    subprocess.run([*ad_hoc, start], cwd=ROOT, check=True, capture_output=True)
    try:
        done = playbook(
            "bench.yml", "-i", "inventory/lab",
            "-e", f"bench_port={port}", "-e", f"bench_results_dir={tmp_path}",
        )  # fmt: skip
    finally:
        stop = f"systemctl stop {unit}"
        subprocess.run([*ad_hoc, stop], cwd=ROOT, check=True, capture_output=True)
    assert done.returncode != 0
    assert re.search(rf"lab-server.*{port}.*(taken|in use)", done.stdout)
    assert not list(tmp_path.glob("*/run.json"))


@pytest.mark.usefixtures("run")
def test_a_check_looks_and_touches_nothing(tmp_path: Path) -> None:
    ad_hoc = [str(PLAYBOOK.with_name("ansible")), "servers:loadgens", "-m", "raw", "-a"]
    newest = "find /opt /etc /run/pipeline-bench -newerct @{} | grep -v '^/run/.*ansible' || true"
    begun = int(time.time()) - 1
    results = {"bench_results_dir": f"{tmp_path}/results"}
    done = commands.run("./bench --check -e @plans/sweep.yml" + commands.options(results))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cells x 6 rounds; about" in done.stdout
    assert "the path between them are as required. Nothing was changed." in done.stdout
    assert "Provision" not in done.stdout
    assert re.findall(r"^(lab-\S+)\s.*changed=([1-9]\d*)", done.stdout, flags=re.MULTILINE) == []
    assert not (tmp_path / "results").exists()
    seen = subprocess.run(
        [*ad_hoc, newest.format(begun)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert [line for line in seen.stdout.splitlines() if line.startswith("/")] == []


SCRIPT = "/opt/pipeline-bench/pipeline.lua"
WITHOUT_SCRIPT = {
    "bench_frameworks": ["fasthttp"],
    "bench_run_id": "broken",
    "bench_controls": False,
    "bench_check_answers": False,
    "bench_duration": 1,
    "bench_warmup": 0,
    "bench_rounds": 8,
}
PLAYS = [f"playbooks/{name}.yml" for name in ("preflight", "begin", "measure", "report")]


def on_the_generator(command: str) -> None:
    ad_hoc = [str(PLAYBOOK.with_name("ansible")), "loadgens", "-m", "ansible.builtin.command", "-a"]
    subprocess.run([*ad_hoc, command], cwd=ROOT, check=True)


@pytest.mark.usefixtures("run")
def test_a_generator_that_cannot_work_is_not_a_result(tmp_path: Path) -> None:
    """The records are kept and reported, the testbed is given up, and the status is not 0."""
    variables = {**WITHOUT_SCRIPT, "bench_results_dir": str(tmp_path), "harness_pauses_s": [1, 1]}
    on_the_generator(f"mv {SCRIPT} {SCRIPT}.away")
    try:
        done = playbook(*PLAYS, "-i", "inventory/lab", "-e", json.dumps(variables))
    finally:
        on_the_generator(f"mv {SCRIPT}.away {SCRIPT}")
    assert done.returncode != 0
    assert done.stdout.count("HARNESS FAULT, the load on lab-loadgen") == 5
    assert "3 faults of the harness in a row; the next try is in 1 s" in done.stdout
    assert "Testbed main is given up: 5 faults" in done.stdout
    folder = tmp_path / "broken"
    raw = records(folder / "raw")
    assert len(raw) == 5
    assert all("pipeline.lua" in record["harness_fault"] for record in raw)
    assert rows(folder / "results.csv")["fasthttp"]["outcome"] == "invalid"
    whole = json.loads((folder / "run.json").read_text())
    assert len(whole["harness_faults"]) == 5
    assert whole["given_up"]["main"].startswith("5 faults of the harness in a row")
    events = [line["event"] for line in checked(folder / "progress.jsonl")]
    assert (events.count("harness_fault"), events.count("testbed_given_up")) == (5, 1)
    report = (folder / "report.md").read_text()
    assert "This run is incomplete" in report
    assert "given up" in report


@pytest.mark.usefixtures("run")
def test_a_generator_that_comes_back_is_measured_with_again(tmp_path: Path) -> None:
    variables = {**WITHOUT_SCRIPT, "bench_results_dir": str(tmp_path), "harness_pauses_s": [10]}
    raw = tmp_path / "broken" / "raw"

    def mend() -> None:
        while not raw.is_dir() or len(list(raw.glob("*.gz"))) < 3:
            time.sleep(0.2)
        on_the_generator(f"mv {SCRIPT}.away {SCRIPT}")

    on_the_generator(f"mv {SCRIPT} {SCRIPT}.away")
    mender = threading.Thread(target=mend, daemon=True)
    mender.start()
    done = playbook(*PLAYS, "-i", "inventory/lab", "-e", json.dumps(variables))
    mender.join(60)
    assert not mender.is_alive()
    assert done.returncode != 0  # three measurements are missing, and the report says so
    faults = [record["harness_fault"] for record in records(raw)]
    assert len(faults) == 8
    assert [bool(fault) for fault in faults] == [True] * 3 + [False] * 5
    assert json.loads((tmp_path / "broken" / "run.json").read_text())["given_up"] == {}

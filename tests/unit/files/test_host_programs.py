"""What runs on every measured host: the sampler, and that all of it runs with Python 3.9."""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from host import processes, sampler, samples, sampling

from tests.interpreters import interpreter

FILES = Path(__file__).parents[3] / "files"
PROGRAMS = sorted(FILES.rglob("*.py"))


def test_samples_become_columns_and_half_a_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text('["t", "unit_cpu_us"]\n[1.0,null]\n[1.1,5]\n[1.2,')
    assert json.loads(samples.columns(path)) == {"t": [1.0, 1.1], "unit_cpu_us": [None, 5]}
    path.write_text("")
    assert samples.columns(path) == samples.columns(tmp_path / "none") == "{}"


def test_the_sampler_counts_what_this_machine_does(tmp_path: Path) -> None:
    output = tmp_path / "samples.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-m", "host.sampler", "--output", output, "--address", "127.0.0.1",
         "--interval", "0.05"],
        cwd=FILES,
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while len(output.read_text().splitlines() if output.exists() else []) < 6:
        assert time.monotonic() < deadline
        sum(range(200_000))
    process.terminate()
    assert process.wait(10) == 0
    columns: dict[str, list[Any]] = json.loads(samples.columns(output))
    assert columns["t"] == sorted(columns["t"])
    assert set(columns["unit_cpu_us"]) == {None}  # no unit was asked for
    busy = [f"cpu{cpu}_busy_us" for cpu in os.sched_getaffinity(0)]
    assert sum(columns[name][-1] - columns[name][0] for name in busy) > 0
    assert columns["tcp_out_segments"] == sorted(columns["tcp_out_segments"])
    assert columns["nic_rx_bytes"][-1] is not None  # of the loopback interface


def test_a_look_counts_the_connections_and_the_cpu_time_of_each_process(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        waiting = "import sys; sys.stdin.read()"
        with subprocess.Popen([sys.executable, "-c", waiting], stdin=subprocess.PIPE) as idle:
            pids = [os.getpid(), idle.pid, 2**22 + 1]  # the last has just ended
            (tmp_path / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in pids))
            clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
            served = [listener.accept()[0] for _ in clients]
            seen = processes.look(tmp_path, port)
            for one in (*clients, *served):
                one.close()
    assert seen["pids"] == pids[:2]
    # the listening socket is none, and neither are the ends of the clients
    assert seen["connections"] == [3, 0]
    used = sum(os.times()[:2]) * 1e6
    assert seen["cpu_us"][0] == pytest.approx(used, abs=500_000)
    assert abs(seen["at"] - time.time()) < 30


def test_the_sampler_looks_at_processes_only_if_there_are_several_workers(tmp_path: Path) -> None:
    (tmp_path / "cgroup.procs").write_text(f"{os.getpid()}\n")
    for workers in (1, 2):
        looks = sampler.Looks(str(tmp_path / f"{workers}.jsonl"), 8080, workers)
        looks.take(tmp_path)  # not due yet
        looks.due = 0
        looks.take(None)  # the unit has no cgroup yet
        looks.take(tmp_path)
        seen = processes.looks(tmp_path / f"{workers}.jsonl")
        assert [look["pids"] for look in seen] == ([[os.getpid()]] if workers > 1 else [])


def test_the_sampler_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "host.sampler", "--output", str(tmp_path / "samples")]
    started = (
        "import os, subprocess, time; "
        f"p = subprocess.Popen({command} + ['--parent', str(os.getpid())]); "
        "print(p.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", started], stdout=subprocess.PIPE, cwd=FILES
    ) as parent:
        assert parent.stdout
        sampling = Path("/proc", parent.stdout.readline().decode().strip())
        while not (tmp_path / "samples").exists():
            time.sleep(0.01)
        parent.kill()
    deadline = time.monotonic() + 10
    while sampling.exists() and "Z" not in (sampling / "stat").read_text().split()[2:3]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # also if it has ended before the sampler looks for the first time
    subprocess.run([*command, "--parent", str(parent.pid)], cwd=FILES, timeout=10, check=True)


def test_the_sampler_ends_whenever_it_is_told_to(tmp_path: Path) -> None:
    """No handler may run in the middle of it: one that did once waited for itself for ever."""
    command = [sys.executable, "-m", "host.sampler", "--interval", "0.0005", "--output"]
    outputs = [tmp_path / str(n) for n in range(12)]
    processes = [subprocess.Popen([*command, output], cwd=FILES) for output in outputs]
    try:
        deadline = time.monotonic() + 60
        while not all(output.exists() and output.stat().st_size for output in outputs):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        for process in processes:
            status = Path(f"/proc/{process.pid}/status").read_text()
            caught = int(re.findall(r"SigCgt:\s*(\w+)", status)[0], 16)
            assert not caught & 1 << (signal.SIGTERM - 1)
            process.terminate()
            time.sleep(0.01)
        assert [process.wait(10) for process in processes] == [0] * 12
    finally:
        for process in processes:
            process.kill()


def test_a_counter_that_is_not_there_is_null(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampler, "read", lambda _: "")
    counters = (
        sampler.unit_counters(Path("/nowhere"))
        | sampler.cpu_counters([0])
        | sampler.pressure_counters()
        | sampler.network_counters("eth0")
    )
    assert set(counters.values()) == {None}


def test_this_host_is_sampled_beside_a_piece_of_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with sampling.sampled("127.0.0.1") as sampled:
        while sum(len(path.read_text().splitlines()) for path in tmp_path.glob("*/*.jsonl")) < 3:
            time.sleep(0.05)
        assert sampled.text == "{}"
    assert len(json.loads(sampled.text)["t"]) >= 2


def test_a_sampler_that_has_ended_by_itself_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "sampler", lambda *_: ["true"])
    with sampling.sampled("127.0.0.1") as sampled:
        time.sleep(0.3)
    assert sampled.text == "{}"


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: str(path.relative_to(FILES)))
def test_a_program_needs_nothing_but_python_3_9(program: Path) -> None:
    tree = ast.parse(program.read_text(), feature_version=(3, 9))
    modules = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [f"{program.parent.name}.{node.module}" if node.level else node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    }
    probe = program.parent.name == "probe"
    own = {path.stem for path in (FILES / "probe" if probe else FILES).iterdir()}
    own |= {"host"} if probe else set()  # which beside.py finds
    assert modules <= sys.stdlib_module_names | own


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: str(path.relative_to(FILES)))
def test_python_3_9_loads_it(program: Path) -> None:
    if program.name == "__main__.py":
        command = [str(program.parent), "--help"]
    else:
        probe = program.parent.name == "probe"
        root = program.parent if probe else FILES
        module = ".".join(program.relative_to(root).with_suffix("").parts)
        first = "beside, " if probe else ""
        command = ["-c", f"import sys; sys.path[0] = {str(root)!r}; import {first}{module}"]
    oldest = interpreter("3.9")  # that a host may have
    done = subprocess.run(
        [oldest.executable, "-B", *command],
        env={**os.environ, **oldest.environment},
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr

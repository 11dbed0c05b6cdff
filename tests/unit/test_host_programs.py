"""The programs of a measurement, as far as they do not need a host of their own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import load
import pytest
import sampler
import samples

BIN = Path(load.__file__).parent
WANTED = {
    "address": "198.18.0.11",
    "port": 8080,
    "depth": 5,
    "connections": 200,
    "threads": 10,
    "duration": 5,
    "warmup": 2,
    "patience": 0.2,
}


def test_wrk_is_called_as_in_2017() -> None:
    command = load.argv(WANTED, 5)
    command.remove("--timeout=6s")  # above the run's length, so that no latency is dropped
    assert [Path(word).name if "/opt" in word or ".lua" in word else word for word in command] == [
        "wrk", "-t10", "-c200", "-d5s", "--latency", "-s", "pipeline.lua",
        "http://198.18.0.11:8080/", "--", "5",
    ]  # fmt: skip


def test_an_ipv6_address_stands_in_brackets() -> None:
    assert "http://[2001:db8::1]:8080/" in load.argv(WANTED | {"address": "2001:db8::1"}, 5)


def wrk_stand_in(folder: Path, text: str) -> list[str]:
    """A program that is started as wrk is."""
    script = folder / "wrk"
    script.write_text(f"#!{sys.executable}\nimport os, sys, time\n{text}\n")
    script.chmod(0o755)
    return [str(script)]


def test_an_execution_is_kept_whole(tmp_path: Path) -> None:
    command = wrk_stand_in(
        tmp_path,
        "open(os.environ['WRK_RESULT'], 'w').write('{\"requests\": 3}')\n"
        "print('out'); print('err', file=sys.stderr); sum(range(3_000_000)); sys.exit(3)",
    )
    execution = load.run_wrk(command, 1)
    assert (execution["exit_status"], execution["stdout"], execution["stderr"]) == (
        3,
        "out\n",
        "err\n",
    )
    assert json.loads(execution["result"]) == {"requests": 3}
    assert 0 < execution["cpu_s"] < execution["ended"] - execution["started"] + 0.1


def test_a_signal_is_an_exit_status(tmp_path: Path) -> None:
    command = wrk_stand_in(tmp_path, "os.kill(os.getpid(), 11)")
    execution = load.run_wrk(command, 1)
    assert execution["exit_status"] == -signal.SIGSEGV
    assert execution["result"] is None


def test_a_generator_that_does_not_end_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "GRACE_S", 0.2)
    with pytest.raises(TimeoutError, match="had to be ended"):
        load.run_wrk(wrk_stand_in(tmp_path, "time.sleep(60)"), 0)


def test_a_server_that_does_not_answer_is_not_loaded() -> None:
    answer = load.measure(WANTED | {"address": "127.0.0.1", "port": 1})
    assert "refused" in answer["ready_error"].lower()
    assert answer["measured"] is None
    assert "failed" not in answer


def test_a_warm_up_is_kept_without_its_histogram() -> None:
    kept = load.without_latency({"result": '{"requests": 1, "latency": {"histogram": [[1, 1]]}}'})
    assert json.loads(kept["result"]) == {"requests": 1}
    assert load.without_latency({"result": None}) == {"result": None}


def test_samples_become_columns_and_half_a_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_text('["t", "unit_cpu_us"]\n[1.0,null]\n[1.1,5]\n[1.2,')
    assert json.loads(samples.columns(path)) == {"t": [1.0, 1.1], "unit_cpu_us": [None, 5]}
    path.write_text("")
    assert samples.columns(path) == samples.columns(tmp_path / "none") == "{}"


def test_the_sampler_counts_what_this_machine_does(tmp_path: Path) -> None:
    output = tmp_path / "samples.jsonl"
    process = subprocess.Popen(
        [sys.executable, BIN / "sampler.py", "--output", output, "--address", "127.0.0.1",
         "--interval", "0.05"]
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
    for name in ("context_switches", "tcp_in_segments"):
        assert columns[name] == sorted(columns[name])
    assert columns["nic_rx_bytes"][-1] is not None  # of the loopback interface


def test_the_sampler_ends_whenever_it_is_told_to(tmp_path: Path) -> None:
    """No handler may run in the middle of it: one that did once waited for itself for ever."""
    command = [sys.executable, BIN / "sampler.py", "--interval", "0.0005", "--output"]
    outputs = [tmp_path / str(n) for n in range(12)]
    processes = [subprocess.Popen([*command, output]) for output in outputs]
    try:
        deadline = time.monotonic() + 60
        while not all(output.exists() and output.stat().st_size for output in outputs):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        for process in processes:
            status = Path(f"/proc/{process.pid}/status").read_text()
            caught = int(re.search(r"SigCgt:\s*(\w+)", status).group(1), 16)
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

"""The driver of the load tools: what is common to them, with a real server and real programs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from generator import load
from generator.tool import Order, find_tool, names
from generator.tools import h2load, wrk

from tests.unit.files.host.test_plain_http import GOOD, answer, server

FILES = Path(__file__).parents[4] / "files"
replace = Order._replace
ORDER = Order(
    address="198.18.0.11",
    port=8080,
    depth=5,
    connections=200,
    threads=10,
    duration=5,
    warmup=2,
    patience=0.2,
)


@pytest.fixture
def order() -> Iterator[Order]:
    """For a server of loopback that answers as agreed."""
    with server(answer(GOOD)) as port:
        yield replace(ORDER, address="127.0.0.1", port=port, duration=1, warmup=0, patience=5)


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    """A program that is found as the load tool of that name is."""
    path = folder / name
    path.write_text(f"#!{sys.executable}\nimport os, sys, time\n{text}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


RESULT = "open(os.environ['WRK_RESULT'], 'w').write('{\"requests\": 3, \"latency\": [1]}')\n"


def test_wrk_is_called_as_in_2017() -> None:
    command = wrk.Tool(ORDER).measurement(Path())
    command.remove("--timeout=6s")  # above the run's length, so that no latency is dropped
    assert command[6:7] == [str(FILES / "pipeline.lua")]
    command[6] = "pipeline.lua"
    assert command == [
        "wrk", "-t10", "-c200", "-d5s", "--latency", "-s", "pipeline.lua",
        "http://198.18.0.11:8080/", "--", "5",
    ]  # fmt: skip


def test_a_warm_up_is_the_same_but_for_its_length() -> None:
    tool = wrk.Tool(ORDER)
    words = zip(tool.warm_up(Path()), tool.measurement(Path()), strict=True)
    assert [pair for pair in words if len(set(pair)) == 2] == [
        ("-d2s", "-d5s"),
        ("--timeout=3s", "--timeout=6s"),
    ]


def test_an_ipv6_address_stands_in_brackets() -> None:
    assert replace(ORDER, address="2001:db8::1").url == "http://[2001:db8::1]:8080/"


def test_an_execution_is_kept_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: Order
) -> None:
    program = "print('out'); print('err', file=sys.stderr); sum(range(3_000_000)); sys.exit(3)"
    stand_in(tmp_path, monkeypatch, "wrk", RESULT + program)
    given = load.measure(replace(order, warmup=1))
    assert "failed" not in given
    assert given["ready_error"] is None
    assert len(json.loads(given["samples"])["t"]) >= 2
    measured, warmup = given["measured"], given["warmup"]
    assert measured
    assert warmup
    assert measured["argv"][0] == "wrk"
    assert measured["exit_status"] == 3
    assert (measured["stdout"], measured["stderr"]) == ("out\n", "err\n")
    assert json.loads(measured["result"] or "") == {"requests": 3, "latency": [1]}
    assert 0 < (measured["cpu_s"] or 0) < measured["ended"] - measured["started"] + 0.1
    # of a warm-up the histogram is not kept
    assert json.loads(warmup["result"] or "") == {"requests": 3}
    assert warmup["ended"] + load.PAUSE_S <= measured["started"]


def test_a_signal_is_an_exit_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: Order
) -> None:
    stand_in(tmp_path, monkeypatch, "wrk", RESULT + "os.kill(os.getpid(), 11)")
    measured = load.measure(order)["measured"]
    assert measured
    assert measured["exit_status"] == -signal.SIGSEGV


@pytest.mark.parametrize(
    ("program", "fault"),
    [
        (
            "print('cannot open pipeline.lua')",
            "wrk could not do its work: cannot open pipeline.lua",
        ),
        ("print('unable to connect to 127.0.0.1')", None),
    ],
)
def test_wrk_without_a_result_is_a_fault_unless_the_server_has_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: Order, program: str, fault: str | None
) -> None:
    stand_in(tmp_path, monkeypatch, "wrk", program)
    given = load.measure(order)
    assert given.get("msg") == fault
    assert given.get("failed", False) is (fault is not None)
    assert given["measured"]


def test_wrk_that_does_not_end_is_ended_and_that_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: Order
) -> None:
    monkeypatch.setattr(wrk.Tool, "grace_s", -0.9)
    stand_in(tmp_path, monkeypatch, "wrk", "time.sleep(60)")
    given = load.measure(order)
    assert given["failed"]
    assert given["msg"].startswith("wrk could not do its work: it had to be ended")
    measured = given["measured"]
    assert measured
    assert (measured["exit_status"], measured["received_still"]) == (-9, False)


def test_h2load_that_waits_for_ever_is_ended_and_that_is_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: Order
) -> None:
    monkeypatch.setattr(h2load.Tool, "grace_s", -0.9)
    stand_in(tmp_path, monkeypatch, "h2load", "time.sleep(60)")
    given = load.measure(replace(order, tool="h2load", rate=100.0))
    assert "failed" not in given
    measured = given["measured"]
    assert measured
    assert (measured["exit_status"], measured["cpu_s"], measured["result"]) == (-9, None, None)


@pytest.mark.parametrize("tool", names())
def test_a_server_that_does_not_answer_is_not_loaded(tool: str) -> None:
    given: dict[str, Any] = {**load.measure(replace(ORDER, address="127.0.0.1", port=1, tool=tool))}
    assert "refused" in given.pop("ready_error").lower()
    assert given.pop("cpus") >= 1
    assert given == {
        "samples": "{}",
        "warmup": None,
        "measured": None,
        "connections": "null",
        "verification": "null",
        "clock_step_s": None,
        "allowance": None,
    }


def test_who_begins_with_others_waits_for_the_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: Order
) -> None:
    stand_in(tmp_path, monkeypatch, "wrk", RESULT)
    begin, passed = time.time() + 0.3, time.time() - 5
    together = replace(order, warmup=1, look=False, begin_at=begin, window_at=begin + 0.8)
    answer = load.measure(together)
    assert answer["warmup"]
    assert answer["measured"]
    assert answer["warmup"]["started"] >= begin
    assert answer["measured"]["started"] >= begin + 0.8
    late = load.measure(replace(together, begin_at=passed, window_at=passed))
    assert late["measured"]  # who is late begins at once


@pytest.mark.parametrize("step_s", [0.0, 3.0, -0.5])
def test_a_clock_that_is_set_meanwhile_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: Order, step_s: float
) -> None:
    stand_in(tmp_path, monkeypatch, "wrk", RESULT)
    differences = iter((1000.0, 1000.0 + step_s))
    monkeypatch.setattr(load, "clock_s", lambda: next(differences))
    assert load.measure(replace(order, look=False))["clock_step_s"] == step_s


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"tool": "x"},
            f"x could not be run: tool is 'x'; this generator has {', '.join(names())}",
        ),
        ({"tool": "../load"}, "tool is '../load'; this generator has "),
        ({"rate": 100.0}, "wrk could not be run: it cannot hold a rate"),
        ({}, "wrk could not be run: [Errno 2] No such file or directory: 'wrk'"),
    ],
)
def test_what_cannot_be_run_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    order: Order,
    change: dict[str, Any],
    sentence: str,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    given = load.measure(replace(order, **change))
    assert given["failed"]
    assert sentence in given["msg"]
    assert given["measured"] is None


def test_every_tool_is_found_by_its_name() -> None:
    tools = {name: find_tool(replace(ORDER, tool=name)) for name in names()}
    assert {"h2load", "wrk"} <= set(tools)
    for name, tool in tools.items():
        assert type(tool).__module__ == f"generator.tools.{name}"


THIRD = """
from generator.tool import LoadTool

class Tool(LoadTool):
    def warm_up(self, files):
        return ["true"]

    def measurement(self, files):
        return ["sh", "-c", f"echo {self.order.depth} > {files}/out"]

    def result(self, files):
        return (files / "out").read_text()
"""


@pytest.mark.parametrize(("tool", "measured"), [("third", "5\n"), (None, None)])
def test_a_third_tool_is_one_file(
    tmp_path: Path, order: Order, tool: str | None, measured: str | None
) -> None:
    """On a copy of what lies on a generator, run as it is there. Without a tool it is wrk."""
    copy = tmp_path / "files"
    shutil.copytree(FILES, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "generator" / "tools" / "third.py").write_text(THIRD)
    given = order._asdict()
    given |= {"tool": tool} if tool else {"patience": 0, "port": 1}
    if not tool:
        del given["tool"], given["rate"]
    done = subprocess.run(
        [sys.executable, "-m", "generator.load"],
        cwd=copy,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
    )
    printed = json.loads(done.stdout)
    assert "failed" not in printed
    assert (printed["measured"] or {}).get("result") == measured
    assert printed["uid"] == os.geteuid()  # by hand it is whoever types it

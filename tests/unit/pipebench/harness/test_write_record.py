"""What is written down of an execution, and what is said of it."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path
from typing import Any

import command_line
import pytest
import target
from msgspec.structs import replace

from pipebench.harness.probe import LONGEST_S
from pipebench.harness.rates import constant_rates
from pipebench.harness.recovery import LEAST, PAUSES_S, Recovery
from pipebench.record.factors import PlannedCell, ServerFactors
from tests.progress import checked
from tests.unit.pipebench.harness.answers import (
    CELL,
    H2LOAD,
    LOAD,
    RESULT,
    STARTED,
    STOPPED,
    WRK,
    Said,
    recorded,
    run_of,
)

PACKED = {"t_us": [1_500_000, 100_000], "unit_cpu_us": [1, 1]}
PLACE = {
    "cell": CELL,
    "tool": "wrk",
    "round": 2,
    "position": 1,
    "measuring_started": 0.0,
    "turn": 2,
    "turns": 2,
}


def measured(folder: Path, **answers: Any) -> tuple[Said, dict[str, Any]]:
    """What is said, and the one raw record."""
    answer = recorded(folder, "measurement", PLACE, **answers)
    return answer, the_one_of(folder / "raw", "main_r02_001_aiohttp_w1_d5_c200.json.gz")


def the_one_of(folder: Path, name: str) -> dict[str, Any]:
    (path,) = folder.iterdir()
    assert path.name == name
    content = path.read_bytes()
    document: dict[str, Any] = json.loads(
        gzip.decompress(content) if name.endswith(".gz") else content
    )
    return document


def known(part: dict[str, Any]) -> dict[str, Any]:
    """What a part of a document has that is not null."""
    return {key: value for key, value in part.items() if value is not None}


def test_a_measurement_is_recorded_whole(tmp_path: Path) -> None:
    answer, written = measured(tmp_path)
    assert written["harness_fault"] is None
    assert written["deployment"] == {"available": True}
    assert written["started"] == "1970-01-01T00:00:01.500000Z"
    assert (written["schema_version"], written["tool"]) == (2, "wrk")
    answers = STARTED | STOPPED | {"host": "s", "samples": PACKED, "started_at": None}
    assert known(written["server"]) == known(answers)
    (generator,) = written["generators"]
    assert known(generator) == known(
        LOAD | {"host": "g", "samples": PACKED, "measured": WRK | {"result": RESULT}}
    )
    assert "[2/2] round 2" in answer.text
    assert "2,000 req/s" in answer.text
    assert "0:03 left" in answer.text  # the report
    (line,) = checked(tmp_path / "progress.jsonl")
    assert (line["number"], line["count"], line["requests_per_s"]) == (2, 2, 2000.0)
    assert line["record"] == "raw/main_r02_001_aiohttp_w1_d5_c200.json.gz"


def test_it_is_recorded_which_user_parsed_what_the_server_sent(tmp_path: Path) -> None:
    _, written = measured(tmp_path, load=LOAD | {"uid": 62000})
    assert written["generators"][0]["uid"] == 62000
    _, of_probe = probed(tmp_path, load={"document": json.dumps(PROBE), "uid": 62001})
    assert of_probe["uid"] == 62001


def test_what_could_not_be_deployed_is_recorded_with_its_reason(tmp_path: Path) -> None:
    unavailable = {"reason": "no CPython 3.7", "log": "tried"}
    skipped: dict[str, Any] = {"started": {}, "load": None, "stopped": {}}
    answer, written = measured(tmp_path, unavailable=unavailable, **skipped)
    assert written["deployment"] == {"available": False} | unavailable
    assert written["server"] is None
    assert "unavailable, no CPython 3.7" in answer.text
    assert not answer.passing


def test_a_reason_of_several_lines_is_one_line_of_the_run(tmp_path: Path) -> None:
    """Who deploys may print what a stranger wrote: it forges no line of another measurement."""
    forged = "no CPython\n[ 2/48] round 1  aiohttp  depth 5: 999,999 req/s\u2028done\x1b[2J"
    answers = {"unavailable": {"reason": forged, "log": ""}}
    said, record = measured(tmp_path, **answers)
    assert record["deployment"]["reason"] == forged
    assert len(said.text.splitlines()) == 1
    assert "\x1b" not in said.text


def test_a_server_that_never_answered_is_not_a_fault_of_the_harness(tmp_path: Path) -> None:
    started = STARTED | {"ready": False, "ready_error": "ended before it answered"}
    answer, written = measured(tmp_path, started=started, load=None)
    assert written["harness_fault"] is None
    assert written["generators"] == []
    assert "ended before it answered" in answer.text


FAULTS = [
    (
        "load",
        {"unreachable": True, "msg": "no route"},
        "the load on g: host did not answer: no",
    ),
    ("started", {"failed": True, "msg": "no unit"}, "starting on s: task failed: no unit"),
    ("stopped", {"unreachable": True, "msg": "gone"}, "stopping on s: host did not answer"),
]


@pytest.mark.parametrize(("key", "result", "sentence"), FAULTS)
def test_a_fault_of_the_harness_is_recorded_as_one(
    tmp_path: Path, key: str, result: dict[str, Any], sentence: str
) -> None:
    answer, written = measured(tmp_path, **{key: result})
    assert written["harness_fault"].startswith(sentence)
    assert answer.trouble
    assert "HARNESS FAULT" in answer.text
    line, fault = checked(tmp_path / "progress.jsonl")
    assert line["requests_per_s"] is None
    assert "HARNESS FAULT" in line["said"]
    assert fault["event"] == "harness_fault"
    assert fault["reason"] == written["harness_fault"]
    assert fault["record"] == line["record"]


def test_faults_in_a_row_are_counted_and_a_success_ends_the_row(tmp_path: Path) -> None:
    gone = {"unreachable": True, "msg": "gone"}
    answer, _ = measured(tmp_path, load=gone, recovery=Recovery(faults_in_a_row=1))
    assert answer.recovery == Recovery(faults_in_a_row=2)
    answer, _ = measured(tmp_path, recovery=answer.recovery)
    assert answer.recovery == Recovery()


def test_a_testbed_waits_for_its_hosts_and_says_so(tmp_path: Path) -> None:
    gone = {"unreachable": True, "msg": "gone"}
    answer, _ = measured(tmp_path, load=gone, recovery=Recovery(faults_in_a_row=LEAST - 1))
    assert answer.recovery.next_at > time.time()
    assert f"the next try is in {PAUSES_S[0]} s" in answer.text.splitlines()[-1]


def test_giving_a_testbed_up_is_said_to_people_and_to_machines(tmp_path: Path) -> None:
    gone = {"unreachable": True, "msg": "gone"}
    last = Recovery(faults_in_a_row=LEAST + len(PAUSES_S) - 1)
    answer, _ = measured(tmp_path, load=gone, recovery=last)
    assert answer.recovery.given_up.endswith("the last: the load on g: host did not answer: gone")
    assert answer.text.splitlines()[-1].startswith("Testbed main is given up: 6 faults")
    event = checked(tmp_path / "progress.jsonl")[-1]
    assert event["event"] == "testbed_given_up"
    assert (event["testbed"], event["reason"]) == ("main", answer.recovery.given_up)


@pytest.mark.parametrize(
    ("place", "name", "line"),
    [
        (
            {"round": 2},
            "main_r02_001_aiohttp_w1_d5_c200_h2load.json.gz",
            "h2load, round 2  aiohttp",
        ),
        (
            {"rate": 1200.0},
            "main_rate_001_aiohttp_w1_d5_c200_h2load.json.gz",
            "8,000 req/s of 1,200 wanted",
        ),
    ],
)
def test_an_execution_of_another_tool_is_kept_apart(
    tmp_path: Path, place: dict[str, Any], name: str, line: str
) -> None:
    answer = recorded(
        tmp_path,
        "crosscheck",
        {"cell": CELL, "tool": "h2load", "position": 1} | place,
        load=LOAD | {"measured": H2LOAD},
    )
    written = the_one_of(tmp_path / "crosscheck", name)
    assert written["tool"] == "h2load"
    assert (written["round"], written["rate"]) == (place.get("round"), place.get("rate"))
    assert written["generators"][0]["measured"]["result"]["responses"] == 4000
    assert line in answer.text
    assert not answer.trouble


def test_the_constant_rate_is_a_share_of_the_median_of_the_same_cell(tmp_path: Path) -> None:
    both: dict[str, Any] = {"bench_tools": "wrk,h2load", "bench_rate_share": 0.5}
    run = run_of(tmp_path, bench_depths="5,16", bench_rounds=3, **both)
    for number, requests in enumerate((900, 1000, 5000), start=1):
        result = json.dumps(RESULT | {"requests": requests, "duration_us": 1_000_000})
        load = LOAD | {"measured": WRK | {"result": result}}
        place = PLACE | {"round": number}
        recorded(tmp_path, "measurement", place, run=run, load=load)
    rates = constant_rates(run, "main")
    cell = PlannedCell(framework="aiohttp", workers=1, depth=5, connections=200)
    assert sorted(rates, key=lambda one: one[0].depth) == [
        (cell, 500),
        (replace(cell, depth=16), None),
    ]


CASES = [
    {"name": "single", "title": "t", "relied_on": True, "conforms": True, "class": "full",
     "detail": "d"},
    {"name": "http-1.0", "title": "t", "relied_on": False, "conforms": False,
     "class": "stays open", "detail": "d"},
]  # fmt: skip
PROBE = {"schema_version": 1, "cases": CASES, "error": None}
PROBE_PLACE = {"server": ServerFactors(framework="aiohttp", workers=1), "number": 3, "count": 6}


def probed(folder: Path, **answers: Any) -> tuple[Said, dict[str, Any]]:
    answers = {"load": {"document": json.dumps(PROBE)}} | answers
    answer = recorded(folder, "probe", PROBE_PLACE, **answers)
    return answer, the_one_of(folder / "probe", "main_aiohttp_w1.json")


def test_a_probe_is_recorded_whole(tmp_path: Path) -> None:
    answer, written = probed(tmp_path)
    assert written["probe"] == PROBE
    assert known(written["server"]) == {
        "host": "s", "unit": "u", "ready": True, "state": {"ActiveState": "active"},
    }  # fmt: skip
    assert (written["workers"], written["generator"], written["harness_fault"]) == (1, "g", None)
    assert answer.text == (
        "probe 3/6 aiohttp: 1 of 2 cases conform; all that a measurement relies on do"
    )


def test_the_harness_waits_as_long_as_the_probe_lasts() -> None:
    assert target.ALL_TIMEOUTS * command_line.TIMEOUT_S < LONGEST_S == 10


def test_the_memory_of_a_probed_server_is_recorded(tmp_path: Path) -> None:
    """For what the probe on another host cannot see: conformance.py judges it."""
    columns = {"t": [1.0, 1.1, 1.2], "unit_rss_bytes": [None, 20_000_000, 30_000_000]}
    _, written = probed(tmp_path, stopped=STOPPED | {"samples": json.dumps(columns)})
    assert written["server_memory_bytes"] == [None, 20_000_000, 30_000_000]
    _, written = probed(tmp_path, stopped=STOPPED | {"samples": "{}"})
    assert written["server_memory_bytes"] is None
    _, written = probed(tmp_path, stopped=STOPPED | {"samples": "[]"})
    assert "the samples are not an object" in written["harness_fault"]


def test_the_line_of_a_probe_names_what_a_measurement_relies_on(tmp_path: Path) -> None:
    broken = CASES[0] | {"conforms": False, "class": "closes"}
    document = json.dumps(PROBE | {"cases": [broken, CASES[1]]})
    answer, _ = probed(tmp_path, load={"document": document})
    assert answer.text.endswith(
        "0 of 2 cases conform; a measurement relies on single (closes), which failed"
    )


@pytest.mark.parametrize(
    ("answers", "line"),
    [
        ({"unavailable": {"reason": "no CPython 3.7"}}, "not probed, no CPython 3.7"),
        (
            {"started": STARTED | {"ready": False, "ready_error": "it ended"}},
            "not probed, it ended",
        ),
    ],
)
def test_what_is_not_probed_is_recorded_with_its_reason(
    tmp_path: Path, answers: dict[str, Any], line: str
) -> None:
    answer, written = probed(tmp_path, load=None, **answers)
    assert written["probe"] is None
    assert written["harness_fault"] is None
    assert answer.text.endswith(line)
    assert written["deployment"]["available"] is ("unavailable" not in answers)


@pytest.mark.parametrize(("key", "result", "sentence"), FAULTS)
def test_a_fault_of_the_harness_while_probing_counts(
    tmp_path: Path, key: str, result: dict[str, Any], sentence: str
) -> None:
    answer, written = probed(tmp_path, **{key: result})
    assert written["harness_fault"].startswith(sentence)
    assert answer.recovery.faults_in_a_row == 1
    seen, fault = checked(tmp_path / "progress.jsonl")
    assert (seen["event"], fault["event"]) == ("probe", "harness_fault")
    assert seen["record"] == fault["record"] == "probe/main_aiohttp_w1.json"
    assert seen["probed"] is (key != "load")


def test_a_path_is_recorded_whole(tmp_path: Path) -> None:
    samples = {"t": [1.5], "nic_rx_bytes": [7]}
    packed = {"t_us": [1_500_000], "nic_rx_bytes": 7}
    test = {
        "protocol": "udp", "direction": "to_server", "argv": ["iperf3"], "streams": 2,
        "started": 1.0, "ended": 2.0, "error": None, "end": {"sum": {"packets": 9}},
    }  # fmt: skip
    recorded(
        tmp_path,
        "path",
        {},
        started={"ready": True, "version": "3.18", "cpus": 4},
        load={
            "version": "3.16",
            "cpus": 2,
            "uid": 62000,
            "tests": [test],
            "samples": json.dumps(samples),
        },
        stopped={"samples": json.dumps(samples)},
    )
    written = the_one_of(tmp_path / "baseline", "main.json")
    server = {"host": "s", "version": "3.18", "cpus": 4, "samples": packed}
    assert known(written["server"]) == server  # it parses nothing: nobody says who ran it
    generator = {"host": "g", "version": "3.16", "cpus": 2, "uid": 62000, "samples": packed}
    assert written["generator"] == generator
    assert written["tests"] == [test]
    assert written["error"] is None


def test_a_path_that_could_not_be_measured_is_not_a_fault_of_the_harness(tmp_path: Path) -> None:
    answer = recorded(
        tmp_path,
        "path",
        {},
        started={"failed": True, "msg": "iperf3 did not listen within 3 s"},
        load=None,
        stopped={},
    )
    written = the_one_of(tmp_path / "baseline", "main.json")
    assert written["error"] == "starting on s: task failed: iperf3 did not listen within 3 s"
    assert written["tests"] == []
    assert written["generator"]["samples"] == {}
    assert (answer.text, answer.recovery.faults_in_a_row) == ("", 0)

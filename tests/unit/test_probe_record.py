"""What the controller writes down of one probe, and the line that it says."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from action import probe_record

RUN = {
    "run_id": "r",
    "testbeds": [{}],
    "variables": {"bench_workers": [1]},
}
TESTBED = {"name": "main", "server": "s", "generators": ["g"], "address": "198.18.0.11"}
CASES = [
    {"name": "single", "relied_on": True, "conforms": True, "class": "full"},
    {"name": "http-1.0", "relied_on": False, "conforms": False, "class": "stays open"},
]
PROBE = {"schema_version": 1, "cases": CASES, "error": None}
STARTED = {"unit": "u", "ready": True, "ready_error": None, "started_at": 1.5, "cpus": 2}
STOPPED = {"unit": "u", "state": {"ActiveState": "active"}, "samples": "{}", "journal": None}


def written(folder: Path, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The record, and what the action returned."""
    arguments: dict[str, Any] = {
        "run": RUN | {"results_dir": str(folder)},
        "testbed": TESTBED,
        "framework": "aiohttp",
        "workers": "1",
        "number": "3",
        "count": "6",
        "unavailable": {},
        "started": STARTED,
        "probed": {"stdout": json.dumps(PROBE), "rc": 1},
        "stopped": STOPPED,
    }
    task = SimpleNamespace(args=arguments | changes, async_val=0, check_mode=False, diff=False)
    nothing = SimpleNamespace()
    action = probe_record.ActionModule(task, nothing, nothing, nothing, nothing, nothing)
    action._connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))  # noqa: SLF001
    answer = action.run(task_vars={})
    return json.loads((folder / "probe" / "main-aiohttp-w1.json").read_text()), answer


def test_a_probe_is_recorded_whole(tmp_path: Path) -> None:
    record, answer = written(tmp_path)
    assert record["probe"] == PROBE
    assert record["server"] == {
        "host": "s", "unit": "u", "ready": True, "ready_error": None,
        "state": {"ActiveState": "active"}, "journal": None,
    }  # fmt: skip
    assert (record["workers"], record["generator"], record["harness_fault"]) == (1, "g", None)
    assert record["started"] == "1970-01-01T00:00:01.500000Z"
    assert answer["progress"] == (
        "probe 3/6 aiohttp: 1 of 2 as RFC 9112 asks; all that a measurement relies on"
    )


def test_the_line_names_what_a_measurement_relies_on(tmp_path: Path) -> None:
    broken = CASES[0] | {"conforms": False, "class": "closes"}
    document = PROBE | {"cases": [broken, CASES[1]]}
    _, answer = written(tmp_path, probed={"stdout": json.dumps(document), "rc": 1})
    assert answer["progress"].endswith(
        "0 of 2 as RFC 9112 asks; not single (closes), which a measurement relies on"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"unavailable": {"reason": "no CPython 3.7"}}, "not probed, no CPython 3.7"),
        (
            {"started": STARTED | {"ready": False, "ready_error": "it ended"}},
            "not probed, it ended",
        ),
    ],
)
def test_what_is_not_probed_is_recorded_with_its_reason(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    record, answer = written(tmp_path, probed={"skipped": True}, **changes)
    assert record["probe"] is None
    assert record["harness_fault"] is None
    assert answer["progress"].endswith(said)
    assert record["deployment"]["available"] is ("unavailable" not in changes)


@pytest.mark.parametrize(
    ("key", "result", "sentence"),
    [
        ("started", {"failed": True, "msg": "no unit"}, "starting on s: task failed: no unit"),
        ("probed", {"unreachable": True, "msg": "gone"}, "the probe on g: host did not answer"),
        ("probed", {"failed": True, "stdout": "Traceback", "msg": "x"}, "the probe on g: task"),
        ("stopped", {"unreachable": True, "msg": "gone"}, "stopping on s: host did not answer"),
    ],
)
def test_a_fault_of_the_harness_is_kept(
    tmp_path: Path, key: str, result: dict[str, Any], sentence: str
) -> None:
    record, answer = written(tmp_path, **{key: result})
    assert record["harness_fault"].startswith(sentence)
    assert answer["harness_fault"] == record["harness_fault"]
    assert "HARNESS FAULT" in answer["progress"]

"""The probe's records: read, refused with a sentence, and as a table."""

import json
from pathlib import Path
from typing import Any

import pytest
import unread

from pipebench.record.run_record import load_run
from pipebench.record.schema import ProbeRecord, RecordError
from pipebench.rules import conformance
from pipebench.rules.conformance import Conformance, probe_of, read_probes
from pipebench.run.judge import judge_run
from pipebench.show.report import problems
from tests.unit.pipebench.factory import (
    case,
    probe_record,
    record,
    run_document,
    typed,
    write_run,
)
from tests.unit.pipebench.rendering import render

RUN_ID = "20260101T000000Z-abcd"


def probe_in(document: dict[str, Any]) -> Conformance:
    return probe_of(typed(document, ProbeRecord), RUN_ID)


def run_with(folder: Path, **probes: dict[str, Any] | str) -> Path:
    write_run(folder, run_document(["one"], 1), {"a.json": record()})
    (folder / "probe").mkdir()
    for name, content in probes.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / "probe" / f"{name}.json").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"schema_version": 3}, "has schema version 3; it must be 1 or 2"),
        ({"run_id": "other"}, "it belongs to run other"),
        ({"deployment": None}, "deployment of the record is missing"),
        (
            {"probe": {"schema_version": 1, "cases": 5}},
            "cases of probe of the record is 5; it must be a list",
        ),
        ({"probe": {"schema_version": 9, "cases": []}}, "schema version 9"),
    ],
)
def test_a_record_that_cannot_be_used_says_why(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RecordError, match=sentence):
        probe_in(probe_record([case("single")]) | change)


UNREAD = {"requests": 100_000, "bytes": 4_100_000, "answer_bytes": 12_000_000}


@pytest.mark.parametrize(
    ("memory", "stopped", "seen", "conforms"),
    [
        (None, False, "takes all", None),  # an older record
        ([None, None], False, "takes all", None),
        ([20_000_000, None, 200_000_000, 90_000_000], False, "unbounded", False),
        ([20_000_000, 21_000_000], False, "takes all", True),
        ([20_000_000, 200_000_000], True, "takes all", None),  # which grew by something else
    ],
)
def test_the_servers_memory_decides_what_the_probe_could_not_see(
    memory: list[int | None] | None, stopped: bool, seen: str, conforms: bool | None
) -> None:
    taken = UNREAD | {"stopped": stopped, "memory_bytes": None}
    asked = case("unread", "takes all", conforms=None, unread=taken)
    (told,) = probe_in(probe_record([asked]) | {"server_memory_bytes": memory}).cases
    assert (told.seen, told.conforms) == (seen, conforms)
    assert ("its memory grew by " in told.detail) == (conforms is not None)


def test_the_run_judges_memory_as_the_probe_does() -> None:
    assert conformance.KEPT_SHARE == unread.KEPT_SHARE


def test_an_older_record_accuses_nobody() -> None:
    """Which has neither the new cases nor what they found."""
    seen = probe_in(probe_record([case("single"), case("pipelined")]))
    assert [(one.offsets, one.unread) for one in seen.cases] == [(None, None)] * 2
    assert seen.broken == []


def test_a_bad_record_is_named_and_the_others_stand(tmp_path: Path) -> None:
    run_with(tmp_path, bad="{", good=probe_record([case("single")]))
    probes, invalid = read_probes(load_run(tmp_path))
    assert [server.framework for server in probes] == ["one"]
    assert [record.file for record in invalid] == ["bad.json"]
    assert any("probe/bad.json is invalid" in said for said in problems(judge_run(tmp_path)))


def test_a_run_without_a_probe_has_no_table(tmp_path: Path) -> None:
    write_run(tmp_path, run_document(["one"], 1), {"a.json": record()})
    judged_run = judge_run(tmp_path)
    assert problems(judged_run) == []
    assert "## Pipelining" not in render(judged_run).files["report.md"]


def test_a_fault_of_the_harness_is_a_problem_of_the_run(tmp_path: Path) -> None:
    run_with(tmp_path, one=probe_record(None, harness_fault="the probe on g: task failed: no"))
    assert problems(judge_run(tmp_path)) == [
        "the probe of one: harness fault: the probe on g: task failed: no"
    ]


@pytest.mark.parametrize(
    ("probe", "why"),
    [
        (
            probe_record(None, deployment={"available": False, "reason": "no CPython 3.7"}),
            "no CPython 3.7",
        ),
        (
            probe_record(None, server={"host": "s", "ready_error": "ended before it answered"}),
            "ended before it answered",
        ),
        (probe_record(None), "the probe did not start"),
    ],
)
def test_what_was_not_probed_says_why(probe: dict[str, Any], why: str) -> None:
    found = probe_in(probe)
    assert (found.why, found.cases) == (why, [])


def test_frameworks_are_across_and_cases_down() -> None:
    documents = [
        probe_record([case("single"), case("http-1.0", "stays open")], framework="b"),
        probe_record([case("single"), case("http-1.0")], framework="a", workers=2),
        probe_record(None, framework="c"),
    ]
    probes = {probe.server: probe for d in documents if (probe := probe_in(d))}
    table = conformance.table(probes, {"a": "A"})
    assert table
    assert table.heads == ["A, 2 workers", "b, 1 worker", "c, 1 worker"]
    assert [(row.name, [cell and cell.seen for cell in cells]) for row, cells in table.rows] == [
        ("single", ["full", "full", None]),
        ("http-1.0", ["full", "stays open", None]),
    ]
    assert [(head, one.name) for head, one in table.details] == [("b, 1 worker", "http-1.0")]
    assert list(table.why) == ["c, 1 worker"]

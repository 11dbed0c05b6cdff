"""Raw records are read strictly, a run is read with patience, and nothing is fatal but no run."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipebench.measure.measurement import Measurement
from pipebench.record.factors import Cell
from pipebench.record.run_record import load_run
from pipebench.record.schema import InvalidRecord, RunError
from pipebench.run.judge import judge_run
from tests.unit.pipebench.factory import measurement_of, record, run_document, write_run

Damage = Callable[[dict[str, Any]], object]


def result_of(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["generators"][0]["measured"]["result"]
    return found


def one_record_run(folder: Path, content: dict[str, Any] | str) -> Path:
    return write_run(folder, run_document(["one"], 1), {"a.json": content})


def read_one(folder: Path, content: dict[str, Any] | str) -> Measurement | InvalidRecord:
    judged = judge_run(one_record_run(folder, content))
    measurements = (one.measurement for one in judged.measurements)
    found: list[Measurement | InvalidRecord] = [*judged.invalid, *measurements]
    (only,) = found
    return only


def test_a_whole_record_is_read(tmp_path: Path) -> None:
    found = read_one(tmp_path, record())
    assert isinstance(found, Measurement)
    assert found.cell == Cell(testbed="main", framework="one", workers=1, depth=5, connections=200)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param("", "it is empty", id="empty"),
        pytest.param(" \n", "it is empty", id="blank"),
        pytest.param(json.dumps(record())[:500], "it is truncated after 500 bytes", id="cut"),
        pytest.param('{"schema_version": 1, "run', "it is truncated after", id="cut in a text"),
        pytest.param('{"available": tr', "truncated or not JSON", id="cut in a word"),
        pytest.param("not JSON", "truncated or not JSON", id="text"),
        pytest.param("[1, 2]", "the record is a list; it must be an object", id="list"),
        pytest.param("[" * 100_000, "not JSON", id="deep"),
        pytest.param(
            json.dumps(record(schema_version=3)), "schema version 3; it must be 1 or 2", id="newer"
        ),
        pytest.param(json.dumps(record(run_id="x")), "it belongs to run x", id="other run"),
    ],
)
def test_a_file_that_is_no_record_is_named(tmp_path: Path, content: str, reason: str) -> None:
    found = read_one(tmp_path, content)
    assert isinstance(found, InvalidRecord)
    assert found.file == "a.json"
    assert reason in found.reason


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        pytest.param(lambda d: d.pop("depth"), "the record has no depth", id="no depth"),
        pytest.param(
            lambda d: d.update(depth=0),
            "depth of the record is 0; it must be at least 1",
            id="depth 0",
        ),
        pytest.param(
            lambda d: d.update(round="1"),
            r"round of the record is a text \(\"1\"\); it must be a whole",
            id="text",
        ),
        pytest.param(
            lambda d: d.update(round=True),
            "round of the record is true; it must be a whole number",
            id="flag",
        ),
        pytest.param(
            lambda d: d.update(deployment=None), "deployment of the record", id="no deploy"
        ),
        pytest.param(
            lambda d: result_of(d).update(depth=16),
            "result of measured of generator 1 is of depth 16, not 5",
            id="other depth",
        ),
        pytest.param(
            lambda d: result_of(d).update(requests=-1),
            "requests of result of measured of generator 1 is -1; it must be at",
            id="negative",
        ),
        pytest.param(
            lambda d: result_of(d).update(duration_us=0), "duration_us of .* is 0", id="no time"
        ),
        pytest.param(
            lambda d: result_of(d)["errors"].pop("read"),
            "errors of result of .* has no read",
            id="no errors",
        ),
        pytest.param(
            lambda d: result_of(d).update(schema_version=9), "schema version 9", id="newer result"
        ),
        pytest.param(
            lambda d: result_of(d)["latency"].update(histogram=[[1, 2], [3]]),
            "is not a list of pairs of whole numbers",
            id="ragged",
        ),
        pytest.param(
            lambda d: result_of(d)["latency"].update(histogram=[[1, "x"]]),
            "not a list of pairs",
            id="letters",
        ),
        pytest.param(
            lambda d: result_of(d)["latency"].update(histogram=[[1, 0.5]]),
            "not a list of pairs",
            id="fractions",
        ),
        pytest.param(
            lambda d: result_of(d)["latency"].update(histogram=[[2, 1], [1, 1]]),
            "not in the order",
            id="unordered",
        ),
        pytest.param(
            lambda d: d["generators"][0]["measured"].update(ended=1),
            "ended before it started",
            id="backwards",
        ),
        pytest.param(
            lambda d: d["generators"][0]["measured"].update(cpu_s=float("nan")),
            "it has NaN",
            id="NaN",
        ),
        pytest.param(
            lambda d: d["server"]["samples"]["t"].reverse(), "the order of time", id="samples"
        ),
        pytest.param(
            lambda d: d["server"]["samples"]["t"].pop(), "not as many in every", id="sample"
        ),
    ],
)
def test_a_record_that_contradicts_itself_is_named(
    tmp_path: Path, damage: Damage, reason: str
) -> None:
    document = record()
    damage(document)
    found = read_one(tmp_path, document)
    assert isinstance(found, InvalidRecord)
    assert re.search(reason, found.reason)


def test_a_server_of_which_little_is_known_is_no_contradiction() -> None:
    found = measurement_of(record(server={"host": "a"}, generators=[], harness_fault="gone"))
    assert (found.server_host, found.ready_errors) == ("a", [])


def test_a_file_that_is_being_written_is_not_looked_at(tmp_path: Path) -> None:
    run = one_record_run(tmp_path, record())
    (run / "raw" / ".b.json").write_text("{")
    judged = judge_run(run)
    assert (len(judged.measurements), judged.invalid) == (1, [])


def test_the_schedule_holds_each_testbed(tmp_path: Path) -> None:
    document = run_document(["one", "two"], 3, testbeds=[{"name": "a"}, {"name": "b"}])
    run = load_run(write_run(tmp_path, document, {}))
    assert run.scheduled == 12
    assert {cell.testbed for cell in run.cells} == {"a", "b"}


def test_only_the_id_is_needed_of_a_run(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"schema_version": 1, "run_id": "r"}')
    run = load_run(tmp_path)
    assert (run.run_id, run.rounds, run.hosts, run.started) == ("r", [], {}, None)


def test_a_host_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    folder = one_record_run(tmp_path, record())
    (folder / "hosts" / "lab-server.json").write_text("{")
    run = load_run(folder)
    assert list(run.hosts) == ["lab-loadgen"]
    assert "hosts/lab-server.json cannot be used" in run.problems[0]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "is not a run: it has no run.json"),
        ("", "cannot be used: it is empty"),
        ('{"schema_version": 1', "cannot be used: it is truncated"),
        ('{"schema_version": 3, "run_id": "r"}', "schema version 3; it must be 1 or 2"),
        ('{"schema_version": 1}', "run.json has no run_id"),
    ],
)
def test_what_is_no_run(tmp_path: Path, content: str | None, sentence: str) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    with pytest.raises(RunError, match=sentence):
        load_run(tmp_path)


def test_what_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="does not exist"):
        load_run(tmp_path / "none")

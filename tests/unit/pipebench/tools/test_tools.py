"""A load tool is found by its file, and any of them makes a measurement."""

import csv
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from msgspec.json import decode

import pipebench
import pipebench.tools
from pipebench.measure.measurement import read_measurement
from pipebench.record.columns import Histogram
from pipebench.record.schema import InvalidRecord, Record, RecordError, ToolRun
from pipebench.rules.bottleneck import candidates
from pipebench.rules.outcome import Context, judge
from pipebench.run.judge import judge_run
from pipebench.tools import find_tool, tools
from pipebench.tools.tool import Counts, Tool
from tests.unit.pipebench.factory import (
    generator,
    measurement_of,
    record,
    run_document,
    write_run,
    wrk,
)
from tests.unit.pipebench.rendering import render

FILES = Path(__file__).parents[4] / "files" / "generator" / "tools"


def test_each_tool_has_a_file_on_the_controller_and_one_on_the_generator() -> None:
    assert set(tools()) == {path.stem for path in FILES.glob("[!_]*.py")} >= {"wrk", "h2load"}


def test_a_tool_that_is_not_here_is_named() -> None:
    with pytest.raises(RecordError, match=r"record is x; it must be .*h2load or .*wrk"):
        find_tool("x", "raw")


def test_records_that_name_no_tool_are_of_the_first_ones() -> None:
    assert find_tool(None, "raw").name == "wrk"
    assert find_tool(None, "crosscheck").name == "h2load"
    assert measurement_of(record()).tool == "wrk"


@pytest.mark.parametrize(
    ("tool", "connections", "threads", "opened"),
    [("wrk", 200, 10, 200), ("wrk", 205, 10, 200), ("wrk", 5, 10, 10), ("h2load", 205, 10, 205)],
)
def test_how_many_connections_a_tool_opens(
    tool: str, connections: int, threads: int, opened: int
) -> None:
    assert tools()[tool].opens(connections, threads) == opened


def test_only_a_cross_check_may_be_in_no_round(tmp_path: Path) -> None:
    document = record(round=None)
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "a.json").write_text(json.dumps(document))
    found = read_measurement(tmp_path, "raw/a.json", document["run_id"])
    assert found == InvalidRecord("a.json", "the record has no round")
    document = record(round=None, rate=1000.0, tool="wrk")
    assert measurement_of(document, "crosscheck").round == 0


class Toy(Tool):
    """A third tool, with a result of its own."""

    name = "toy"
    times = "request"

    def opens(self, connections: int, threads: int) -> int:  # noqa: ARG002
        return connections

    def counts(self, execution: ToolRun, record: Record, name: str) -> Counts:  # noqa: ARG002
        result: dict[str, Any] = decode(execution.result)
        latencies: Histogram = (np.array([result["mean_us"]]), np.array([result["answers"]]))
        return Counts(
            threads=1,
            requests=result["answers"],
            bytes=None,
            duration_s=2.0,
            requests_per_s=result["answers"] / 2.0,
            errors={},
            opened=record.connections,
            histogram=latencies,
        )

    def problem(self, execution: ToolRun, counts: Counts | None) -> None:
        pass


@pytest.fixture
def _toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """One more file among the tools."""
    (tmp_path / "toy.py").touch()
    module = ModuleType("pipebench.tools.toy")
    module.TOOL = Toy()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(pipebench.tools, "__path__", [*pipebench.tools.__path__, str(tmp_path)])
    tools.cache_clear()
    yield
    tools.cache_clear()


@pytest.mark.usefixtures("_toy")
def test_a_third_tool_is_one_more_file() -> None:
    made = wrk(None) | {"argv": ["toy"], "result": {"mean_us": 500, "answers": 4000}}
    found = measurement_of(record(tool="toy", generators=[generator(made)]), "crosscheck")
    assert found.tool == "toy"
    assert found.totals
    assert (found.totals.requests_per_s, found.totals.bytes) == (2000, None)
    assert found.totals.latency
    assert found.totals.latency.p50_us == 500
    assert found.tool_problem is None


@pytest.mark.usefixtures("_toy")
def test_a_run_of_another_tool_has_no_word_of_the_first(tmp_path: Path) -> None:
    """The words about a tool are its own. A tool that times requests has no batches."""
    made = wrk(None) | {"argv": ["toy"], "result": {"mean_us": 490_000, "answers": 4000}}
    made |= {"stdout": "toy says hello", "cpu_s": 0.5}
    measured = record(framework="alpha", tool="toy", generators=[generator(made)])
    judged_run = judge_run(write_run(tmp_path, run_document(["alpha"], 1), {"a.json": measured}))
    (judged,) = judged_run.measurements
    assert (judged.judgement.outcome, judged.judgement.reason) == ("ok", "")
    sentences = [one.sentence for one in candidates(judged.measurement)]
    assert any(sentence.startswith("toy used 0.25 of ") for sentence in sentences)
    rendered = render(judged_run)
    (row,) = csv.DictReader(rendered.files["results.csv"].splitlines())
    assert float(row["requests_per_s"]) == 2000
    assert {row[name] for name in row if name.startswith("batch")} | {row["busy"]} == {""}
    report = rendered.files["report.md"]
    assert "toy times requests and not batches" in report
    assert "<details><summary>Output of toy in a median round" in report
    assert "one execution of toy" in report
    named = [line for line in report.splitlines() if "wrk" in line]
    assert all(line.startswith("| wrk") for line in named)  # the host has it, and says so


@pytest.mark.usefixtures("_toy")
def test_a_tool_that_times_requests_sees_that_its_connections_wait_for_nothing() -> None:
    """A server that answers a few and closes; by Little's law 1,000 should be under way."""
    made = wrk(None) | {"argv": ["toy"], "result": {"mean_us": 500, "answers": 4000}, "cpu_s": 0.5}
    measurement = measurement_of(record(tool="toy", generators=[generator(made)]))
    found = judge(measurement, Context())
    assert found.rules == ("busy",)
    assert found.reason.startswith("its requests fill 0.00 of the connections' time")


NAMED = {
    "earlier/resume.py": "fields of fingerprints, by their recorded names",
    "record/schema.py": "the same",
    "run/figures.py": "the address of a heading in docs/",
    "chapters/stack_2017.py": "what was published in 2017",
    "chapters/stack_2017_tables.py": "the same",
    "chapters/templates/stack_2017.md.j2": "the same",
}
"""Files besides those of the tools that name one, and why."""


def test_no_other_file_names_a_tool() -> None:
    package = Path(pipebench.__file__).parent
    names = re.compile(rf"\b({'|'.join(tools())})(\b|_)", re.IGNORECASE)
    files = [path for kind in ("*.py", "*.j2") for path in package.rglob(kind)]
    naming = {str(path.relative_to(package)) for path in files if names.search(path.read_text())}
    assert {name for name in naming if not name.startswith("tools/")} <= NAMED.keys()

"""What --json prints: one object with the keys that docs/formats.md has, for machines."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipebench.compare.columns import COLUMNS
from pipebench.compare.machine_columns import COLUMNS as MACHINE_COLUMNS
from pipebench.run.tables import RESULTS
from tests.commands import ROOT
from tests.unit.command import collect
from tests.unit.pipebench.factory import DATA
from tests.unit.pipebench.runs import EXAMPLE, made_run

FOUR = {"one": 50_000, "one-again": 50_000, "two": 40_000}
DOCUMENTED = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8").split("## `--json`")[1]


def printed(*words: str | Path, status: int = 0) -> dict[str, Any]:
    done = collect(*words, "--json")
    assert done.returncode == status, done.stderr
    document: dict[str, Any] = json.loads(done.stdout, parse_constant=pytest.fail)
    assert document.pop("schema_version") == 1
    return document


def documented(document: dict[str, Any]) -> None:
    for key in document:
        assert re.search(rf"\b{key}\b", DOCUMENTED), key


def test_the_runs_of_a_folder(tmp_path: Path) -> None:
    made_run(tmp_path / "first", FOUR, rounds=1)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "run.json").write_text("{")
    document = printed("list", tmp_path)
    documented(document)
    (run,) = document["runs"]
    documented(run)
    assert (run["run_id"], run["state"], run["measured"]) == ("first", "ended", 3)
    assert run["folder"] == str(tmp_path / "first")
    assert len(document["not_listed"]) == 1
    assert printed("list", tmp_path / "first")["runs"] == [run]
    (tmp_path / "none").mkdir()
    assert printed("list", tmp_path / "none") == {"runs": [], "not_listed": []}


def test_a_measurement_has_its_row_of_results_csv(tmp_path: Path) -> None:
    (file, *_) = sorted((EXAMPLE / "raw").iterdir())
    document = printed("show", file)
    documented(document)
    assert list(document["values"]) == [column.name for column in RESULTS]
    assert (document["kind"], document["values"]["outcome"]) == ("raw", "ok")
    assert document["values"]["requests_per_s"] > 0
    assert (document["rules"], document["run_problem"]) == ([], None)
    alone = tmp_path / "raw" / file.name
    alone.parent.mkdir()
    shutil.copy(file, alone)
    document = printed("show", alone)
    assert "has no run.json" in document["run_problem"]


def test_the_broken_rules_of_a_measurement() -> None:
    document = printed("show", DATA / "run" / "raw" / "main-r01-003-closer-w1-d5-c200.json")
    assert document["values"]["outcome"] in ("degraded", "failed")
    assert document["rules"]


def test_a_probe_and_a_path() -> None:
    document = printed("show", DATA / "run" / "probe" / "main-closer-w1.json")
    documented(document)
    assert (document["kind"], document["framework"], document["workers"]) == ("probe", "closer", 1)
    documented(document["cases"][0])
    assert {case["conforms"] for case in document["cases"]} == {True, False}
    (file,) = (EXAMPLE / "baseline").iterdir()
    document = printed("show", file)
    documented(document)
    assert document["capacity"]["to_server"]["bytes"]["per_s"] > 0


def test_what_cannot_be_shown_is_a_sentence_and_no_json() -> None:
    done = collect("show", EXAMPLE / "run.json", "--json")
    assert (done.returncode, done.stdout) == (2, "")


@pytest.fixture
def pair(tmp_path: Path) -> list[Path]:
    slower = {"one": 50_000, "one-again": 50_000, "two": 80_000}
    return [made_run(tmp_path / "base", FOUR), made_run(tmp_path / "new", slower)]


def test_a_comparison_is_compare_csv_and_writes_nothing(pair: list[Path], tmp_path: Path) -> None:
    document = printed("compare", *pair)
    documented(document)
    assert (document["base"], document["runs"], document["gate"]) == ("base", ["new"], None)
    assert [list(cell) for cell in document["cells"]] == [[one.name for one in COLUMNS]] * 3
    (two,) = [cell for cell in document["cells"] if cell["framework"] == "two"]
    assert two["verdict"] == "slower"
    assert 0.4 < two["ratio"] < 0.6
    assert {path.name for path in tmp_path.iterdir()} == {"base", "new"}
    printed("compare", *pair, "--output", tmp_path / "out")
    assert (tmp_path / "out" / "compare.md").is_file()


def test_the_gate(pair: list[Path]) -> None:
    gate = printed("compare", *pair, "--fail-if-slower", "5%", status=10)["gate"]
    documented(gate)
    assert (gate["status"], gate["meaning"], gate["loss"]) == (10, "slower", 0.05)
    (miss,) = [one for one in gate["misses"] if one["meaning"] == "slower"]
    assert (miss["run"], miss["cell"]["framework"]) == ("new", "two")
    assert printed("compare", pair[0], pair[0].parent / "none", "--fail-if-slower", "5%", status=13)


def test_machines(pair: list[Path]) -> None:
    done = collect("compare", "--machines", *pair, "--json")
    document = json.loads(done.stdout)
    documented(document)
    assert document["machines"]
    for one in document["machines"]:
        assert list(one) == [column.name for column in MACHINE_COLUMNS]


def test_a_text_of_a_stranger_has_nothing_that_a_terminal_obeys(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", FOUR, rounds=1)
    document = json.loads((run / "run.json").read_text())
    document["commit"] = "\x1b[31mred\u202e"
    (run / "run.json").write_text(json.dumps(document))
    done = collect("list", tmp_path, "--json")
    assert "\x1b" not in done.stdout
    assert "u001b" not in done.stdout
    assert json.loads(done.stdout)["runs"][0]["commit"] == "red"

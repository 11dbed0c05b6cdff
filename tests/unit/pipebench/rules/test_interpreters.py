"""A CPython that is not an optimised build is named where its figures are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipebench.compare.provenance import framework_differences
from pipebench.record.run_record import load_run
from pipebench.rules.interpreters import unoptimised
from pipebench.run.judge import judge_run
from pipebench.show import report
from pipebench.show.charts import charts
from tests.unit.pipebench.factory import run_document, small_run, write_run

SLOWER = ": Python frameworks are slower here than with uv's"
REMARK = f"CPython 3.13.5, not an optimised build{SLOWER} (Alpha; Beta)"


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "CHARTS", ())


def installed(source: str, version: str = "3.13.5") -> dict[str, Any]:
    return {
        "runtime": f"CPython {version} ({source})",
        "interpreter": {"version": version, "source": source},
        "packages": {"uvloop": "0.22.1"},
    }


def fingerprinted(folder: Path, host: str, **frameworks: Any) -> Path:
    path = folder / "hosts" / f"{host}.json"
    content = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps(content | {"frameworks": frameworks}))
    return folder


def test_the_report_its_versions_and_the_terminal_say_it(tmp_path: Path) -> None:
    ours = installed("maven")
    fingerprinted(small_run(tmp_path), "lab-server", alpha=ours, beta=ours, of_another_run=ours)
    rendered = report.render(judge_run(tmp_path, alone=True))
    assert REMARK in rendered.remarks
    text = rendered.files["report.md"]
    first_words = text.split("\n## ")[1]
    assert f"{REMARK}." in first_words
    assert "CPython 3.13.5 (maven), not an optimised build, uvloop 0.22.1" in text
    assert "not an optimised build" in rendered.files["report.html"]


def test_nothing_is_said_of_any_other_and_of_older_records(tmp_path: Path) -> None:
    older = {"runtime": "CPython 3.13.5 (maven)", "packages": {}}
    fingerprinted(small_run(tmp_path), "lab-server", alpha=installed("managed"), beta=older)
    rendered = report.render(judge_run(tmp_path, alone=True))
    assert "optimised" not in str(rendered)


def test_hosts_that_differ_are_named(tmp_path: Path) -> None:
    document = run_document(["alpha", "beta"], 1)
    (first,) = document["testbeds"]
    document["testbeds"] = [
        first | {"name": name, "server": server}
        for name, server in (("one", "a"), ("two", "b"), ("three", "c"))
    ]
    write_run(tmp_path, document, {})
    ours, old = installed("maven"), installed("maven", "3.7.9")
    fingerprinted(tmp_path, "a", alpha=ours, beta=old)
    fingerprinted(tmp_path, "b", alpha=ours)
    fingerprinted(tmp_path, "c", alpha=installed("managed"), beta=None)
    assert unoptimised(load_run(tmp_path)) == [
        f"CPython 3.13.5, not an optimised build on a and b{SLOWER} (Alpha)",
        f"CPython 3.7.9, not an optimised build on a{SLOWER} (Beta)",
    ]


def test_a_comparison_names_the_difference(tmp_path: Path) -> None:
    managed, maven = (
        load_run(fingerprinted(small_run(tmp_path / source), "lab-server", alpha=installed(source)))
        for source in ("managed", "maven")
    )
    (difference,) = framework_differences(managed, maven, "alpha")
    assert difference == (
        "framework alpha",
        "CPython",
        "3.13.5 (managed)",
        "3.13.5 (maven), not an optimised build",
    )

"""collect.py as a command: what it prints, writes and returns."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.command import bare, collect
from tests.unit.pipebench.factory import DATA, record, run_document, write_run

COLLECT = Path(__file__).parents[3] / "collect.py"


def test_it_ends_with_the_table_and_the_path_of_the_report(tmp_path: Path) -> None:
    write_run(tmp_path / "run", run_document(["one"], 1), {"a.json": record()})
    done = subprocess.run(
        [sys.executable, COLLECT, "run"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].split()[:3] == ["framework", "outcome", "rank"]
    assert lines[1].split()[:2] == ["one", "ok"]
    assert lines[-1] == "Report: run/report.html (the same as Markdown: report.md)"
    made = {path.name for path in (tmp_path / "run").iterdir() if path.is_file()}
    assert made == {"run.json", "results.csv", "summary.csv", "report.md", "report.html"}


def test_a_run_that_is_not_whole_is_rendered_and_named(tmp_path: Path) -> None:
    run = shutil.copytree(DATA / "run", tmp_path / "run")
    done = collect(run)
    assert done.returncode == 1
    assert "is invalid: it is truncated after 900 bytes" in done.stderr
    assert (run / "report.md").is_file()
    assert done.stdout.splitlines()[-1].startswith(f"Report: {run / 'report.html'}")


@pytest.mark.parametrize(("content", "told"), [("", "it is empty"), ("{", "it is truncated")])
def test_one_bad_record_does_not_stop_the_others(tmp_path: Path, content: str, told: str) -> None:
    records: dict[str, dict[str, Any] | str] = {"a.json": record(), "b.json": content}
    done = collect(write_run(tmp_path, run_document(["one"], 2), records))
    assert done.returncode == 1
    assert f"raw/b.json is invalid: {told}" in done.stderr
    assert re.search(r"^one +ok ", done.stdout, re.MULTILINE)


def test_a_run_without_an_ok_measurement_says_so(tmp_path: Path) -> None:
    absent = record(deployment={"available": False, "reason": "no"}, server=None, generators=[])
    done = collect(write_run(tmp_path, run_document(["one"], 1), {"a.json": absent}))
    assert done.returncode == 0
    assert done.stderr == "collect.py: no measurement of this run is ok\n"
    assert "one: unavailable: 1 of 1 rounds: could not be deployed: no" in done.stdout


def test_what_is_no_run_is_refused_in_a_sentence(tmp_path: Path) -> None:
    for folder, told in ((tmp_path, "it has no run.json"), (tmp_path / "none", "does not exist")):
        done = collect(folder)
        assert done.returncode == 2
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1
        assert told in done.stderr


def test_it_wants_a_folder_and_explains_itself() -> None:
    assert collect().returncode == 2
    assert "RESULTS/RUN" in collect("--help").stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", run_document(["one"], 1), {"a.json": record()})
    run.chmod(0o500)
    done = collect(run)
    run.chmod(0o700)
    assert done.returncode == 3
    assert "cannot be written to: Permission denied; --output FOLDER writes" in done.stderr


def test_the_outputs_go_where_they_are_wanted_and_the_run_stays_as_it_is(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", run_document(["one"], 1), {"a.json": record()})
    before = sorted(run.rglob("*"))
    (tmp_path / "out").mkdir()
    for output in (tmp_path / "out", tmp_path / "new" / "out"):
        done = collect("render", run, "--output", output)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[-1].startswith(f"Report: {output / 'report.html'} ")
        made = {path.name for path in output.iterdir() if path.is_file()}
        assert made == {"results.csv", "summary.csv", "report.md", "report.html"}
    assert sorted(run.rglob("*")) == before


def test_a_folder_that_has_something_is_written_to_only_by_force(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", run_document(["one"], 1), {"a.json": record()})
    output = tmp_path / "out"
    chart = output / "charts" / "machines.svg"
    chart.parent.mkdir(parents=True)
    for file in (chart, output / "report.md", output / "mine"):
        file.write_text("earlier")
    done = collect("report", run, "--output", output)
    assert done.returncode == 3
    assert done.stderr == (
        f"collect.py: {output} is not empty; name a new folder, or add --force, which replaces "
        "what has the same name in it\n"
    )
    assert {path.name for path in output.iterdir()} == {"charts", "report.md", "mine"}
    assert collect("report", run, "--output", output, "--force").returncode == 0
    assert (output / "report.md").read_text().startswith("# ")
    assert (output / "mine").read_text() == "earlier"
    assert not chart.exists()


def test_an_output_that_is_not_a_folder_is_named(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", run_document(["one"], 1), {"a.json": record()})
    (tmp_path / "out").touch()
    for force in ([], ["--force"]):
        done = collect("render", run, "--output", tmp_path / "out", *force)
        assert done.returncode == 3
        assert f"{tmp_path / 'out'} cannot be written to: " in done.stderr


def test_nothing_is_made_for_what_is_not_a_run(tmp_path: Path) -> None:
    assert collect("render", tmp_path, "--output", tmp_path / "out").returncode == 2
    assert not (tmp_path / "out").exists()


def test_prices_are_kept_where_the_report_is(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", run_document(["one"], 1), {"a.json": record()})
    host = run_document(["one"], 1)["testbeds"][0]["server"]
    prices = tmp_path / "today.yml"
    prices.write_text(
        f"hosts: {{{host}: {{per_hour: 0.5, currency: EUR, date: 2026-12-01, source: a list}}}}\n"
    )
    output = tmp_path / "out"
    words = ("render", run, "--output", output)
    assert collect(*words, "--prices", prices).returncode == 0
    assert "0.5 EUR" in (output / "report.md").read_text()
    assert not (run / "prices.yml").exists()
    assert collect(*words, "--force").returncode == 0
    assert "0.5 EUR" in (output / "report.md").read_text()


def test_without_its_environment_it_says_what_to_do(tmp_path: Path) -> None:
    done = bare(tmp_path, "x")
    assert done.returncode == 4
    assert (
        "numpy, pandas, msgspec, jinja2, vl_convert, markdown_it, yaml and loky are missing. "
        "./bench makes the" in " ".join(done.stderr.split())
    )


def test_it_goes_on_in_the_projects_environment(tmp_path: Path) -> None:
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "went on: $2"\n')
    python.chmod(0o755)
    done = bare(tmp_path, "x")
    assert done.stdout == "went on: x\n"


@pytest.mark.parametrize("command", ["render", "compare", "calibrate"])
def test_a_folder_of_runs_is_not_a_run_and_names_them(tmp_path: Path, command: str) -> None:
    for name in ("first", "second"):
        write_run(tmp_path / name, run_document(["one"], 1), {"a.json": record()})
    other = [tmp_path / "first"] if command == "compare" else []
    done = collect(command, tmp_path, *other)
    assert done.returncode == 2
    assert f"{tmp_path} is not a run; its runs: first, second" in done.stderr
    done = collect(tmp_path / "first" / "raw")
    assert done.stderr == (
        f"collect.py: {tmp_path / 'first' / 'raw'} is a part of a run; the run is "
        f"{tmp_path / 'first'}\n"
    )


def test_show_names_a_record_that_exists(tmp_path: Path) -> None:
    run = shutil.copytree(DATA / "run", tmp_path / "run")
    first = run / "raw" / "main-r01-001-absent-w1-d5-c200.json"
    third = run / "raw" / "main-r03-004-alpha-w1-d5-c200.json"
    for path, wrong, right in (
        (run / "run.json", "is not a record", first),
        (run, "is a folder", first),
        (run / "raw", "is a folder", first),
        (run / "nothing.json", "does not exist", first),
        (run / "raw" / "main-r03-004-alpha-w1-d5-c20.json", "does not exist", third),
        (run / "probe" / "main-alpha-w2.json", "does not exist", run / "probe/main-alpha-w1.json"),
    ):
        done = collect("show", path)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"collect.py: {path} {wrong}; a record of this run is {right}\n"
    done = collect("show", tmp_path / "nothing")
    assert done.stderr.endswith("does not exist; show requires a record of a run, as in raw/\n")

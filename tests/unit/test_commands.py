"""The commands of the pages that need no hosts, run as they are typed; and none is left out."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from pipebench.run.judge import JudgedRun
from tests import commands
from tests.commands import ROOT
from tests.unit.files.probe.servers import healthy, running
from tests.unit.pipebench.runs import made_run

BIN = Path(sys.executable).parent
PRICES = ROOT / "docs" / "prices.example.yml"


def test_every_command_of_a_page_is_run_by_a_test() -> None:
    unknown = {
        command: [page.name for page in pages]
        for command, pages in commands.of_pages().items()
        if commands.row_of(command) is None
    }
    assert unknown == {}


def test_nothing_is_run_that_no_page_has() -> None:
    used = {commands.row_of(command) for command in commands.of_pages()}
    assert used == set(commands.RUN_BY)


def test_the_file_that_is_to_run_a_command_has_it() -> None:
    for command, by in commands.RUN_BY.items():
        layer, _, name = by.partition("/")
        assert layer in ("ci", "unit", "ansible", "servers", "lab")
        files = [path for path in (ROOT / "tests" / by, ROOT / by) if path.is_file()]
        assert not name or [f'"{command}' in path.read_text() for path in files] == [True]


@pytest.mark.parametrize("page", commands.PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_command_stands_where_it_is_looked_for(page: Path) -> None:
    assert commands.hidden(page.read_text(encoding="utf-8")) == []


def test_what_is_a_command_and_what_is_not() -> None:
    page = (
        "Type `./bench -e\n@plans/a.yml` or `pytest -k b`; `pytest`, `-e x=1`, `wrk -t1` not.\n"
        "```sh\n./test   # all\n\n# nothing\nnew --option\n```\n"
        "```yaml\ntitle: `./no`\n```\n    python3 files/probe 1\n    aligned ./text\n"
    )
    assert commands.written(page) == [
        "./test",
        "new --option",
        "./bench -e @plans/a.yml",
        "pytest -k b",
    ]
    assert commands.hidden(page) == ["python3 files/probe 1"]
    assert commands.row_of("./bench -e @plans/a.yml") == "./bench -e @plans/*.yml"
    assert commands.row_of("./bench -e @plans/a.yml -e @plans/b.yml") is None
    assert commands.row_of("new --option") is None


def test_every_plan_that_a_page_names_is_there() -> None:
    for page in commands.PAGES:
        for name in re.findall(r"\bplans/([a-z0-9-]+\.yml)", page.read_text(encoding="utf-8")):
            assert (ROOT / "plans" / name).is_file(), f"{page.name}: plans/{name}"


def test_wrk_is_run_as_the_readme_says(example: JudgedRun) -> None:
    """Its words are, in their order, in the command of every measurement of the example."""
    (typed,) = re.findall(r"^    (wrk .*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    commands_run = [m.measurement.argv for m in example.measurements if m.measurement.argv]
    assert len(commands_run) > 40
    for argv in commands_run:
        server = re.sub(r".*http://([^/]+):8080/.*", r"\1", " ".join(argv))
        words = iter(Path(word).name if word.endswith(".lua") else word for word in argv)
        assert all(word in words for word in typed.replace("SERVER", server).split()), argv


def test_continuous_integration_runs_all_tests(tmp_path: Path) -> None:
    """`./test` with no layer is all layers; .ci/run hands on what it was given, and its status."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    stand_in = tmp_path / "test"
    stand_in.write_text('#!/bin/sh\necho "$# $*"\nexit 7\n')
    stand_in.chmod(0o755)
    done = subprocess.run(
        [tmp_path / ".ci" / "run"], capture_output=True, text=True, check=False, cwd="/"
    )
    assert (done.returncode, done.stdout) == (7, "0 \n")
    assert commands.run_by("ci") == ["./test"]


def run(
    command: str, words: Mapping[str, str | Path] | None = None
) -> subprocess.CompletedProcess[str]:
    """As typed, in the environment of these tests, which has what .venv has."""
    here = {".venv/bin/": f"{BIN}/"} if command.startswith(".venv/bin/") else {}
    return commands.run(commands.filled(command, here | dict(words or {})), first=BIN)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs that differ in nothing, and one of a server that plans/calibrate.yml measures."""
    folder = tmp_path_factory.mktemp("results")
    means = {"one": 50_000, "one-again": 50_000, "two": 40_000}
    made_run(folder / "first", means)
    made_run(folder / "second", means)
    made_run(folder / "calibrated", {"calibration@delay-40ms": 50_000}, rounds=1)
    made_run(folder / "with-ceiling", {"ceiling": 10_000, "one": 50_000})
    shutil.copy(PRICES, folder)
    return folder


RUNS = {
    "./collect.py results/RUN": ({"results/RUN": "first"}, 0, "Report: "),
    "./collect.py show RECORD": (
        {"RECORD": "first/raw/main-r01-*-two-*"},
        0,
        "Limited by: server",
    ),
    "./collect.py list": ({}, 0, "example"),
    "./collect.py list --json": ({}, 0, '"run_id": "example"'),
    "./collect.py compare results/RUN results/RUN...": (
        {"results/RUN...": "second", "results/RUN": "first"},
        0,
        "Comparison: ",
    ),
    "./collect.py compare --machines results/RUN results/RUN...": (
        {"results/RUN...": "second", "results/RUN": "first"},
        0,
        "first (base)",
    ),
    "./collect.py compare results/BASE results/NEW --fail-if-slower 5%": (
        {"results/BASE": "first", "results/NEW": "second"},
        0,
        "Gate, 2 cells checked: passed.",
    ),
    # What was measured takes 50 ms: it is judged, and it is not that server.
    "./collect.py calibrate results/RUN": ({"results/RUN": "calibrated"}, 1, "0 of 1 servers"),
    "./collect.py render results/RUN --prices FILE": (
        {"results/RUN": "second", "FILE": PRICES.name},
        0,
        "Report: ",
    ),
    "./collect.py export RUN... -o FILE": (
        {"RUN...": "first", "FILE": "every.csv"},
        0,
        "18 rows",
    ),
    "./collect.py export RUN... --what cells -o FILE": (
        {"RUN...": "first", "FILE": "cells.parquet"},
        0,
        "3 rows",
    ),
    "./collect.py pivot RUN... --rows framework --columns depth --values requests_per_s": (
        {"RUN...": "first"},
        0,
        "depth 5\n",
    ),
    "./collect.py pivot RUN... --ratio-to ceiling --where depth=5 --markdown": (
        {"RUN...": "with-ceiling"},
        0,
        "| ceiling | 1 |\n",
    ),
    ".venv/bin/python -m tests.aa results/RUN": (
        {"results/RUN": "first"},
        0,
        "requests/s: tied in ",
    ),
}


@pytest.mark.parametrize("command", [c for c in commands.run_by("unit") if "files/probe" not in c])
def test_on_a_run(runs: Path, command: str) -> None:
    words, status, said = RUNS[command]
    done = run(
        command, {word: next(runs.glob(value), runs / value) for word, value in words.items()}
    )
    assert done.returncode == status, done.stderr
    assert said in done.stdout
    assert not re.search("Traceback|Warning", done.stderr)


@pytest.fixture
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    """Of a server that does all that is asked, on loopback."""
    try:
        with running(healthy, request.param) as server:
            yield server.port
    except OSError:
        pytest.skip(f"{request.param} is not there")


PROBED = {"192.0.2.10": "127.0.0.1", "localhost": "127.0.0.1", "::1": "::1"}


@pytest.mark.parametrize(
    ("command", "port"),
    [
        (command, PROBED[command.split()[2]])
        for command in commands.run_by("unit")
        if "files/probe" in command
    ],
    indirect=["port"],
)
def test_the_probe(command: str, port: int, tmp_path: Path) -> None:
    words: dict[str, str | Path] = {"8080": str(port)}
    if "192.0.2.10" in command:
        words["192.0.2.10"] = "127.0.0.1"
    if "--json" in command:
        words["probe.json"] = tmp_path / "probe.json"
    done = run(command, words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pipelined" in done.stdout
    cases = len(re.findall("--case", command))
    if cases:
        assert len(re.findall(r"\bfull\b", done.stdout)) == cases
    if "--json" in command:
        document = json.loads((tmp_path / "probe.json").read_text())
        assert (document["depth"], document["port"]) == (64, port)


def test_who_reads_may_have_enough() -> None:
    """As `head` has, which is gone before all is written."""
    reads, writes = os.pipe()
    argv = [sys.executable, str(ROOT / "collect.py"), "columns"]
    child = subprocess.Popen(argv, stdout=writes, stderr=subprocess.PIPE, text=True)
    os.close(reads)
    os.close(writes)
    _, said = child.communicate(timeout=60)
    assert (child.returncode, said) == (0, "")

"""compare.md, compare.csv, compare.html and the command: what a person and a CI see of two runs."""

import csv
import os
import re
import subprocess
from pathlib import Path

import pytest

from pipebench.compare.columns import COLUMNS
from tests.unit.command import collect
from tests.unit.pipebench.runs import edit, made_run

FOUR = {"one": 50_000, "one-again": 50_000, "two": 40_000, "ceiling": 10_000}


def compare(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return collect("compare", *words, cwd=cwd)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    made_run(folder / "base", FOUR)
    made_run(folder / "same", FOUR)
    slower = made_run(folder / "slower", FOUR | {"two": 60_000, "ceiling": 12_000})
    edit(slower / "hosts" / "lab-server.json", kernel="6.18.1 | odd")
    return folder


def test_terminal_and_files(results: Path) -> None:
    done = compare("base", "slower", cwd=results)
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert re.search(r"^two +[\d,]+ +[\d,]+ +0\.6\d .* slower$", done.stdout, re.MULTILINE)
    assert "  server: kernel: 6.12.0 -> 6.18.1 | odd" in done.stdout
    assert done.stdout.splitlines()[-1] == "Comparison: compare-base-slower/compare.md"
    made = results / "compare-base-slower"
    assert sorted(path.name for path in made.iterdir()) == [
        "compare.csv", "compare.html", "compare.md",
    ]  # fmt: skip

    with (made / "compare.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["framework"]: row for row in csv.DictReader(file)}
    assert list(rows["two"]) == [column.name for column in COLUMNS]
    assert rows["two"]["verdict"] == "slower"
    assert float(rows["two"]["ratio_low"]) < float(rows["two"]["ratio"]) < 0.7
    assert rows["two"]["differs"] == "server: kernel"

    text = (made / "compare.md").read_text()
    assert text.startswith("# slower against base\n")
    assert "- slower against base: 1 slower, 1 tied." in text
    line = next(line for line in text.splitlines() if line.startswith("| two |"))
    assert "| **slower** | server: kernel | " in line
    tied = next(line for line in text.splitlines() if line.startswith("| one |"))
    assert "| tied |  | " in tied
    assert "- The ceiling of slower reached 0.8" in text
    assert "| server | kernel | 6.12.0 | 6.18.1 \\| odd |" in text
    # every line of a table has as many cells as its head
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1
    html = (made / "compare.html").read_text()
    assert "slower against base" in html
    assert not re.search(r"""(?:src|href)=["']?https?:""", html)


def test_output_goes_where_one_says(results: Path, tmp_path: Path) -> None:
    done = compare(results / "base", results / "same", "--output", tmp_path / "new" / "place")
    assert done.returncode == 0
    assert (tmp_path / "new" / "place" / "compare.csv").is_file()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_output_that_cannot_be_written(results: Path) -> None:
    done = compare(results / "base", results / "same", "--output", "/proc/none")
    assert done.returncode == 3


def test_an_output_that_is_a_file(results: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = compare(results / "base", results / "same", "--output", tmp_path / "file")
    assert done.returncode == 3
    assert "cannot be written to: File exists" in done.stderr
    assert "same against base" in done.stdout  # shown all the same


def test_the_rest_is_shown(results: Path, tmp_path: Path) -> None:
    words = [results / name for name in ("base", "none", "slower", "base")]
    done = compare(*words, "--output", tmp_path / "out")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"collect.py: {results / 'none'} does not exist",
        f"collect.py: {results / 'base'} was given twice; give different runs",
    ]
    assert "slower against base" in done.stdout
    assert "does not exist" in (tmp_path / "out" / "compare.md").read_text()


@pytest.mark.parametrize("words", [[], ["--fail-if-slower", "5%"], ["--machines"]], ids=str)
def test_a_run_that_is_given_twice(results: Path, words: list[str]) -> None:
    done = compare("base", "./base", *words, cwd=results)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "collect.py: base was given twice; give two different runs\n"


@pytest.mark.parametrize("words", [["base"], ["base", "base"], ["none", "base"]])
def test_nothing_to_compare(results: Path, words: list[str]) -> None:
    done = compare(*words, cwd=results)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["same", "--fail-if-slower", "10%"], 0, "Gate, 2 cells checked: passed."),
        (["slower", "--fail-if-slower", "10%"], 10, "slower: two (main, 1 worker, depth 5, "),
        (["slower", "--fail-if-slower=50 %"], 0, "passed"),
        (["slower", "--fail-if-slower=25%"], 10, "0.67 of the base's requests/s"),
        (["slower", "--fail-if-slower=25%", "--to-ceiling"], 0, "passed"),
        (["slower", "--fail-if-slower=10%", "--to-ceiling"], 10, "of the base's share of the ceil"),
        (["none", "--fail-if-slower", "10%"], 13, "not comparable: none does not exist"),
    ],
)
def test_the_gate(results: Path, tmp_path: Path, words: list[str], status: int, told: str) -> None:
    done = compare("base", *words, "--output", tmp_path, cwd=results)
    assert done.returncode == status
    assert told in " ".join(done.stdout.split())  # lines are wrapped


@pytest.mark.parametrize("loss", ["5", "0.05", "0%", "100%", "-5%", "five"])
def test_a_loss_is_a_percentage(loss: str) -> None:
    done = compare("base", "same", f"--fail-if-slower={loss}")
    assert done.returncode == 2
    assert (
        "LOSS requires a percentage above 0 and below 100 with its sign, for example 5%"
        in done.stderr
    )


def test_what_the_gate_looks_at_needs_a_gate() -> None:
    done = compare("base", "same", "--to-ceiling")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("collect.py: --to-ceiling requires --fail-if-slower LOSS\n")


def test_the_help_says_what_each_status_means() -> None:
    told = compare("--help").stdout
    for status in (10, 11, 12, 13):
        assert re.search(rf"^ +{status}  ", told, re.MULTILINE)

"""What is answered without an environment: help, the version, a misspelt command."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import pipebench.alone
from pipebench.alone.commands import misspelt
from pipebench.alone.version import version
from tests.commands import ROOT
from tests.unit.command import bare, collect
from tests.unit.pipebench.runs import made_run

ALONE = Path(pipebench.alone.__file__).parent


def test_only_the_standard_library_is_imported() -> None:
    for file in ALONE.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                top = name.partition(".")[0]
                assert top in sys.stdlib_module_names or name.startswith("pipebench.alone"), file


def test_help_version_and_a_misspelt_command_need_no_environment(tmp_path: Path) -> None:
    done = bare(tmp_path, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "compare the cells of runs" in " ".join(done.stdout.split())
    done = bare(tmp_path, "--version")
    assert (done.returncode, done.stdout) == (0, f"async-pipeline-bench {version()}\n")
    done = bare(tmp_path, "comapre", "a", "b")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "collect.py: comapre is not a command; did you mean compare?\n"
    done = bare(tmp_path, "list")
    assert done.returncode == 4
    assert "are missing. ./bench makes the environment" in done.stderr


def test_the_version_is_that_of_the_project(tmp_path: Path) -> None:
    assert f'\nversion = "{version()}"\n' in (ROOT / "pyproject.toml").read_text("utf-8")
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "7.8.9"\n')
    assert version(tmp_path) == "7.8.9"
    assert collect("--version").stdout == f"async-pipeline-bench {version()}\n"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["comapre", "a", "b"], "comapre is not a command; did you mean compare?"),
        (["lst"], "lst is not a command; did you mean list?"),
        (["shwo", "x.json"], "shwo is not a command; did you mean show?"),
        (["frobnicate", "a"], "frobnicate is not a command; choose from calibrate, columns, "),
        (["results/example"], None),
        (["results/comapre", "a"], None),
        (["20261201-120000"], None),
        (["list"], None),
        (["--help"], None),
        ([], None),
    ],
)
def test_a_misspelt_command(typed: list[str], told: str | None) -> None:
    sentence = misspelt(typed, "collect.py")
    assert sentence is None if told is None else (sentence or "").startswith(told)


def test_calibrate_is_not_a_command_of_an_installed_package() -> None:
    assert "choose from columns" in (misspelt(["calibrate", "a"], "pipebench") or "")


def test_a_path_that_is_there_is_a_run_to_render(tmp_path: Path) -> None:
    made_run(tmp_path / "lst", {"one": 50_000}, rounds=1)
    assert collect("lst", cwd=tmp_path).returncode == 0
    assert (tmp_path / "lst" / "report.md").is_file()

"""The package of people who are sent a run: a wheel, in an environment without Ansible."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import NamedTuple
from zipfile import ZipFile

import pytest

from pipebench.commands.render import COMPARISON
from tests import commands
from tests.unit.command import collect
from tests.unit.pipebench.factory import DATA
from tests.unit.pipebench.runs import EXAMPLE, made_run

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.txt"
UV = Path(sys.executable).parent / "uv"
RENDERED = ("results.csv", "summary.csv", "report.md", "report.html")
ENVIRONMENT = {"UV_PYTHON_DOWNLOADS": "never", "UV_SYSTEM_CERTS": "true"} | {
    name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL"))
}


class Installed(NamedTuple):
    """wheel: its path. bin: of the environment that has it and what it requires."""

    wheel: Path
    bin: Path

    def run(self, folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return run([self.bin / "pipebench", *words], folder)

    def python(self, code: str) -> str:
        done = run([self.bin / "python", "-c", code], self.wheel.parent)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


def run(argv: list[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, argv)), cwd=folder, env=ENVIRONMENT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def uv(*words: str | Path) -> None:
    done = run([UV, *words], ROOT)
    assert done.returncode == 0, done.stderr


def tracked() -> list[str]:
    listed = run(["git", "ls-files", "-z"], ROOT).stdout.split("\0")
    return [name for name in listed if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Built from a checkout without anything that the repository does not have."""
    folder = tmp_path_factory.mktemp("package")
    for name in tracked():
        if not name.startswith(("results/", "tests/", "servers/")):
            (folder / "checkout" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / "checkout" / name, follow_symlinks=False)
    python = folder / "environment" / "bin" / "python"
    uv("build", "--wheel", "--no-build-isolation", "--python", sys.executable, folder / "checkout",
       "--out-dir", folder)  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    uv("venv", "--python", sys.executable, python.parents[1])
    uv("pip", "install", "--python", python, "--constraint", LOCK, wheel)
    return Installed(wheel, python.parent)


TYPED: dict[str, tuple[list[str | Path], str]] = {
    "python3 -m venv reader": ([UV, "venv", "--python", sys.executable, "reader"], ""),
    "reader/bin/pip install ./PROJECT": (
        [UV, "pip", "install", "--python", "reader", "--constraint", LOCK, "./checkout"],
        "",
    ),
    "reader/bin/pipebench report RUN": (["report", "runs/one"], "Report: runs/one/report.html"),
    "reader/bin/pipebench report RUN --output FOLDER": (
        ["report", "runs/one", "--output", "out"],
        "Report: out/report.html",
    ),
    "reader/bin/pipebench show RECORD": (["show", "RECORD"], "Limited by: server"),
    "reader/bin/pipebench list RUNS": (["list", "runs"], "one "),
    "reader/bin/pipebench compare RUN RUN...": (
        ["compare", "runs/one", "runs/two"],
        "Comparison: runs/compare-one-two/compare.md",
    ),
    "reader/bin/pipebench export RUN... -o FILE": (
        ["export", "runs/one", "runs/two", "-o", "every.csv"],
        "every.csv: ",
    ),
    "reader/bin/pipebench pivot RUN...": (["pivot", "runs/one"], "requests_per_s"),
    "reader/bin/pipebench columns": (["columns"], "# The columns"),
}
"""The commands of docs/reading-a-run.md: what is run beside the checkout, and what it says. In the
place of pip it is uv, which takes a second, with the locked versions."""


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def test_the_wheel_is_the_package_and_nothing_else(installed: Installed) -> None:
    names = [name for name in ZipFile(installed.wheel).namelist() if ".dist-info/" not in name]
    assert sorted(names) == sorted(name for name in tracked() if name.startswith("pipebench/"))
    assert "pipebench/py.typed" in names


def test_the_backend_is_the_one_that_is_locked() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    lock = (ROOT / "tests" / "requirements.txt").read_text()
    (version,) = (line.split()[0] for line in lock.splitlines() if line.startswith("hatchling=="))
    assert f'requires = ["{version}"]' in project


def test_it_requires_nothing_that_only_runs_do(installed: Installed) -> None:
    absent = ("ansible", "requests", "maven_artifact", "boto3", "uv", "pyarrow", "openpyxl")
    looked_for = f"print([name for name in {absent} if find_spec(name)])"
    assert installed.python(f"from importlib.util import find_spec; {looked_for}") == "[]"


def test_importing_it_loads_nothing_else(installed: Installed) -> None:
    loaded = "print([name for name in set(sys.modules) - before if name != 'pipebench'])"
    assert installed.python(
        f"import sys; before = set(sys.modules); import pipebench; {loaded}"
    ) == ("[]")


def unpacked(name: str, folder: Path) -> Path:
    with tarfile.open(ROOT / "tests" / "data" / "golden" / f"{name}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    (run_json,) = folder.rglob("run.json")
    return run_json.parent


@pytest.mark.parametrize("name", ["run", "2017", "crosscheck"])
def test_a_report_is_that_of_a_checkout(
    installed: Installed, empty: Path, tmp_path: Path, name: str
) -> None:
    """To the byte; and of a run in a folder that may only be read."""
    source = DATA / "run" if name == "run" else unpacked(name, tmp_path / "golden")
    run = shutil.copytree(source, tmp_path / "a run")
    made = tmp_path / "by collect.py"
    expected = collect("render", run, "--output", made)
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
    done = installed.run(empty, "report", run, "--output", "out")
    assert (done.returncode, done.stderr.replace("pipebench: ", "collect.py: ")) == (
        expected.returncode,
        expected.stderr,
    )
    assert done.stdout.splitlines()[:-1] == expected.stdout.splitlines()[:-1]
    assert done.stdout.splitlines()[-1].startswith("Report: out/report.html")
    files = {path.relative_to(made) for path in made.rglob("*")}
    assert {Path(file) for file in RENDERED} < files
    assert {path.relative_to(empty / "out") for path in (empty / "out").rglob("*")} == files
    for file in files:
        if (made / file).is_file():
            assert (empty / "out" / file).read_bytes() == (made / file).read_bytes(), file
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*")} == before


def test_a_report_goes_into_the_runs_folder(installed: Installed, empty: Path) -> None:
    shutil.copytree(DATA / "run", empty / "run")
    for words in (["report", "run"], ["run"]):
        assert installed.run(empty, *words).returncode == 1  # it has an invalid record
        assert set(RENDERED) < {path.name for path in (empty / "run").iterdir()}
        (empty / "run" / "report.md").unlink()


def test_a_record_is_shown(installed: Installed, empty: Path) -> None:
    record = next((EXAMPLE / "raw").iterdir())
    done = installed.run(empty, "show", record)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == collect("show", record).stdout


def test_runs_are_listed_from_the_folder_here(installed: Installed, empty: Path) -> None:
    done = installed.run(empty, "list")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "pipebench: results is not a folder\n"
    (empty / "results").mkdir()
    assert installed.run(empty, "list").stdout == "There are no runs in results.\n"
    shutil.copytree(EXAMPLE, empty / "results" / "mine")
    heads, line = installed.run(empty, "list").stdout.splitlines()
    assert heads.startswith("run ")
    assert line.startswith("mine ")


def test_listing_and_showing_load_no_pandas(installed: Installed) -> None:
    record = next((EXAMPLE / "raw").iterdir())
    for words in (["list", str(EXAMPLE)], ["show", str(record)]):
        said = installed.python(
            f"import sys; from pipebench.cli import main; assert main({words}) == 0; "
            "print('pandas' in sys.modules)"
        )
        assert said.splitlines()[-1] == "False"


def test_runs_are_compared(installed: Installed, empty: Path) -> None:
    for name, mean in (("one", 1000), ("two", 1300)):
        made_run(empty / name, {"one": mean})
    done = installed.run(empty, "compare", "one", "two", "--output", "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == f"Comparison: out/{COMPARISON}"
    assert "compare.csv" in {path.name for path in (empty / "out").iterdir()}


def test_the_columns_are_explained(installed: Installed, empty: Path) -> None:
    done = installed.run(empty, "columns")
    assert done.stdout == (ROOT / "docs" / "columns.md").read_text(encoding="utf-8")


def test_its_help_names_what_it_can(installed: Installed, empty: Path) -> None:
    said = installed.run(empty, "--help").stdout
    assert said.startswith("usage: pipebench report RESULTS/RUN")
    assert "calibrate" not in said
    assert installed.run(empty, "report", "--help").stdout.startswith("usage: pipebench report")
    assert installed.run(empty, "report", "none").returncode == 2


def test_the_page_that_installs_it(installed: Installed) -> None:
    folder = installed.wheel.parent
    for name, mean in (("one", 1000), ("two", 1300)):
        made_run(folder / "runs" / name, {"one": mean})
    record = next((folder / "runs" / "one" / "raw").iterdir())
    typed = commands.written((ROOT / "docs" / "reading-a-run.md").read_text())
    assert [command for command in typed if command != "./bench"] == list(TYPED)
    for command, (words, told) in TYPED.items():
        program = [] if words[0] == UV else [folder / "reader" / "bin" / "pipebench"]
        done = run([*program, *(record if word == "RECORD" else word for word in words)], folder)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert told in done.stdout

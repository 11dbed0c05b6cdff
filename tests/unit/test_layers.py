"""How ./test runs its layers: side by side if it may, and to the end whatever fails."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests import layers, second_lab
from tests.layers import Job

ROOT = Path(__file__).resolve().parents[2]


def job(name: str, code: str, *, silent: bool = False) -> Job:
    return Job(name, (sys.executable, "-c", code), silent=silent)


@pytest.fixture
def two_lanes(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Job]]:
    """Stages as those of ./test, with jobs that a test fills in."""
    jobs: dict[str, list[Job]] = {name: [] for name in layers.MINUTES}
    monkeypatch.setattr(layers, "layers", lambda _: jobs)
    return jobs


def test_the_command_offers_each_layer() -> None:
    script = (ROOT / "test").read_text()
    (offered,) = re.findall(r"^    (lint \|[^)]*)\) layers", script, re.MULTILINE)
    assert sorted(offered.split(" | ")) == sorted(layers.LAYERS)


def test_a_layer_that_fails_stops_no_other(
    two_lanes: dict[str, list[Job]], capfd: pytest.CaptureFixture[str]
) -> None:
    two_lanes["unit"] = [job("fails", "print('why it fails'); raise SystemExit(1)")]
    two_lanes["lint"] = [job("prints", "print('too much')", silent=True), job("first", "")]
    two_lanes["browser"] = [job("last", "print('the end')")]
    assert layers.main([]) == 1
    printed = capfd.readouterr().out
    assert printed.index("why it fails") < printed.index("the end")
    ends = re.findall(r"^(FAILED|ok) +\d+ s  (\w+)$", printed, re.MULTILINE)
    assert sorted(ends) == [
        ("FAILED", "fails"), ("FAILED", "prints"), ("ok", "first"), ("ok", "last"),
    ]  # fmt: skip


def test_a_second_lab_that_cannot_be_made_is_a_failure(
    two_lanes: dict[str, list[Job]],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    @contextmanager
    def not_made() -> Iterator[tuple[str, ...]]:
        raise second_lab.NotMade
        yield ()

    monkeypatch.setattr(second_lab, "up", not_made)
    two_lanes["unit"] = [job("before", "")]
    two_lanes["lab beside"] = [replace(job("never", ""), second_lab=True)]
    assert layers.main([]) == 1
    ends = re.findall(r"^(FAILED|ok) +\d+ s  (.+)$", capfd.readouterr().out, re.MULTILINE)
    assert ends == [("ok", "before"), ("FAILED", "the second lab")]


def test_how_long_it_takes_is_said_beforehand(
    two_lanes: dict[str, list[Job]], capfd: pytest.CaptureFixture[str]
) -> None:
    assert layers.main(["unit", "lint", "browser"]) == 0
    longest = layers.MINUTES["unit"] + layers.MINUTES["browser"]
    assert capfd.readouterr().out.startswith(f"test: about {longest:.0f} min on two cores\n")
    assert two_lanes.keys() == layers.MINUTES.keys()


def test_only_what_is_named_runs(two_lanes: dict[str, list[Job]]) -> None:
    two_lanes["unit"] = [job("not named", "raise SystemExit(1)")]
    two_lanes["faults"] = [job("named", "")]
    assert layers.main(["faults"]) == 0
    assert layers.main(["unit"]) == 1


def test_what_needs_quiet_waits_for_the_lanes_beside(
    two_lanes: dict[str, list[Job]], tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    wait = f"""
import fcntl, os, time
while not os.path.exists({str(seen)!r}): time.sleep(0.01)
with open(os.environ['BENCH_TEST_OTHERS']) as others:
    fcntl.flock(others, fcntl.LOCK_SH)
raise SystemExit(open({str(seen)!r}).read() != 'ended')
"""
    beside = f"import time; open({str(seen)!r}, 'w'); time.sleep(0.5); "
    two_lanes["lab"] = [job("quiet", wait)]
    two_lanes["ansible"] = [job("beside", beside + f"open({str(seen)!r}, 'w').write('ended')")]
    assert layers.main([]) == 0


def test_durations_are_shown_by_fixture_and_by_test(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "test_it.py").write_text("def test_that_takes_a_while(tmp_path): pass\n")
    argv = [sys.executable, "-m", "pytest", "-p", "tests.durations", "--layer=mine", "-q"]
    durations = tmp_path / "durations"
    environment = os.environ | {"BENCH_TEST_DURATIONS": str(durations)}
    options = ["--rootdir", str(tmp_path), "-c", os.devnull, str(tmp_path)]
    subprocess.run([*argv, *options], cwd=ROOT, env=environment, check=True)
    reports = [json.loads(line) for line in durations.read_text().splitlines()]
    assert [report["when"] for report in reports] == ["setup", "call", "teardown"]
    table = list(layers.slowest(durations, 10))
    assert [line for line in table if "test_that_takes_a_while" in line and "mine" in line]
    assert table[0] == "\nThe slowest fixtures, s:"
    capfd.readouterr()


STARTED = """
import sys; from pathlib import Path; from tests import layers, second_lab
code = f"import time; open({str(sys.argv[1])!r}, 'w').close()\\ntry: time.sleep(60)\\n" \\
    f"except KeyboardInterrupt: open({str(sys.argv[1])!r}, 'w').write('left clean')"
jobs = {name: [] for name in layers.MINUTES}
jobs["unit"] = [layers.Job("sleeps", (sys.executable, "-c", code))]
jobs["lint"] = [layers.Job("sleeps beside", ("sleep", "60"))]
never = f"open({sys.argv[1] + '-never'!r}, 'w')"
jobs["lab"] = [layers.Job("never", (sys.executable, "-c", never))]
layers.layers = lambda _: jobs
sys.exit(layers.main([]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_lets_what_runs_clean_up_and_begins_nothing(
    tmp_path: Path, number: signal.Signals
) -> None:
    seen = tmp_path / "seen"
    with subprocess.Popen(
        [sys.executable, "-c", STARTED, str(seen)], cwd=ROOT, stdout=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 30
        while not seen.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.2)  # it has opened the file just before it sleeps
        process.send_signal(number)
        assert process.wait(30) == 130
    assert seen.read_text() == "left clean"
    assert not Path(f"{seen}-never").exists()


def test_a_commit_is_checked_with_commands_of_the_layer_lint() -> None:
    """With those that take seconds: programs of the environment that ./test makes."""
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    hooks = {one["name"]: tuple(one["entry"].split()) for one in repository["hooks"]}
    lint = {one.argv for one in layers.layers([])["lint"]}
    programs = ".venv-test/bin/"
    assert all(argv[0].startswith(programs) for argv in hooks.values())
    assert {(argv[0].removeprefix(programs), *argv[1:]) for argv in hooks.values()} <= lint
    assert hooks.keys() == {"ruff check", "ruff format", "mypy"}

"""Expected beside seen: what differs is named, and expectations that are none are refused."""

import shutil
from pathlib import Path

import pytest
import yaml

from pipebench.chapters.calibration import (
    ExpectedError,
    check_servers,
    markdown,
    read_expected,
    server_name,
    terminal,
)
from pipebench.run.judge import JudgedRun, judge_run
from tests.unit.command import collect
from tests.unit.pipebench.factory import DATA
from tests.unit.pipebench.runs import made_run

ROOT = Path(__file__).parents[4]
EXPECTED = """
alpha: {outcome: [ok], truths: {batch_latency_p50_us: {value: 20_000, within: 0.02}}}
closer: {outcome: [degraded], reason: [CLOS, read]}
crasher: {outcome: [failed], reason: [SIGABRT]}
elsewhere: {outcome: [ok]}
"""
UNANSWERED = """
crasher: {outcome: [failed], reason: [SIG], truths: {requests_per_s: {value: 1, within: 9}}}
"""


def expected(folder: Path, text: str) -> Path:
    path = folder / "expected.yml"
    path.write_text(text)
    return path


def wrong(small: JudgedRun, folder: Path, text: str) -> dict[str, list[str]]:
    found = check_servers(small, read_expected(expected(folder, text)))
    return {one.server: one.wrong for one in found}


def test_a_run_that_is_as_expected(small: JudgedRun, tmp_path: Path) -> None:
    assert wrong(small, tmp_path, EXPECTED) == {"alpha": [], "closer": [], "crasher": []}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("alpha: {outcome: [degraded]}", "round 1 is ok"),
        ("closer: {outcome: [degraded], reason: [leak]}", "its reason in round 1 has none of"),
        (
            "alpha: {outcome: [ok], truths: {batch_latency_p50_us: {value: 21_000, within: 0.01}}}",
            "batch_latency_p50_us is 20,000",
        ),
        (
            UNANSWERED,
            "requests_per_s is -",
        ),
    ],
)
def test_what_is_not_as_expected_is_named(
    small: JudgedRun, tmp_path: Path, text: str, sentence: str
) -> None:
    ((said, *_),) = wrong(small, tmp_path, text).values()
    assert said.startswith(sentence)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "a: {}", "a: {outcome: []}", "a: {outcome: [good]}", "a: {outcome: [ok], x: 1}",
     "a: {outcome: [ok], truths: {speed: {value: 1, within: 1}}}", "a: ["],
)  # fmt: skip
def test_expectations_that_are_none_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ExpectedError):
        read_expected(expected(tmp_path, text))


def test_the_projects_own_expectations_are_of_every_server() -> None:
    folder = ROOT / "tests" / "calibration"
    variants = yaml.safe_load((folder / "framework.yml").read_text())["variants"]
    assert read_expected(folder / "expected.yml").keys() == variants.keys()


@pytest.mark.parametrize(
    ("framework", "server"),
    [
        ("calibration@delay-40ms", "delay-40ms"),
        ("delay-40ms", "delay-40ms"),  # of an older run
        ("calibration@delay-40ms-again", "delay-40ms-again"),
        ("calibration", "calibration"),
        ("aiohttp@2017", "aiohttp@2017"),
        ("aiohttp-2017", "aiohttp-2017"),
    ],
)
def test_a_server_has_the_name_of_its_variant(framework: str, server: str) -> None:
    assert server_name(framework) == server


@pytest.mark.parametrize("framework", ["calibration@delay-40ms", "delay-40ms"])
def test_a_variant_is_checked_in_a_run_of_any_age(tmp_path: Path, framework: str) -> None:
    run = judge_run(made_run(tmp_path / "run", {framework: 40_000, "two": 40_000}, rounds=2))
    for value, said in ((40_000, []), (80_000, ["batch_latency_p50_us is 40,200"])):
        truth = f"{{batch_latency_p50_us: {{value: {value}, within: 0.02}}}}"
        text = f"delay-40ms: {{outcome: [ok], truths: {truth}}}\nleaks: {{outcome: [ok]}}\n"
        (found,) = check_servers(run, read_expected(expected(tmp_path, text)))
        assert (found.server, found.outcomes, found.wrong) == ("delay-40ms", ["ok"], said)


def test_both_outputs_say_how_far_off_a_figure_is(small: JudgedRun, tmp_path: Path) -> None:
    found = check_servers(small, read_expected(expected(tmp_path, EXPECTED)))
    for text in (markdown("r", found), terminal(found)):
        assert "batch_latency_p50_us 20,000 (true 20,000: +0.0 %, at most 2 %)" in text
        assert "3 of 3 servers" in text


def test_a_figure_whose_truth_is_none_at_all(small: JudgedRun, tmp_path: Path) -> None:
    text = "alpha: {outcome: [ok], truths: {%s: {value: 0, within: 0}}}"
    (none,) = check_servers(small, read_expected(expected(tmp_path, text % "status_errors")))
    assert none.wrong == []
    assert "status_errors 0 (true 0)" in markdown("r", [none])
    (some,) = check_servers(small, read_expected(expected(tmp_path, text % "requests")))
    assert some.wrong[0].startswith("requests is ")
    assert " (true 0)" in terminal([some])


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        (EXPECTED, 0, "3 of 3 servers as expected."),
        ("alpha: {outcome: [failed]}", 1, "0 of 1 servers as expected."),
        (
            "elsewhere: {outcome: [ok]}",
            2,
            "calibrate requires a run of one of these plans",
        ),
        ("x", 2, "is not a file of expectations"),
    ],
)
def test_the_command(tmp_path: Path, text: str, status: int, said: str) -> None:
    run = tmp_path / "run"
    shutil.copytree(DATA / "run", run)
    done = collect("calibrate", run, "--expected", expected(tmp_path, text))
    assert done.returncode == status, done.stderr
    assert said in done.stdout + done.stderr
    assert (run / "calibration.md").is_file() == (status < 2)

"""The testbeds of a run compared: kinds of machines, the claims about them, and the report."""
# ruff: noqa: S311 (nothing here is a secret)

from __future__ import annotations

import csv
import json
import random
import shutil
from math import exp
from pathlib import Path
from typing import Any

import pytest

from pipebench import cli
from pipebench.compare.cells import Verdict
from pipebench.compare.judged_side import JudgedSide
from pipebench.compare.machines import ALL, Machines, compare_machines, compare_machines_of
from pipebench.compare.runs import different_sides
from pipebench.frame.cells import summary
from pipebench.run.judge import judge_run
from pipebench.show import fleet, report
from pipebench.stats.machines import Basis, geometric_mean, machine_ratio, student_t
from tests.unit.pipebench.factory import record_of, run_document, write_run
from tests.unit.pipebench.runs import made_run

FASTER = 1.3
MEANS_US = {"swift": 80_000, "slow": 300_000}


@pytest.mark.parametrize(
    ("freedom", "table"),
    [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (10, 2.228), (30, 2.042)],
)
def test_student_t_is_that_of_the_tables(freedom: int, table: float) -> None:
    assert student_t(freedom) == pytest.approx(table, abs=0.001)


@pytest.mark.parametrize(
    ("instances", "others", "basis"),
    [
        (1, 1, Basis.NONE),
        (2, 2, Basis.NONE),
        (2, 9, Basis.NONE),
        (3, 3, Basis.NORMAL),
        (3, 4, Basis.NORMAL),
        (3, 5, Basis.RANKS),
        (4, 4, Basis.RANKS),
    ],
)
def test_the_number_of_instances_decides_what_may_be_claimed(
    instances: int, others: int, basis: Basis
) -> None:
    rng = random.Random(instances)
    values, base = ([rng.uniform(99, 101) for _ in range(n)] for n in (instances, others))
    ratio, found = machine_ratio([1.3 * value for value in values], base)
    assert found == basis
    assert ratio.value == pytest.approx(1.3, rel=0.03)
    assert (ratio.low is None) == (basis == Basis.NONE)
    if ratio.low and ratio.high:
        assert 1 < ratio.low <= 1.3 * 1.03
        assert ratio.high >= 1.3 / 1.03


def test_welch_is_that_of_a_worked_example() -> None:
    """Means 2 apart, variances 0.01 and 0.04 of 3 each: error 0.1291, 2.94 degrees of freedom."""
    values = [exp(x) for x in (2.9, 3.0, 3.1)]
    base = [exp(x) for x in (0.8, 1.0, 1.2)]
    ratio, _ = machine_ratio(values, base)
    margin = student_t(2.941) * 0.12910
    assert ratio.value == pytest.approx(exp(2))
    assert ratio.low == pytest.approx(exp(2 - margin), rel=1e-3)
    assert ratio.high == pytest.approx(exp(2 + margin), rel=1e-3)


def test_the_geometric_mean_of_a_ratio_and_its_inverse_is_1() -> None:
    assert geometric_mean([4, 0.25]) == pytest.approx(1)
    assert geometric_mean([]) is None


def machines_run(
    folder: Path, speeds: dict[str, float], rounds: int = 6, **testbeds: dict[str, Any]
) -> Path:
    """A run of two frameworks. speeds: by testbed; testbeds: what else is known of one."""
    rng = random.Random(5)
    document = run_document(list(MEANS_US), rounds)
    described = document["testbeds"][0]
    document["testbeds"] = [
        described | {"name": name, "server": f"s-{name}"} | testbeds.get(name, {})
        for name in speeds
    ]
    document["variables"] |= testbeds.get("variables", {})
    records = {}
    for name, speed in speeds.items():
        for number in range(1, rounds + 1):
            for position, framework in enumerate(MEANS_US, start=1):
                made = record_of(framework, MEANS_US[framework] / speed, rng)
                made |= {
                    "run_id": document["run_id"], "testbed": name, "framework": framework,
                    "round": number, "position": position,
                }  # fmt: skip
                file = f"{name}-r{number:02}-{position:03}-{framework}-w1-d5-c200.json"
                records[file] = made
    return write_run(folder, document, records)


def compared(folder: Path) -> Machines:
    judged_run = judge_run(folder)
    machines = compare_machines(judged_run, summary(judged_run))
    assert machines
    return machines


def replicates(kind: str, count: int, speed: float) -> tuple[dict[str, float], dict[str, Any]]:
    names = [f"{kind}-{number}" for number in range(count)]
    return dict.fromkeys(names, speed), {name: {"machine": f"{kind}.large"} for name in names}


def test_one_testbed_is_compared_with_nothing(tmp_path: Path) -> None:
    judged_run = judge_run(machines_run(tmp_path / "run", {"main": 1}))
    assert compare_machines(judged_run, summary(judged_run)) is None
    assert "testbeds.csv" not in report.render(judged_run).files


def test_replicates_are_one_kind_and_each_is_one_value(tmp_path: Path) -> None:
    (old, old_kind), (new, new_kind) = replicates("old", 4, 1), replicates("new", 4, FASTER)
    machines = compared(machines_run(tmp_path / "run", old | new, 2, **old_kind, **new_kind))
    assert [(kind.name, len(kind.testbeds)) for kind in machines.kinds] == [
        ("old.large", 4),
        ("new.large", 4),
    ]
    rows = {(row.framework, row.kind.name): row for row in machines.rows}
    for framework in (*MEANS_US, ALL):
        rate = rows[framework, "new.large"].requests_per_s
        assert rate.ratio.value == pytest.approx(FASTER, rel=0.04)
        assert rate.basis == Basis.RANKS
        assert rate.verdict == Verdict.BETTER
        assert rows[framework, "old.large"].requests_per_s.verdict is None
    cpu = rows[ALL, "new.large"].server_cpu_us_per_request
    assert cpu.verdict == Verdict.BETTER
    assert cpu.ratio.value == pytest.approx(1 / FASTER, rel=0.04)


def test_two_instances_of_each_have_a_ratio_and_no_verdict(tmp_path: Path) -> None:
    (old, old_kind), (new, new_kind) = replicates("old", 2, 1), replicates("new", 2, FASTER)
    folder = machines_run(tmp_path / "run", old | new, 6, **old_kind, **new_kind)
    for row in compared(folder).rows:
        rate = row.requests_per_s
        assert rate.verdict is None
        assert rate.low is not None
        if not row.is_base:
            assert rate.ratio.low is None
            assert rate.basis == Basis.NONE
    text = report.collect(folder).files["report.md"]
    assert "3 of each are needed" in text
    assert "(without a verdict)" in text


def test_two_single_machines_are_compared_by_their_rounds(tmp_path: Path) -> None:
    folder = machines_run(tmp_path / "run", {"old": 1, "new": FASTER})
    (row,) = [r for r in compared(folder).rows if r.framework == ALL and not r.is_base]
    rate = row.requests_per_s
    assert rate.basis == Basis.NO_FLOOR  # there is no A/A control
    assert rate.ratio.low
    assert rate.ratio.holds_1 is False
    assert rate.verdict is None
    assert "also requires an A/A control" in report.collect(folder).files["report.md"]


def test_the_base_is_the_one_that_the_plan_names(tmp_path: Path) -> None:
    variables = {"bench_base_testbed": "new"}
    folder = machines_run(tmp_path / "run", {"old": 1, "new": FASTER}, 1, variables=variables)
    machines = compared(folder)
    assert machines.base.name == "new"
    ratios = {
        r.kind.name: r.requests_per_s.ratio.value for r in machines.rows if r.framework == ALL
    }
    assert ratios["new"] == 1
    assert ratios["old"] == pytest.approx(1 / FASTER, rel=0.04)


def test_instances_with_different_cpus_are_different_kinds(tmp_path: Path) -> None:
    speeds, kinds = replicates("old", 2, 1)
    folder = machines_run(tmp_path / "run", speeds, 1, **kinds)
    for name in speeds:
        host = {"schema_version": 1, "run_id": "x", "cpu": {"model": f"CPU of {name}"}}
        (folder / "hosts" / f"s-{name}.json").write_text(json.dumps(host))
    machines = compared(folder)
    assert [kind.name for kind in machines.kinds] == [
        "old.large (CPU of old-0)",
        "old.large (CPU of old-1)",
    ]
    text = report.collect(folder).files["report.md"]
    assert "Machines called old.large have different CPUs (CPU of old-0, CPU of old-1)" in text
    assert "| server | cpu.model | CPU of old-0 | CPU of old-1 |" in text


def test_a_framework_that_fails_somewhere_is_in_no_mean(tmp_path: Path) -> None:
    folder = machines_run(tmp_path / "run", {"old": 1, "new": FASTER}, 1)
    path = folder / "raw" / "new-r01-002-slow-w1-d5-c200.json"
    record = json.loads(path.read_text())
    record["generators"][0]["measured"]["result"]["requests"] = 0
    path.write_text(json.dumps(record))
    machines = compared(folder)
    assert ALL not in {row.framework for row in machines.rows}
    slow = {row.kind.name: row for row in machines.rows if row.framework == "slow"}
    assert slow["new"].instances == 0
    assert slow["new"].requests_per_s.value is None


def test_the_kind_with_the_most_for_its_price_need_not_be_the_fastest(tmp_path: Path) -> None:
    (old, old_kind), (new, new_kind) = replicates("old", 4, 1), replicates("new", 4, FASTER)
    folder = machines_run(tmp_path / "run", old | new, 2, **old_kind, **new_kind)
    prices = {f"s-{name}": {"per_hour": 0.1 if name in old else 0.2} for name in old | new}
    given = {"currency": "EUR", "date": "2026-11-01", "source": "made up", "hosts": prices}
    (folder / "prices.yml").write_text(json.dumps(given))
    money = [
        row.requests_per_money
        for row in compared(folder).rows
        if row.framework == ALL and not row.is_base
    ]
    assert money[0].ratio.value == pytest.approx(FASTER / 2, rel=0.04)
    assert money[0].verdict == Verdict.WORSE
    text = report.collect(folder).files["report.md"]
    assert "**new.large** gives the most requests/s" in text
    assert "**old.large** gives the most requests for its price" in text
    assert "million requests per money" in text
    assert "**less for the price**" in text


def test_the_report_begins_with_the_machines(tmp_path: Path) -> None:
    (old, old_kind), (new, new_kind) = replicates("old", 4, 1), replicates("new", 4, FASTER)
    folder = machines_run(tmp_path / "run", old | new, 2, **old_kind, **new_kind)
    files = report.collect(folder).files
    first = files["report.md"].split("## Tl;dr")[1].strip().splitlines()[0]
    assert first.startswith("- **new.large** gives the most requests/s, 1.")
    assert "it is the first with each of the 2 frameworks" in first
    assert "On all 8 testbeds, **Swift** has the highest rate" in files["report.md"]
    assert "At testbed" not in files["report.md"].split("## ")[1]
    rows = list(csv.DictReader(files["testbeds.csv"].splitlines()))
    assert {row["machine"] for row in rows} == {"old.large", "new.large"}
    assert {row["verdict"] for row in rows if row["machine"] == "new.large"} == {"faster"}
    assert files["charts/machines.svg"].startswith("<svg")
    assert files["report.html"].count('id="machines-compared"') == 1


def test_of_kinds_that_are_tied_the_report_names_no_first(tmp_path: Path) -> None:
    (one, one_kind), (two, two_kind) = replicates("one", 4, 1), replicates("two", 4, 1)
    folder = machines_run(tmp_path / "run", one | two, 2, **one_kind, **two_kind)
    files = report.collect(folder).files
    first = files["report.md"].split("## Tl;dr")[1].strip().splitlines()[0]
    assert "cannot be told from" in first
    assert "the first" not in first


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two of each kind in May; and two more of the old one in November, with two of a newer."""
    folder = tmp_path_factory.mktemp("runs")
    (old, old_kind), (new, new_kind) = replicates("old", 2, 1), replicates("new", 2, FASTER)
    machines_run(folder / "may", old | new, 2, **old_kind, **new_kind)
    (newest, newest_kind) = replicates("newest", 2, 2 * FASTER)
    then = machines_run(folder / "november", old | newest, 2, **old_kind, **newest_kind)
    edit(then / "run.json", run_id="november", started="2026-11-01T00:00:00Z")
    for file in (then / "raw").iterdir():
        edit(file, run_id="november")
    return folder


@pytest.fixture
def two_runs(made_once: Path, tmp_path: Path) -> list[Path]:
    """Copies of them, which a test may change."""
    return [shutil.copytree(made_once / name, tmp_path / name) for name in ("may", "november")]


def edit(file: Path, **changes: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def sides(folders: list[Path]) -> list[JudgedSide]:
    return [side for side in different_sides(folders) if isinstance(side, JudgedSide)]


def test_testbeds_of_several_runs_are_instances_of_the_same_kinds(two_runs: list[Path]) -> None:
    machines, rows = compare_machines_of(sides(two_runs))
    may = "20260101T000000Z-abcd"
    assert [(kind.name, kind.testbeds) for kind in machines.kinds] == [
        ("old.large", (f"{may}/old-0", f"{may}/old-1", "november/old-0", "november/old-1")),
        ("new.large", (f"{may}/new-0", f"{may}/new-1")),
        ("newest.large", ("november/newest-0", "november/newest-1")),
    ]
    assert {row.cell.testbed for row in rows} == set(machines.instances)
    newest = next(
        row for row in machines.rows if (row.framework, row.kind) == (ALL, machines.kinds[2])
    )
    assert newest.requests_per_s.ratio.value == pytest.approx(2 * FASTER, rel=0.03)


def test_a_framework_is_the_same_under_another_name(tmp_path: Path) -> None:
    means = {"granian": 50_000, "uvloop-httptools": 60_000, "uvloop-httptools@again": 60_000}
    old = {"granian-rsgi": 50_000, "uvloop-httptools": 60_000, "uvloop-httptools-again": 60_000}
    faster = {name: mean / FASTER for name, mean in means.items()}
    folders = [made_run(tmp_path / "a", old), made_run(tmp_path / "b", faster)]
    machines, rows = compare_machines_of(sides(folders))
    assert {row.framework for row in machines.rows} == {"granian-rsgi", "uvloop-httptools", ALL}
    assert {row.cell.framework for row in rows} == set(old)
    ratios = [row.requests_per_s.ratio.value for row in machines.rows if not row.is_base]
    assert ratios == pytest.approx([FASTER] * 3, rel=0.03)
    verdicts = [row.requests_per_s.verdict for row in machines.rows if row.framework != ALL]
    assert verdicts == [None, Verdict.BETTER] * 2
    made = fleet.render(sides(folders))
    assert "| framework granian-rsgi | title |" in made.files["machines.md"]
    assert "another plan" not in made.files["machines.md"]


def test_runs_without_kinds_are_one_kind_each(tmp_path: Path) -> None:
    folders = [machines_run(tmp_path / name, {"main": 1}, 1) for name in ("a", "b")]
    for folder in folders:
        for file in (folder / "run.json", *(folder / "raw").iterdir()):
            edit(file, run_id=folder.name)
    machines, _ = compare_machines_of(sides(folders))
    assert [kind.name for kind in machines.kinds] == ["a", "b"]


def test_the_machines_of_several_runs_are_shown(two_runs: list[Path]) -> None:
    variables = json.loads((two_runs[1] / "run.json").read_text())["variables"]
    edit(two_runs[1] / "run.json", variables=variables | {"bench_duration": 9})
    made = fleet.render(sides(two_runs))
    page = made.files["machines.md"]
    assert "**newest.large** " in page
    assert "another plan (bench_duration)" in page
    assert "## What differs between the runs" in page
    assert "](charts/machines.svg)" in page
    rows = list(csv.DictReader(made.files["testbeds.csv"].splitlines()))
    assert {row["machine"] for row in rows} == {"old.large", "new.large", "newest.large"}
    assert "newest.large" in made.terminal
    assert "2.6" in made.terminal
    assert made.problems == []


def test_the_command_compares_machines(
    two_runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [str(folder) for folder in two_runs]
    assert cli.main(["compare", "--machines", *folders]) == 0
    output = tmp_path / "machines-may-november"
    assert {path.name for path in output.iterdir()} == {
        "charts", "machines.html", "machines.md", "testbeds.csv",
    }  # fmt: skip
    assert f"Comparison: {output / 'machines.html'}" in capsys.readouterr().out
    assert cli.main(["compare", "--machines", folders[0], str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.splitlines() == [
        f"collect.py: {tmp_path / 'none'} does not exist",
        "collect.py: compare --machines requires two runs; one has it in its own report",
    ]
    broken = {"deployment": {"available": False, "reason": "no room"}, "generators": []}
    for file in (tmp_path / "november" / "raw").iterdir():
        edit(file, **broken)
    assert cli.main(["compare", "--machines", "--output", str(tmp_path / "o"), *folders]) == 0
    for file in (tmp_path / "may" / "raw").iterdir():
        edit(file, **broken)
    capsys.readouterr()
    assert cli.main(["compare", "--machines", *folders]) == 2
    assert "no framework is ok on two kinds of machines" in capsys.readouterr().err
    assert cli.main(["compare", "--machines", "--fail-if-slower", "5%", *folders]) == 2
    assert "use it without --machines" in capsys.readouterr().err

"""Runs compared: ratios, verdicts, what differs; and all that cannot be compared."""

import json
import re
from pathlib import Path

import pytest

from pipebench.compare import judged_side
from pipebench.compare.cells import ComparedCell
from pipebench.compare.runs import Compared, ComparedRuns, compare_runs
from pipebench.frame.cells import summary
from pipebench.record.names import current_name
from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedRun
from pipebench.stats.estimate import Estimate
from tests.present import present
from tests.unit.pipebench.runs import (
    EXAMPLE,
    edit,
    example_as,
    golden,
    made_run,
    rename_frameworks,
)

FOUR = {"one": 50_000, "one-again": 50_000, "two": 40_000, "ceiling": 10_000}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_run(tmp_path_factory.mktemp("runs") / "base", FOUR)


def rows_of(pair: ComparedRuns) -> dict[str, ComparedCell]:
    return {row.cell.framework: row for row in pair.rows}


def only(compared: Compared) -> dict[str, ComparedCell]:
    assert compared.problems == []
    (pair,) = compared.pairs
    return rows_of(pair)


def numbers(ratio: Estimate) -> list[float]:
    """Its lower end, itself, its upper end."""
    return [present(ratio.low), present(ratio.value), present(ratio.high)]


def test_faster_slower_and_tied(base: Path, tmp_path: Path) -> None:
    other = made_run(tmp_path / "other", FOUR | {"two": 50_000, "ceiling": 8_000})
    rows = only(compare_runs([base, other]))
    assert {name: row.requests_per_s.words for name, row in rows.items()} == {
        "one": "tied", "one-again": "tied", "two": "slower", "ceiling": "faster",
    }  # fmt: skip
    rate, cpu = rows["two"].requests_per_s, rows["two"].server_cpu_us_per_request
    assert rate.ratio.value == pytest.approx(0.8, abs=0.02)
    low, value, high = numbers(rate.ratio)
    assert low < value < high < 0.85
    assert present(rate.other) / present(rate.base) == pytest.approx(0.8, abs=0.02)
    # the same CPU for fewer requests
    assert cpu.words == "dearer"
    assert rows["ceiling"].server_cpu_us_per_request.words == "cheaper"
    assert cpu.ratio.value == pytest.approx(1 / value, abs=0.03)
    assert rows["two"].batch_latency_p50_us.ratio.value == pytest.approx(1.25, abs=0.05)
    assert rows["two"].batch_latency_p99_us.ratio.value == pytest.approx(1.25, abs=0.05)
    assert rows["two"].to_ceiling.words == rows["one"].to_ceiling.words == "slower"
    # the ceiling went from 10 ms to 8 ms a batch: against it, all lost a fifth more
    assert rows["two"].to_ceiling.ratio.value == pytest.approx(0.64, abs=0.02)
    assert rows["one"].to_ceiling.ratio.value == pytest.approx(0.8, abs=0.02)


def test_the_other_way_round_is_the_inverse(base: Path, tmp_path: Path) -> None:
    other = made_run(tmp_path / "other", FOUR | {"two": 50_000})
    there = only(compare_runs([base, other]))["two"].requests_per_s
    back = only(compare_runs([other, base]))["two"].requests_per_s
    assert back.words == "faster"
    low, value, high = numbers(there.ratio)
    assert numbers(back.ratio) == pytest.approx([1 / high, 1 / value, 1 / low])


def test_what_is_not_above_the_larger_floor_is_tied(base: Path, tmp_path: Path) -> None:
    # a control that differs by 10 % in one of the runs: no claim below that
    noisy = made_run(tmp_path / "noisy", FOUR | {"one-again": 55_000, "two": 43_000})
    rate = only(compare_runs([base, noisy]))["two"].requests_per_s
    assert present(rate.ratio.high) < 1
    assert present(rate.noise_floor) > 0.09
    assert rate.words == "tied"
    assert only(compare_runs([noisy, base]))["two"].requests_per_s.words == "tied"


def test_each_run_against_the_first(base: Path, tmp_path: Path) -> None:
    second = made_run(tmp_path / "second", FOUR | {"two": 50_000})
    third = made_run(tmp_path / "third", FOUR | {"two": 30_000})
    compared = compare_runs([base, second, third])
    found = [rows_of(pair)["two"].requests_per_s.words for pair in compared.pairs]
    assert found == ["slower", "faster"]
    assert {row.base_run_id for pair in compared.pairs for row in pair.rows} == {"base"}


def test_too_few_rounds(base: Path, tmp_path: Path) -> None:
    short = made_run(tmp_path / "short", FOUR | {"two": 80_000}, rounds=5)
    row = only(compare_runs([base, short]))["two"]
    assert row.requests_per_s.words == "too few rounds"
    assert row.requests_per_s.reason == "5 in short; 6 are needed"
    assert row.requests_per_s.ratio.value == pytest.approx(0.5, abs=0.02)
    assert row.requests_per_s.ratio.low is None


def test_what_is_not_ok_in_one_is_not_comparable(base: Path, tmp_path: Path) -> None:
    other = made_run(
        tmp_path / "other", {"one": 50_000, "one-again": 50_000, "two": 0, "three": 1e5}
    )
    rows = only(compare_runs([base, other]))
    told = {
        name: (row.requests_per_s.words, row.requests_per_s.reason) for name, row in rows.items()
    }
    assert told["two"] == ("not comparable", "unavailable in other")
    assert told["three"] == ("not comparable", "only in other")
    assert told["ceiling"] == ("not comparable", "only in base")
    assert rows["two"].requests_per_s.ratio.value is None
    assert told["one"] == ("tied", None)


def test_without_a_control_nothing_is_claimed(tmp_path: Path) -> None:
    plain = [made_run(tmp_path / name, {"one": of}) for name, of in (("a", 50_000), ("b", 90_000))]
    rate = only(compare_runs(plain))["one"].requests_per_s
    assert rate.words == "not comparable"
    assert "no noise floor" in present(rate.reason)
    assert present(rate.ratio.high) < 0.6


def test_a_variable_of_another_name_is_no_difference(tmp_path: Path) -> None:
    old, new = (made_run(tmp_path / name, FOUR) for name in ("old", "new"))
    edit(old / "run.json", variables__bench_baseline=True)
    edit(new / "run.json", variables__bench_path_capacity=True)
    assert compare_runs([old, new]).pairs[0].differences == []


def test_what_differs_is_told(base: Path, tmp_path: Path) -> None:
    other = made_run(tmp_path / "other", FOUR)
    edit(other / "run.json", variables__bench_duration=3, commit="f" * 40)
    edit(
        other / "hosts" / "lab-server.json",
        kernel="6.18.1",
        mitigations__meltdown="Mitigation: PTI",
    )
    edit(other / "hosts" / "lab-loadgen.json", cpu__model="Another CPU", wrk=None)
    frameworks = {"two": {"runtime": "CPython 3.14.0", "packages": {"uvloop": "0.23.0"}}}
    edit(other / "hosts" / "lab-server.json", frameworks=frameworks)
    compared = compare_runs([base, other])
    found = {(one.part, one.name): (one.base, one.other) for one in compared.pairs[0].differences}
    assert found.pop(("project", "commit"))[1] == "f" * 40
    assert found == {
        ("plan", "bench_duration"): ("5", "3"),
        ("server", "kernel"): ("6.12.0", "6.18.1"),
        ("server", "mitigations.meltdown"): ("Not affected", "Mitigation: PTI"),
        ("generator", "cpu.model"): ("A CPU | of 2 cores", "Another CPU"),
        ("generator", "wrk"): ("4.1", ""),
        ("framework two", "CPython"): ("", "3.14.0"),
        ("framework two", "uvloop"): ("", "0.23.0"),
    }
    rows = rows_of(compared.pairs[0])
    assert "uvloop none -> 0.23.0" in present(rows["two"].differs)
    assert rows["one"].differs == (
        "plan: bench_duration; project: commit; server: kernel, mitigations; generator: cpu, wrk"
    )


def test_where_each_has_one_testbed_its_name_does_not_matter(base: Path, tmp_path: Path) -> None:
    other = made_run(tmp_path / "other", FOUR, testbed="c7g")
    assert only(compare_runs([base, other]))["two"].requests_per_s.words == "tied"


OLD = {
    "uvloop-httptools": 50_000, "uvloop-httptools-again": 50_000, "aiohttp-2017": 40_000,
    "granian-rsgi": 45_000, "ceiling": 10_000,
}  # fmt: skip
NEW = {
    "uvloop-httptools": 50_000, "uvloop-httptools@again": 50_000, "aiohttp@2017": 50_000,
    "granian": 45_000, "ceiling": 10_000,
}  # fmt: skip


@pytest.fixture(scope="module")
def renamed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Runs from before and after some frameworks got other names; aiohttp of 2017 is slower."""
    folder = tmp_path_factory.mktemp("renamed")
    old, new = made_run(folder / "old", OLD), made_run(folder / "new", NEW)
    for run, names in ((old, OLD), (new, NEW)):
        chosen = [name for name in names if "again" not in name and name != "ceiling"]
        edit(run / "run.json", variables__bench_frameworks=chosen)
    installed = {"aiohttp@2017": {"runtime": "CPython 3.7.9", "packages": {"aiohttp": "2.0.7"}}}
    edit(new / "hosts" / "lab-server.json", frameworks=installed)
    return old, new


def test_what_had_another_name_is_the_same_framework(renamed: tuple[Path, Path]) -> None:
    old, new = renamed
    assert {
        name: row.requests_per_s.words for name, row in only(compare_runs([old, new])).items()
    } == {
        "uvloop-httptools": "tied",
        "uvloop-httptools-again": "tied",
        "aiohttp-2017": "slower",
        "granian-rsgi": "tied",
        "ceiling": "tied",
    }
    rows = only(compare_runs([new, old]))
    assert rows.keys() == NEW.keys()
    assert rows["aiohttp@2017"].requests_per_s.words == "faster"
    assert rows["aiohttp@2017"].requests_per_s.noise_floor is not None


def test_another_name_is_no_difference_and_another_version_is(renamed: tuple[Path, Path]) -> None:
    old, new = renamed
    (pair,) = compare_runs([old, new]).pairs
    # the factory's titles are made of the names
    assert {one for one in pair.differences if one.name != "title"} == {
        ("framework aiohttp-2017", "CPython", "", "3.7.9"),
        ("framework aiohttp-2017", "aiohttp", "", "2.0.7"),
    }
    assert "aiohttp none -> 2.0.7" in present(rows_of(pair)["aiohttp-2017"].differs)


@pytest.mark.parametrize("name", ["2017", "example", "crosscheck"])
def test_a_run_under_the_names_of_today_is_the_same_run(name: str, tmp_path: Path) -> None:
    old, new = (golden(name, tmp_path / folder) for folder in ("old", "new"))
    names = list(json.loads((old / "run.json").read_text())["frameworks"])
    rename_frameworks(new, {name: current_name(name) for name in names})
    for file in (new / "run.json", *(new / "raw").iterdir()):
        edit(file, run_id="new")
    (pair,) = compare_runs([old, new]).pairs
    assert pair.differences == []
    assert {row.cell.framework for row in pair.rows} == set(names)
    seen = {(row.shared, row.requests_per_s.ratio.value) for row in pair.rows}
    assert (True, 1.0) in seen <= {(True, 1.0), (True, None)}
    assert {row.requests_per_s.words for row in pair.rows} <= {"tied", "not comparable"}


def test_a_run_with_both_names_keeps_both(tmp_path: Path) -> None:
    both = {"one": 50_000, "one@again": 50_000, "granian": 45_000, "granian-rsgi": 60_000}
    runs = [made_run(tmp_path / name, both) for name in ("first", "second")]
    assert only(compare_runs(runs)).keys() == both.keys()


def test_runs_without_a_framework_in_common_name_theirs(tmp_path: Path) -> None:
    first = made_run(tmp_path / "first", {"aiohttp-2017": 50_000})
    second = made_run(tmp_path / "second", {"aiohttp": 50_000})
    names = "first has framework aiohttp-2017, second framework aiohttp"
    assert compare_runs([first, second]).problems == [
        f"{second} shares no cell with {first}: {names}"
    ]


def test_runs_that_share_no_cell(base: Path, tmp_path: Path) -> None:
    deeper = made_run(tmp_path / "deeper", FOUR, depth=16)
    same = made_run(tmp_path / "same", FOUR)
    compared = compare_runs([base, deeper, same])
    assert compared.problems == [
        f"{deeper} shares no cell with {base}: base has depth 5, deeper depth 16"
    ]
    assert [pair.other.name for pair in compared.pairs] == ["same"]


def test_two_runs_that_were_given_one_id(base: Path, tmp_path: Path) -> None:
    """As in CI, where bench_run_id is the same every time."""
    later = made_run(tmp_path / "later", FOUR)
    for file in (later / "run.json", *(later / "raw").iterdir()):
        edit(file, run_id="base", started="2026-01-02T00:00:00Z")
    compared = compare_runs([base, later])
    assert compared.problems == []
    [pair] = compared.pairs
    assert (pair.base.name, pair.other.name) == (str(base), str(later))
    assert {row.run_id for row in pair.rows} == {"base"}


def test_a_run_compared_with_itself(base: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    made_run(copy, FOUR)
    for file in (copy / "run.json", *(copy / "raw").iterdir()):
        edit(file, run_id="base")
    other = made_run(tmp_path / "other", FOUR)
    around = base / ".." / base.name
    compared = compare_runs([base, around, copy, other, other])
    assert compared.problems == [
        f"{around} was given twice; give different runs",
        f"{copy} is the same run as {base}; give different runs",
        f"{other} was given twice; give different runs",
    ]
    assert len(compared.pairs) == 1


def test_a_run_that_goes_on_is_compared_by_what_it_has(base: Path, tmp_path: Path) -> None:
    going = made_run(tmp_path / "going", FOUR, rounds=7)
    edit(going / "run.json", ended=None)
    for file in sorted((going / "raw").iterdir())[-3:]:
        file.unlink()
    compared = compare_runs([base, going])
    assert compared.not_compared == []
    assert compared.remarks == [
        f"{going} is still under way, or was stopped: its 25 of 28 measurements are used"
    ]
    assert {row.requests_per_s.words for row in compared.pairs[0].rows} == {"tied"}


def test_one_whose_analysis_fails_leaves_the_others(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "run.json").write_text("{")
    empty = made_run(tmp_path / "empty", FOUR)
    for file in (empty / "raw").iterdir():
        file.write_text("")
    odd = made_run(tmp_path / "odd", FOUR)
    edit(odd / "run.json", testbeds=[{"name": ["no", "name"]}], rounds_taken={"x": {"rounds": -1}})
    other = made_run(tmp_path / "other", FOUR)
    compared = compare_runs([base, broken, empty, tmp_path / "none", other])
    assert [re.sub(r"^\S+ ", "", sentence) for sentence in compared.problems] == [
        "cannot be used: it is truncated after 1 bytes",
        "has no usable measurement",
        "does not exist",
    ]
    assert len(compared.pairs) == 1

    def summarised(judged_run: JudgedRun) -> list[CellSummary]:
        if judged_run.run.folder == other:
            raise ZeroDivisionError("division by zero")
        return summary(judged_run)

    monkeypatch.setattr(judged_side, "summary", summarised)
    compared = compare_runs([base, other, odd])
    assert compared.not_compared[0] == (
        f"{other} could not be judged: ZeroDivisionError: division by zero"
    )


def test_a_base_that_cannot_be_used(base: Path, tmp_path: Path) -> None:
    compared = compare_runs([tmp_path / "none", base])
    assert compared.pairs == []
    assert compared.problems == [f"{tmp_path / 'none'} does not exist: the base cannot be used"]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The real run, and its records given to other names: what is the truth is known."""
    second = tmp_path_factory.mktemp("real") / "second"
    swapped = {
        "uvloop-httptools": "uvloop-httptools-again",
        "uvloop-httptools-again": "uvloop-httptools",
        "tornado": "sanic",
        "sanic": "tornado",
    }
    return EXAMPLE, example_as(second, swapped)


def test_real_records_under_other_names(real: tuple[Path, Path]) -> None:
    rows = only(compare_runs(list(real)))
    assert {name: row.requests_per_s.words for name, row in rows.items()} == {
        "uvloop-httptools": "tied",  # its own A/A control, of the same run
        "uvloop-httptools-again": "tied",
        "fasthttp": "tied",
        "aiohttp": "tied",
        "ceiling": "tied",
        "sanic": "slower",  # is tornado there
        "tornado": "faster",
        "japronto": "not comparable",
    }
    low, value, high = numbers(rows["fasthttp"].requests_per_s.ratio)
    assert value == 1  # the very same figures
    assert low < 1 < high
    first = json.loads((real[0] / "run.json").read_text())
    assert len(rows) == len(first["frameworks"])
    assert (
        rows["japronto"].requests_per_s.reason
        == f"failed in {first['run_id']} and failed in second"
    )

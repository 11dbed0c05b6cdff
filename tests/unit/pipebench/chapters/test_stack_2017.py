"""2017 beside today: the published table, and a made-up run of both stacks."""

import random
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipebench.chapters import stack_2017, stack_2017_tables
from pipebench.frame.cells import summary
from pipebench.record.factors import Cell
from pipebench.record.names import current_name, parts
from pipebench.record.run_record import Framework
from pipebench.run.judge import judge_run
from pipebench.show import report
from tests.unit.pipebench.factory import (
    generator,
    record,
    record_of,
    run_document,
    steady,
    write_run,
    wrk,
    wrk_result,
)
from tests.unit.pipebench.rendering import render

ROOT = Path(__file__).parents[4]
PLAN = yaml.safe_load((ROOT / "plans" / "2017.yml").read_text())
MEANS = {"tornado@2017": 440_000, "tornado": 100_000, "uvloop-httptools": 10_000}
ROUNDS = 6
WRK_TEXT = """\
Running 5s test @ http://127.0.0.1:8080
  10 threads and 200 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   122.01ms  170.33ms   1.02s    0.00%
    Req/Sec   217.84     55.44   404.00     80.48%
  Latency Distribution
     50%    0.00us
     75%  152.12ms
     90%    1.02s
     99%    1.50m
  10915 requests in 5.09s, 0.96MB read
Requests/sec:   2144.32
"""


def by_title() -> dict[str, stack_2017.System]:
    return {system.title: system for system in stack_2017.published().systems}


def test_every_system_has_its_frameworks_in_the_plan() -> None:
    names = [name for s in stack_2017.published().systems for name in (s.then, s.today)]
    assert set(names) == set(PLAN["bench_frameworks"])
    for name in PLAN["bench_frameworks"]:
        folder, variant = parts(name)
        path = ROOT / folder if folder == "fasthttp" else ROOT / "servers" / folder
        about = yaml.safe_load((path / "framework.yml").read_text())
        own = about["variants"][variant] if variant else about
        assert str(own["stack"]) == ("2017" if variant else "current")


def test_the_plan_is_the_command_that_was_published() -> None:
    assert stack_2017.published().command.startswith(
        f"wrk -t{PLAN['bench_threads']} -c{PLAN['bench_connections'][0]} "
        f"-d{PLAN['bench_duration']}s "
    )
    assert stack_2017.published().command.endswith(f" -- {PLAN['bench_depths'][0]}")
    assert stack_2017.published().place == Cell(
        testbed="", framework="", workers=PLAN["bench_workers"][0], depth=5, connections=200
    )


@pytest.mark.parametrize("system", stack_2017.published().systems, ids=lambda system: system.title)
def test_the_published_figures_agree_with_each_other(system: stack_2017.System) -> None:
    document = yaml.safe_load(stack_2017.PUBLISHED.read_text())
    about = next(one for one in document["systems"] if one["title"] == system.title)
    # printed with two decimals: 5.08 is anything from 5.075 to 5.085
    rate = about["requests"] / about["duration_s"]
    assert system.seen.requests_per_s == pytest.approx(rate, rel=0.0012)
    ordered = [system.seen.printed[name] for name in ("p50", "p75", "p90", "p99", "max")]
    assert ordered == sorted(ordered)


def test_what_was_published_is_diagnosed() -> None:
    told = {title: "; ".join(stack_2017.diagnose(s.seen)) for title, s in by_title().items()}
    assert "26,461 read errors, and 132,595 requests / 5 are 26,519" in told.pop(
        "uvloop + httptools, closing"
    )
    assert told.pop("sanic").startswith(
        "answered once on each connection and then hung: 200 requests on 200 connections"
    )
    assert "499,736 read and write errors" in told.pop("japronto")
    assert "wrk printed 0.00us as p50, p75, p90, p99" in told["tornado"]
    assert "by Little's law the mean was 466 ms" in told.pop("tornado")
    assert set(told.values()) == {""}  # the healthy ones


@pytest.mark.parametrize(
    "changed",
    [
        {"errors": {"read": 20_000}},
        {"errors": {}},
        {"requests": 201, "errors": {"read": 0}},
        {"requests": 200, "errors": {"timeout": 1}},
    ],
    ids=str,
)
def test_nothing_is_diagnosed_that_is_not_so(changed: dict[str, Any]) -> None:
    figures = {"requests": 132_595, "requests_per_s": 26_000.0, "connections": 200, "depth": 5}
    seen = stack_2017.PrintedCounts(
        **{**figures, "errors": {}, "printed": {"p50": 10.0}, **changed}
    )
    assert stack_2017.diagnose(seen) == []


def test_wrks_own_text_is_read() -> None:
    assert stack_2017.printed_by_wrk(WRK_TEXT) == {
        "mean": 122_010, "max": 1_020_000, "p50": 0, "p75": 152_120, "p90": 1_020_000,
        "p99": 90_000_000,
    }  # fmt: skip
    assert stack_2017.printed_by_wrk("unable to connect\n") == {}


def made(name: str, rng: random.Random) -> dict[str, Any]:
    """A record of one of the plan's frameworks, as it is known to behave."""
    name = current_name(name)
    if name.startswith("japronto"):
        return record_of("crasher", 0, rng)
    if name == "aiohttp@2017":
        return record_of("absent", 0, rng)
    if name == "sanic@2017":
        return record(wrk_result({}, tail=200))
    if name.endswith("closing"):
        return record_of("closer", 160_000, rng)
    batches = steady(MEANS.get(name, 30_000) * rng.uniform(0.97, 1.03), 200)
    execution = wrk(wrk_result(batches))
    if name == "tornado@2017":
        execution["stdout"] = WRK_TEXT
    return record(execution["result"], generators=[generator(execution)])


def run_of(folder: Path, names: list[str], **cell: int) -> Path:
    rng = random.Random(5)  # noqa: S311
    document = run_document(names, ROUNDS)
    for name, about in document["frameworks"].items():
        about["stack"] = "2017" if "2017" in name else "current"
    records: dict[str, dict[str, Any] | str] = {}
    for number, cells in enumerate(document["rounds"], start=1):
        for position, planned in enumerate(cells, start=1):
            planned.update(cell)
            name = planned["framework"]
            own = {"framework": name, "round": number, "position": position, **cell}
            own["stack"] = document["frameworks"][name]["stack"]
            records[f"{number}-{name}.json"] = made(name, rng) | own
    return write_run(folder, document, records)


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = run_of(tmp_path_factory.mktemp("run"), PLAN["bench_frameworks"])
    whole = render(judge_run(folder)).files["report.md"]
    return whole.split("## 2017 beside today\n")[1].split("\n## ")[0]


def row_of(text: str, title: str, table: int) -> list[str]:
    rows = [line for line in text.splitlines() if line.startswith(f"| {title} |")]
    return [cell.strip() for cell in rows[table].strip("|").split("|")]


def told(text: str, title: str) -> dict[str, str]:
    """What is said of a system, by where."""
    said = text.partition(f"- **{title}**\n")[2].splitlines()
    own = takewhile(lambda line: line.startswith("  - "), said)
    return dict(line.removeprefix("  - ").split(": ", 1) for line in own)


def test_both_stacks_stand_beside_the_published_figure(text: str) -> None:
    assert "https://github.com/ziwon/async-pipeline-bench" in text
    tornado = row_of(text, "tornado", 0)
    assert tornado[1] == "2,144"
    assert tornado[2].startswith("2,")  # 5 requests x 200 connections in 440 ms
    assert row_of(text, "sanic", 0)[1:3] == ["39", "failed"]
    assert row_of(text, "aiohttp", 0)[2] == "unavailable"
    assert "(degraded)" in row_of(text, "uvloop + httptools, closing", 0)[2]


def test_what_wrk_printed_stands_beside_what_is_true(text: str) -> None:
    tornado = row_of(text, "tornado", 1)
    assert tornado[1:4] == ["0.00us", "466 ms", "0.00us"]
    assert tornado[4].startswith("4")
    assert tornado[4].endswith(" ms")
    assert row_of(text, "sanic", 1)[1:3] == ["0.00us", "-"]


def test_the_tables_have_the_values_that_they_show(tmp_path: Path) -> None:
    judged_run = judge_run(run_of(tmp_path, ["tornado@2017", "tornado", "sanic@2017"]))
    compared = stack_2017.compare_stacks(judged_run, summary(judged_run))
    assert compared
    rates, latencies = stack_2017_tables.shown(compared).tables
    values = {row[0].text: [field.value for field in row[1:]] for row in rates.rows}
    assert values.keys() == {"tornado", "sanic"}
    # 5 requests on each of 200 connections in 440 ms, and in 100 ms
    assert values["tornado"][1:] == [
        pytest.approx(2_272, rel=0.05),
        pytest.approx(10_000, rel=0.05),
    ]
    assert values["sanic"][1:] == [None, None]
    values = {row[0].text: [field.value for field in row[1:]] for row in latencies.rows}
    assert values["tornado"][:3] == [0, pytest.approx(466_000, rel=0.01), 0]
    assert values["tornado"][3] == pytest.approx(440_000, rel=0.05)


def test_the_page_sorts_the_tables_by_their_values(tmp_path: Path) -> None:
    judged_run = judge_run(run_of(tmp_path, ["tornado@2017", "tornado", "sanic@2017"]))
    html = render(judged_run).files["report.html"].split('id="2017-beside-today"')[1]
    rates, latencies = html.split("<table")[1:3]
    assert 'data-value="2144.' in rates  # requests/s as published
    assert 'data-value="0.0"' in latencies  # 0.00us as wrk printed it


def test_each_fault_is_diagnosed_then_and_here(text: str) -> None:
    closing = told(text, "uvloop + httptools, closing")
    assert "26,461 read errors" in closing["published"]
    assert "closed the connection after each batch" in closing["stack of 2017, here"]
    assert "(6 of 6 rounds)" in closing["stack of 2017, here"]
    sanic = told(text, "sanic")
    assert "200 requests on 200 connections" in sanic["published"]
    assert "should_keep_alive" in sanic["published"]
    assert "200 requests on 200 connections" in sanic["stack of 2017, here"]
    assert "today's, here" not in sanic
    japronto = told(text, "japronto")
    assert "connections refused" in japronto["published"]
    assert "crashed with SIGABRT" in japronto["stack of 2017, here"]
    assert "crashed with SIGABRT" in japronto["today's, here"]
    assert "0.00us" in told(text, "tornado")["published"]
    assert "the recorded batches have p50 4" in told(text, "tornado")["stack of 2017, here"]
    assert "could not be deployed" in told(text, "aiohttp")["stack of 2017, here"]
    assert "- **go-fasthttp**" not in text


def test_other_cells_than_those_of_2017_are_said_to_be_others(tmp_path: Path) -> None:
    folder = run_of(tmp_path, ["tornado@2017", "tornado"], workers=2)
    text = render(judge_run(folder)).files["report.md"]
    assert "This run did not use the command of 2017" in text
    assert "| go-fasthttp |" not in text


def test_a_run_that_was_recorded_when_the_stack_had_folders_of_its_own_has_the_chapter(
    text: str, tmp_path: Path
) -> None:
    names = [name.replace("@", "-") for name in PLAN["bench_frameworks"]]
    whole = render(judge_run(run_of(tmp_path, names))).files["report.md"]
    assert row_of(whole.split("## 2017 beside today\n")[1], "tornado", 0) == row_of(
        text, "tornado", 0
    )


def test_only_a_run_of_both_stacks_names_the_chapter_that_compares_them(
    text: str, tmp_path: Path
) -> None:
    assert "which the chapter *Variants* does. `docs" in text
    alone = render(judge_run(run_of(tmp_path, ["tornado@2017"]))).files["report.md"]
    assert "2017 beside today" in alone
    assert "Variants" not in alone


def test_a_run_without_the_stack_of_2017_has_no_chapter(rendered: report.Rendered) -> None:
    assert "2017 beside today" not in rendered.files["report.md"]


def test_versions_that_differ_from_those_of_the_day_say_so() -> None:
    system = by_title()["aiohttp"]
    here = ["CPython 3.7.16 (system)", "aiohttp 1.3.3", "chardet 3.0.4", "uvloop 0.11.3"]
    framework = Framework("aiohttp@2017", "aiohttp", "2017", "Python", "", here)
    assert stack_2017._versions(system, framework) == (  # noqa: SLF001
        "CPython 3.7.16 (then 3.6.0), uvloop 0.11.3 (then 0.8.0), aiohttp 1.3.3"
    )

"""The charts say what the tables say: by what each hands to Vega-Lite, and what is drawn of it."""

import os
import re
import xml.etree.ElementTree as ET
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pipebench.frame.cells import summary
from pipebench.rules.outcome import RATED
from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedRun, judge_run
from pipebench.show import report
from pipebench.show.charts import chart as shared
from pipebench.show.charts import charts, svg
from pipebench.show.charts.chart import MOST_DOTS, Chart, Data, data_of, looks
from pipebench.show.charts.drawing.bars import Bar, BarPanel, draw_bars
from pipebench.show.charts.drawing.panel import spread_labels
from pipebench.show.charts.drawing.scales import COUNT, linear
from pipebench.show.charts.drawing.style import INK, look
from pipebench.show.charts.frameworks import rounds, throughput
from pipebench.stats.estimate import Estimate
from tests.present import present
from tests.unit.pipebench import specs
from tests.unit.pipebench.factory import record, run_document, sweep_run, write_run
from tests.unit.pipebench.rendering import render

SVG = "{http://www.w3.org/2000/svg}"


def rows_of(judged_run: JudgedRun) -> list[CellSummary]:
    return summary(judged_run)


def made(judged_run: JudgedRun) -> dict[str, Chart]:
    """Every chart of a run by its name, not drawn yet."""
    data = data_of(judged_run, rows_of(judged_run))
    return {chart.name: chart for make in charts.CHARTS if (chart := make(data))}


def picture(chart: Chart) -> str:
    return svg.document(chart.spec, chart.alt)


@pytest.fixture(scope="module")
def of_example(example: JudgedRun) -> dict[str, Chart]:
    return made(example)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> JudgedRun:
    return judge_run(sweep_run(tmp_path_factory.mktemp("sweep"), [1, 4, 16, 64], [16, 256], 6))


@pytest.fixture(scope="module")
def of_sweep(sweep: JudgedRun) -> dict[str, Chart]:
    return made(sweep)


@pytest.mark.parametrize("run", ["example", "sweep"])
def test_every_chart_is_a_document_a_page_can_take_in(
    run: str, request: pytest.FixtureRequest
) -> None:
    for chart in request.getfixturevalue(f"of_{run}").values():
        drawn = picture(chart)
        root = ET.fromstring(drawn)  # noqa: S314
        assert re.fullmatch(r"[a-z0-9-]+", chart.name)
        assert (root.tag, root.get("class"), root.get("role")) == (f"{SVG}svg", "chart", "img")
        assert root.get("aria-label") == chart.alt
        assert [child.tag for child in root][:2] == [f"{SVG}style", f"{SVG}rect"]
        assert root[1].get("class") == "background"
        assert 500 <= float(root.get("width", 0)) <= 820
        assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"
        assert re.findall(r"https?:[^\"]*", drawn) == ["http://www.w3.org/2000/svg"]
        # inline, an id would have to be the page's only one
        assert not re.search(r"\bid=|url\(|<image|<script", drawn)
        assert not re.search(r"\b(nan|NaN|None|undefined|null|Infinity)\b", drawn)
        assert "\n" not in chart.alt
        assert chart.title.endswith(".")


@pytest.mark.parametrize("run", ["example", "sweep"])
def test_text_is_large_enough_and_takes_the_pages_colour(
    run: str, request: pytest.FixtureRequest
) -> None:
    for chart in request.getfixturevalue(f"of_{run}").values():
        for found in ET.fromstring(picture(chart)).iter(f"{SVG}text"):  # noqa: S314
            assert float(found.get("font-size", "0").removesuffix("px")) >= 11
            on_a_cell = found.get("fill") in ("#fff", "#1a1a1a") and chart.name == "heat"
            assert on_a_cell or found.get("fill") == INK


@pytest.mark.parametrize("run", ["example", "sweep"])
def test_the_same_data_are_the_same_bytes(run: str, request: pytest.FixtureRequest) -> None:
    again, before = made(request.getfixturevalue(run)), request.getfixturevalue(f"of_{run}")
    assert again == before  # of all that is drawn
    assert picture(again["throughput"]) == picture(before["throughput"])


def test_a_run_of_one_cell_group_has_no_chart_of_scaling(of_example: dict[str, Chart]) -> None:
    assert list(of_example) == ["throughput", "cpu", "latency", "rounds"]


def test_a_sweep_has_them_all(of_sweep: dict[str, Chart]) -> None:
    assert list(of_sweep) == [
        "throughput", "cpu", "latency", "rounds", "depth", "gain", "connections", "heat",
    ]  # fmt: skip


def named(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Rows of marks by the title that they belong to, of which there is one each."""
    assert len({row["title"] for row in found}) == len(found)
    return {row["title"]: row for row in found}


def rated_rows(example: JudgedRun) -> dict[str, CellSummary]:
    """The table's rows that have a figure, the ceiling's not among them, by title."""
    rated = [row for row in rows_of(example) if row.outcome in RATED]
    return {row.title: row for row in rated if row.role != "ceiling"}


def dots(chart: Chart) -> dict[str, list[float]]:
    """The single rounds in a chart of bars, by title."""
    found = defaultdict(list)
    for row in specs.rows(chart.spec, "point", "median"):
        if "words" not in row:  # what has words is the median itself
            found[row["title"]].append(row["median"])
    return dict(found)


def test_the_dots_are_the_rounds_and_a_failure_has_no_mark(
    example: JudgedRun, of_example: dict[str, Chart]
) -> None:
    rates = defaultdict(list)
    for judged in example.measurements:
        if judged.judgement.outcome in RATED and judged.measurement.totals:
            title = example.run.frameworks[judged.measurement.cell.framework].title
            rates[title].append(judged.measurement.totals.requests_per_s)
    del rates["ceiling"]
    assert dots(of_example["throughput"]) == rates
    assert dots(of_example["cpu"]).keys() == rates.keys()
    assert {len(own) for own in dots(of_example["cpu"]).values()} == {6}
    chart = of_example["throughput"]
    assert "japronto" not in rates.keys() | named(specs.rows(chart.spec, "bar")).keys()
    (said,) = [row for row in specs.rows(chart.spec, "text", "title") if row["title"] == "japronto"]
    assert said["words"].startswith("failed: 6 of 6 rounds: crashed with SIGABRT")


def test_the_ceiling_is_a_line_with_its_figure(
    example: JudgedRun, of_example: dict[str, Chart]
) -> None:
    row = next(row for row in rows_of(example) if row.role == "ceiling")
    label = f"ceiling {row.requests_per_s.value:,.0f}"
    chart = of_example["throughput"]
    line = {"median": row.requests_per_s.value, "words": label}
    assert line in specs.rows(chart.spec, "rule")
    assert line in specs.rows(chart.spec, "text")
    assert label in chart.alt
    assert "ceiling" not in named(specs.rows(chart.spec, "bar"))


def test_bars_are_the_medians_with_their_intervals_from_0(
    example: JudgedRun, of_example: dict[str, Chart]
) -> None:
    expected = rated_rows(example)
    rates = {title: row.requests_per_s for title, row in expected.items()}
    cpu = {title: row.server_cpu_us_per_request for title, row in expected.items()}
    for name, kind, spreads in (("throughput", "bar", rates), ("cpu", "point", cpu)):
        chart = of_example[name]
        shown = named(specs.rows(chart.spec, kind, "words"))
        assert {
            title: (row["median"], row["low"], row["high"]) for title, row in shown.items()
        } == {title: (spread.value, spread.low, spread.high) for title, spread in spreads.items()}
        ends = named(specs.rows(chart.spec, "rule", "high"))
        assert ends == shown
    # a bar's length may be compared, and the fastest is the first
    scale = specs.axis(of_example["throughput"].spec, "bar", "x")
    assert (scale["type"], scale["domain"][0]) == ("linear", 0)
    medians = [row["median"] for row in specs.rows(of_example["throughput"].spec, "bar")]
    assert medians == sorted(medians, reverse=True)


def test_figures_are_those_of_the_table(example: JudgedRun, of_example: dict[str, Chart]) -> None:
    for title, row in rated_rows(example).items():
        rate = row.requests_per_s
        words = f"{rate.value:,.0f} ({rate.low:,.0f} to {rate.high:,.0f})"
        assert words in specs.words(of_example["throughput"].spec)
        assert f"{title} {words}" in of_example["throughput"].alt


def test_the_curve_says_the_median_of_the_rounds(
    example: JudgedRun, of_example: dict[str, Chart]
) -> None:
    row = next(row for row in rows_of(example) if row.cell.framework == "tornado")
    told = of_example["latency"].alt.split("tornado ")[1].split(";")[0]
    assert told.startswith(f"p50 {present(row.batch_latency_p50_us.value) / 1000:.0f} ms")
    assert f"p99 {present(row.batch_latency_p99_us.value) / 1000:.0f} ms" in told
    # some 9,400 batches a round: its line ends before p99.99
    assert "p99.9 " in told
    assert "p99.99" not in told
    assert "japronto: failed" in " ".join(specs.words(of_example["latency"].spec))


@pytest.mark.parametrize("name", ["latency", "depth", "gain", "connections"])
def test_every_line_has_its_name_beside_it(name: str, of_sweep: dict[str, Chart]) -> None:
    panels = specs.panels(of_sweep[name].spec)
    assert len(panels) == (4 if name == "connections" else 1 if name == "latency" else 2)
    for panel in panels:
        lines = {row["title"] for row in specs.rows(panel, "line", "title")}
        assert {"Swift", "Middling", "Slow", "Ceiling"} <= lines
        assert lines <= {row["words"] for row in specs.rows(panel, "text")}
        heights = sorted(specs.places(panel, "text", "y2"))
        assert all(below - above >= 14 for above, below in pairwise(heights))


def test_the_gain_is_that_within_the_round(sweep: JudgedRun, of_sweep: dict[str, Chart]) -> None:
    def rates(depth: int) -> dict[int, float]:
        own = ("swift", depth, 256)
        cell = [
            m
            for m in sweep.measurements
            if (
                m.measurement.cell.framework,
                m.measurement.cell.depth,
                m.measurement.cell.connections,
            )
            == own
        ]
        return CellSummary.requests_per_s.by_round(cell)

    ratios = sorted(rates(64)[number] / rates(1)[number] for number in range(1, 7))
    median = (ratios[2] + ratios[3]) / 2
    told = of_sweep["gain"].alt.split("at 256 connections: ")[1]
    assert told.startswith(f"Swift 1.00 at depth 1, the most {median:.2f} at depth 64;")
    assert "Shallow" not in specs.words(of_sweep["gain"].spec)  # it has depth 1 alone
    points = specs.rows(of_sweep["gain"].spec, "point")
    assert median in [row["y"] for row in points if row["title"] == "Swift" and row["x"] == 64]


def test_a_failed_cell_is_in_words_and_no_point(of_sweep: dict[str, Chart]) -> None:
    for panel in specs.panels(of_sweep["depth"].spec):
        assert "Shallow: failed at depth 4, 16, 64" in specs.words(panel)
        depths = defaultdict(list)
        for row in specs.rows(panel, "point"):
            depths[row["title"]].append(row["x"])
        healthy = {name: [1, 4, 16, 64] for name in ("Swift", "Middling", "Slow", "Ceiling")}
        assert depths == healthy | {"Shallow": [1]}
    assert specs.words(of_sweep["heat"].spec).count("failed") == 6


def test_the_heat_map_has_every_cell_with_its_share(
    sweep: JudgedRun, of_sweep: dict[str, Chart]
) -> None:
    rates = defaultdict(list)
    for row in rows_of(sweep):
        if row.role == "framework" and row.outcome in RATED:
            rates[row.title].append(present(row.requests_per_s.value))
    expected = sorted(rate / max(own) for own in rates.values() for rate in own)
    cells = specs.rows(of_sweep["heat"].spec, "rect")
    assert sorted(cell["share"] for cell in cells) == expected
    assert len(cells) == 3 * 8 + 2
    assert all(cell["words"] == f"{cell['share']:.2f}" for cell in cells)


def test_failures_are_crosses_among_the_rounds(of_example: dict[str, Chart]) -> None:
    spec = of_example["rounds"].spec
    points = specs.rows(spec, "point")
    rated = [row for row in points if "title" in row]
    crosses = [row["x"] for row in points if "title" not in row]
    assert (len(rated), crosses) == (42, [1, 2, 3, 4, 5, 6])
    assert "failed in 6 of 6" in specs.words(spec)


def test_of_many_groups_the_title_says_which_is_shown(of_sweep: dict[str, Chart]) -> None:
    assert (
        "at depth 4, 256 connections (7 other groups of cells are in the table)"
        in of_sweep["throughput"].title
    )


def test_a_framework_has_one_look_in_a_report(example: JudgedRun) -> None:
    by_name = looks(example, rows_of(example))
    own = [
        look for name, look in by_name.items() if name not in ("ceiling", "uvloop-httptools-again")
    ]
    assert len({look.colour for look in own}) == len({look.shape for look in own}) == len(own) == 6
    again = by_name["uvloop-httptools-again"]
    assert (again.colour, again.hollow) == (by_name["uvloop-httptools"].colour, True)


def test_two_of_one_title_are_told_apart(tmp_path: Path) -> None:
    document = run_document(["one", "other"], 1)
    document["frameworks"]["other"]["title"] = "One"
    records = {f"{name}.json": record(framework=name) for name in ("one", "other")}
    charts_of = made(judge_run(write_run(tmp_path, document, records)))
    shown = named(specs.rows(charts_of["throughput"].spec, "bar"))
    assert shown.keys() == {"One (one)", "One (other)"}


def test_what_others_wrote_does_not_break_the_picture(tmp_path: Path) -> None:
    nasty = 'a | "b" <script> & ]( ![x]\n```'
    document = run_document(["one"], 1)
    document["frameworks"]["one"]["title"] = nasty
    judged_run = judge_run(write_run(tmp_path, document, {"a.json": record()}))
    rendered = render(judged_run)
    svg = rendered.files["charts/throughput.svg"]
    assert "<script>" not in svg
    assert 'a | "b" <script> & ]( ![x] ```' in "".join(
        ET.fromstring(svg).itertext()  # noqa: S314
    )
    line = next(t for t in rendered.files["report.md"].splitlines() if t.startswith("!["))
    assert re.fullmatch(r"!\[(?:[^\[\]\\]|\\.)*\]\(charts/throughput\.svg\)", line)


@pytest.mark.parametrize("cores", [1, 2])
def test_a_chart_that_fails_costs_no_other(
    cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def latency(data: Data) -> Chart | None:
        raise ValueError(f"no axis for {len(data.rows)} rows")

    def cpu(data: Data) -> Chart | None:
        chart = cpu(data)
        return chart and Chart(chart.name, chart.title, chart.alt, chart.spec | {"layer": "none"})

    run = write_run(tmp_path, run_document(["one"], 1), {"a.json": record()})
    monkeypatch.setattr(charts, "CHARTS", (throughput, latency, cpu, rounds))
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    rendered = report.collect(run)
    told = [one.split(":")[0] for one in rendered.problems]
    assert told == [f"the chart {name} could not be drawn" for name in ("latency", "cpu")]
    assert "ValueError: no axis for 1 rows" in rendered.problems[0]
    shown = re.findall(r"^!\[.*\]\(charts/(.*)\.svg\)$", rendered.files["report.md"], re.MULTILINE)
    assert shown == ["throughput", "rounds"]
    assert {name for name in rendered.files if name.startswith("charts/")} == {
        "charts/throughput.svg",
        "charts/rounds.svg",
    }


def test_a_run_without_a_result_has_no_chart(tmp_path: Path) -> None:
    run = write_run(tmp_path, run_document(["one"], 1), {})
    assert made(judge_run(run)) == {}
    rendered = render(judge_run(run))
    assert not [name for name in rendered.files if name.startswith("charts/")]
    assert "charts/" not in rendered.files["report.md"]


def test_the_small_run_with_every_outcome(small: JudgedRun) -> None:
    chart = made(small)["throughput"]
    written = specs.words(chart.spec)
    assert "unavailable: 6 of 6 rounds: could not be deployed: no CPython 3.7 here" in written
    assert any(text.endswith(") degraded") for text in written)
    assert "ceiling" not in chart.title


def test_rendering_writes_the_pictures_and_removes_stale_ones(tmp_path: Path) -> None:
    run = write_run(tmp_path, run_document(["one"], 1), {"a.json": record()})
    (run / "charts").mkdir()
    (run / "charts" / "heat.svg").write_text("of an earlier rendering")
    (run / "charts" / "mine.txt").write_text("no chart")
    rendered = report.collect(run)
    shown = re.findall(
        r"^!\[.*\]\((charts/.*\.svg)\)$", (run / "report.md").read_text(), re.MULTILINE
    )
    there = sorted(str(path.relative_to(run)) for path in (run / "charts").iterdir())
    assert there == sorted([*shown, "charts/mine.txt"])
    for name in shown:
        assert (run / name).read_text() == rendered.files[name]


def test_many_rounds_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "MOST_DOTS", 36)
    names = ["one", "two", "three"]
    records = {
        f"{name}-{number}.json": record(framework=name, round=number, position=place)
        for place, name in enumerate(names)
        for number in range(1, 15)
    }
    of = made(judge_run(write_run(tmp_path, run_document(names, 14), records)))
    assert {len(own) for own in dots(of["throughput"]).values()} == {12}
    assert {row["x"] for row in specs.rows(of["rounds"].spec, "point")} == set(range(1, 13))
    assert "the first 12 of 14 rounds" in of["throughput"].title
    assert "the first 12 of 14 rounds" in of["rounds"].title


def test_a_page_can_hold_as_many_dots_as_there_may_be() -> None:
    bars = [
        Bar(
            look(number, f"framework {number}"),
            Estimate(1e5, 9e4, 1.1e5),
            [1e5 + n for n in range(MOST_DOTS // 24)],
            "100,000 (90,000 to 110,000)",
        )
        for number in range(24)
    ]
    spec = draw_bars([BarPanel("", bars)], linear("requests/s", [1e5], COUNT))
    assert len(svg.document(spec, "")) < 400_000


def test_no_panel_has_more_lines_than_one_can_tell_apart(tmp_path: Path) -> None:
    names = [f"framework-{number:02}" for number in range(20)]
    records = {f"{name}.json": record(framework=name) for name in names}
    of = made(judge_run(write_run(tmp_path, run_document(names, 1), records)))
    panels = specs.panels(of["latency"].spec)
    shown = [{row["title"] for row in specs.rows(panel, "line")} for panel in panels]
    assert [len(own) for own in shown] == [7, 7, 6]
    assert "lines 8 to 14 of 20" in specs.words(panels[1])
    assert set().union(*shown) == {name.capitalize() for name in names}


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([], []),
        ([50.0], [50.0]),
        ([10.0, 90.0], [10.0, 90.0]),
        ([50.0, 50.0], [42.5, 57.5]),
        ([60.0, 50.0, 55.0], [70.0, 40.0, 55.0]),
        ([99.0, 100.0], [85.0, 100.0]),
        ([-5.0, 0.0], [0.0, 15.0]),
        ([50.0] * 8, [0.0, 15.0, 30.0, 45.0, 60.0, 75.0, 90.0, 105.0]),
    ],
)
def test_labels_move_as_little_as_they_must(places: list[float], expected: list[float]) -> None:
    found = spread_labels(places, 15, 0, 100)
    assert found == pytest.approx(expected)

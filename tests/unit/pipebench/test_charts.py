"""The charts say what the tables say: parsed, and compared with the data behind them."""

import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest

from pipebench.rules.outcome import RATED
from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedRun, judge_run
from pipebench.run.summary import summary
from pipebench.show import report
from pipebench.show.charts import charts, drawing
from pipebench.show.charts.charts import Chart
from tests.unit.pipebench.factory import DATA, record, run_document, sweep_run, write_run

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "results" / "example"
SVG = "{http://www.w3.org/2000/svg}"


def rows_of(judged_run: JudgedRun) -> list[CellSummary]:
    return summary(judged_run)


def drawn(judged_run: JudgedRun) -> dict[str, Chart]:
    made, faults = charts.draw(judged_run, rows_of(judged_run))
    assert not faults
    return {chart.name: chart for chart in made}


@pytest.fixture(scope="module")
def example() -> JudgedRun:
    return judge_run(EXAMPLE)


@pytest.fixture(scope="module")
def of_example(example: JudgedRun) -> dict[str, Chart]:
    return drawn(example)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> JudgedRun:
    return judge_run(sweep_run(tmp_path_factory.mktemp("sweep"), [1, 4, 16, 64], [16, 256], 6))


@pytest.fixture(scope="module")
def of_sweep(sweep: JudgedRun) -> dict[str, Chart]:
    return drawn(sweep)


def texts(chart: Chart) -> list[str]:
    """What is written in the picture."""
    return [
        "".join(found.itertext())
        for found in ET.fromstring(chart.svg).iter(f"{SVG}text")  # noqa: S314
    ]


def marks(chart: Chart, kind: str) -> list[list[ET.Element]]:
    """The marks of each layer of one kind (symbol, rect, rule, line), in the order drawn."""
    groups = ET.fromstring(chart.svg).iter(f"{SVG}g")  # noqa: S314
    return [list(g) for g in groups if f"mark-{kind} role-mark" in g.get("class", "")]


def dots(chart: Chart) -> int:
    """The single rounds in a chart of bars: the last layer of symbols of each panel."""
    return len(marks(chart, "symbol")[-1])


@pytest.mark.parametrize("run", ["example", "sweep"])
def test_every_chart_is_a_document_a_page_can_take_in(
    run: str, request: pytest.FixtureRequest
) -> None:
    for chart in request.getfixturevalue(f"of_{run}").values():
        root = ET.fromstring(chart.svg)  # noqa: S314
        assert re.fullmatch(r"[a-z0-9-]+", chart.name)
        assert (root.tag, root.get("class"), root.get("role")) == (f"{SVG}svg", "chart", "img")
        assert root.get("aria-label") == chart.alt
        assert [child.tag for child in root][:2] == [f"{SVG}style", f"{SVG}rect"]
        assert root[1].get("class") == "background"
        assert 500 <= float(root.get("width", 0)) <= 820
        assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"
        assert re.findall(r"https?:[^\"]*", chart.svg) == ["http://www.w3.org/2000/svg"]
        # inline, an id would have to be the page's only one
        assert not re.search(r"\bid=|url\(|<image|<script", chart.svg)
        assert not re.search(r"\b(nan|NaN|None|undefined|null|Infinity)\b", chart.svg)
        assert "\n" not in chart.alt
        assert chart.title.endswith(".")


@pytest.mark.parametrize("run", ["example", "sweep"])
def test_text_is_large_enough_and_takes_the_pages_colour(
    run: str, request: pytest.FixtureRequest
) -> None:
    for chart in request.getfixturevalue(f"of_{run}").values():
        for found in ET.fromstring(chart.svg).iter(f"{SVG}text"):  # noqa: S314
            assert float(found.get("font-size", "0").removesuffix("px")) >= 11
            on_a_cell = found.get("fill") in ("#fff", "#1a1a1a") and chart.name == "heat"
            assert on_a_cell or found.get("fill") == drawing.INK


@pytest.mark.parametrize("run", ["example", "sweep"])
def test_the_same_data_are_the_same_bytes(run: str, request: pytest.FixtureRequest) -> None:
    assert drawn(request.getfixturevalue(run)) == request.getfixturevalue(f"of_{run}")


def test_a_run_of_one_cell_group_has_no_chart_of_scaling(of_example: dict[str, Chart]) -> None:
    assert list(of_example) == ["throughput", "cpu", "latency", "rounds"]


def test_a_sweep_has_them_all(of_sweep: dict[str, Chart]) -> None:
    assert list(of_sweep) == [
        "throughput", "cpu", "latency", "rounds", "depth", "gain", "connections", "heat",
    ]  # fmt: skip


def test_the_dots_are_the_rounds_and_a_failure_has_no_mark(
    example: JudgedRun, of_example: dict[str, Chart]
) -> None:
    rated = [m for m in example.measurements if m.judgement.outcome in RATED]
    expected = sum(m.measurement.cell.framework != "ceiling" for m in rated)
    chart = of_example["throughput"]
    assert dots(chart) == dots(of_example["cpu"]) == expected == 36
    bars = [path for layer in marks(chart, "rect") for path in layer]
    names = {m.measurement.cell.framework for m in rated} - {"ceiling"}
    # a bar each, and the two ends of its interval
    assert len(bars) == 3 * len(names) == 18
    assert any(t.startswith("failed: 6 of 6 rounds: crashed with SIGABRT") for t in texts(chart))
    assert "japronto" in texts(chart)


def test_the_ceiling_is_a_line_with_its_figure(
    example: JudgedRun, of_example: dict[str, Chart]
) -> None:
    row = next(row for row in rows_of(example) if row.role == "ceiling")
    label = f"ceiling {row.requests_per_s.value:,.0f}"
    assert label in texts(of_example["throughput"])
    assert label in of_example["throughput"].alt
    assert "ceiling" not in texts(of_example["throughput"])  # it is no row


def test_bars_are_as_long_as_the_rates(example: JudgedRun, of_example: dict[str, Chart]) -> None:
    rows = {row.title: row for row in rows_of(example)}
    lengths = [
        float(re.search(r"h(-?[\d.]+)", path.get("d", ""))[1])  # type: ignore[index]
        for path in marks(of_example["throughput"], "rect")[0]
    ]
    shown = [text for text in texts(of_example["throughput"]) if text in rows]
    rates = [value for title in shown if (value := rows[title].requests_per_s.value)]
    assert rates == sorted(rates, reverse=True)
    assert [length / lengths[0] for length in lengths] == pytest.approx(
        [value / rates[0] for value in rates], abs=0.002
    )


def test_figures_are_those_of_the_table(example: JudgedRun, of_example: dict[str, Chart]) -> None:
    for row in rows_of(example):
        if row.requests_per_s.value is not None and row.role != "ceiling":
            low, high = row.requests_per_s.low, row.requests_per_s.high
            words = f"{row.requests_per_s.value:,.0f} ({low:,.0f} to {high:,.0f})"
            assert words in texts(of_example["throughput"])
            assert f"{row.title} {words}" in of_example["throughput"].alt


def test_the_curve_says_the_median_of_the_rounds(
    example: JudgedRun, of_example: dict[str, Chart]
) -> None:
    row = next(row for row in rows_of(example) if row.cell.framework == "tornado")
    told = of_example["latency"].alt.split("tornado ")[1].split(";")[0]
    assert told.startswith(f"p50 {row.batch_latency_p50_us.value / 1000:.0f} ms")
    assert f"p99 {row.batch_latency_p99_us.value / 1000:.0f} ms" in told
    # some 9,400 batches a round: its line ends before p99.99
    assert "p99.9 " in told
    assert "p99.99" not in told
    assert "japronto: failed" in " ".join(texts(of_example["latency"]))


@pytest.mark.parametrize("name", ["latency", "depth", "gain", "connections"])
def test_every_line_has_its_name_beside_it(name: str, of_sweep: dict[str, Chart]) -> None:
    labels = marks(of_sweep[name], "text")
    assert len(labels) == (4 if name == "connections" else 1 if name == "latency" else 2)
    for panel in labels:
        written = {"".join(text.itertext()) for text in panel}
        assert {"Swift", "Middling", "Slow", "Ceiling"} <= written
        places = [re.findall(r"-?[\d.]+", text.get("transform", "")) for text in panel]
        heights = sorted(float(place[1]) for place in places)
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
    assert "Shallow" not in texts(of_sweep["gain"])  # it has depth 1 alone


def test_a_failed_cell_is_in_words_and_no_point(of_sweep: dict[str, Chart]) -> None:
    assert "Shallow: failed at depth 4, 16, 64" in texts(of_sweep["depth"])
    # in each of two panels four have four depths, and one has depth 1 alone
    assert [len(layer) for layer in marks(of_sweep["depth"], "symbol")] == [17, 17]
    assert texts(of_sweep["heat"]).count("failed") == 6


def test_the_heat_map_has_every_cell_with_its_share(of_sweep: dict[str, Chart]) -> None:
    written = texts(of_sweep["heat"])
    assert sum(bool(re.fullmatch(r"[01]\.\d\d", text)) for text in written) == 3 * 8 + 2
    assert written.count("1.00") >= 4
    assert sum(len(layer) for layer in marks(of_sweep["heat"], "rect")) == 3 * 8 + 2


def test_failures_are_crosses_among_the_rounds(of_example: dict[str, Chart]) -> None:
    points, crosses = marks(of_example["rounds"], "symbol")
    assert (len(points), len(crosses)) == (42, 6)
    assert "failed in 6 of 6" in texts(of_example["rounds"])


def test_of_many_groups_the_title_says_which_is_shown(of_sweep: dict[str, Chart]) -> None:
    assert (
        "at depth 4, 256 connections (7 other groups of cells are in the table)"
        in of_sweep["throughput"].title
    )


def test_a_framework_has_one_look_in_a_report(example: JudgedRun) -> None:
    looks = charts.looks(example, rows_of(example))
    own = [
        look for name, look in looks.items() if name not in ("ceiling", "uvloop-httptools-again")
    ]
    assert len({look.colour for look in own}) == len({look.shape for look in own}) == len(own) == 6
    again = looks["uvloop-httptools-again"]
    assert (again.colour, again.hollow) == (looks["uvloop-httptools"].colour, True)


def test_two_of_one_title_are_told_apart(tmp_path: Path) -> None:
    document = run_document(["one", "other"], 1)
    document["frameworks"]["other"]["title"] = "One"
    records = {f"{name}.json": record(framework=name) for name in ("one", "other")}
    charts_of = drawn(judge_run(write_run(tmp_path, document, records)))
    assert {"One (one)", "One (other)"} <= set(texts(charts_of["throughput"]))


def test_what_others_wrote_does_not_break_the_picture(tmp_path: Path) -> None:
    nasty = 'a | "b" <script> & ]( ![x]\n```'
    document = run_document(["one"], 1)
    document["frameworks"]["one"]["title"] = nasty
    judged_run = judge_run(write_run(tmp_path, document, {"a.json": record()}))
    rendered = report.render(judged_run)
    svg = rendered.files["charts/throughput.svg"]
    assert "<script>" not in svg
    assert 'a | "b" <script> & ]( ![x] ```' in "".join(
        ET.fromstring(svg).itertext()  # noqa: S314
    )
    line = next(t for t in rendered.files["report.md"].splitlines() if t.startswith("!["))
    assert re.fullmatch(r"!\[(?:[^\[\]\\]|\\.)*\]\(charts/throughput\.svg\)", line)


def test_a_chart_that_fails_costs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = judge_run(write_run(tmp_path, run_document(["one"], 1), {"a.json": record()}))

    def latency(_data: charts.Data) -> None:
        raise ValueError("no such axis")

    monkeypatch.setitem(charts.draw.__globals__, "latency", latency)
    rendered = report.render(run)
    assert "the chart latency could not be drawn: ValueError: no such axis" in rendered.problems
    assert "charts/throughput.svg" in rendered.files
    assert "charts/latency.svg" not in rendered.files
    assert "latency.svg" not in rendered.files["report.md"]


def test_a_run_without_a_result_has_no_chart(tmp_path: Path) -> None:
    run = write_run(tmp_path, run_document(["one"], 1), {})
    assert drawn(judge_run(run)) == {}
    rendered = report.render(judge_run(run))
    assert not [name for name in rendered.files if name.startswith("charts/")]
    assert "charts/" not in rendered.files["report.md"]


def test_the_small_run_with_every_outcome() -> None:
    of = drawn(judge_run(DATA / "run"))
    written = texts(of["throughput"])
    assert "unavailable: 6 of 6 rounds: could not be deployed: no CPython 3.7 here" in written
    assert any(text.endswith(") degraded") for text in written)
    assert "ceiling" not in of["throughput"].title


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


def test_many_rounds_are_bounded(tmp_path: Path) -> None:
    names = [f"framework-{number:02}" for number in range(24)]
    document = run_document(names, 60)
    whole = record()
    records = {
        f"{name}-{number}.json": whole | {"framework": name, "round": number, "position": place}
        for place, name in enumerate(names)
        for number in range(1, 61)
    }
    of = drawn(judge_run(write_run(tmp_path, document, records)))
    assert dots(of["throughput"]) == 24 * 50
    assert "the first 50 of 60 rounds" in of["throughput"].title
    assert "the first 50 of 60 rounds" in of["rounds"].title
    assert sum(len(chart.svg) for chart in of.values()) < 1_000_000


def test_no_panel_has_more_lines_than_one_can_tell_apart(tmp_path: Path) -> None:
    names = [f"framework-{number:02}" for number in range(20)]
    whole = record()
    records = {f"{name}.json": whole | {"framework": name} for name in names}
    of = drawn(judge_run(write_run(tmp_path, run_document(names, 1), records)))
    panels = marks(of["latency"], "text")
    assert [len(panel) for panel in panels] == [7, 7, 6]
    assert "lines 8 to 14 of 20" in texts(of["latency"])
    written = {"".join(text.itertext()) for panel in panels for text in panel}
    assert written == {name.capitalize() for name in names}


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
    found = drawing.spread(places, 15, 0, 100)
    assert found == pytest.approx(expected)

"""prices.yml: requests per unit of money and per core; and prices that cannot be used."""

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipebench.frame.cells import summary
from pipebench.run.judge import judge_run
from pipebench.run.prices import parse_prices
from pipebench.show.charts import charts, draw, machines
from pipebench.show.charts.chart import data_of
from pipebench.show.charts.draw import Drawn
from pipebench.show.charts.drawer import SameProcess
from tests.unit.command import collect
from tests.unit.pipebench.rendering import render
from tests.unit.pipebench.runs import ROOT, edit, made_run

HOSTS = ["lab-server", "lab-loadgen"]
COLUMNS_OF_COST = [
    "price_per_hour", "currency", "requests_per_money", "requests_per_s_per_core",
]  # fmt: skip
PRICED: dict[str, Any] = {
    "currency": "EUR",
    "date": "2026-11-01",
    "source": "a price list",
    "hosts": {"lab-server": {"per_hour": 0.18}},
}


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the charts there is that of prices alone."""
    monkeypatch.setattr(charts, "CHARTS", (machines.price,))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    means = {"one": 50_000, "one-again": 50_000, "two": 40_000, "absent": 0}
    return made_run(tmp_path_factory.mktemp("runs") / "priced", means)


@pytest.fixture
def prices(run: Path) -> Any:
    """Writes the run's prices; there are none afterwards."""
    path = run / "prices.yml"

    def write(document: Any) -> Path:
        text = document if isinstance(document, str) else yaml.safe_dump(document)
        path.write_text(text, encoding="utf-8")
        return path

    yield write
    path.unlink(missing_ok=True)


def rows_of(text: str) -> dict[str, dict[str, str]]:
    return {row["framework"]: row for row in csv.DictReader(io.StringIO(text))}


def test_without_prices_nothing_is_shown(run: Path) -> None:
    rendered = render(judge_run(run))
    for row in rows_of(rendered.files["summary.csv"]).values():
        assert [row[name] for name in COLUMNS_OF_COST] == ["", "", "", ""]
    assert "## Cost" not in rendered.files["report.md"]
    assert "charts/price.svg" not in rendered.files
    assert rendered.remarks == []


def test_requests_per_money_and_per_core(run: Path, prices: Any) -> None:
    prices(PRICED)
    rendered = render(judge_run(run))
    rows = rows_of(rendered.files["summary.csv"])
    rate = float(rows["two"]["requests_per_s"])
    assert rows["two"]["currency"] == "EUR"
    assert float(rows["two"]["price_per_hour"]) == 0.18
    assert float(rows["two"]["requests_per_money"]) == pytest.approx(rate * 20_000, rel=1e-4)
    assert float(rows["two"]["requests_per_s_per_core"]) == pytest.approx(rate / 2, abs=0.01)
    assert rows["absent"]["requests_per_money"] == ""
    chapter = rendered.files["report.md"].split("\n## Cost\n")[1].split("\n## ")[0]
    assert "| main | lab-server | 0.18 EUR | 2 | 2026-11-01 | a price list |" in chapter
    million = re.search(r"\| Two \| 1 \| 5 \| 20 \| ([\d.,]+) \|", chapter)
    assert million
    assert float(million[1].replace(",", "")) == pytest.approx(rate * 0.02, rel=0.01)
    assert chapter.index("| Two |") < chapter.index("| One |")  # most for the money first
    assert "Absent" not in chapter.split("![")[0]
    assert "again" not in chapter.split("![")[0]
    assert "](charts/price.svg)" in chapter
    assert rendered.files["charts/price.svg"].startswith("<svg")


def test_the_chart_has_a_point_a_testbed(tmp_path: Path) -> None:
    run = made_run(tmp_path / "two", {"one": 50_000})
    faster = made_run(tmp_path / "fast", {"one": 25_000}, testbed="big")
    edit(
        run / "run.json",
        testbeds=[
            {"name": "main", "server": "small", "generators": ["g1"]},
            {"name": "big", "server": "large", "generators": ["g2"]},
        ],
    )
    for file in (faster / "raw").iterdir():
        edit(file, run_id="two")
        file.rename(run / "raw" / file.name)
    hosts = {"small": {"per_hour": 0.1}, "large": {"per_hour": 0.4}}
    (run / "prices.yml").write_text(yaml.safe_dump(PRICED | {"hosts": hosts}))
    judged_run = judge_run(run)
    drawn = price_chart(run)
    assert drawn is not None
    rates = {row.cell.testbed: row.requests_per_s.value for row in summary(judged_run)}
    assert drawn.chart.alt == (
        f"Requests per second for EUR an hour: One {rates['main']:,.0f} for 0.1, "
        f"{rates['big']:,.0f} for 0.4."
    )
    assert "price of the server" in drawn.svg


def price_chart(run: Path) -> Drawn | None:
    judged_run = judge_run(run)
    drawn, _ = draw.begin(data_of(judged_run, summary(judged_run)), SameProcess()).finish()
    return next((one for one in drawn if one.chart.name == "price"), None)


NO_HOSTS = (
    "prices.yml must have `hosts`, with {per_hour, currency, date, source} by host name; no price "
    "is known"
)
OTHER = (
    "prices.yml: other is not a host of this run, which has lab-server, lab-loadgen; its price is "
    "not used"
)
MIXED = (
    "prices.yml: the hosts' prices are in EUR and USD: requests per unit of money cannot be "
    "compared between these hosts"
)
UNPRICED = "prices.yml: lab-server has no price: "
KEYS = "choose from per_hour, currency, date and source"
NUMBER = "it must be a number above 0, such as 0.096"
BAD: dict[str, tuple[Any, list[str], list[str]]] = {
    "a host that is not in the run": (
        PRICED | {"hosts": PRICED["hosts"] | {"other": {"per_hour": 1}}},
        ["lab-server"],
        [OTHER],
    ),
    "a negative price": (
        PRICED | {"hosts": PRICED["hosts"] | {"lab-loadgen": {"per_hour": -1}}},
        ["lab-server"],
        [f"prices.yml: lab-loadgen has no price: per_hour is -1; {NUMBER}"],
    ),
    "nothing": (
        PRICED | {"hosts": {"lab-server": {"per_hour": 0}}},
        [],
        [f"{UNPRICED}per_hour is 0; {NUMBER}"],
    ),
    "no number": (
        PRICED | {"hosts": {"lab-server": {"per_hour": "0,18"}}},
        [],
        [f"{UNPRICED}per_hour is '0,18'; {NUMBER}"],
    ),
    "not a number": (
        PRICED | {"hosts": {"lab-server": {"per_hour": float("nan")}}},
        [],
        [f"{UNPRICED}per_hour is nan; {NUMBER}"],
    ),
    "not finite": (
        PRICED | {"hosts": {"lab-server": {"per_hour": float("inf")}}},
        [],
        [f"{UNPRICED}per_hour is inf; {NUMBER}"],
    ),
    "mixed currencies": (
        PRICED | {"hosts": PRICED["hosts"] | {"lab-loadgen": {"per_hour": 1, "currency": "USD"}}},
        ["lab-server", "lab-loadgen"],
        [MIXED],
    ),
    "an unknown key of a host": (
        PRICED | {"hosts": {"lab-server": {"per_hour": 1, "per_month": 2}}},
        [],
        [f"{UNPRICED}'per_month' is not a known key; {KEYS}"],
    ),
    "an unknown key": (
        PRICED | {"price": 1},
        ["lab-server"],
        [
            "prices.yml: 'price' is not a known key; choose from hosts, currency, date and source",
        ],
    ),
    "no currency, an empty source": (
        {"date": "2026-11-01", "source": "", "hosts": {"lab-server": {"per_hour": 1}}},
        [],
        [f"{UNPRICED}currency is missing", f"{UNPRICED}source is ''; it must be a text"],
    ),
    "no hosts": ({"lab-server": 0.2}, [], [NO_HOSTS]),
    "a bare number": (
        PRICED | {"hosts": {"lab-server": 0.2}},
        [],
        [f"{UNPRICED}0.2 must be a mapping with per_hour, currency, date and source"],
    ),
    "empty": (None, [], [NO_HOSTS]),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_used_is_told_and_the_rest_is_used(name: str) -> None:
    document, hosts, sentences = BAD[name]
    found = parse_prices(document, HOSTS)
    assert list(found.hosts) == hosts
    assert found.problems == sentences


@pytest.mark.parametrize("text", ["hosts: [", "\x00", "- 1"])
def test_a_file_that_is_none_stops_nothing(run: Path, prices: Any, text: str) -> None:
    prices(text)
    rendered = render(judge_run(run))
    assert rendered.problems == []
    (remark,) = rendered.remarks
    assert "no price is known" in remark
    chapter = rendered.files["report.md"].split("\n## Cost\n")[1].split("\n## ")[0]
    assert "no price is known" in chapter


def test_several_currencies_have_no_chart(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", {"one": 50_000})
    hosts = {"lab-server": {"per_hour": 1}, "lab-loadgen": {"per_hour": 1, "currency": "USD"}}
    (run / "prices.yml").write_text(yaml.safe_dump(PRICED | {"hosts": hosts}))
    # only what serves counts, so the chart is there: one currency serves
    assert price_chart(run) is not None
    edit(
        run / "run.json",
        testbeds=[
            {"name": "main", "server": "lab-server", "generators": ["g1"]},
            {"name": "b", "server": "lab-loadgen", "generators": ["g2"]},
        ],
    )
    assert price_chart(run) is None


def test_prices_are_kept_with_the_run(tmp_path: Path) -> None:
    run = made_run(tmp_path / "run", {"one": 50_000}, rounds=1)
    file = tmp_path / "today.yml"
    file.write_text(yaml.safe_dump(PRICED))
    assert collect("render", run, "--prices", file).returncode == 0
    file.unlink()
    assert collect(run).returncode == 0
    assert "## Cost" in (run / "report.md").read_text()
    # one that has no price for this run does not replace it
    file.write_text(yaml.safe_dump(PRICED | {"hosts": {"other": {"per_hour": 2}}}))
    done = collect("render", run, "--prices", file)
    assert done.returncode == 0
    assert done.stderr.splitlines()[0].endswith("its price is not used")
    assert done.stderr.splitlines()[1].endswith("has no price for this run, and was not kept")
    assert yaml.safe_load((run / "prices.yml").read_text()) == PRICED
    done = collect("render", run, "--prices", tmp_path / "none.yml")
    assert done.returncode == 1
    assert "none.yml cannot be used, and was not kept: it cannot be read (No such" in done.stderr
    assert "Report: " in done.stdout


def test_a_date_and_a_year_need_no_quotes() -> None:
    document = yaml.safe_load(
        "{currency: EUR, date: 2026-11-01, source: 2026, hosts: {h: {per_hour: 1}}}"
    )
    price = parse_prices(document, ["h"]).hosts["h"]
    assert (price.per_hour, price.date, price.source) == (1.0, "2026-11-01", "2026")


def test_the_example_is_right() -> None:
    document = yaml.safe_load((ROOT / "docs" / "prices.example.yml").read_text())
    found = parse_prices(document, ["bench-server", "bench-server-arm"])
    assert found.problems == []
    assert len(found.hosts) == 2

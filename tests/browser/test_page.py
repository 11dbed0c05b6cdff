"""The page of a report as a browser shows it."""

import json
import shutil
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from selenium.webdriver import ActionChains, Keys

from pipebench.show import page
from pipebench.show.report import collect
from tests.browser.conftest import Browser

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
SHADES: dict[str, list[tuple[str, float | None]]] = {
    "thousands": [
        ("9,441", 9441.2), ("494,404 (478,018 to 512,808) [1]", 494404), ("-", None),
        ("35,972", 35972), ("-", None), ("992,012", 992012),
    ],
    "latency": [
        ("2.01 ms", 2010), ("989 us", 989), ("-", None), ("1.2 s", 1.2e6), ("105 ms", 1.05e5),
        ("-", None),
    ],
    "rounded": [
        ("0.49", 0.494), ("0.49", 0.491), ("-", None), ("0.0096", 0.0096), ("1.00", 1),
        ("0.97 !", 0.97),
    ],
    "rank": [
        ("2", 2), ("1", 1), ("-", None), ("ceiling", None), ("10", 10), ("control", None),
    ],
    "name": [(text, None) for text in ("zeta", "Alpha", "beta 10", "-", "beta 9", "Émile")],
    "version": [
        (text, None) for text in ("3.13.5", "3.9.2", "-", "1.2.3", "4.1.0-4+b1", "10.0.1")
    ],
    "same": [("1", 1)] * 6,
}  # fmt: skip
"""Columns: the text of each cell, and its value."""
SORTED = {
    "thousands": ["9,441", "35,972", "494,404 (478,018 to 512,808) [1]", "992,012", "-", "-"],
    "latency": ["989 us", "2.01 ms", "105 ms", "1.2 s", "-", "-"],
    "rounded": ["0.0096", "0.49", "0.49", "0.97 !", "1.00", "-"],
    "rank": ["1", "2", "10", "ceiling", "control", "-"],
    "name": ["Alpha", "beta 9", "beta 10", "Émile", "zeta", "-"],
    "version": ["1.2.3", "3.9.2", "3.13.5", "4.1.0-4+b1", "10.0.1", "-"],
    "same": ["1", "1", "1", "1", "1", "1"],
}
MISSING = "-"

OVERFLOW = "const e = document.scrollingElement; return [e.scrollWidth, e.clientWidth]"
COLUMN = """
const at = [...document.querySelectorAll('main thead th, main thead td')]
  .findIndex((head) => head.textContent === arguments[0]);
return [...document.querySelectorAll('main tbody tr')].map((row) => row.cells[at].textContent);
"""
CONTRAST = """
const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
const rgba = (color) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data];
};
const luminance = (color) => {
  const [r, g, b] = rgba(color).slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
  for (let e = element; e; e = e.parentElement) {
    const color = getComputedStyle(e).backgroundColor;
    if (rgba(color)[3] === 255) return color;
  }
  return 'white';
};
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const worst = {};
for (let text; (text = texts.nextNode()); ) {
  const element = text.parentElement;
  if (!text.data.trim() || element.closest('script, style, svg')) continue;
  const [a, b] = [getComputedStyle(element).color, behind(element)];
  const [x, y] = [luminance(a), luminance(b)].sort((m, n) => n - m);
  worst[`${a} on ${b}`] = (x + 0.05) / (y + 0.05);
}
return worst;
"""


class Field(NamedTuple):
    value: float | None
    interval: str = ""


@dataclass
class Table:
    rows: list[list[Field]]


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the run that the repository shows, made anew."""
    folder = tmp_path_factory.mktemp("runs") / "example"
    shutil.copytree(ROOT / "results" / "example", folder)
    collect(folder)
    return folder / "report.html"


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of one table, whose columns are all that a report sorts."""
    rows = list(zip(*SHADES.values(), strict=True))
    markdown = "\n".join(
        ["# T", "", "## R", "", f"| {' | '.join(SHADES)} |", "|" + " ---: |" * 4 + " --- |" * 3]
        + [f"| {' | '.join(text for text, _ in row)} |" for row in rows]
    )
    values = Table([[Field(value) for _, value in row] for row in rows])
    path = tmp_path_factory.mktemp("table") / "table.html"
    path.write_text(page.render(markdown, "T", {}, {"R": values}), encoding="utf-8")
    return path


def column(browser: Browser, name: str) -> list[str]:
    shown: list[str] = browser.js(COLUMN, name)
    return [cell.replace("\N{NO-BREAK SPACE}", " ") for cell in shown]


def press(browser: Browser, name: str) -> None:
    next(button for button in browser.all("th button") if button.text.split()[0] == name).click()


def sorts(browser: Browser) -> dict[str, str]:
    """What the heads say of the order, by column."""
    return {
        str(head.text).split()[0]: str(head.get_attribute("aria-sort"))
        for head in browser.all("th[aria-sort]")
    }


def test_the_page_asks_for_itself_alone(browser: Browser, example: Path) -> None:
    browser.open(example)
    browser.js("scrollTo(0, document.body.scrollHeight)")
    for details in browser.all("details:not([open]) > summary"):
        details.click()
    asked = browser.asked()
    assert example.as_uri() in asked
    assert {url for url in asked if not url.startswith("data:")} == {example.as_uri()}


def test_the_page_is_whole_without_a_network(browser: Browser, example: Path) -> None:
    browser.cdp("Network.enable")
    offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    browser.cdp("Network.emulateNetworkConditions", **offline)
    try:
        browser.open(example)
        assert browser.all("main h2")
        assert browser.all("th button")
    finally:
        online = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        browser.cdp("Network.emulateNetworkConditions", **online)


def test_no_script_runs_but_the_pages_own(browser: Browser, tmp_path: Path) -> None:
    """The policy holds where a page were to let something through."""
    whole = page.render("# T\n\n## A\n\nHERE", "T", {})
    told = "<script>window.bad = 1</script><img src=x onerror='window.bad = 2'>"
    (tmp_path / "bad.html").write_text(whole.replace("HERE", told), encoding="utf-8")
    browser.open(tmp_path / "bad.html")
    assert browser.js("return window.bad") is None
    refusals = browser.said()
    assert refusals
    assert all("Content Security Policy" in refusal for refusal in refusals)


@pytest.mark.parametrize("name", SHADES)
def test_a_column_sorts_up_then_down_then_as_it_was(
    browser: Browser, table: Path, name: str
) -> None:
    browser.open(table)
    assert sorts(browser) == {}
    press(browser, name)
    assert column(browser, name) == SORTED[name]
    assert sorts(browser) == {name: "ascending"}
    press(browser, name)
    last = [cell for cell in SORTED[name] if cell == MISSING]
    first = [cell for cell in SORTED[name] if cell != MISSING]
    assert column(browser, name) == first[::-1] + last
    assert sorts(browser) == {name: "descending"}
    press(browser, name)
    assert column(browser, name) == [text for text, _ in SHADES[name]]
    assert sorts(browser) == {}


def test_what_is_equal_stays_in_its_order(browser: Browser, table: Path) -> None:
    browser.open(table)
    press(browser, "same")
    press(browser, "same")
    assert column(browser, "name") == [text for text, _ in SHADES["name"]]
    press(browser, "name")
    assert sorts(browser) == {"name": "ascending"}


def test_the_keyboard_sorts(browser: Browser, table: Path) -> None:
    browser.open(table)
    keys = ActionChains(browser.driver)
    for _ in range(20):
        keys.send_keys(Keys.TAB).perform()
        if browser.js("return document.activeElement.textContent") == "latency":
            break
    assert browser.js("return document.activeElement.matches('th > button:focus-visible')")
    assert browser.js("return getComputedStyle(document.activeElement).outlineStyle") == "solid"
    keys.send_keys(Keys.ENTER).perform()
    assert column(browser, "latency") == SORTED["latency"]
    keys.send_keys(Keys.SPACE).perform()
    assert sorts(browser) == {"latency": "descending"}


def test_the_first_stop_of_the_keyboard_skips_to_the_content(
    browser: Browser, example: Path
) -> None:
    browser.open(example)
    ActionChains(browser.driver).send_keys(Keys.TAB).send_keys(Keys.ENTER).perform()
    assert browser.js("return document.activeElement.tagName") == "MAIN"


def test_a_thousand_rows_sort_at_once(browser: Browser, tmp_path: Path) -> None:
    numbers = [(n * 7919) % 1009 for n in range(1000)]
    rows = [f"| f{n} | {number:,} |" for n, number in enumerate(numbers)]
    markdown = "\n".join(["# T", "", "| a | b |", "| --- | ---: |", *rows])
    values = Table([[Field(None), Field(number)] for number in numbers])
    made = page.render(markdown, "T", {}, {"T": values})
    (tmp_path / "long.html").write_text(made, encoding="utf-8")
    browser.open(tmp_path / "long.html")
    press(browser, "b")
    shown = [int(cell.replace(",", "")) for cell in column(browser, "b")]
    assert shown == sorted(numbers)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 768, 1280, 1920])
def test_nothing_is_wider_than_the_page(
    browser: Browser, example: Path, width: int, scheme: str
) -> None:
    browser.open(example, width)
    browser.emulate(prefers_color_scheme=scheme)
    browser.js("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    content, room = browser.js(OVERFLOW)
    assert content <= room
    assert room >= width - 15  # a scroll bar


def test_the_heads_of_a_long_table_stay(browser: Browser, tmp_path: Path) -> None:
    rows = "".join(f"| {n} | {n} |\n" for n in range(200))
    markdown = f"# T\n\n| a | b |\n| --- | --- |\n{rows}"
    (tmp_path / "long.html").write_text(page.render(markdown, "T", {}), encoding="utf-8")
    browser.open(tmp_path / "long.html")
    box = browser.all(".table")[0]
    assert box.get_attribute("tabindex") == "0"
    place = "return arguments[0].querySelector('thead th').getBoundingClientRect().top"
    before = browser.js(place, box)
    browser.js("arguments[0].scrollTop = 2000", box)
    assert browser.js(place, box) == pytest.approx(before, abs=1)


def test_paper_cuts_no_table(browser: Browser, example: Path) -> None:
    browser.open(example, 700)  # A4 without its margins
    browser.emulate("print")
    content, room = browser.js(OVERFLOW)
    assert content <= room


def test_on_a_phone_the_names_stay_while_the_table_scrolls(browser: Browser, example: Path) -> None:
    browser.open(example, 360)
    box = browser.all("#results ~ .table")[0]
    assert box.get_attribute("tabindex") == "0"
    assert browser.js("return arguments[0].scrollWidth > arguments[0].clientWidth", box)
    place = "return arguments[0].querySelector('tbody .name').getBoundingClientRect().left"
    before = browser.js(place, box)
    browser.js("arguments[0].scrollLeft = 300", box)
    assert browser.js(place, box) == pytest.approx(before, abs=1)


@pytest.mark.parametrize("width", [320, 390])
def test_on_a_phone_the_values_stand_beside_the_bars(
    browser: Browser, example: Path, width: int
) -> None:
    browser.open(example, width)
    listed = browser.all(".bars .value")
    assert {"469,401 (436,573 to 485,752)", "2.14 us (2.07 us to 2.30 us)"} <= {
        value.text for value in listed
    }
    place = "const b = arguments[0].getBoundingClientRect(); return [b.left, b.right, b.height]"
    for left, right, height in (browser.js(place, value) for value in listed):
        assert 0 <= left <= right <= width
        assert height > 0 or left == right  # the ceiling's stands with its name
    assert not browser.all(".wide")[0].is_displayed()
    bars = {browser.js(place, bar)[1] for bar in browser.all(".bars .bar")}
    assert max(bars) <= width
    browser.open(example, 1280)
    assert not browser.all(".bars")[0].is_displayed()
    assert browser.all(".wide svg")[0].is_displayed()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(browser: Browser, example: Path, scheme: str) -> None:
    browser.open(example)
    browser.emulate(prefers_color_scheme=scheme)
    low = {pair: ratio for pair, ratio in browser.js(CONTRAST).items() if ratio < 4.5}
    assert low == {}


def background(browser: Browser) -> str:
    color: str = browser.js("return getComputedStyle(document.documentElement).backgroundColor")
    return color


def test_dark_is_dark_and_paper_is_white(browser: Browser, example: Path) -> None:
    browser.open(example)
    browser.emulate(prefers_color_scheme="dark")
    assert max(map(int, background(browser).strip("rgb()").split(", "))) < 48
    browser.emulate("print", prefers_color_scheme="dark")
    assert background(browser) == "rgb(255, 255, 255)"
    assert browser.js("return getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert browser.js(
        "return [...document.querySelectorAll('.table')].every("
        "(box) => getComputedStyle(box).overflow === 'visible')"
    )
    assert {position.value_of_css_property("position") for position in browser.all(".name")} == {
        "static"
    }


def test_paper_shows_what_is_folded(browser: Browser, example: Path) -> None:
    browser.open(example)
    browser.emulate("print")
    assert browser.all("main details:not([open])")
    heights = browser.js(
        "return [...document.querySelectorAll('main details:not([open]) pre')]"
        ".map((one) => one.getBoundingClientRect().height)"
    )
    assert heights
    assert min(heights) > 0


def test_what_is_folded_opens(browser: Browser, example: Path) -> None:
    browser.open(example)
    log = browser.all("#japronto ~ details")[-1]
    text = log.find_element("tag name", "pre")
    assert not text.is_displayed()
    log.find_element("tag name", "summary").click()
    assert text.is_displayed()
    assert "corrupted double-linked list" in text.text


def test_the_contents_lead_to_the_chapters(browser: Browser, example: Path) -> None:
    browser.open(example, 360)
    contents = browser.all("nav summary")[0]
    link = browser.all('nav a[href="#reproduce"]')[0]
    assert not link.is_displayed()
    contents.click()
    link.click()
    top = "return document.getElementById('reproduce').getBoundingClientRect().top"
    assert 0 <= browser.js(top) < 900
    browser.open(example, 1280)
    assert browser.all('nav a[href="#reproduce"]')[0].is_displayed()


def test_a_screen_reader_finds_its_way(browser: Browser, example: Path) -> None:
    browser.open(example)
    browser.cdp("Accessibility.enable")
    nodes = browser.cdp("Accessibility.getFullAXTree")["nodes"]
    named = {
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node["ignored"]
    }
    assert ("navigation", "Contents") in named
    assert ("main", "") in named
    assert ("columnheader", "requests/s") in named
    assert ("rowheader", "aiohttp") in named
    assert ("heading", "Tl;dr") in named
    levels = [int(head.tag_name[1]) for head in browser.all("h1, h2, h3, h4, h5, h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    # marks are for the eye
    assert json.dumps(sorted(named)).count("\\u2713") == 0


def test_the_command_can_be_copied(browser: Browser, example: Path) -> None:
    browser.open(example)
    browser.cdp(
        "Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"]
    )
    button = browser.all("#reproduce ~ .copy")[-1]
    button.click()
    copied = browser.driver.execute_async_script(
        "navigator.clipboard.readText().then(arguments[0], (e) => arguments[0](String(e)))"
    )
    assert copied.startswith("./bench -i inventory/lab -e '{\n")
    used = json.loads((ROOT / "results" / "example" / "run.json").read_text())["variables"]
    assert f'"bench_order_seed": {used["bench_order_seed"]}' in copied

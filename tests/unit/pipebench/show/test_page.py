"""The page of a report: what is in it, and what nobody's log or title can put into it."""

import base64
import hashlib
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import pytest

from pipebench.run.judge import judge_run
from pipebench.show import formats, page
from pipebench.show.charts.bar_list import bar_list
from pipebench.show.charts.drawing.bars import Bar, BarPanel
from pipebench.show.charts.drawing.style import Look
from pipebench.show.report import Rendered
from pipebench.stats.estimate import UNKNOWN, Estimate
from tests.unit.pipebench.factory import record, run_document, write_run
from tests.unit.pipebench.rendering import render

EVIL = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</code></pre><script>alert(1)</script>",
    "```\n</code><script>alert(1)</script>\n````\n~~~",
    "</details></summary><svg onload=alert(1)>",
    "<details><summary><script>alert(1)</script></summary>",
    "![x](https://example.org/x.png)",
    "[x](javascript:alert(1))",
    "[x]: javascript:alert(1)",
    "<javascript:alert(1)>",
    "--><!-- <style>*{display:none}</style>",
    "`<b onclick=alert(1)>`",
    '" onmouseover="alert(1)',
]
SVG = (
    '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="none" '
    'viewBox="0 0 9 9"><style>.chart { fill: currentColor }</style><rect class="background"/>'
    '<clipPath id="a"><rect/></clipPath><g clip-path="url(#a)"><use href="#a"/></g></svg>'
)
KNOWN_TAGS = set(
    """html head meta title link style body a nav details summary ol li main section h1 h2 h3 p ul
    figure figcaption
    strong em code pre blockquote div table thead tbody tr th td span script""".split()  # noqa: SIM905
)


class Seen(HTMLParser):
    """Every tag of a page, and every attribute with its tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def of(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]


def body(markdown: str, charts: dict[str, str] | None = None) -> str:
    """What is between <main> and </main>."""
    pictures = {name: page.Picture(svg) for name, svg in (charts or {}).items()}
    made = page.render(markdown, "Title", pictures)
    return made.split("<main", 1)[1].split(">", 1)[1].split("</main>")[0].strip()


@pytest.fixture(scope="module")
def example(rendered: Rendered) -> str:
    made = rendered.files["report.html"]
    return re.sub(r"<svg.*?</svg>", "", made, flags=re.DOTALL)  # charts: test_charts.py


def assert_harmless(text: str) -> None:
    seen = Seen(text)
    assert set(seen.tags) <= KNOWN_TAGS
    assert seen.tags.count("script") == seen.tags.count("style") == 1
    assert not [name for _, name, _ in seen.attributes if name.startswith("on")]
    assert not [value for value in seen.of("href") if value.lower().startswith("javascript")]
    resources = {"src", "srcset", "poster", "data", "action", "formaction", "xlink:href"}
    assert not [name for _, name, _ in seen.attributes if name in resources]
    assert [value for tag, name, value in seen.attributes if (tag, name) == ("link", "href")] == [
        "data:,"
    ]


def test_a_report_is_a_page_of_known_parts(example: str) -> None:
    assert_harmless(example)
    seen = Seen(example)
    assert ("html", "lang", "en") in seen.attributes
    assert [tag for tag in seen.tags if tag in ("h1", "h2")][0] == "h1"  # noqa: RUF015
    assert seen.tags.count("main") == seen.tags.count("nav") == seen.tags.count("h1") == 1
    assert len(seen.of("id")) == len(set(seen.of("id")))
    assert not re.search(r"url\(|@import", example)


def test_every_word_of_the_report_is_in_its_page(rendered: Rendered) -> None:
    files = rendered.files
    shown = HTMLText(files["report.html"]).text
    for line in files["report.md"].splitlines():
        if line.startswith("!["):  # its words are an attribute
            continue
        plain = re.sub(r"^```+\w*|<[^>]+>|\]\(#[^)]*\)|^#+ |^- |(?<!\\)[*`|\[\\]|--+:?", " ", line)
        for word in plain.split():
            assert word in shown, line


class HTMLText(HTMLParser):
    """The text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_policy_names_the_one_script(example: str) -> None:
    script = example.split("<script>")[1].split("</script>", maxsplit=1)[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(value for value in Seen(example).of("content") if "default-src" in value)
    assert policy.split("; ") == [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        f"script-src 'sha256-{digest}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]


@pytest.mark.parametrize("evil", EVIL)
def test_nothing_gets_through_the_renderer(evil: str) -> None:
    places = [evil, f"## {evil}", f"- {evil}", f"| a |\n| --- |\n| {evil} |", f"`{evil}`"]
    places += [f"<details><summary>{evil}</summary>\n\n{evil}\n\n</details>", f"> {evil}"]
    for place in places:
        assert_harmless(page.render(f"# T\n\n## A\n\n{place}\n\n## B", evil, {}))


@pytest.mark.parametrize("evil", EVIL)
def test_nothing_gets_through_a_run(tmp_path: Path, evil: str) -> None:
    failed = record(
        framework="alpha",
        deployment={"available": False, "reason": evil, "log": evil},
        server=None,
        generators=[],
    )
    document = run_document(["alpha"], 1, command=["ansible-playbook", evil], run_id=evil)
    document["frameworks"]["alpha"] |= {"title": evil, "note": evil, "language": evil}
    document["variables"]["bench_results_dir"] = evil
    run = write_run(tmp_path, document, {"a.json": failed})
    assert_harmless(render(judge_run(run)).files["report.html"])


@pytest.mark.parametrize("evil", EVIL)
def test_a_log_is_shown_as_it_is(evil: str) -> None:
    assert HTMLText(body(f"## A\n\n{formats.block(evil)}")).text.strip() == f"A\n{evil}"


@pytest.mark.parametrize("text", [*EVIL, "__init__ _x_ a_b", "a & b &lt; &copy;", "[1] [epoll]"])
def test_a_text_is_shown_as_it_is(text: str) -> None:
    shown = HTMLText(body(f"x {formats.text(text)}")).text
    assert shown == f"x {' '.join(text.split())}"


def test_headings_have_the_anchors_that_github_gives() -> None:
    heads = ["Tl;dr", "What is missing", "uvloop + httptools (again)", "Same", "Same", "`a` **b**"]
    seen = Seen(body("\n\n".join(f"## {head}" for head in heads)))
    assert seen.of("id") == [
        "tldr", "what-is-missing", "uvloop--httptools-again", "same", "same-1", "a-b",
    ]  # fmt: skip


def test_links_within_the_report_lead_somewhere(example: str) -> None:
    seen = Seen(example)
    leads = [value for value in seen.of("href") if value.startswith("#")]
    assert "#what-is-missing" in leads
    assert {lead.removeprefix("#") for lead in leads} <= set(seen.of("id"))


def test_the_contents_are_the_chapters() -> None:
    made = page.render("# T\n\n## A `b`\n\n### Not this\n\n## C & D", "T", {})
    contents = made.split("<ol>")[1].split("</ol>")[0]
    assert re.findall(r'<a href="(.*)">(.*)</a>', contents) == [
        ("#a-b", "A b"),
        ("#c--d", "C &amp; D"),
    ]


class Field(NamedTuple):
    value: object
    interval: str = ""


@dataclass
class Table:
    rows: list[list[Field]]


def test_a_table_has_headers_numbers_and_a_name() -> None:
    values = Table(
        [
            [Field(1), Field("a"), Field(1000.4, "(900 to 1,100 us)"), Field("ok")],
            [Field(1), Field("b"), Field(None), Field("failed")],
        ]
    )
    made = page.render(
        "## R\n\n| depth | framework | rate | outcome |\n| --- | --- | ---: | --- |\n"
        "| 1 | a | 1,000 us (900 to 1,100 us) [1] **x** | ok |\n| 1 | b | - | failed |\n",
        "T",
        {},
        {"R": values},
    )
    assert '<div class="table" role="group" aria-labelledby="r">\n<table class="sortable">' in made
    assert '<th scope="col" class="name">framework</th>' in made
    assert '<th scope="row" class="name">b</th>' in made
    assert (
        '<td class="number" data-value="1000.4">1,000\xa0us<span class="interval"> '
        "(900 to 1,100\xa0us) [1] <strong>x</strong></span></td>"
    ) in made
    assert '<td class="number">-</td>' in made
    assert '<td class="outcome failed">failed</td>' in made
    assert "style=" not in made


def test_the_tables_under_a_heading_have_their_values_in_order() -> None:
    columns = "| a | n |\n| --- | ---: |\n| x | 1 |\n"
    made = page.render(
        f"## R\n\n{columns}\nText.\n\n{columns}\nText.\n\n{columns}\n## S\n\n{columns}",
        "T",
        {},
        {
            "R": [Table([[Field("x"), Field(1.25)]]), Table([[Field("x"), Field(1.5)]])],
            "S": Table([[Field("x"), Field(1.75)]]),
        },
    )
    assert re.findall(r'<td class="number"(?: data-value="([\d.]+)")?>', made) == [
        "1.25",
        "1.5",
        "",
        "1.75",
    ]


def test_a_table_must_have_the_values_of_its_cells() -> None:
    with pytest.raises(ValueError, match="shorter"):
        page.render("## R\n\n| a |\n| --- |\n| 1 |\n| 2 |", "T", {}, {"R": Table([[Field(1)]])})


def test_a_table_of_one_row_or_without_heads_is_not_sorted() -> None:
    assert "sortable" not in body("| a |\n| --- |\n| 1 |")
    headless = body("| | |\n| --- | --- |\n| a | 1 |\n| b | 2 |")
    assert "sortable" not in headless
    assert 'scope="col"' not in headless
    assert headless.count('<th scope="row"') == 2


def test_an_empty_head_is_no_header() -> None:
    made = body("| | host |\n| --- | --- |\n| a | 1 |\n| b | 2 |")
    assert '<td class="name"></td>' in made
    assert '<th scope="col">host</th>' in made
    assert 'class="sortable"' in made


def test_only_a_long_table_scrolls_under_its_heads() -> None:
    table = "| a |\n| --- |\n" + "| 1 |\n" * page.LONG
    assert 'class="table"' in body(table)
    assert 'class="table long"' in body(table + "| 1 |\n")


def test_what_is_folded_is_folded_and_nothing_else() -> None:
    folded = "<details><summary>The *log*</summary>\n\n```\n</details>\n```\n\n</details>\n\nafter"
    made = body(folded)
    assert made.startswith("<details>\n<summary>The <em>log</em></summary>")
    assert "<pre><code>&lt;/details&gt;\n</code></pre>\n</details>" in made
    assert made.endswith("<p>after</p>")
    assert body("</details>") == "<p>&lt;/details&gt;</p>"
    assert "<details" not in body("<details open ontoggle=alert(1)><summary>x</summary>")
    assert body("<details><summary>never closed</summary>\n\n## A").count("</details>") == 1


def test_a_table_ends_where_what_is_folded_ends() -> None:
    made = body(
        "<details><summary>x</summary>\n\n| a |\n| --- |\n| 1 |\n</details>\n\n- b\n</details>"
    )
    assert made.count("<tr>") == 2
    assert made.count("</details>") == 1


@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_a_chart_is_a_named_figure(gap: str) -> None:
    shown = f'![Rates "of" all](charts/rates.svg){gap}*What `it` shows.*'
    made = body(f"## A\n\n{shown}\n\nText", {"rates": SVG})
    assert "<img" not in made
    assert "<?xml" not in made
    assert 'role="img" aria-label="Rates &quot;of&quot; all"><style>' in made
    assert 'role="none"' not in made
    assert "<figcaption>What <code>it</code> shows.</figcaption>\n</figure>\n<p>Text</p>" in made
    assert '<clipPath id="rates.a">' in made
    assert 'url(#rates.a)"><use href="#rates.a"/>' in made


def test_a_number_keeps_its_unit_and_the_answer_its_evidence_apart() -> None:
    told = "- **a** did 5 us, b (2) 3 s.\\\n  *a: 95 % interval 1 to 2.*"
    made = body(f"## A\n\n{told}\n\n## B\n\n`5 us` (5)")
    assert "did 5\xa0us, b (2) 3\xa0s.<span" in made
    assert '<span class="evidence">a: 95\xa0% interval 1 to 2.</span></li>' in made
    assert "<code>5 us</code> (5)</p>" in made


def test_a_chart_has_a_list_for_a_narrow_screen() -> None:
    pictures = {"rates": page.Picture(SVG, '<ul class="bars"></ul>')}
    made = page.render("## A\n\n![x](charts/rates.svg)\n\n*Said.*", "T", pictures)
    assert '<figcaption>Said.</figcaption>\n</div>\n<div class="narrow">\n<ul' in made


def test_a_list_of_bars_has_the_figures_of_the_chart() -> None:
    look = Look("a<b", "#0072B2", "circle", ())
    bars = [
        Bar(look, Estimate(50, 40, 60), [50], "50 (40 to 60)"),
        Bar(look, UNKNOWN, [], "failed"),
    ]
    made = bar_list("Rates & more.", [BarPanel("depth 5", bars, (200, "ceiling 200"))])
    assert "<p>Rates &amp; more.</p>\n<p>depth 5</p>" in made
    assert made.count("a&lt;b</span>") == 2
    assert re.findall(r"width:([\d.]+)%", made) == ["25.00", "100.00"]
    assert '<span class="value">failed</span></li>' in made


def test_two_charts_do_not_share_ids() -> None:
    made = body("![a](charts/a.svg)\n\n![b](charts/b.svg)", {"a": SVG, "b": SVG})
    ids = re.findall(r'\bid="([^"]+)"', made)
    assert sorted(ids) == ["a.a", "b.a"]


def test_an_image_that_is_no_chart_is_its_words() -> None:
    made = body("![of the moon](charts/moon.svg) ![<x>](https://example.org/a.png)")
    assert made == "<p><em>of the moon</em> <em>&lt;x&gt;</em></p>"

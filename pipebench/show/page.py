"""A report as one page of HTML that loads nothing and runs only its own script.

The page is the report's Markdown, so that no sentence is written twice. A report quotes texts of
others (logs, answers, notes), so all HTML in it is escaped except <details> with a <summary>, each
on its own line, as the templates write them.
"""

import base64
import hashlib
import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Protocol

import jinja2
from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token
from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
OUTCOMES = {
    "ok": "ok",
    "degraded": "degraded",
    "failed": "failed",
    "unavailable": "unavailable",
    "no result": "unavailable",
}
"""Words with a mark, and the class of the mark."""
ROW_HEADS = ("framework",)
"""Columns that name a row, at any place; without one, the first column names it."""
LONG = 40
"""Rows; a table with more scrolls in its box, under its heads."""

_DETAILS = re.compile(r"<details><summary>(?P<summary>.*)</summary>")
_DETAILS_END = "</details>"
_CHART = re.compile(r"charts/([\w.-]+)\.svg")
_SVG_ROOT = re.compile(r"""<svg((?:[^>"']|"[^"]*"|'[^']*')*)>""")
_UNIT = re.compile(r"(?<=\d) (?=(?:%|[num]?s|[KMGT]iB|B)(?!\w))")


@dataclass(frozen=True, slots=True)
class PageSection:
    """A chapter: an anchor, its heading as plain text, and heading with text as HTML."""

    anchor: str
    heading: str
    body: Markup


class CellValue(Protocol):
    """A cell of a table. value: sorts the cell, if it is a number; interval: in its text."""

    @property
    def value(self) -> object: ...
    @property
    def interval(self) -> str: ...


class TableValues(Protocol):
    """The values of a table in the Markdown, row by row."""

    @property
    def rows(self) -> Sequence[Sequence[CellValue]]: ...


class Picture(NamedTuple):
    """A chart in the page. narrow: HTML that replaces it on a narrow screen, or empty."""

    svg: str
    narrow: str = ""


def render(
    markdown: str,
    title: str,
    charts: Mapping[str, Picture],
    tables: Mapping[str, TableValues | Sequence[TableValues]] = MappingProxyType({}),
) -> str:
    """The page of a report in Markdown.

    charts: by the name in `![alt](charts/NAME.svg)`. tables: the values of the first tables under
    a heading, by that heading as plain text; a column of numbers without values cannot be sorted.
    """
    tokens = _parse(markdown)
    _anchor(tokens)
    _mark_outcomes(tokens)
    _keep_units(tokens)
    tokens = _figures(tokens, charts)
    opening, *chapters = _split(_tables(tokens, tables))
    for before, token in pairwise(chapters[0] if chapters else []):
        if before.type == "paragraph_open":
            _set_evidence_apart(token)
    script = (TEMPLATES / "page.js").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("page.html.j2").render(
        title=title,
        style=Markup((TEMPLATES / "page.css").read_text(encoding="utf-8")),  # noqa: S704 (ours)
        script=Markup(script),  # noqa: S704
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        opening=_html(opening),
        sections=[
            PageSection(str(tokens[0].attrGet("id")), _plain(tokens[1]), _html(tokens))
            for tokens in chapters
        ],
    )


def _parse(markdown: str) -> list[Token]:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    interrupts: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    parser.block.ruler.before("table", "details", _details, interrupts)
    tokens = parser.parse(markdown)
    left_open = sum(token.nesting for token in tokens if token.tag == "details")
    return tokens + [Token("details_close", "details", -1) for _ in range(left_open)]


def _details(state: StateBlock, line: int, _end: int, silent: bool) -> bool:
    """The rule of markdown-it for a line that begins or ends a folded part."""
    if state.is_code_block(line):
        return False
    depth = state.env.setdefault("folded", 0)
    text = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].rstrip()
    opens, ends = _DETAILS.fullmatch(text), text == _DETAILS_END and depth > 0
    if silent or not (opens or ends):
        return bool(opens or ends)
    if state.level != depth:  # inside a list it could not end
        return False
    if opens:
        state.push("details_open", "details", 1)
        state.push("summary_open", "summary", 1)
        inline = state.push("inline", "", 0)
        inline.content, inline.map, inline.children = opens["summary"], [line, line + 1], []
        state.push("summary_close", "summary", -1)
    else:
        state.push("details_close", "details", -1)
    state.env["folded"] += 1 if opens else -1
    state.line = line + 1
    return True


def _html(tokens: list[Token]) -> Markup:
    """Tokens as HTML. An image is its text: the page has no address to fetch one from."""
    parser = MarkdownIt("commonmark")
    parser.add_render_rule(
        "image", lambda _, tokens, at, *__: f"<em>{html.escape(_plain(tokens[at]))}</em>"
    )
    return Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704 (escaped by it)


def _plain(token: Token) -> str:
    """The words of an inline token."""
    if token.children:
        return "".join(map(_plain, token.children))
    return " " if token.type == "softbreak" else token.content


def _raw(content: str) -> Token:
    return Token("html_block", "", 0, content=content)


def _anchor(tokens: list[Token]) -> None:
    """Give every heading the anchor that GitHub gives it."""
    taken: set[str] = set()
    for token, inline in pairwise(tokens):
        if token.type == "heading_open":
            slug = re.sub(r"[^\w\- ]", "", _plain(inline).strip().lower()).replace(" ", "-")
            anchor, number = slug, 0
            while anchor in taken:
                number += 1
                anchor = f"{slug}-{number}"
            taken.add(anchor)
            token.attrSet("id", anchor)


def _split(tokens: list[Token]) -> Iterator[list[Token]]:
    """The text before the first heading of the second level, and then the chapters."""
    part: list[Token] = []
    for token in tokens:
        if token.type == "heading_open" and token.tag == "h2" and token.level == 0:
            yield part
            part = []
        part.append(token)
    yield part


def _mark_outcomes(tokens: list[Token]) -> None:
    """An outcome in bold, with which the line of a cell begins, gets its mark."""
    for token in tokens:
        children = token.children or []
        for bold, word in pairwise(children):
            if bold.type == "strong_open" and word.content in OUTCOMES:
                bold.attrSet("class", f"outcome {OUTCOMES[word.content]}")


def _keep_units(tokens: list[Token]) -> None:
    """No line ends between a number and its unit."""
    for token in tokens:
        for child in token.children or []:
            if child.type == "text":
                child.content = _with_units(child.content)


def _with_units(text: str) -> str:
    return _UNIT.sub("\N{NO-BREAK SPACE}", text)


def _set_evidence_apart(inline: Token) -> None:
    """In the answer, the line in italics under a claim becomes an element."""
    children = inline.children or []
    breaks = [at for at, one in enumerate(children) if one.type == "hardbreak"]
    if breaks and _in_italics(children[breaks[0] + 1 :]):
        claim, evidence = children[: breaks[0]], children[breaks[0] + 2 : -1]
        inline.children = claim + _span("evidence", *evidence)


def _span(name: str, *inside: Token) -> list[Token]:
    opens = Token("span_open", "span", 1, attrs={"class": name})
    return [opens, *inside, Token("span_close", "span", -1)]


def _tables(
    tokens: list[Token], values: Mapping[str, TableValues | Sequence[TableValues]]
) -> list[Token]:
    """Tables in boxes that can be scrolled, named by the heading above, and with headers."""
    output: list[Token] = []
    table: list[Token] = []
    left = {
        heading: list(tables) if isinstance(tables, Sequence) else [tables]
        for heading, tables in values.items()
    }
    heading, text = "", ""
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            heading, text = str(token.attrGet("id")), _plain(tokens[at + 1])
        if token.type == "table_open" or table:
            table.append(token)
        else:
            output.append(token)
        if token.type == "table_close":
            rows = _table(table, left[text].pop(0) if left.get(text) else None)
            label = f' aria-labelledby="{html.escape(heading)}"' if heading else ""
            kind = "table long" if rows > LONG else "table"
            output += [
                _raw(f'<div class="{kind}" role="group"{label}>\n'),
                *table,
                _raw("</div>\n"),
            ]
            table = []
    return output


def _table(tokens: list[Token], values: TableValues | None) -> int:
    """Scopes, alignment and marks of one table, in place; returns its rows without the heads."""
    heads = [_plain(tokens[at + 1]) for at, one in enumerate(tokens) if one.type == "th_open"]
    naming = next((heads.index(name) for name in ROW_HEADS if name in heads), 0)
    rows = sum(token.type == "tr_open" for token in tokens) - 1
    if rows > 1 and any(heads):
        tokens[0].attrSet("class", "sortable")
    cells = [at for at, one in enumerate(tokens) if one.type in ("th_open", "td_open")]
    for number, at in enumerate(cells):
        _cell(tokens[at : at + 3], names=number % len(heads) == naming)
    if values:
        fields = [field for row in values.rows for field in row]
        for at, field in zip(cells[len(heads) :], fields, strict=True):
            _set_value(tokens[at], tokens[at + 1], field)
    return rows


def _cell(cell: list[Token], *, names: bool) -> None:
    """Scope, alignment and marks of one cell, in place; names: whether it names its row."""
    opens, inline, closes = cell
    head, number = opens.type == "th_open", "right" in str(opens.attrs.pop("style", ""))
    header = bool(inline.content) if head else names
    opens.tag = closes.tag = "th" if header else "td"
    if header:
        opens.attrSet("scope", "col" if head else "row")
    classes = ["number"] * number + ["name"] * names
    if not header and inline.content in OUTCOMES:
        classes += ["outcome", OUTCOMES[inline.content]]
    if classes:
        opens.attrSet("class", " ".join(classes))


def _set_value(opens: Token, inline: Token, field: CellValue) -> None:
    """Give a cell the number that sorts it, and put its interval into an element."""
    if isinstance(field.value, int | float):
        opens.attrSet("data-value", repr(float(field.value)))
    first, *others = inline.children or [Token("text", "", 0)]
    value, interval, note = first.content.rpartition(f" {_with_units(field.interval)}")
    if field.interval and interval and first.type == "text":
        inside = [Token("text", "", 0, content=interval + note), *others]
        inline.children = [Token("text", "", 0, content=value), *_span("interval", *inside)]


def _figures(tokens: list[Token], charts: Mapping[str, Picture]) -> list[Token]:
    """Replace an image that stands alone, with the line in italics under it, by its chart."""
    output: list[Token] = []
    at = 0
    while at < len(tokens):
        chart = _chart_at(tokens, at, charts)
        if chart:
            figure, length = chart
            output.append(figure)
            at += length
        else:
            output.append(tokens[at])
            at += 1
    return output


def _chart_at(
    tokens: list[Token], at: int, charts: Mapping[str, Picture]
) -> tuple[Token, int] | None:
    """The figure for the image in this paragraph, and how many tokens it replaces."""
    paragraph = _paragraph(tokens, at)
    if not paragraph or paragraph[0].type != "image":
        return None
    image, *rest = paragraph
    name = _CHART.fullmatch(str(image.attrGet("src")))
    if not name or name[1] not in charts:
        return None
    length = 3
    if not rest and (below := _paragraph(tokens, at + 3)) and _in_italics(below):
        rest, length = below, 6
    caption = [token for token in rest if token.type not in ("softbreak", "em_open", "em_close")]
    caption_html = _html([Token("inline", "", 0, children=caption)])
    chart = charts[name[1]]
    svg = _inlined(chart.svg, name[1], _plain(image))
    shown = f'<div class="drawing">{svg}</div>\n'
    shown += f"<figcaption>{caption_html}</figcaption>\n" if caption_html else ""
    if chart.narrow:
        shown = f'<div class="wide">\n{shown}</div>\n<div class="narrow">\n{chart.narrow}\n</div>\n'
    return _raw(f"<figure>\n{shown}</figure>\n"), length


def _paragraph(tokens: list[Token], at: int) -> list[Token]:
    """The tokens in the paragraph that begins here; empty if none begins here."""
    here = tokens[at : at + 2]
    return (here[1].children or []) if len(here) == 2 and here[0].type == "paragraph_open" else []


def _in_italics(inside: list[Token]) -> bool:
    return bool(inside) and inside[0].type == "em_open" and inside[-1].type == "em_close"


def _inlined(svg: str, name: str, alt: str) -> str:
    """An SVG as a part of the page, with a text for screen readers and with unique ids."""
    names = "|".join(map(re.escape, set(re.findall(r'\sid="([^"]+)"', svg))))
    if names:
        references = re.compile(rf'(\sid="|href="#|url\(#)(?=(?:{names})["\')])')
        svg = references.sub(rf"\g<1>{name}.", svg)
    root = _SVG_ROOT.search(svg)
    if root is None:
        raise ValueError(f"the chart {name} is not an SVG document")
    attributes = re.sub(r'\s(?:role|aria-\w+)="[^"]*"', "", root[1])
    inside = svg[root.end() :].strip()
    return f'<svg{attributes} role="img" aria-label="{html.escape(alt)}">{inside}'

"""The SVG document of a Vega-Lite specification."""

import re
from html import escape

from pipebench.show.charts.vega import Spec

VERSION = "6.4"
"""Of Vega-Lite, one of those that vl-convert has."""

STYLE = (
    "svg.chart{max-width:100%;height:auto}"
    "svg.chart:not(:root){color:inherit}"
    "svg.chart:not(:root)>.background{display:none}"
)
"""A file of its own is dark on white; inside a page it has the page's colours."""


def start() -> None:
    """Start the library that draws, so that the first picture does not wait for it."""
    _drawn({"data": {"values": []}, "mark": "point"})


def document(spec: Spec, words: str) -> str:
    """A chart as an SVG document: the same bytes for the same chart. words: what it says, as text.

    Its root is `<svg class="chart" role="img" aria-label=WORDS>`, then come one `<style>` and one
    `<rect class="background">`. Opened alone, or as the source of an <img>, it is dark on white.
    Put into a page's HTML it has no background and takes the page's `color`, by that style; a
    page may as well drop both elements.
    """
    drawn = _drawn(spec)
    root = re.match(r"<svg\b[^>]*>", drawn)
    box = re.search(r'viewBox="0 0 (\S+) (\S+)"', root[0]) if root else None
    if root is None or box is None:
        raise ValueError("vl-convert made no SVG with a viewBox")
    width, height = box.groups()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" '
        f'aria-label="{escape(words)}" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}" color="#1a1a1a">'
        f"<style>{STYLE}</style>"
        f'<rect class="background" width="{width}" height="{height}" fill="#fff"/>'
        f"{drawn[root.end() :].rstrip()}\n"
    )


def _drawn(spec: Spec) -> str:
    import vl_convert  # noqa: PLC0415 (large, and the process that only asks for charts lacks it)

    drawn: str = vl_convert.vegalite_to_svg(spec, vl_version=VERSION)
    return drawn

"""The templates of Markdown: how they are read, and what they may call."""

from collections.abc import Iterable
from pathlib import Path

import jinja2

from pipebench.show import formats

TEMPLATES = Path(__file__).parent / "templates"


def markdown_template(name: str, others: Iterable[Path] = ()) -> jinja2.Template:
    """A template by its file name; others: further folders of templates that it includes."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([TEMPLATES, *others]),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 (Markdown, escaped by the filters)
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(formats.FILTERS)
    return environment.get_template(name)

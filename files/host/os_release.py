"""Which operating system this is."""

from __future__ import annotations

import re
from pathlib import Path

FILE = Path("/etc/os-release")


def os_release() -> dict[str, str | None]:
    """Its id (debian), version (13) and title; None if the file does not say."""
    try:
        text = FILE.read_text(errors="replace")
    except OSError:
        text = ""
    return fields_of(text)


def fields_of(text: str) -> dict[str, str | None]:
    """The same of the file's text."""
    fields = dict(re.findall(r"""^([A-Z_]+)=["']?(.*?)["']?$""", text, re.MULTILINE))
    names = {"id": "ID", "version": "VERSION_ID", "title": "PRETTY_NAME"}
    return {name: fields.get(key) for name, key in names.items()}

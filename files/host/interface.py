"""Which network interface the load takes."""

from __future__ import annotations

import json
import subprocess
from typing import Any


def find_interface(address: str | None) -> str | None:
    """The interface that has this address, or else the one that leads to it.

    Without an address: that of the default route.
    """

    def ask(*words: str) -> list[dict[str, Any]]:
        shown = subprocess.run(
            ["ip", "-json", *words], capture_output=True, errors="replace", check=False
        ).stdout
        try:
            links: list[dict[str, Any]] = json.loads(shown or "[]")
        except ValueError:
            return []
        return links

    names = [
        link["ifname"]
        for link in ask("address")
        if address in [entry.get("local") for entry in link.get("addr_info", [])]
    ]
    if not names:
        way = ("get", address) if address else ("show", "default")
        names = [route.get("dev") for route in ask("route", *way)]
    return str(names[0]) if names and names[0] else None

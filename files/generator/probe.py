"""Probe a server from a load generator; judge nothing.

Run in the folder above as `python3 -m generator.probe`. Reads one JSON object from standard input
and prints one:

    {"address", "port", "depth"}
        {"document": what the probe printed (docs/probe.md), as text}

The probe says itself how long it may need, and ends in time also if the server hangs. A server that
answers wrongly is data; {"failed": true, "msg"} is there only if the probe itself cannot be run.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TypedDict

PROBE = Path(__file__).resolve().parents[1] / "probe"


class Order(TypedDict):
    """What is read: which server to probe, and the deepest pipeline that will be measured."""

    address: str
    port: int
    depth: int


def probe(order: Order) -> dict[str, object]:
    """Run the probe; what is printed."""
    words = [order["address"], str(order["port"]), f"--depth={order['depth']}", "--json=-"]
    done = subprocess.run(
        [sys.executable, str(PROBE), *words], capture_output=True, text=True, check=False
    )
    if not done.stdout.startswith("{"):
        printed = (done.stderr or done.stdout).strip()
        return {"failed": True, "msg": f"the probe ended with {done.returncode}: {printed}"}
    return {"document": done.stdout}


if __name__ == "__main__":
    json.dump(probe(json.load(sys.stdin)), sys.stdout)

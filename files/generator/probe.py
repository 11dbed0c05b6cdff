"""Probe a server from a load generator; judge nothing.

Run in the folder above as `python3 -m generator.probe`, with an order (host/orders.py):

    {"address", "port", "depth"}
        {"document": what the probe printed (docs/probe.md), as text}

The probe says itself how long it may need, and ends in time also if the server hangs. A server that
answers wrongly is data; {"failed": true, "msg"} is there only if the probe itself cannot be run.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from host.orders import obey

PROBE = Path(__file__).resolve().parents[1] / "probe"


def probe(order: dict[str, Any]) -> dict[str, object]:
    """Run the probe; what is printed."""
    words = [order["address"], str(order["port"]), f"--depth={order['depth']}", "--json=-"]
    done = subprocess.run(
        [sys.executable, str(PROBE), *words], capture_output=True, errors="replace", check=False
    )
    if not done.stdout.startswith("{"):
        printed = (done.stderr or done.stdout).strip()
        return {"failed": True, "msg": f"the probe ended with {done.returncode}: {printed}"}
    return {"document": done.stdout}


if __name__ == "__main__":
    sys.exit(obey(probe))

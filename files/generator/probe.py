"""Probe a server from a load generator; judge nothing.

Run in the folder above as `python3 -m generator.probe`, with an order (host/orders.py):

    {"address", "port", "depth", "user": as of load.py}
        {"document": what the probe printed (docs/probe.md), as text, "uid"}

The probe says itself how long it may need, and ends in time also if the server hangs. A server that
answers wrongly is data; {"failed": true, "msg"} is there only if the probe itself cannot be run.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from host.orders import obey
from host.throw_away import carry_out

PROBE = Path(__file__).resolve().parents[1] / "probe"
# The probe ends by itself, much earlier.
AT_MOST_S = 60


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


def answer_to(order: dict[str, Any]) -> object:
    """Do what was read, and say what is printed."""
    return carry_out("generator.probe", order, AT_MOST_S, probe)


if __name__ == "__main__":
    sys.exit(obey(answer_to))

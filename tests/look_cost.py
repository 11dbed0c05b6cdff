"""What it costs to look, or to load as a throw-away user: with it and without, interleaved.

    .venv/bin/python -m tests.look_cost SERVER GENERATOR --frameworks aiohttp tornado --rounds 12

SERVER and GENERATOR are addresses of the lab's machines, on which a run has deployed the
frameworks. `--of look` compares measurements with snapshot and verification with those without,
`--of user` those whose load tool runs as a throw-away user with those of root. Every round measures
each framework twice, in an order that alternates. Prints the median of the rounds' ratios with its
exact 95 % interval.
"""

import argparse
import json
import subprocess
from pathlib import Path
from statistics import median
from typing import Any

from pipebench.stats.estimate import estimate, ratios

ROOT = Path(__file__).resolve().parents[1]
SSH = [
    "ssh", "-F", "none", "-i", str(ROOT / ".lab/ssh/id_ed25519"),
    "-o", f"UserKnownHostsFile={ROOT / '.lab/ssh/known_hosts'}",
]  # fmt: skip
PORT = 8080


def host_program(host: str, program: str, /, **order: Any) -> dict[str, Any]:
    """Run a program of files/ on a machine of the lab; what it prints."""
    command = f"cd /opt/pipeline-bench && exec python3 -m {program}"
    done = subprocess.run(
        [*SSH, f"root@{host}", command],
        input=json.dumps(order), capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


def measured(options: argparse.Namespace, framework: str, *, with_it: bool) -> float:
    """Requests/s of one measurement."""
    of: dict[str, Any] = {"look": with_it}
    if options.of == "user":
        of = {"user": "throw-away"} if with_it else {}
    started = {"address": options.server, "port": PORT, "workers": 1, "patience": 30}
    started["at_most"] = 60 + options.seconds
    host_program(options.server, "server.unit", name=framework, state="started", **started)
    loaded = host_program(
        options.generator, "generator.load", address=options.server, port=PORT, depth=options.depth,
        connections=options.connections, threads=options.threads, duration=options.seconds,
        warmup=1, patience=5, **of,
    )  # fmt: skip
    host_program(options.server, "server.unit", name=framework, state="stopped", since=None)
    assert (loaded["uid"] == 0) is ("user" not in of), loaded["uid"]
    result = json.loads(loaded["measured"]["result"])
    return float(result["requests"] / result["duration_us"] * 1e6)


def main() -> None:
    parser = argparse.ArgumentParser(description="What it costs to look, or a user of its own.")
    parser.add_argument("server")
    parser.add_argument("generator")
    parser.add_argument("--of", choices=["look", "user"], default="look")
    parser.add_argument("--frameworks", nargs="+", default=["uvloop-httptools"])
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--depth", type=int, default=5)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--threads", type=int, default=10)
    options = parser.parse_args()
    seen: dict[tuple[str, bool], dict[int, float]] = {}
    for number in range(1, options.rounds + 1):
        for framework in options.frameworks:
            for with_it in (True, False) if number % 2 else (False, True):
                rate = measured(options, framework, with_it=with_it)
                seen.setdefault((framework, with_it), {})[number] = rate
    host_program(options.server, "server.unit", state="ended", owner="look-cost")
    for framework in options.frameworks:
        without = seen[framework, False]
        found = estimate(ratios(seen[framework, True], without))
        assert found.value
        interval = f"{found.low:.4f} to {found.high:.4f}" if found.low and found.high else "none"
        print(
            f"{framework}: with/without {found.value:.4f} ({interval}), "
            f"{median(without.values()):,.0f} requests/s without"
        )


if __name__ == "__main__":
    main()

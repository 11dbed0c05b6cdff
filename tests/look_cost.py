"""What it costs to look, or to load as a throw-away user: with it and without, interleaved.

    .venv/bin/python -m tests.look_cost SERVER GENERATOR --frameworks aiohttp tornado --rounds 12

SERVER and GENERATOR are addresses of the lab's machines, on which a run has deployed the
frameworks. `--of look` compares measurements with snapshot and verification with those without,
`--of user` those whose load tool runs as a throw-away user with those of root. Every round measures
each framework twice, in an order that alternates. Prints the medians of the rounds' ratios of the
rate and of the server's CPU time for each request, with their exact 95 % intervals.
"""

import argparse
import json
import subprocess
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from pipebench.measure.window import increase
from pipebench.record.columns import samples_of
from pipebench.record.packing import packed_samples
from pipebench.stats.estimate import LEAST_ROUNDS, estimate, ratios

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


class Seen(NamedTuple):
    """Of one measurement: requests/s, and the server's CPU time for each request, us."""

    rate: float
    cpu_us: float


def measured(options: argparse.Namespace, framework: str, *, with_it: bool) -> Seen:
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
    stopped = host_program(
        options.server, "server.unit", name=framework, state="stopped", since=None
    )
    assert (loaded["uid"] == 0) is ("user" not in of), loaded["uid"]
    ran = loaded["measured"]
    result = json.loads(ran["result"])
    samples = samples_of(packed_samples(json.loads(stopped["samples"])), "server")
    used_us = increase(samples, "unit_cpu_us", ran["started"], ran["ended"])
    assert used_us
    requests = result["requests"]
    return Seen(requests / result["duration_us"] * 1e6, used_us / requests)


def least_rounds(text: str) -> int:
    """Fewer have no interval."""
    return max(LEAST_ROUNDS, int(text))


def main() -> None:
    parser = argparse.ArgumentParser(description="What it costs to look, or a user of its own.")
    parser.add_argument("server")
    parser.add_argument("generator")
    parser.add_argument("--of", choices=["look", "user"], default="look")
    parser.add_argument("--frameworks", nargs="+", default=["uvloop-httptools"])
    parser.add_argument("--rounds", type=least_rounds, default=12)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--depth", type=int, default=5)
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--threads", type=int, default=10)
    options = parser.parse_args()
    seen: dict[tuple[str, bool], dict[int, Seen]] = {}
    for number in range(1, options.rounds + 1):
        for framework in options.frameworks:
            for with_it in (True, False) if number % 2 else (False, True):
                one = measured(options, framework, with_it=with_it)
                seen.setdefault((framework, with_it), {})[number] = one
    host_program(options.server, "server.unit", state="ended", owner="look-cost")
    for framework in options.frameworks:
        rate = median(one.rate for one in seen[framework, False].values())
        print(f"{framework}: {rate:,.0f} requests/s without; with/without:")
        for name, place in (("rate", 0), ("CPU time per request", 1)):
            looked, unseen = (
                {number: one[place] for number, one in seen[framework, which].items()}
                for which in (True, False)
            )
            ratio = estimate(ratios(looked, unseen))
            print(f"  {name} {ratio.value:.4f} ({ratio.low:.4f} to {ratio.high:.4f})")


if __name__ == "__main__":
    main()

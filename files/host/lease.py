"""One run at a time holds a host: which one it is, since when, and until when at most.

The file's modification time is when it ends by itself, so that a run that died does not hold a host
for ever. host_check, a module, imports this too: it needs nothing but the standard library. Run in
the folder above as `python3 -m host.lease`. Reads one JSON object from standard input and prints
one:

    {"state": "held", "run", "owner", "seconds", "over"}
        holds the host for so long, unless another owner does; `over`: an owner that is known to be
        dead, or null
        {}, or {"failed": true, "msg"}
    {"state": "released", "owner"}
        lets it go, if this owner holds it
        {}
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TypedDict

FILE = Path("/run/pipeline-bench/lease.json")


class Lease(TypedDict):
    """run: its id. owner: the process that makes it, and its computer. since, until: unix s."""

    run: str
    owner: str
    since: float
    until: float


class HeldError(Exception):
    """Another run holds this host; the message is a sentence."""


def held() -> Lease | None:
    """The lease that goes on; None if there is none, or it has ended."""
    try:
        until = FILE.stat().st_mtime
        lease: Lease = json.loads(FILE.read_text(errors="replace"))
    except (OSError, ValueError):
        return None
    lease["until"] = until
    return lease if until > time.time() else None


def refuse_others(*owners: str | None) -> Lease | None:
    """The lease that goes on, if there is one. Raises HeldError if it has none of these owners."""
    lease = held()
    if lease and lease["owner"] not in owners:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(lease["since"]))
        raise HeldError(f"the run {lease['run']} holds this host since {since} UTC")
    return lease


def hold(run: str, owner: str, seconds: float, over: str | None = None) -> None:
    """Hold this host for so long from now on. Raises HeldError if another owner does."""
    lease = refuse_others(owner, over)
    if lease is None or lease["owner"] != owner:
        part = FILE.with_suffix(".part")
        part.write_text(json.dumps({"run": run, "owner": owner, "since": time.time()}))
        part.replace(FILE)
    until = time.time() + seconds
    os.utime(FILE, (until, until))


def release(owner: str) -> None:
    """Let the host go, if this owner holds it."""
    lease = held()
    if lease and lease["owner"] == owner:
        FILE.unlink()


def main() -> int:
    order = json.load(sys.stdin)
    answer: object = {}
    if order["state"] == "released":
        release(order["owner"])
    else:
        try:
            hold(order["run"], order["owner"], order["seconds"], order["over"])
        except HeldError as error:
            answer = {"failed": True, "msg": str(error)}
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())

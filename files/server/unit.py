"""Start one framework's systemd unit, or stop it and write down how it fared; judge nothing.

Run in the folder above as `python3 -m server.unit`, with an order (host/orders.py):

    {"name", "state": "started", "address", "port", "workers", "patience": s, "at_most": s}
        ends whatever framework still runs, writes the unit's environment, starts it and its
        sampler, and asks until it answers:
        {"unit", "started_at": unix s, "ready", "ready_s", "ready_error", "started_pid", "cpus",
         "host_cpus"}
        or, if it was never deployed here, {"unavailable": {"reason", "log"}}
    {"name", "state": "stopped", "since": unix s or null}
        reads the unit's state, memory and samples, and its journal if it wrote anything or has
        ended, and has both stopped: the sampler at once, the unit until the next start
        {"unit", "state", "exited_at", "rss_peak_bytes", "samples", "processes", "journal"}

    {"state": "ended"}
        has everything stopped at once, whatever runs
        {}

Whatever becomes of who asks, systemd ends a unit and its sampler `at_most` s after their start.

The class Server of pipebench/record/schema.py says what these are. A framework that does not start,
or has crashed, is data; {"failed": true, "msg"} is printed only if the host cannot do its
part: another run holds it, another program has the port, the disk is full, there is no such unit.
"""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict, Union

from host.allowance import cards, exceeded, growth
from host.cgroup import cgroup_folder, read
from host.journal import kept
from host.orders import obey
from host.plain_http import ASK_EVERY_S, ask_once
from host.port import listen_error
from host.processes import Look, looks
from host.samples import columns
from host.transient import TransientError, systemctl
from host.units import end_all

RUN = Path("/run/pipeline-bench")
FRAMEWORKS = Path("/opt/pipeline-bench/frameworks")
SYSTEMD = Path("/run/systemd/system")
UNITS = ("pipeline-bench@", "pipeline-bench-sampler@")
PROPERTIES = (
    "ActiveState", "SubState", "Result", "NRestarts", "ExecMainPID", "ExecMainCode",
    "ExecMainStatus", "ExecMainExitTimestampMonotonic", "InvocationID", "ControlGroup",
)  # fmt: skip
# Enough for any traceback; a server that writes a line a request must not fill the results.
JOURNAL_LINES = 400

# What systemd says of a unit, by property.
State = dict[str, Union[int, str]]


class Started(TypedDict):
    """What is printed of a unit that was started."""

    unit: str
    started_at: float
    ready: bool
    ready_s: float | None
    ready_error: str | None
    started_pid: int | None
    cpus: int | None
    host_cpus: int


class Unavailable(TypedDict):
    """What is printed of a framework that is not on this host."""

    unavailable: dict[str, str]


class Stopped(TypedDict):
    """What is printed of a unit that was stopped."""

    unit: str
    state: State
    exited_at: float | None
    rss_peak_bytes: int | None
    samples: str
    processes: list[Look]
    allowance: dict[str, int] | None
    journal: str | None


class Ended(TypedDict):
    """What is printed once all is stopped: nothing."""


def output(*argv: str) -> str:
    """What a program prints, also if it fails; of bytes that are not text, that they were there."""
    return subprocess.run(argv, capture_output=True, errors="replace", check=False).stdout


class Unit:
    """One framework's unit on this host, through systemctl."""

    def __init__(self, name: str) -> None:
        self.unit = f"pipeline-bench@{name}.service"
        self.sampler = f"pipeline-bench-sampler@{name}.service"
        self.samples = RUN / f"{name}.samples.jsonl"
        self.processes = RUN / f"{name}.processes.jsonl"
        self.allowance = RUN / f"{name}.allowance.json"
        self.environment = RUN / f"{name}.env"
        self.start_script = FRAMEWORKS / name / "start"

    @staticmethod
    def systemctl(*arguments: str) -> str:
        """However long it takes: a host that is busy does its part."""
        return systemctl(*arguments, timeout=None)

    def properties(self) -> State:
        """The unit's state; numbers as numbers."""
        shown = self.systemctl("show", f"--property={','.join(PROPERTIES)}", self.unit)
        pairs = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
        return {key: int(value) if value.isdigit() else value for key, value in pairs.items()}

    def start(
        self, address: str, port: int, workers: int, patience: float, at_most: float
    ) -> Started | Unavailable:
        """Start it and its sampler for at most so long, and wait `patience` s until it answers."""
        if not self.start_script.exists():
            reason = "it is not deployed on this host; --tags provision deploys it"
            return {"unavailable": {"reason": reason, "log": ""}}
        # One framework at a time: the last one may still be ending, or an earlier run's be left.
        end_all()
        if problem := taken(address, port):
            raise TransientError(problem)
        limit(at_most, self.unit, self.sampler)
        for last in (self.samples, self.processes):
            last.unlink(missing_ok=True)
        self.environment.write_text(
            f"BENCH_ADDRESS={address}\nBENCH_PORT={port}\nBENCH_WORKERS={workers}\n"
        )
        self.allowance.write_text(json.dumps(exceeded(cards())))
        started_at = time.time()
        self.systemctl("start", self.unit, self.sampler)
        pid = int(self.properties()["ExecMainPID"])
        error = self.wait(pid, address, port, patience)
        ready_s = time.time() - started_at
        return {
            "unit": self.unit,
            "started_at": started_at,
            "ready": error is None,
            "ready_s": round(ready_s, 3) if error is None else None,
            "ready_error": error,
            "started_pid": pid if error is None else None,
            "cpus": len(os.sched_getaffinity(pid)) if error is None else None,
            "host_cpus": len(os.sched_getaffinity(0)),
        }

    def wait(self, pid: int, address: str, port: int, patience: float) -> str | None:
        """Ask until it answers, it ends or patience does: None, or a sentence."""
        deadline = time.monotonic() + patience
        while True:
            left = deadline - time.monotonic()
            problem = ask_once(address, port, max(min(left, 1.0), 0.05))
            if problem is None:
                return None
            # systemctl takes CPU time from a server that starts, so it is asked only at the end
            state = {} if Path("/proc", str(pid)).exists() else self.properties()
            if state and state["ActiveState"] not in ("active", "activating"):
                how = f"{state['Result']}, status {state['ExecMainStatus']}"
                return f"ended before it answered ({how})"
            if time.monotonic() > deadline:
                return f"did not answer within {patience:g} s: {problem}"
            time.sleep(ASK_EVERY_S)

    def stop(self, since: float | None) -> Stopped:
        """Say how it was, and have it and its sampler stopped; `since`: unix s, for its journal.

        They are stopped also if something cannot be read.
        """
        try:
            state = self.properties()
            exit_us = int(state.pop("ExecMainExitTimestampMonotonic", 0))
            exited_at = time.time() - time.monotonic() + exit_us / 1e6 if exit_us else None
            rss_peak = rss_peak_bytes(cgroup_folder(str(state.pop("ControlGroup", ""))))
            journal = self.journal(since, state)
        finally:
            # also if the unit has failed already: the sampler runs on
            self.systemctl("stop", self.sampler)
            # how the unit ends is not measured: the next start waits for it, not the record
            self.systemctl("stop", "--no-block", self.unit)
        return {
            "unit": self.unit,
            "state": state,
            "exited_at": exited_at,
            "rss_peak_bytes": rss_peak,
            "samples": columns(self.samples),
            "processes": looks(self.processes),
            "allowance": growth(json.loads(read(self.allowance) or "null"), exceeded(cards())),
            "journal": journal,
        }

    def journal(self, since: float | None, state: State) -> str | None:
        """What the unit and systemd wrote, if the unit wrote anything or is not running."""
        ask = ["journalctl", "--no-pager", "--quiet", f"--lines={JOURNAL_LINES}"]
        ask += [f"--since=@{since:.6f}"] if since else []
        own = [*ask, "--output=cat", f"_SYSTEMD_INVOCATION_ID={state.get('InvocationID')}"]
        written = output(*own).strip() if state.get("InvocationID") else ""
        if not written and state["ActiveState"] == "active":
            return None
        return kept(output(*[*ask, "--output=short-iso-precise", "--unit", self.unit]))


def taken(address: str, port: int) -> str | None:
    """A sentence if a program that is none of ours listens where the server is to listen."""
    error = listen_error(address, port)
    if error is None or error.errno != errno.EADDRINUSE:
        return None  # of any other error, the server says why it cannot listen
    listed = output("ss", "-Hltnp", f"sport = :{port}")
    names = re.findall(r'"([^"]+)",pid=(\d+)', listed)
    who = " and ".join(f"{name} (pid {pid})" for name, pid in names) or "another program"
    return f"port {port} of {address} is in use by {who}"


def limit(at_most: float, *units: str) -> None:
    """Have systemd end these units so many seconds after their start.

    It is asked what it knows of them: an earlier reload may have failed after the files had been
    written. Raises TransientError if it does not know all that the files say: then nobody would
    end a unit whose controller dies.
    """
    text = f"[Service]\nRuntimeMaxSec={at_most:g}\n"
    for name in UNITS:
        file = SYSTEMD / f"{name}.service.d" / "limit.conf"
        if not (file.exists() and file.read_text(errors="replace") == text):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    if trouble(at_most, units):
        Unit.systemctl("daemon-reload")
        if still := trouble(at_most, units):
            raise TransientError(f"{still}, also after systemctl daemon-reload")


def trouble(at_most: float, units: Sequence[str]) -> str | None:
    """A sentence if systemd has units that are not as their files say, or that end at another time.

    Only a unit that systemd has loaded may be old: any other one is read when it is asked for.
    """
    shown = Unit.systemctl("show", "--property=NeedDaemonReload,RuntimeMaxUSec", *units)
    for unit, block in zip(units, shown.split("\n\n")):
        said = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if said.get("NeedDaemonReload") != "no":
            return f"systemd has not read the files of {unit} as they are now"
        if seconds_of(said.get("RuntimeMaxUSec", "")) != at_most:
            return f"systemd would end {unit} after {said.get('RuntimeMaxUSec')}, not {at_most:g} s"
    return None


SECONDS = {
    "y": 31557600, "month": 2629800, "w": 604800, "d": 86400, "h": 3600, "min": 60, "s": 1,
    "ms": 1e-3, "us": 1e-6,
}  # fmt: skip
PART = re.compile(rf"([\d.]+)({'|'.join(sorted(SECONDS, key=len, reverse=True))})")


def seconds_of(span: str) -> float | None:
    """What systemd shows of a time, `1min 50s`, in s; None if it is another text."""
    parts = [PART.fullmatch(part) for part in span.split()]
    if not parts or None in parts:
        return None
    return round(sum(float(part[1]) * SECONDS[part[2]] for part in parts if part), 6)


def rss_peak_bytes(cgroup: Path | None) -> int | None:
    """Sum of the peaks (VmHWM) of a cgroup's processes, or None when they are gone."""
    pids = read(cgroup / "cgroup.procs").split() if cgroup else []
    peaks = [
        int(line.split()[1]) * 1024
        for pid in pids
        for line in read(f"/proc/{pid}/status").splitlines()
        if line.startswith("VmHWM:")
    ]
    return sum(peaks) if peaks else None


def answer_to(order: dict[str, Any]) -> Started | Unavailable | Stopped | Ended:
    """Do what was read, and say what is printed."""
    if order["state"] == "ended":
        end_all()
        return {}
    unit = Unit(order["name"])
    if order["state"] == "started":
        keys = ("address", "port", "workers", "patience", "at_most")
        return unit.start(*(order[key] for key in keys))
    return unit.stop(order["since"])


if __name__ == "__main__":
    sys.exit(obey(answer_to))

"""A framework that runs on loopback: when it is ready, what the probe sees, how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from pipebench.plan.project import ROOT
from pipebench.record.reading import parse
from pipebench.record.schema import Probe, RecordError
from pipebench.trial.deployed import Deployed
from pipebench.trial.error import TrialError
from pipebench.trial.sockets import Listening, listening

ADDRESS = "127.0.0.1"
ASK_EVERY_S = 0.02
WRONG_S = 2
"""So long a first answer may be wrong: a server may answer before it is ready."""
ELSEWHERE_S = 5
"""So long a server may listen elsewhere alone."""
END_S = 2
"""After it a unit that was told to end is killed: TimeoutStopSec in its file."""
LONGEST_LOG = 2_000_000
FILES = ROOT / "files"
"""What runs on hosts; it is used as it lies there."""


@dataclass
class Serving:
    """One process with those that it started. end_s: how long ending took; None if it was killed.

    ended_early: with which status it ended before it was told to.
    """

    deployed: Deployed
    process: subprocess.Popen[str]
    port: int
    log_file: Path
    ended_early: int | None = None
    end_s: float | None = None

    @property
    def log(self) -> str:
        """What it wrote to its outputs, at most the last LONGEST_LOG bytes."""
        with self.log_file.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - LONGEST_LOG))
            return file.read().decode(errors="replace")

    def ready(self, patience: float) -> float:
        """Wait until it answers: after how many s. TrialError: it ends, or it does not answer.

        An answer that stays wrong will do: the probe says what is wrong with it.
        """
        began = time.monotonic()
        wrong_since = elsewhere_since = None
        while True:
            seen = _ask_once()(ADDRESS, self.port, 1.0)
            now = time.monotonic()
            if seen is None:
                return now - began
            if self.process.poll() is not None:
                raise self.error(f"{self.how_it_ended} before it answered")
            answers = seen.startswith("it answered")
            wrong_since = (wrong_since or now) if answers else None
            if wrong_since and now - wrong_since > WRONG_S:
                return wrong_since - began
            places = sorted(listening(self.process.pid))
            elsewhere = places and all(place.port != self.port for place in places)
            elsewhere_since = (elsewhere_since or now) if elsewhere else None
            if now - began > patience or (elsewhere_since and now - elsewhere_since > ELSEWHERE_S):
                if elsewhere:
                    how = f"listens at {' and '.join(map(str, places))}"
                else:
                    how = f"does not answer: {seen}" if places else "does not listen at any port"
                raise self.error(
                    f"{how}, {now - began:.0f} s after its start; it must listen at BENCH_ADDRESS "
                    f"and BENCH_PORT, which were {ADDRESS} and {self.port}"
                )
            time.sleep(ASK_EVERY_S)

    @property
    def how_it_ended(self) -> str:
        """In words, if it has ended."""
        return _ended(self.process.returncode)

    def error(self, sentence: str) -> TrialError:
        return TrialError(f"{self.deployed.name} {sentence}", self.log)

    def wider(self) -> list[Listening]:
        """Where it listens for others than those that reach BENCH_ADDRESS."""
        places = sorted(listening(self.process.pid))
        return [one for one in places if one.port == self.port and str(one.address) != ADDRESS]

    def probe(self, depth: int) -> Probe:
        """What files/probe sees with all cases. TrialError: the probe cannot be used."""
        words = [ADDRESS, str(self.port), "--depth", str(depth), "--json", "-"]
        words += ["--pid", str(self.process.pid)]
        done = subprocess.run(
            [sys.executable, str(FILES / "probe"), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        try:
            seen = parse(done.stdout, Probe, "the answer of the probe")
        except RecordError as error:
            raise TrialError(str(error), done.stderr.decode(errors="replace")) from error
        self.ended_early = self.process.poll()
        return seen

    def end(self) -> None:
        """Tell it to end, as its unit does, and leave nothing of it."""
        began = time.monotonic()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(END_S)
            self.end_s = time.monotonic() - began
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def serving(deployed: Deployed, temporary: Path, workers: int) -> Iterator[Serving]:
    """Start a framework on a free port of loopback; it is ended whatever happens."""
    with socket.socket() as free:
        free.bind((ADDRESS, 0))
        port = free.getsockname()[1]
    log = temporary / "log"
    own = temporary / "tmp"
    own.mkdir(exist_ok=True)
    settings = {
        "BENCH_ADDRESS": ADDRESS, "BENCH_PORT": str(port), "BENCH_WORKERS": str(workers),
    }  # fmt: skip
    with log.open("w", encoding="utf-8") as output:
        try:
            process = deployed.start(own, output, **settings)
        except OSError as error:
            what = f"{deployed.name} cannot be started: {error.strerror}"
            raise TrialError(what) from error
    one = Serving(deployed, process, port, log)
    try:
        yield one
    finally:
        one.end()


def _ended(status: int) -> str:
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"


def _ask_once() -> Callable[[str, int, float], str | None]:
    """What a server host asks until a framework is ready."""
    if str(FILES) not in sys.path:
        sys.path.append(str(FILES))  # where its programs import each other
    ask: Callable[[str, int, float], str | None] = import_module("host.plain_http").ask_once
    return ask

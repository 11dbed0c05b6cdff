"""The layers of ./test: what each of them runs, what runs side by side, and how long it took.

`./test` has set up the environment and calls this. A stage begins when the one before it has ended.
The lanes of a stage run side by side, the jobs of a lane one after the other. Tests of the lab that
assert rates or latencies have the mark `quiet`: they wait until the lanes beside theirs have ended.
Some that need no quiet (BESIDE) have a lane of their own, in a second lab (tests/second_lab.py).
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path
from types import FrameType

from tests import second_lab

ROOT = Path(__file__).resolve().parents[1]
GO = [path.parent for path in [ROOT / "fasthttp/go.mod", *sorted(ROOT.glob("servers/*/go.mod"))]]
SERVERS = [
    path.parent
    for path in [*sorted(ROOT.glob("servers/*/server.py")), ROOT / "tests/calibration/server.py"]
]
SHELL = (
    "bench", "test", "environment.sh", ".ci/run", "lab/*.sh", "files/host/*.sh", "servers/*/server",
)  # fmt: skip
REPORT_S = 60
# A file's tests stay together, for what they share; or they do not, if a few of them take long.
PROCESSES = ("-n", "auto", "--dist", "loadfile")
# Half of the time of a unit test is waiting for a server that it has started.
WAITING = ("-n", str(2 * len(os.sched_getaffinity(0))), "--dist", "loadfile")
STEALING = ("-n", "auto", "--dist", "worksteal")
BESIDE = tuple(
    f"tests/lab/test_{name}.py"
    for name in ("cloud", "commands", "interrupts", "way_out", "who_gets_in")
)
"""Files of the lab's tests that run in the second lab: none needs quiet, and together they take as
long as those of the others that need none."""


@dataclass(frozen=True)
class Job:
    """A command in each of some folders. silent: it succeeds only if it prints nothing.

    fine: the exit statuses with which it succeeds. second_lab: it runs there, in its folder.
    """

    name: str
    argv: tuple[str, ...]
    folders: Sequence[Path] = (ROOT,)
    silent: bool = False
    fine: tuple[int, ...] = (0,)
    second_lab: bool = False


def pytest(layer: str, *words: str, more: Sequence[str]) -> Job:
    """more: what somebody has typed, which may select no test of this layer (status 5)."""
    plugin = ("-p", "tests.durations", f"--layer={layer}")
    argv = (sys.executable, "-m", "pytest", *plugin, *words, *more)
    return Job(f"{layer}: pytest", argv, fine=(0, 5) if more else (0,))


def beside(more: Sequence[str]) -> Job:
    """Tests of the lab in the second one."""
    job = pytest("lab", *BESIDE, "-m", "lab and not faults", more=more)
    name = f"{job.name} in the second lab"
    return replace(job, name=name, folders=(second_lab.FOLDER,), second_lab=True)


def shell_files() -> list[str]:
    return [str(path.relative_to(ROOT)) for glob in SHELL for path in sorted(ROOT.glob(glob))]


def layers(more: Sequence[str]) -> dict[str, list[Job]]:
    """The jobs of each layer. more: words for pytest."""
    # a cache each: modules of one name in two folders, checked at once, would take each other's
    cache = f"'{ROOT}/.mypy_cache/servers'/${{PWD##*/}}"
    options = f"--config-file '{ROOT}/servers/mypy.ini' --cache-dir {cache}"
    own_mypy = ("sh", "-c", f"mypy {options} ./*.py")
    in_variants = (sys.executable, "-m", "tests.in_variants")
    gofmt = ("sh", "-c", '"$(go env GOROOT)/bin/gofmt" -l .')
    lab = ("tests/lab", "lab/tests")
    image = ("lab/up.yml", "-i", "inventory/lab", "--tags", "image")
    others = [f"--ignore={file}" for file in BESIDE]
    return {
        "unit": [
            pytest("unit", *WAITING, "tests/unit", "lab/tests", "-m", "not lab", more=more),
            Job("unit: go test", ("go", "test", "./..."), GO),
        ],
        "lint": [
            Job("lint: ruff check", ("ruff", "check")),
            Job("lint: ruff format", ("ruff", "format", "--check")),
            Job("lint: mypy", ("mypy",)),
            # the oldest that mypy knows; a measured host may have Python 3.9
            Job("lint: mypy of files/", ("mypy", "--python-version", "3.10", "files")),
            Job("lint: mypy of servers", own_mypy, SERVERS),
            Job("lint: mypy of variants", (*in_variants, "python", *own_mypy)),
            Job("lint: shellcheck", ("shellcheck", "--external-sources", *shell_files())),
            Job("lint: yamllint", ("yamllint", "--strict", ".")),
            Job("lint: ansible-lint", ("ansible-lint", "--offline")),
            Job("lint: known vulnerabilities", (sys.executable, "-m", "tests.advisories")),
            Job("lint: gofmt", gofmt, GO, silent=True),
            Job("lint: go vet", ("go", "vet", "./..."), GO),
            Job("lint: go vet of variants", (*in_variants, "go", "go", "vet", "./...")),
        ],
        "lab": [pytest("lab", *lab, *others, "-m", "lab and not faults", more=more)],
        "lab beside": [beside(more)],
        "lab image": [Job("lab: the machines' image", ("ansible-playbook", *image))],
        "ansible": [pytest("ansible", *STEALING, "tests/ansible", "-m", "not fleets", more=more)],
        "servers": [pytest("servers", *PROCESSES, "tests/servers", more=more)],
        "browser": [pytest("browser", "tests/browser", more=more)],
        "fleets": [pytest("fleets", *STEALING, "tests/ansible", "-m", "fleets", more=more)],
        "faults": [pytest("faults", *lab, "-m", "faults", more=more)],
    }


STAGES = (
    # the lab's tests make inventories in the repository, which linters must not see
    (("unit",), ("lint", "lab image")),
    (("lab",), ("lab beside",), ("servers", "browser", "ansible")),
    (("fleets",),),
    (("faults",),),
)
MINUTES = {
    "unit": 2, "lint": 1, "lab image": 1, "lab": 12, "lab beside": 8, "ansible": 2, "servers": 1.5,
    "browser": 0.5, "fleets": 15, "faults": 15,
}  # fmt: skip
"""How long each layer takes on two cores, with what runs beside it."""


def layer(part: str) -> str:
    """The name on the command line of what stands in a lane."""
    return part.partition(" ")[0]


LAYERS = tuple(dict.fromkeys(layer(part) for lane in chain(*STAGES) for part in lane))
BY_DEFAULT = tuple(name for name in LAYERS if name not in ("fleets", "faults"))


@dataclass
class Tests:
    """Everything that runs, and how it ended. seconds: of each job, by its name.

    others: a file that is locked as long as lanes run beside the first one of a stage. due: by the
    monotonic clock, when all should have ended. in_second_lab: the words before a command there.
    """

    durations: Path
    others: Path
    due: float
    seconds: dict[str, float] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    running: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    children: set[subprocess.Popen[bytes]] = field(default_factory=set)
    interrupted: bool = False
    in_second_lab: tuple[str, ...] = ()

    def stage(self, lanes: list[list[Job]]) -> None:
        """Run lanes side by side; one alone prints as it goes on, several when a job has ended."""
        second = any(job.second_lab for job in chain(*lanes))
        try:
            with second_lab.up() if second else nullcontext(()) as self.in_second_lab:
                self.lanes(lanes)
        except (second_lab.NotMade, second_lab.NotRemoved):
            self.seconds["the second lab"] = 0
            self.failed.append("the second lab")

    def lanes(self, lanes: list[list[Job]]) -> None:
        first, *others = lanes
        with ThreadPoolExecutor(2) as pool:
            beside = [pool.submit(self.beside, others)] if others else []
            for one in [pool.submit(self.lane, first, alone=not others), *beside]:
                while not one.done():
                    wait([one], timeout=REPORT_S)
                    self.say_what_runs(len(lanes))
                one.result()

    def beside(self, lanes: list[list[Job]]) -> None:
        with self.others.open("w") as file, ThreadPoolExecutor(len(lanes)) as pool:
            fcntl.flock(file, fcntl.LOCK_EX)
            list(pool.map(partial(self.lane, alone=False), lanes))

    def lane(self, jobs: list[Job], *, alone: bool) -> None:
        for job in jobs:
            if not self.interrupted:
                self.run(job, alone=alone)

    def run(self, job: Job, *, alone: bool) -> None:
        begun = self.running[job.name] = time.monotonic()
        if alone and not job.silent:
            say(f"\n=== {job.name}")
            fine = self.commands(job, None)
        else:
            with tempfile.TemporaryFile() as log:
                fine = self.commands(job, log.fileno())
                log.seek(0)
                printed = log.read().decode(errors="replace")
            fine = fine and not (job.silent and printed)
            with self.lock:
                say(f"\n=== {job.name}\n{printed}".rstrip())
        del self.running[job.name]
        self.seconds[job.name] = time.monotonic() - begun
        if not fine:
            self.failed.append(job.name)

    def commands(self, job: Job, output: int | None) -> bool:
        """Run it in its folders, as many at once as there are CPUs; whether all went well."""
        environment = os.environ | {
            "BENCH_TEST_DURATIONS": str(self.durations),
            "BENCH_TEST_OTHERS": str(self.others),
        }

        def one(folder: Path) -> bool:
            argv = [*(self.in_second_lab if job.second_lab else ()), *job.argv]
            with subprocess.Popen(
                argv, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output and subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for this process, which tells the others once
            ) as child:  # fmt: skip
                self.children.add(child)
                status = child.wait()
                self.children.discard(child)
            return status in job.fine

        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            return all(list(pool.map(one, job.folders)))

    def say_what_runs(self, lanes: int) -> None:
        if lanes > 1 and self.running:
            now = time.monotonic()
            left = max(1, (self.due - now) / 60)
            going = [
                f"{name} for {now - begun:.0f} s" for name, begun in sorted(self.running.items())
            ]
            with self.lock:
                say(f"test: about {left:.0f} min left; running: {', '.join(going)}")

    def interrupt(self, _number: int, _frame: FrameType | None) -> None:
        """Let what runs take down what it has made; at a second signal, end it at once."""
        number = signal.SIGKILL if self.interrupted else signal.SIGINT
        self.interrupted = True
        for child in list(self.children):
            os.killpg(child.pid, number)


def usual_minutes(wanted: Sequence[str]) -> float:
    """How long some layers take: of each stage, as long as the longest of its lanes."""
    return sum(
        max(sum(MINUTES[name] for name in lane if layer(name) in wanted) for lane in stage)
        for stage in STAGES
    )


def say(text: str) -> None:
    print(text, flush=True)


def slowest(path: Path, most: int) -> Iterator[str]:
    """Lines of a table: by fixture and by test, what took longest."""
    reports = [json.loads(line) for line in path.read_text().splitlines()]
    for heading, when in (("fixtures", "setup"), ("tests", "call")):
        yield f"\nThe slowest {heading}, s:"
        of_kind = [report for report in reports if report["when"] == when]
        for report in sorted(of_kind, key=lambda one: -one["seconds"])[:most]:
            yield f"{report['seconds']:8.1f}  {report['layer']:10}  {report['test']}"


def main(words: Sequence[str]) -> int:
    """Run layers, by default all but the last two, and print how each ended; the exit status."""
    more: list[str] = []
    if "--" in words:
        at = list(words).index("--")
        words, more = words[:at], list(words[at + 1 :])
    parser = argparse.ArgumentParser(prog="test", add_help=False)
    parser.add_argument("--durations", action="store_true")
    parser.add_argument("layers", nargs="*")
    given = parser.parse_args(words)
    wanted = given.layers or BY_DEFAULT
    jobs = layers(more)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        minutes = usual_minutes(wanted)
        say(f"test: about {minutes:.0f} min on two cores")
        tests = Tests(Path(folder, "durations"), Path(folder, "others"), begun + 60 * minutes)
        tests.durations.touch()
        tests.others.touch()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, tests.interrupt)
        for stage in STAGES:
            lanes = [
                [job for name in lane if layer(name) in wanted for job in jobs[name]]
                for lane in stage
            ]
            if any(lanes) and not tests.interrupted:
                tests.stage([lane for lane in lanes if lane])
        if given.durations:
            say("\n".join(slowest(tests.durations, 10)))
    say("")
    for name, seconds in tests.seconds.items():
        say(f"{'FAILED' if name in tests.failed else 'ok    '} {seconds:6.0f} s  {name}")
    say(f"{time.monotonic() - begun:13.0f} s  in all")
    return 130 if tests.interrupted else int(bool(tests.failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

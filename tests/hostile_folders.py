"""Folders of runs as a broken disk or a stranger makes them, and what must hold of all of them.

`python -m tests.hostile_folders COUNT [SEED]` tries so many (50,000 need half an hour of CPU), and
others with another seed; the unit layer tries a few. Each time one thing of a whole folder is
another: a value of a document, a document, or what stands in the place of a file. Most are only
read, some are reported, few are rendered by a process of its own.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from markdown_it import MarkdownIt

from pipebench.chapters import CHAPTERS
from pipebench.measure.measurement import read_measurement
from pipebench.record import store
from pipebench.record.progress import read_events
from pipebench.record.run_record import load_run
from pipebench.record.schema import InvalidRecord, RecordError, RunError
from pipebench.record.values import CONTROLS
from pipebench.rules.conformance import read_probes
from pipebench.rules.path_capacity import read_path_capacities
from pipebench.run.judge import judge_run
from pipebench.run.prices import read_prices
from pipebench.show import listing, record, report
from tests import hostile
from tests.unit.pipebench import factory

ROOT = Path(__file__).resolve().parents[1]
OWN = "WHAT-THE-READER-KEEPS-FOR-HIMSELF"
FORGED = "FORGED"
FORGERIES = (
    f"x\n\n# {FORGED}\n\n- {FORGED}\n\n| {FORGED} |\n| --- |\n",
    f"x\n{FORGED}\n===\n",
    f"x\r{FORGED}\u2028{FORGED}\x85{FORGED}",
    f"x</summary></details>\n\n## {FORGED}\n",
    f"x`\n```\n# {FORGED}\n",
    f"x|\n{FORGED} | y",
    f"\u202e\u2066{FORGED[::-1]}\u2069\x1b[2J\x1b]0;x\x07\u200b",
    f"x\ncollect.py: {FORGED}",
    "# x", "> x", "- x", "1. x", "---", "===", "~~~", "    x", "[x]: http://x", "![x](y)",
)  # fmt: skip
EDGES = (
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-01-01", "2026-13-45T99:99:99Z",
    "-1", "NaN", "Infinity", "1e999", "\0", "..", "/", "../../outside", "/etc/passwd", ".", "~",
)  # fmt: skip
SECONDS = 5.0
"""CPU time that one folder may take; a document that hangs ends at ten times that."""
SHOWN = 0.1
"""Share of the changes after which one record is shown."""
COUNTS = {"read": 95, "report": 4.9, "process": 0.1}
"""Of a hundred folders, roughly: how many are only read, reported, rendered by a process."""


class Change(NamedTuple):
    """One thing that is another in a folder. file: its name there.

    shown: whether that is also shown as one record, for which its whole run is judged.
    """

    what: str
    file: str
    make: Callable[[Path], None]
    shown: bool = False


def whole_run(folder: Path) -> Path:
    """A run with a document of every kind."""
    factory.small_run(folder, 2)
    run_id = factory.run_document(["one"], 1)["run_id"]
    about = {"schema_version": 2, "run_id": run_id, "testbed": "main"}
    sums = {"seconds": 1.0, "packets": 9, "lost_packets": 1}
    used = {"host_total": 50.0, "remote_total": 20.0}
    test = {"streams": 1, "started": factory.START, "ended": factory.START + 2, "argv": ["iperf3"]}
    samples = {
        "t": [factory.START + n / 4 for n in range(9)],
        "nic_tx_bytes": [*range(0, 900, 100)],
    }
    samples |= {"cpu0_busy_us": [*range(0, 90, 10)], "nic_tx_packets": [*range(9)]}
    path = {
        **about,
        "server": {"host": "lab-server", "version": "3.16", "cpus": 1, "samples": samples},
        "generator": {"host": "lab-loadgen", "version": "3.16", "cpus": 1, "samples": samples},
        "tests": [
            test | {"protocol": protocol, "direction": direction, "end": {
                "sum": sums, "sum_received": sums, "cpu_utilization_percent": used}}
            for protocol in ("tcp", "udp") for direction in ("to_server", "from_server")
        ],
    }  # fmt: skip
    setting = {"name": "turbo", "path": "/sys/x", "before": "1", "wanted": "0", "after": "0"}
    setting |= {"held": "0", "restored": "1"}
    tuning = {**about, "host": "lab-server", "settings": [setting], "interface": "eth0",
              "skipped": [{"name": "governor", "reason": "none"}], "server_cpus": [0],
              "interrupt_cpus": [1], "released": "2026-01-01T00:00:00Z"}  # fmt: skip
    clocks = {
        **about,
        "moment": "before",
        "clocks": [
            {"generator": "lab-loadgen", "offset_s": 0.1, "error_s": 0.1, "exchanges": 9, "at": 1.0}
        ],
    }
    check = factory.record(tool="h2load", rate=1000.0, framework="alpha")
    event = {"time": "2026-01-01T00:00:00Z", "run_id": run_id, "seconds_left": None}
    fault = {"event": "harness_fault", **event, "testbed": "main", "record": "raw/a", "reason": "r"}
    price = {"hosts": {"lab-server": {"per_hour": 0.1}, "lab-loadgen": {"per_hour": 0.2}},
             "currency": "EUR", "date": "2026-01-01", "source": "a page"}  # fmt: skip
    documents = {
        "baseline/main.json": path,
        "tuning/lab-server.json": tuning,
        "clocks/main-before.json": clocks,
        "crosscheck/main-rate-1.json": check,
    }
    for file, document in documents.items():
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text(json.dumps(document))
    run = json.loads((folder / "run.json").read_text())
    run["interruptions"] = [{"at": "2026-01-01T00:00:00Z", "resumed": "2026-01-01T00:01:00Z",
                             "measured": 1, "changes": ["a host was booted"]}]  # fmt: skip
    run["like"] = {"run_id": "earlier", "path": "earlier", "changes": ["other hosts"]}
    run["given_up"], run["controller_cpu_s"] = {"main": "gone"}, {"main": 1.5}
    (folder / "run.json").write_text(json.dumps(run))
    (folder / "prices.yml").write_text(json.dumps(price))
    (folder / "progress.jsonl").write_text(f"{json.dumps(fault)}\n" * 2)
    for path_of_a_log in ("lab-server/crasher.log", "lab-server/alpha.log"):
        log = folder / "logs" / path_of_a_log
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("2026-01-01T00:00:00 lab-server crasher[1]: it ends\n")
    for record_file in (folder / "raw").glob("*crasher*"):  # so that its log is looked for
        document = json.loads(record_file.read_text())
        document["server"]["journal"] = None
        record_file.write_text(json.dumps(document))
    return folder


def text(rng: random.Random) -> str:
    return rng.choice(
        [*hostile.TEXTS, *FORGERIES, *EDGES, "\ud800", "x" * rng.choice([300, 99999])]
    )


def number(rng: random.Random) -> Any:
    return rng.choice(
        [0, -1, 1, 2**31, 2**62, 2**63 - 1, 2**64, 10**30, -(10**18), 1e308, -1e308, 5e-324, 0.0]
    )


def value(rng: random.Random) -> Any:
    """A value that nobody expects."""
    makers: list[Callable[[], Any]] = [
        lambda: None,
        lambda: rng.random() < 0.5,
        lambda: number(rng),
        lambda: number(rng),
        lambda: text(rng),
        lambda: text(rng),
        list,
        dict,
        lambda: [value(rng) for _ in range(3)],
        lambda: {text(rng): value(rng), "a": value(rng)},
        lambda: [text(rng)] * rng.choice([10, 3000]),
        lambda: {f"{text(rng)[:90]}{n}": n for n in range(rng.choice([10, 3000]))},
        lambda: nested(rng.choice([30, 60, 300])),
    ]
    return rng.choice(makers)()


def nested(depth: int) -> Any:
    inner: Any = 1
    for _ in range(depth):
        inner = [inner] if depth % 2 else {"a": inner}
    return inner


def encoded(document: Any) -> bytes:
    """JSON, as a stranger writes it: what a half of a letter is, too."""
    return json.dumps(document).encode()


YAMLS = (
    "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    + "hosts: *a8\n",
    "hosts: &h\n  lab-server: *h\n",
    "hosts: {? [1,2] : 3}\n",
    "hosts: " + "[" * 5000 + "]" * 5000,
    "a: &a {b: 1}\nhosts: {<<: *a}\n",
    "hosts: {lab-server: {per_hour: 2026-99-99}}\n",
    "hosts: {lab-server: {per_hour: 9999-12-31 23:59:59 -23:59}}\n",
    f"hosts: {{lab-server: {{per_hour: 0x{'f' * 9000}}}}}\n",
    f"hosts: {{lab-server: {{per_hour: {'9' * 9000}}}}}\n",
    f"hosts: {{lab-server: {{per_hour: 1{':59' * 9000}}}}}\n",
    "hosts: !!python/object/apply:os.system ['touch ../../outside/made']\n",
    "hosts: !!set {a, b}\n", "hosts: !!binary aGk=\n", "--- 1\n--- 2\n", "\x00", "@", "%",
    "hosts:\n\t- 1",
    "hosts: {lab-server: {per_hour: .nan}, lab-loadgen: {per_hour: .inf}}\ncurrency: E\n",
    "hosts: {lab-server: {per_hour: 1e-320, currency: E, date: d, source: s}}\n",
    "hosts:\n" + "".join(f"  h{n}: {{per_hour: {n}}}\n" for n in range(3000)),
    "=: 1\nhosts: {=: 2, ~: 3, 1.5: 4, 2026-01-01: 5, true: 6}\n",
)  # fmt: skip


def whole_documents(rng: random.Random, before: bytes) -> bytes:
    """What stands in the place of a document."""
    cut = rng.randrange(len(before) or 1)
    makers: list[Callable[[], bytes]] = [
        lambda: b"[]",
        lambda: b"null",
        lambda: b"{}",
        lambda: b'"x"',
        lambda: b"1",
        lambda: b"",
        lambda: b"[" * 100_000,
        lambda: b'{"a":' * 900 + b"1" + b"}" * 900,
        lambda: b'{"schema_version": 2, "run_id": "x", "variables": ' + b"[" * 9999,
        lambda: before.replace(b": {", b': {"x": ' + b"[" * 900 + b"]" * 900 + b", ", 1),
        lambda: before.replace(b": {", b': {"x": ' + b'{"a":' * 900 + b"1" + b"}" * 900 + b", ", 1),
        lambda: b"\xef\xbb\xbf" + before,
        lambda: before.decode().encode("utf-16"),
        lambda: before[:cut],
        lambda: before[:cut] + rng.randbytes(20) + before[cut:],
        lambda: before + before,
        lambda: before.replace(b"alpha", b"al\xffpha"),
        lambda: before.replace(b'"', b"'"),
        lambda: before.replace(b": 1", b": NaN"),
        lambda: before.replace(b": 1", b": 1e400"),
        lambda: before.replace(b"alpha", b"\\ud800"),
        lambda: rng.randbytes(200),
        lambda: b"\x1f\x8b" + rng.randbytes(50),
        lambda: gz(before),
        lambda: gz(gz(before)),
        lambda: gz(before)[:-9],
        lambda: BOMB,
        lambda: rng.choice(YAMLS).encode(),
    ]
    return rng.choice(makers)()


def gz(content: bytes) -> bytes:
    return gzip.compress(content, 1, mtime=0)


BOMB = gz(bytes(100_000_000))


def places(run: Path) -> list[str]:
    """The files of a run, by their names in it."""
    return sorted(str(path.relative_to(run)) for path in run.rglob("*") if path.is_file())


def changes(rng: random.Random, run: Path, files: list[str], ways: dict[str, list[Any]]) -> Change:
    """One change of a folder."""
    file = rng.choice([*files, "run.json", "run.json", "prices.yml", "baseline/main.json"])
    kind = rng.choices(["value", "several", "document", "file", "name"], [60, 10, 15, 10, 5])[0]
    if kind in ("value", "several") and ways.get(file):
        chosen = [(rng.choice(ways[file]), value(rng)) for _ in range(1 if kind == "value" else 5)]
        return Change(f"{kind} {chosen!r:.300}", file, lambda at: with_values(at / file, chosen))
    if kind == "file":
        what, make = rng.choice(list(NO_FILES.items()))
        if rng.random() < 0.3 and "/" in file:
            file = file.rpartition("/")[0]
        return Change(what, file, lambda at: in_place(at / file, make))
    if kind == "name":
        name = rng.choice(NAMES)
        inner, slash, _ = file.rpartition("/")
        new = f"{inner}{slash}".encode() + name + b".json"
        return Change(f"another name {name!r}", file, lambda at: also(at, file, new))
    content = whole_documents(rng, (run / file).read_bytes())
    return Change(f"document {content!r:.80}", file, lambda at: _write(at / file, content))


NAMES = (
    b"z\xff\xfe", b"z\n# FORGED", b"z\ncollect.py: FORGED", "\u202ez".encode(), b"z\x1b[2J",
    b"z<img src=x onerror=alert(1)>", b"z" * 240, b"..z", b"z|x`y", b"z%s{0}{{x}}", b"z$(reboot)",
)  # fmt: skip


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def with_values(path: Path, chosen: list[tuple[hostile.Way, Any]]) -> None:
    document = json.loads(path.read_text())
    for way, new in chosen:
        place = document
        try:
            for key in way[:-1]:
                place = place[key]
            place[way[-1]] = new
        except (KeyError, IndexError, TypeError):
            continue  # another change has taken the place away
    path.write_bytes(encoded(document))


def also(run: Path, file: str, new: bytes) -> None:
    shutil.copy(os.fsencode(run / file), os.fsencode(run) + b"/" + new)


def in_place(path: Path, make: Callable[[Path], None]) -> None:
    remove(path)
    make(path)


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sparse(path: Path) -> None:
    with path.open("wb") as handle:
        handle.truncate(20 << 30)


def _outside(path: Path) -> Path:
    """The folder beside the run's, which is not of it."""
    return next(one for one in path.parents if (one / "outside").is_dir()) / "outside"


NO_FILES: dict[str, Callable[[Path], None]] = {
    "nothing": lambda _: None,
    "a link to a file": lambda path: path.symlink_to(_outside(path) / "secret.json"),
    "a link to a folder": lambda path: path.symlink_to(_outside(path)),
    "a link to a pipe": lambda path: path.symlink_to(_outside(path) / "pipe"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to nothing": lambda path: path.symlink_to("none"),
    "a link to what never ends": lambda path: path.symlink_to("/dev/zero"),
    "a pipe": os.mkfifo,
    "a folder": lambda path: path.mkdir(),
    "20 GB of nothing": _sparse,
}


def outside(folder: Path) -> Path:
    """What nobody may read or write: in the folder beside the run's."""
    folder.mkdir(parents=True)
    whole = json.dumps({"schema_version": 2, "run_id": OWN, "title": OWN})
    for name in ("secret.json", "crasher.log", "a.json", "lab-server.json", "main.json"):
        (folder / name).write_text(f"{whole}\n")
    os.mkfifo(folder / "pipe")
    return folder


def seen_of(folder: Path) -> list[tuple[str, int, int]]:
    return sorted(
        (one.name, one.lstat().st_size, one.lstat().st_mtime_ns) for one in folder.iterdir()
    )


class NotDrawn(Executor):
    """In place of the library that draws, which gets numbers and cleaned words."""

    def submit(self, _: Callable[..., Any], /, *args: Any, **__: Any) -> Future[Any]:
        done: Future[Any] = Future()
        json.dumps(args[0], allow_nan=True)
        done.set_result('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"></svg>')
        return done


def read(run: Path, change: Change) -> None:
    """All readers. AssertionError: one said nothing, or a text is not harmless."""
    try:
        loaded = load_run(run)
    except RunError as error:
        assert str(error).strip()  # noqa: PT017 (every other exception fails)
        return
    listed, broken = listing.runs(run.parent)
    assert {one.folder.name for one in listed} == {"run", "other"}
    assert not broken
    said = [listing.terminal(listed), *loaded.problems]
    said += read_prices(loaded).problems
    read_events(run)
    _, invalid = read_probes(loaded)
    said += [one.reason for one in invalid]
    for capacity in read_path_capacities(run).values():
        said += capacity.problems
    for file in store.files(run, change.file.partition("/")[0]):
        if file.startswith(("raw", "crosscheck")):
            one = read_measurement(run, file, loaded.run_id)
            said.append(one.reason if isinstance(one, InvalidRecord) else one.log)
    if change.shown and change.file.partition("/")[0] in record.KINDS:
        try:
            said.append(record.show(run / change.file))
        except RecordError as error:
            assert str(error).strip()  # noqa: PT017
    for sentence in said:
        assert not CONTROLS.search(sentence), sentence
        assert OWN not in sentence


def reported(run: Path, _: Change) -> None:
    """The report and the terminal. AssertionError: something is forged, or lost."""
    try:
        judged = judge_run(run)
    except RunError as error:
        assert str(error).strip()  # noqa: PT017 (every other exception fails)
        return
    rendered = report.render(judged, CHAPTERS, NotDrawn())
    look(rendered.files, "\n".join([rendered.terminal, *rendered.problems, *rendered.remarks]))
    if (run / "report.md").is_symlink():
        return
    report.write(run, {name: one for name, one in rendered.files.items() if "charts" not in name})


def look(files: dict[str, str], said: str) -> None:
    """AssertionError: an output has what nobody but the project may write."""
    for name, one in files.items():
        assert OWN not in one, name
        found = CONTROLS.search(one)
        assert not found, (name, one[max(0, found.start() - 99) : found.end() + 20])
        one.encode()
    assert not CONTROLS.search(said)
    assert not re.search(rf"^(collect\.py: )?{FORGED}", said, re.MULTILINE), said
    tokens = MarkdownIt("commonmark", {"html": False}).enable("table").parse(files["report.md"])
    for token in tokens:
        assert not token.content.startswith(FORGED) or token.type == "fence", token.content
    for name in [one for one in files if one.endswith(".csv")]:
        assert f"\n{FORGED}" not in files[name], name


def process(run: Path, _: Change) -> None:
    """collect.py itself. AssertionError: it crashed, or its status is not one that is listed."""
    for words, statuses in ((["."], (0, 1, 2, 3)), (["list", ".."], (0,)),
                            (["compare", "../other", "."], (0, 1, 2, 3))):  # fmt: skip
        done = subprocess.run(
            [sys.executable, ROOT / "collect.py", *words],
            cwd=run,
            capture_output=True,
            timeout=60,
            check=False,
        )
        said = (done.stdout + done.stderr).decode()
        assert done.returncode in statuses, said
        assert OWN not in said
        assert not CONTROLS.search(said), said
        assert words[0] != "list" or "other" in said
    report_file = run / "report.md"
    if report_file.is_file() and not report_file.is_symlink():
        assert OWN not in report_file.read_text()
    shutil.rmtree(run.parent / "compare-other-run", ignore_errors=True)


LOOKS: dict[str, Callable[[Path, Change], None]] = {
    "read": read,
    "report": reported,
    "process": process,
}


class HangsError(Exception):
    """It took too long."""


@contextmanager
def limited(seconds: float = SECONDS) -> Iterator[None]:
    """AssertionError: what is within uses more CPU time; HangsError: it does not end."""

    def end(*_: Any) -> None:
        raise HangsError

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(int(10 * SECONDS) + 60)
    began = time.process_time()
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    used = time.process_time() - began
    assert used < seconds, f"{used:.1f} s"


OPENED: list[str] = []


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: what is opened by a path that leads to where nobody may read."""
    if event in ("open", "os.remove", "os.rename", "os.mkdir", "os.listdir", "os.scandir"):
        for one in arguments[:2]:
            path = os.fsdecode(one) if isinstance(one, str | bytes | os.PathLike) else ""
            if "outside" in path.split("/") or path.startswith(("/etc/passwd", "/dev/zero")):
                OPENED.append(f"{event} {path}")


class Folders:
    """A whole run, another one, and what is outside, in a folder; each change is undone again."""

    def __init__(self, place: Path) -> None:
        self.run, self.kept = place / "run", place.parent / "kept"
        whole_run(self.kept)
        factory.write_run(place / "other", factory.run_document(["alpha"], 1), {})
        one = factory.record(framework="alpha")
        (place / "other" / "raw" / "a.json").write_text(json.dumps(one))
        self.outside = outside(place.parent / "outside")
        self.before = seen_of(self.outside)
        self.files = places(self.kept)
        self.ways = {
            file: list(hostile.ways(json.loads((self.kept / file).read_text())))
            for file in self.files
            if file.endswith((".json", "prices.yml"))
        }
        shutil.copytree(self.kept, self.run)

    def tried(self, rng: random.Random, kind: str, seconds: float = SECONDS) -> None:
        """One change, and one look at it. AssertionError, or any other: it does not hold."""
        change = changes(rng, self.kept, self.files, self.ways)
        change = change._replace(shown=rng.random() < SHOWN)
        change.make(self.run)
        OPENED.clear()
        try:
            with limited(seconds):
                LOOKS[kind](self.run, change)
            if kind != "process":
                assert not OPENED, OPENED
            assert seen_of(self.outside) == self.before
        except BaseException as error:
            error.add_note(f"{kind}: {change.file}: {change.what}")
            raise
        self.restore(change.file)

    def restore(self, file: str) -> None:
        """What a change of this file has changed is as it was; what was written stays."""
        top = file.partition("/")[0]
        remove(self.run / top)
        if (self.kept / top).is_dir():
            shutil.copytree(self.kept / top, self.run / top)
        else:
            shutil.copyfile(self.kept / top, self.run / top)
        for path in self.run.glob("[.z]*"):  # another name of a file that is in no folder
            remove(path)


def kinds_of(count: int) -> Iterator[str]:
    """The looks of so many folders, the quick ones first."""
    for kind, share in COUNTS.items():
        yield from [kind] * max(1, round(count * share / 100))


def tried(
    count: int, seed: int, kinds: tuple[str, ...] = tuple(LOOKS), seconds: float = SECONDS
) -> None:
    """Try so many folders. AssertionError, or any other: one does not hold.

    kinds: of looks at them. seconds: of CPU time that one of them may take.
    """
    rng = random.Random(seed)  # noqa: S311 (no secret)
    with tempfile.TemporaryDirectory() as place:
        folders = Folders(Path(place) / "results")
        for number, kind in enumerate(kinds_of(count), start=1):
            if kind in kinds:
                folders.tried(rng, kind, seconds)
            if number % 1000 == 0:
                print(f"{number} of {count}", flush=True)


if __name__ == "__main__":
    sys.addaudithook(watch)
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    tried(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)

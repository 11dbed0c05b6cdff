"""Broken and hostile records: no crash, no wrong `ok`, no code run, nothing written elsewhere.

tests/hostile.py has the properties of a single record; here is all that collect.py makes of a run.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from pipebench.record import folder, values
from pipebench.record.schema import RecordError
from pipebench.show import formats
from tests import hostile, hostile_folders
from tests.unit.command import collect
from tests.unit.pipebench.factory import (
    record,
    run_document,
    small_run,
    write_run,
)

STRANGE = {
    "title", "note", "language", "stack", "reason", "log", "journal", "detail", "ready_error",
    "stdout", "stderr", "model", "kernel", "argv", "command", "commit", "harness_fault",
    "harness_faults", "host", "server", "generators", "framework", "name", "testbed", "said",
}  # fmt: skip
"""Fields whose texts a stranger may have written: a server, a host, who named things."""
NAMES = {"frameworks"}
"""Fields whose keys are such names."""


@pytest.mark.parametrize("property_of_a_record", hostile.PROPERTIES)
def test_a_changed_record_is_refused_or_right(property_of_a_record: Callable[[], None]) -> None:
    hostile.tried(200, property_of_a_record)


def with_text(value: Any, text: str, *, strange: bool = False) -> Any:
    """A document with the text behind each of a stranger's texts."""
    if isinstance(value, dict):
        return {
            key: {f"{name}{text}": with_text(one, text) for name, one in inner.items()}
            if key in NAMES and isinstance(inner, dict)
            else with_text(inner, text, strange=key in STRANGE)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [with_text(item, text, strange=strange) for item in value]
    return f"{text}{value}{text}" if strange and isinstance(value, str) else value


class Page(HTMLParser):
    """What of a page a browser would run or follow."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.active: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "iframe", "object", "embed", "base", "link", "form", "meta"):
            self.active.append(tag)
        for name, value in attributes:
            place = (value or "").strip().lower()
            if name.startswith("on") or place.startswith(("javascript:", "data:text")):
                self.active.append(f"{tag} {name}")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Page:
    folder = small_run(tmp_path_factory.mktemp("plain") / "run", 2)
    collect(folder)
    return Page((folder / "report.html").read_text())


@pytest.mark.parametrize("text", [text for text in hostile.TEXTS if text], ids=repr)
def test_a_strangers_text_is_only_text(tmp_path: Path, plain: Page, text: str) -> None:
    folder = small_run(tmp_path / "run", 2)
    for path in folder.rglob("*.json"):
        try:
            document = json.loads(path.read_text())
        except ValueError:
            continue  # the one that is cut short
        changed = with_text(document, text)
        if "testbeds" in changed:
            for testbed in changed["testbeds"]:
                testbed["name"] = f"{text}main{text}"
            changed["like"] = {"run_id": f"{text}earlier", "path": text, "changes": [text]}
        path.write_text(json.dumps(changed))
    done = collect(folder)
    assert done.returncode == 1, done.stderr  # a record is cut short, one has a fault
    assert "Traceback" not in done.stderr
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", done.stdout + done.stderr)
    page = (folder / "report.html").read_text()
    assert sorted(Page(page).active) == sorted(plain.active)
    markdown = re.sub(r"`[^`]*`", "", (folder / "report.md").read_text())  # code is shown as it is
    assert "<script>alert" not in markdown.replace("\\<", "")
    for path in folder.glob("*.csv"):
        with path.open(newline="") as handle:
            for row in csv.reader(handle):
                for field in row:
                    assert not field.startswith(("=", "+", "@", "\t"))
                    assert not field.startswith("-") or re.fullmatch(r"-[\d.e+-]+", field)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def one_record_run(folder: Path) -> Path:
    return write_run(folder / "run", run_document(["one"], 1), {"a.json": record()})


@pytest.mark.parametrize("name", ["charts", "raw", "report.md", "hosts", "run.json"])
def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path, name: str) -> None:
    run, elsewhere = one_record_run(tmp_path), tmp_path / "elsewhere"
    place = run / name
    if place.exists():
        place.rename(elsewhere)
    else:
        elsewhere.mkdir()
    place.symlink_to(elsewhere)
    before = sorted(elsewhere.rglob("*"))
    done = collect(run)
    assert done.returncode == 2
    assert f"has links in place of files ({name}); remove them" in done.stderr
    assert sorted(elsewhere.rglob("*")) == before


def test_what_is_not_a_file_is_not_opened(tmp_path: Path) -> None:
    run = one_record_run(tmp_path)
    (run / "raw" / "b.json").symlink_to("/etc/passwd")
    os.mkfifo(run / "raw" / "c.json")  # whoever opens it waits for ever
    (run / "raw" / "d.json").mkdir()
    done = collect(run)
    assert done.returncode == 1
    for name in "bcd":
        assert f"raw/{name}.json is invalid: it is not a file" in done.stderr
    assert "root:" not in (run / "report.md").read_text()


def test_a_file_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(b" " * 3_000_000))
    monkeypatch.setattr(folder, "LARGEST_BYTES", 1_000_000)
    with pytest.raises(RecordError, match="too large"):
        folder.content_of(tmp_path, "a.json.gz")
    path.write_bytes(b" " * 1_000_001)
    with pytest.raises(RecordError, match="too large"):
        folder.content_of(tmp_path, "a.json.gz")


@pytest.mark.parametrize("kind", hostile_folders.LOOKS)
def test_a_strange_folder_is_read_reported_or_refused(kind: str) -> None:
    count = {"read": 30, "report": 200, "process": 1000}[kind]
    hostile_folders.tried(count, 1, (kind,), seconds=60)


@pytest.mark.parametrize("text", hostile_folders.FORGERIES[:8], ids=repr)
def test_nobody_forges_a_line_of_the_report(tmp_path: Path, text: str) -> None:
    run = hostile_folders.whole_run(tmp_path / "run")
    for path in run.rglob("*.json"):
        try:
            document = json.loads(path.read_text())
        except ValueError:
            continue  # the one that is cut short
        path.write_text(json.dumps(with_text(document, text)))
    done = collect(run)
    assert done.returncode == 1, done.stderr
    names = ("report.md", "report.html", "results.csv", "summary.csv", "charts/throughput.svg")
    files = {name: (run / name).read_text() for name in names}
    hostile_folders.look(files, done.stdout + done.stderr)
    run.rename(tmp_path / f"{text.replace('/', '')}x")
    listed = collect("list", tmp_path)
    assert not values.CONTROLS.search(listed.stdout)
    assert len(listed.stdout.splitlines()) == 2


def test_the_name_of_a_folder_forges_no_line(tmp_path: Path) -> None:
    run = write_run(tmp_path / "x\ncollect.py: FORGED\x1b[2J\u202e", run_document(["one"], 1), {})
    (run / "raw" / "a.json").write_text(json.dumps(record()))
    (tmp_path / "other").mkdir()
    for done in (collect(run), collect(tmp_path / "other"), collect("compare", run, run)):
        hostile_folders.look({"report.md": (run / "report.md").read_text()}, done.stdout)
        assert "\ncollect.py: FORGED" not in done.stdout + done.stderr
        assert not values.CONTROLS.search(done.stdout + done.stderr)


def test_names_that_are_not_utf_8_are_shown(tmp_path: Path) -> None:
    run = one_record_run(tmp_path)
    strange = os.fsencode(run) + b"/%s/z\xff\xfe\n# FORGED.json"
    for inner in (b"raw", b"hosts", b"probe", b"baseline", b"tuning", b"crosscheck"):
        Path(os.fsdecode(strange % inner)).parent.mkdir(exist_ok=True)
        Path(os.fsdecode(strange % inner)).write_text("{")
    done = collect(run)
    assert done.returncode == 1
    assert "raw/z\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER} # FORGED.json is" in done.stderr
    hostile_folders.look({"report.md": (run / "report.md").read_text()}, done.stderr)


def test_a_log_is_looked_for_in_the_run_alone(tmp_path: Path) -> None:
    run = small_run(tmp_path / "run", 1)
    (tmp_path / "crasher.log").write_text("THE-READERS-OWN")
    (path,) = (run / "raw").glob("*crasher*")
    document = json.loads(path.read_text())
    document["server"]["journal"] = None
    for host in (str(tmp_path), "../..", "../../.."):
        document["server"]["host"] = host
        path.write_text(json.dumps(document))
        assert collect(run).returncode == 1
        assert "THE-READERS-OWN" not in (run / "report.md").read_text()
    document["server"]["host"] = "lab-server"
    path.write_text(json.dumps(document))
    log = run / "logs" / "lab-server" / "crasher.log"
    log.parent.mkdir(parents=True)
    log.symlink_to(tmp_path / "crasher.log")
    collect(run)
    assert "THE-READERS-OWN" not in (run / "report.md").read_text()
    log.unlink()
    log.write_text("its own log")
    collect(run)
    assert "its own log" in (run / "report.md").read_text()


def test_charts_of_others_are_left_alone(tmp_path: Path) -> None:
    run = one_record_run(tmp_path)
    (run / "charts").mkdir()
    for name in ("mine.svg", "heat.svg"):  # the report has had the second once
        (run / "charts" / name).write_text("<svg/>")
    collect(run)
    names = {path.name for path in (run / "charts").iterdir()}
    assert "mine.svg" in names
    assert "heat.svg" not in names


def test_prices_are_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = one_record_run(tmp_path)
    hosts = {"lab-server": {"per_hour": 1, "currency": "EUR", "date": "d", "source": "s"}}
    (tmp_path / "today.yml").write_text(json.dumps({"hosts": hosts}))
    (run / "prices.yml").symlink_to(tmp_path / "elsewhere.yml")
    assert collect("render", run, "--prices", tmp_path / "today.yml").returncode == 2  # a link
    (run / "prices.yml").unlink()
    (run / "prices.yml").write_text("hosts: {}\n")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.write", full)
        done = collect("render", run, "--prices", tmp_path / "today.yml")
    assert done.returncode == 3
    assert (run / "prices.yml").read_text() == "hosts: {}\n"


@pytest.mark.parametrize("text", ["", "[", "{a: &a [*a]}", "[1]", "{1: 2}", "{", "-e"])
def test_a_command_that_nobody_typed_is_not_obeyed(tmp_path: Path, text: str) -> None:
    document = run_document(["one"], 1, command=["ansible-playbook", "-e", text, "-e"])
    run = write_run(tmp_path / "run", document, {"a.json": record()})
    assert collect(run).returncode in (0, 1)


def test_a_million_faults_are_counted(tmp_path: Path) -> None:
    document = run_document(["one"], 1, harness_faults=["x: y"] * 1_000_000)
    run = write_run(tmp_path / "run", document, {"a.json": record()})
    done = collect(run)
    assert done.returncode == 1
    assert "and 999,900 more like these" in done.stderr
    assert "1000000 times" in (run / "report.md").read_text()


def test_a_crash_has_a_status_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = one_record_run(tmp_path)

    def crash(*_: object, **__: object) -> None:
        raise KeyError("\x1b[2J")

    monkeypatch.setattr("pipebench.show.report.summary", crash)
    done = collect(run)
    assert done.returncode == 5
    assert "render crashed, which is a fault of this project: KeyError" in done.stderr
    assert "\x1b" not in done.stderr


def test_a_chapter_that_fails_costs_no_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = one_record_run(tmp_path)

    def fails(*_: object) -> None:
        raise ValueError("what nobody thought of")

    monkeypatch.setattr("pipebench.chapters.cost.chapter", fails)
    done = collect(run)
    assert done.returncode == 1
    assert "the chapter cost could not be made: ValueError: what nobody thought of" in done.stderr
    assert (run / "report.html").exists()


@pytest.mark.parametrize("text", ["# x", "> x", "- x", "1. x", "---", "==", "~~~", "    x", "+ x"])
def test_a_text_begins_no_block_of_markdown(text: str) -> None:
    tokens = MarkdownIt().parse(formats.text(text))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    tokens = MarkdownIt().parse(formats.note(text))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]


def test_a_million_distinct_latencies_are_read(tmp_path: Path) -> None:
    made = record()
    result = made["generators"][0]["measured"]["result"]
    result["latency"]["histogram"] = [[100 + number, 1] for number in range(1_000_000)]
    write_run(tmp_path / "run", run_document(["one"], 1), {"a.json": made})
    done = collect(tmp_path / "run")
    assert "Traceback" not in done.stderr
    with (tmp_path / "run" / "results.csv").open(newline="") as handle:
        assert len(list(csv.DictReader(handle))) == 1

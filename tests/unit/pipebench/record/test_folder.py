"""A run's folder that a stranger has made: what of it is opened, and where is written."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pipebench.record import folder
from pipebench.record.progress import append_event, read_events
from pipebench.record.reading import one_document, read, salvage
from pipebench.record.run_record import load_run, moment
from pipebench.record.schema import (
    GivenUp,
    HarnessFault,
    HostFingerprint,
    Record,
    RecordError,
    RunError,
)
from tests.hostile_folders import NO_FILES
from tests.unit.pipebench.factory import record, run_document, write_run

SECRET = b"the reader's own"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A folder, beside one that nobody may look into."""
    (tmp_path / "outside").mkdir()
    for name in ("secret.json", "a.json"):
        (tmp_path / "outside" / name).write_bytes(SECRET)
    os.mkfifo(tmp_path / "outside" / "pipe")
    (tmp_path / "run" / "raw").mkdir(parents=True)
    return tmp_path / "run"


@pytest.mark.parametrize("what", [name for name in NO_FILES if name != "nothing"])
def test_only_a_file_of_a_limited_size_is_read(run: Path, what: str) -> None:
    NO_FILES[what](run / "raw" / "a.json")  # whoever opens a pipe waits for ever
    with pytest.raises(RecordError, match=r"not a file|too large"):
        folder.content_of(run, "raw/a.json")
    assert folder.exists(run, "raw/a.json") == (what == "20 GB of nothing")


@pytest.mark.parametrize(
    "read_it", [folder.content_of, lambda run, name: folder.end_of(run, name, 10)]
)
def test_no_link_leads_to_a_file(run: Path, read_it: Callable[[Path, str], bytes]) -> None:
    (run / "logs").symlink_to(run.parent / "outside")
    with pytest.raises(RecordError, match="not a file, but a link"):
        read_it(run, "logs/a.json")
    assert folder.names_in(run, "logs") == []


@pytest.mark.parametrize(
    "name", ["../outside/a.json", "/etc/passwd", "raw/../../outside/a.json", "", "raw//a", "a\0b"]
)
def test_no_name_leads_out(run: Path, name: str) -> None:
    with pytest.raises(RecordError, match="leads out of the run's folder"):
        folder.content_of(run, name)
    assert not folder.exists(run, name)
    with pytest.raises(OSError, match="leads out"):
        folder.write_files(run, {name: b"x"})


def test_the_folder_itself_may_be_a_link(run: Path) -> None:
    folder.write_files(run, {"raw/a.json": b"{}"})
    (run.parent / "latest").symlink_to(run)
    assert folder.content_of(run.parent / "latest", "raw/a.json") == b"{}"


def test_the_end_of_a_huge_file_is_read(run: Path) -> None:
    with (run / "log").open("wb") as handle:
        handle.truncate(20 << 30)
        handle.seek(0, os.SEEK_END)
        handle.write(b"the end\n")
    assert folder.end_of(run, "log", 8) == b"the end\n"


def test_what_unpacks_to_more_than_may_be_read_is_refused(run: Path) -> None:
    (run / "a.gz").write_bytes(gzip.compress(bytes(3_000_000)))
    with pytest.raises(RecordError, match="more than 1,000,000 bytes, unpacked"):
        folder.content_of(run, "a.gz", 1_000_000)


@pytest.mark.parametrize("place", ["charts", "charts/a.svg", "report.md"])
def test_nothing_is_written_through_a_link(run: Path, place: str) -> None:
    (run / "report.md").write_text("old")
    (run / "charts").mkdir()
    target = run / place
    folder_of_charts = target.is_dir()
    target.rmdir() if folder_of_charts else target.unlink(missing_ok=True)
    target.symlink_to(run.parent / "outside" / ("" if folder_of_charts else "a.json"))
    files = {"report.md": b"new", "charts/a.svg": b"new"}
    if folder_of_charts:
        with pytest.raises(OSError, match="Not a directory"):
            folder.write_files(run, files)
        assert (run / "report.md").read_bytes() == b"old"  # all of them or none
    else:
        folder.write_files(run, files)
        assert target.read_bytes() == b"new"
        assert not target.is_symlink()
    assert sorted(path.name for path in (run.parent / "outside").iterdir()) == [
        "a.json",
        "pipe",
        "secret.json",
    ]
    assert (run.parent / "outside" / "a.json").read_bytes() == SECRET
    assert not list(run.rglob(".*"))  # what was begun is removed


def test_a_record_is_not_set_aside_through_a_link(run: Path) -> None:
    folder.write_files(run, {"raw/a.json": b"{}"})
    (run / "replaced").mkdir()
    (run / "replaced" / "raw").symlink_to(run.parent / "outside")
    with pytest.raises(OSError, match="Not a directory"):
        folder.move(run, "raw/a.json", "replaced/raw/a.json")
    assert (run / "raw" / "a.json").exists()


def fault(number: int) -> HarnessFault:
    return HarnessFault(
        time="t", run_id="r", seconds_left=None, testbed="main", record=str(number), reason="x"
    )


def test_an_event_after_a_cut_line_is_on_its_own(tmp_path: Path) -> None:
    append_event(tmp_path, fault(1))
    path = tmp_path / "progress.jsonl"
    path.write_bytes(path.read_bytes() + path.read_bytes()[:40])  # the disk was full
    append_event(tmp_path, fault(2))
    assert path.read_bytes().count(b"\n") == 3
    assert [event.record for event in read_events(tmp_path) if isinstance(event, HarnessFault)] == [
        "1",
        "2",
    ]


def test_an_event_that_was_written_behind_a_cut_line_is_read(tmp_path: Path) -> None:
    gone = GivenUp(time="t", run_id="r", seconds_left=None, testbed="main", reason='a "line"')
    append_event(tmp_path, gone)
    path = tmp_path / "progress.jsonl"
    path.write_bytes(path.read_bytes()[:30] + path.read_bytes())  # as older versions wrote it
    assert read_events(tmp_path) == [gone]


def test_an_event_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append_event(tmp_path, fault(1))
    real, left = os.write, [20]

    def full(opened: int, content: bytes) -> int:
        if not left[0]:
            raise OSError(28, "No space left on device")
        room, left[0] = left[0], 0
        return real(opened, bytes(content)[:room])

    with monkeypatch.context() as patched:
        patched.setattr("os.write", full)
        with pytest.raises(OSError, match="No space left"):
            append_event(tmp_path, fault(2))
    append_event(tmp_path, fault(3))
    assert (tmp_path / "progress.jsonl").read_bytes().count(b"\n") == 2
    assert len(read_events(tmp_path)) == 2


def test_events_are_not_written_into_a_pipe_or_a_link(run: Path) -> None:
    os.mkfifo(run / "progress.jsonl")
    assert read_events(run) == []
    with pytest.raises(OSError, match="it is not a file"):
        append_event(run, fault(1))
    (run / "progress.jsonl").unlink()
    (run / "progress.jsonl").symlink_to(run.parent / "outside" / "a.json")
    with pytest.raises(OSError, match="symbolic links"):
        append_event(run, fault(1))
    assert (run.parent / "outside" / "a.json").read_bytes() == SECRET


@pytest.mark.parametrize("document", [[], None, "x", 1])
def test_a_document_that_is_no_object_is_named(document: object) -> None:
    with pytest.raises(RecordError, match=r"hosts/a.json is .*; it must be an object"):
        salvage(document, HostFingerprint, "hosts/a.json")


@pytest.mark.parametrize("content", ["[]", "null", "1", '"x"'])
def test_a_run_that_is_no_object_is_a_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(RunError, match=r"run.json cannot be used: .* must be an object"):
        load_run(tmp_path)


def test_a_value_that_is_nested_too_deeply_is_left_out(tmp_path: Path) -> None:
    deep: object = 1
    for _ in range(300):
        deep = [deep]
    document = run_document(["one"], 1) | {"versions": {"a": deep, "b": "1"}}
    loaded = load_run(write_run(tmp_path, document, {}))
    assert loaded.versions == {"b": "1"}
    (problem,) = loaded.problems
    words = "a in versions of run.json cannot be read: its values are nested more than 50 deep"
    assert problem == f"{words}; it is not used"


def test_a_list_that_is_too_long_is_left_out(tmp_path: Path) -> None:
    many = [{"name": f"t{number}"} for number in range(1001)]
    loaded = load_run(write_run(tmp_path, run_document(["one"], 1, testbeds=many), {}))
    assert loaded.testbeds == []
    assert loaded.problems == [
        "testbeds of run.json cannot be used: expected `array` of length <= 1000; it is not used"
    ]


def test_a_schedule_that_nobody_measures_is_refused(tmp_path: Path) -> None:
    document = run_document(["one"], 1, testbeds=[{"name": f"t{n}"} for n in range(1000)])
    document["rounds"] = [document["rounds"][0] * 501]
    with pytest.raises(RunError, match="501,000 measurements; it may have at most 500,000"):
        load_run(write_run(tmp_path, document, {}))


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_date_at_the_edge_is_not_known(text: str) -> None:
    assert moment(text) is None


def test_whatever_a_document_does_is_a_sentence() -> None:
    words = r"it cannot be used \(ZeroDivisionError: "
    with pytest.raises(RecordError, match=words), one_document():
        print(1 / 0)


def test_a_record_is_read_by_its_name_in_the_folder(run: Path) -> None:
    folder.write_files(run, {"raw/a.json": json.dumps(record()).encode()})
    assert read(run, "raw/a.json", Record).framework == "one"

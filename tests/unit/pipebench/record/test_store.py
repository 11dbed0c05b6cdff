"""Files of a run: written whole, compressed or not, named in their order, and found again."""

import gzip
import json
from pathlib import Path

import pytest

from pipebench.record import store
from pipebench.record.reading import read
from pipebench.record.schema import Record, RecordError, RunRecord
from pipebench.run.judge import judge_run
from tests.unit.pipebench.factory import DATA, record, typed


def test_a_record_is_compressed_and_can_be_read_with_zcat(tmp_path: Path) -> None:
    made = typed(record(), Record)
    file = store.raw_file(made)
    assert file == "raw/main_r01_001_one_w1_d5_c200.json.gz"
    store.write(tmp_path, file, made)
    text = gzip.decompress((tmp_path / file).read_bytes()).decode()
    assert text.endswith("}\n")
    assert json.loads(text)["server"]["host"] == "lab-server"
    assert read(tmp_path, file, Record) == made


def test_the_same_record_is_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        store.write(tmp_path / name, "raw/x.json.gz", typed(record(), Record))
    first, second = ((tmp_path / name / "raw" / "x.json.gz").read_bytes() for name in ("a", "b"))
    assert first == second


def test_an_execution_at_a_constant_rate_is_in_no_round() -> None:
    made = typed(record(round=None, rate=1000.0, tool="h2load"), Record)
    assert store.crosscheck_file(made) == "crosscheck/main_rate_001_one_w1_d5_c200_h2load.json.gz"


def test_what_people_read_is_indented(tmp_path: Path) -> None:
    store.write(tmp_path, store.RUN, RunRecord(schema_version=2, run_id="r"))
    assert '\n "run_id": "r",\n' in (tmp_path / store.RUN).read_text()


def test_documents_are_found_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.json", "a.json.gz", "c.json.gz", ".d.json", "e.json.part", "f.csv"):
        store.write_text(tmp_path / "raw" / name, "")
    assert store.files(tmp_path, "raw") == ["raw/a.json.gz", "raw/b.json", "raw/c.json.gz"]
    assert [store.stem(file) for file in store.files(tmp_path, "raw")] == ["a", "b", "c"]
    assert store.files(tmp_path, "none") == []


def test_a_file_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "new" / "file.json"
    store.write_text(target, "old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        store.write_text(target, "new")
    assert target.read_text() == "old"
    assert [path.name for path in target.parent.iterdir()] == ["file.json"]


def test_a_compressed_file_that_is_cut_short_is_named(tmp_path: Path) -> None:
    store.write(tmp_path, "raw/x.json.gz", typed(record(), Record))
    path = tmp_path / "raw" / "x.json.gz"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(RecordError, match="it is truncated after 200 bytes"):
        read(tmp_path, "raw/x.json.gz", Record)
    path.write_bytes(b"")
    with pytest.raises(RecordError, match="it is empty"):
        read(tmp_path, "raw/x.json.gz", Record)
    with pytest.raises(RecordError, match=r"it cannot be read \(No such file"):
        read(tmp_path, "none.json", Record)


def test_a_run_that_somebody_compressed_is_judged_alike(tmp_path: Path) -> None:
    for path in (DATA / "run").rglob("*.json"):
        target = tmp_path / path.relative_to(DATA / "run")
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.parent.name in ("raw", "probe", "hosts"):
            target.with_suffix(".json.gz").write_bytes(gzip.compress(path.read_bytes()))
        else:
            target.write_bytes(path.read_bytes())
    plain, compressed = judge_run(DATA / "run"), judge_run(tmp_path)
    assert [m.judgement for m in compressed.measurements] == [
        m.judgement for m in plain.measurements
    ]
    assert compressed.probes == plain.probes
    assert compressed.run.hosts == plain.run.hosts
    assert [record.file for record in compressed.invalid] == [
        f"{record.file}.gz" for record in plain.invalid
    ]

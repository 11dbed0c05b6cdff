"""A run of many records: the script that makes one, and reading it in several processes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipebench.measure.load import loads_of
from pipebench.record.reading import read
from pipebench.record.schema import Record, RunError
from pipebench.record.store import files
from pipebench.rules.rule import Outcome
from pipebench.run import readers
from pipebench.run.judge import judge_run, judging
from pipebench.tools import find_tool
from tests import many_records
from tests.unit.pipebench.factory import DATA


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    many_records.main([str(folder), "--cells", "40", "--rounds", "2", "--distinct", "200"])
    return folder


def test_its_records_are_those_of_healthy_servers(run: Path) -> None:
    judged_run = judge_run(run)
    assert judged_run.unusable == []
    assert judged_run.missing == []
    assert len(judged_run.measurements) == 80
    assert {m.judgement.outcome for m in judged_run.measurements} == {Outcome.OK}
    assert {m.limited_by for m in judged_run.measurements} == {"server"}


def test_its_records_are_as_large_as_real_ones(run: Path) -> None:
    distinct = []
    for file in files(run, "raw"):
        record = read(run, file, Record)
        (load,) = loads_of(record, find_tool(record.tool, "raw"))
        assert load.measured
        assert load.measured.counts
        distinct.append(len(load.measured.counts.histogram[0]))
        assert len(load.samples.names) > 30
        assert len(load.samples.t) == 75
    assert 100 < np.mean(distinct) < 400


def test_records_are_judged_alike_however_they_are_written(run: Path, tmp_path: Path) -> None:
    words = [str(tmp_path), "--cells", "40", "--rounds", "2", "--distinct", "200", "--plain"]
    many_records.main(words)
    plain, packed = judge_run(tmp_path), judge_run(run)
    assert packed.measurements == [
        replace(one, measurement=replace(one.measurement, file=f"{one.measurement.file}.gz"))
        for one in plain.measurements
    ]
    sizes = [sum((f / one).stat().st_size for one in files(f, "raw")) for f in (tmp_path, run)]
    assert sizes[1] < sizes[0] / 8


def test_several_processes_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = judge_run(DATA / "run")
    monkeypatch.setattr(readers, "WORTH_PROCESSES", 1)
    assert judge_run(DATA / "run", alone=False) == alone
    assert alone.invalid


def test_the_same_processes_read_several_runs(monkeypatch: pytest.MonkeyPatch, run: Path) -> None:
    folders = [DATA / "run", run.parent / "none", run]
    alone = [judge_run(folder) for folder in (DATA / "run", run)]
    monkeypatch.setattr(readers, "WORTH_PROCESSES", 1)
    judged = judging(folders)
    assert next(judged)() == alone[0]
    with pytest.raises(RunError, match="does not exist"):
        next(judged)()
    assert next(judged)() == alone[1]

"""A run of many records: the script that makes one, and reading it in several processes."""

import json
from pathlib import Path

import numpy as np
import pytest

from pipebench.rules.outcome import Outcome
from pipebench.run import judge
from pipebench.run.judge import judge_run
from tests import many_records
from tests.unit.pipebench.factory import DATA


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    many_records.main([str(folder), "--cells", "40", "--rounds", "2", "--distinct", "200"])
    return folder


def test_its_records_are_those_of_healthy_servers(run: Path) -> None:
    judged_run = judge_run(run)
    assert judged_run.unusable == judged_run.missing == []
    assert len(judged_run.measurements) == 80
    assert {m.judgement.outcome for m in judged_run.measurements} == {Outcome.OK}
    assert {m.limited_by for m in judged_run.measurements} == {"server"}


def test_its_records_are_as_large_as_real_ones(run: Path) -> None:
    distinct = []
    for path in (run / "raw").iterdir():
        record = json.loads(path.read_bytes())
        generator = record["generators"][0]
        distinct.append(len(generator["measured"]["result"]["latency"]["histogram"]))
        assert len(generator["samples"]) > 30
        assert {len(column) for column in generator["samples"].values()} == {75}
    assert 100 < np.mean(distinct) < 400


def test_several_processes_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = judge_run(DATA / "run")
    monkeypatch.setattr(judge, "WORTH_PROCESSES", 1)
    assert judge_run(DATA / "run", alone=False) == alone
    assert alone.invalid

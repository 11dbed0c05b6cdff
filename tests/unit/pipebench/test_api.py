"""Runs as data frames: all parts of a run, what cannot be read by name, ratios by exact method."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

import pipebench
from pipebench.api import Runs, load
from pipebench.frame.cells import summary
from pipebench.frame.ratios import RatioError
from pipebench.record.packing import packed_connections
from pipebench.run.judge import judge_run
from tests.unit.pipebench.factory import (
    START,
    generator,
    record,
    run_document,
    write_run,
    wrk,
    wrk_result,
)
from tests.unit.pipebench.runs import EXAMPLE, ROOT, golden, made_run


@pytest.fixture(scope="module")
def example() -> Runs:
    runs: Runs = pipebench.load(EXAMPLE)
    return runs


def test_measurements_are_tidy(example: Runs) -> None:
    frame = example.measurements
    assert example.problems == []
    assert len(frame) == 48
    assert frame["framework"].nunique() == 8
    assert str(frame["started"].dtype) == "datetime64[ns, UTC]"
    assert frame["started"].notna().all()
    assert str(frame["requests"].dtype) == "Int64"
    assert frame["requests_per_s"].isna().sum() == 6  # japronto crashes in each round
    rows = frame[frame["framework"] == "uvloop-httptools-again"]
    assert set(rows["folder"]) == {"uvloop-httptools"}
    assert set(rows["variant"]) == {"again"}
    assert set(rows["role"]) == {"control"}
    assert set(frame[frame["role"] == "ceiling"]["framework"]) == {"ceiling"}
    assert rows["runtime"].str.startswith("CPython 3.13").all()


def test_cells_are_those_of_the_summary(example: Runs) -> None:
    rows = {row.cell.framework: row for row in summary(judge_run(EXAMPLE))}
    for _, cell in example.cells.iterrows():
        row = rows[cell["framework"]]
        own = row.requests_per_s
        for name, value in {
            "requests_per_s": own.value,
            "requests_per_s_low": own.low,
            "rank": own.rank,
            "outcome": row.outcome.value if row.outcome else None,
        }.items():
            assert (value is None and pd.isna(cell[name])) or cell[name] == value


def test_latencies_are_the_whole_histogram(example: Runs) -> None:
    frame = example.latencies
    batches = frame.groupby(["framework", "round"])["batches"].sum()
    for _, one in example.measurements.dropna(subset=["batch_latency_p50_us"]).iterrows():
        assert batches[one["framework"], one["round"]] == one["batches"]
    longest = frame.groupby(["framework", "round"])["latency_us"].max()
    ceiling = example.measurements.query("framework == 'ceiling' and round == 1").iloc[0]
    assert longest["ceiling", 1] == ceiling["batch_latency_max_us"]


def test_samples_are_those_of_both_hosts(example: Runs) -> None:
    frame = example.samples
    assert set(frame["role"]) == {"server", "generator"}
    assert str(frame["time"].dtype) == "datetime64[ns, UTC]"
    assert frame["unit_cpu_us"].notna().any()
    one = frame.query("framework == 'aiohttp' and round == 1 and role == 'server'")
    assert one["into_s"].is_monotonic_increasing
    assert one["into_s"].min() < 0 < one["into_s"].max()


def test_connections_are_those_that_the_kernel_told(tmp_path: Path) -> None:
    seen = packed_connections(
        {
            "at": START + 7.8,
            "received_bytes": [100, 250, 250],
            "last_sent_ms": [1, 1, 1],
            "last_received_ms": [3, 4, 5],
        }
    )
    result = wrk_result(Counter({40_000: 25_000}))
    made = record(result, generators=[generator(wrk(result), connections=seen)])
    document = run_document(["one"], 1)
    runs = load(write_run(tmp_path / "run", document, {"a.json": made}))
    frame = runs.connections
    assert frame["received_bytes"].tolist() == [100, 250, 250]
    assert frame["quiet_ms"].tolist() == [3, 4, 5]
    assert set(frame["framework"]) == {"one"}


def test_hosts_and_versions(example: Runs) -> None:
    hosts = example.hosts.set_index("host")
    assert hosts.loc["lab-server", "role"] == "server"
    assert hosts.loc["lab-loadgen", "role"] == "generator"
    assert hosts["kernel"].notna().all()
    versions = example.versions.set_index(["framework", "package"])["version"]
    assert versions["aiohttp", "aiohttp"] == "3.14.5"


def test_every_column_is_explained(example: Runs) -> None:
    columns = example.columns
    assert columns["meaning"].str.len().min() > 0
    for table, frame in {"measurements": example.measurements, "cells": example.cells}.items():
        named = columns[columns["table"] == table]
        assert set(named["name"]) <= set(frame.columns)
        kinds = dict(zip(named["name"], named["kind"], strict=True))
        dtypes = {"text": "str", "integer": "Int64", "number": "Float64"}
        for name, kind in kinds.items():
            assert str(frame[name].dtype) == dtypes[kind], name


def test_ratios_are_those_of_the_summary(example: Runs) -> None:
    ratios = example.ratios("ceiling").set_index("framework")
    shares = example.cells.set_index("framework")["share_of_ceiling"].dropna()
    assert set(shares.index) == set(ratios.index)
    assert ratios["ratio"].map(lambda ratio: round(ratio, 4)).to_dict() == shares.to_dict()
    best = example.cells.query("rank == 1")["framework"].iloc[0]
    relative = example.ratios(best, of="server_cpu_us_per_request").set_index("framework")
    assert relative.loc[best, "ratio"] == 1
    assert relative["rounds"].eq(6).all()
    plain = example.ratios("plain")
    assert plain["framework"].tolist() == ["uvloop-httptools-again"]
    reference = example.ratios("reference")
    assert len(reference) == 7


@pytest.mark.parametrize(
    ("to", "of", "words"),
    [
        ("aiohtp", "requests_per_s", "no run has the framework aiohtp; did you mean aiohttp?"),
        ("ceiling", "requests", "ratios are made of requests_per_s or server_cpu_us_per_request"),
    ],
)
def test_a_ratio_to_nothing_is_refused(example: Runs, to: str, of: str, words: str) -> None:
    with pytest.raises(RatioError, match=words.replace("?", r"\?")):
        example.ratios(to, of=of)
    with pytest.raises(RatioError, match="by is 'cell'; it must be 'round'"):
        example.ratios("ceiling", by="cell")


def test_what_cannot_be_read_is_named_and_the_rest_is_loaded(tmp_path: Path) -> None:
    made_run(tmp_path / "a", {"one": 50_000, "two": 40_000})
    half = made_run(tmp_path / "half", {"one": 50_000})
    min((half / "raw").iterdir()).unlink()
    shutil.copytree(tmp_path / "a", tmp_path / "same")
    newer = made_run(tmp_path / "newer", {"one": 50_000})
    document = json.loads((newer / "run.json").read_text())
    (newer / "run.json").write_text(json.dumps(document | {"schema_version": 99}))
    (tmp_path / "empty").mkdir()
    runs = load(tmp_path, tmp_path / "empty", tmp_path / "nowhere", str(tmp_path / "a*"))
    assert len(runs) == 2
    assert set(runs.measurements["run_id"]) == {"a", "half"}
    problems = "\n".join(runs.problems)
    assert f"{tmp_path}/empty is not a run, and has none" in problems
    assert f"{tmp_path}/nowhere is not a run, and has none" in problems
    assert f"{tmp_path}/same is the run a, which {tmp_path}/a is, too" in problems
    assert "newer" in problems
    assert "5 of 6 measurements" in problems
    assert len(runs.problems) == 5


KEYS = ["run_id", "testbed", "framework", "workers", "depth", "connections"]


def test_every_two_frames_can_be_joined(example: Runs) -> None:
    frames = [example.measurements, example.latencies, example.samples, example.ratios("ceiling")]
    for frame in frames:
        joined = frame.head(50).merge(example.cells, on=KEYS)
        assert len(joined) == min(50, len(frame))


def test_no_count_is_a_float(example: Runs) -> None:
    for frame in (example.latencies, example.samples, example.hosts):
        kinds = {str(dtype) for dtype in frame.dtypes}
        assert "float64" not in kinds
    assert str(example.samples["unit_rss_bytes"].dtype) == "Int64"
    assert str(example.samples["into_s"].dtype) == "Float64"
    assert example.latencies.dtypes[["latency_us", "batches"]].astype(str).eq("Int64").all()


def test_without_rows_there_are_the_columns(example: Runs) -> None:
    nothing = load("nowhere")
    for name in ("measurements", "cells", "latencies", "connections", "hosts", "versions"):
        empty, full = getattr(nothing, name), getattr(example, name)
        assert len(empty) == 0
        same = [column for column in empty.columns if column in full]
        assert {"run_id"} <= set(same)
        if len(full) and name != "hosts":
            assert empty[same].dtypes.equals(full[same].dtypes), name
    assert example.connections.columns.tolist()[-2:] == ["received_bytes", "quiet_ms"]
    assert nothing.samples["into_s"].tolist() == []


def test_places_may_be_a_list_and_have_the_signs_of_a_pattern(tmp_path: Path) -> None:
    made_run(tmp_path / "run[1]", {"one": 50_000})
    made_run(tmp_path / "b", {"one": 50_000})
    runs = load([tmp_path / "run[1]", tmp_path / "b"], tmp_path / "." / "b")
    assert (len(runs), runs.problems) == (2, [])


def test_names_of_today_and_of_then_are_one(example: Runs) -> None:
    now = example.ratios("uvloop-httptools@again")
    assert now.equals(example.ratios("uvloop-httptools-again"))
    assert len(now) == 7


def test_a_run_that_is_read_only_is_loaded_and_nothing_is_written(tmp_path: Path) -> None:
    folder = made_run(tmp_path / "run", {"one": 50_000})
    before = sorted(path.name for path in folder.rglob("*"))
    for path in (folder, folder / "raw"):
        path.chmod(0o555)
    try:
        runs = load(folder)
        assert len(runs.cells) == 1
        assert len(runs.latencies)
    finally:
        for path in (folder, folder / "raw"):
            path.chmod(0o755)
    assert sorted(path.name for path in folder.rglob("*")) == before


def test_an_older_run_has_the_folders_of_today(tmp_path: Path) -> None:
    runs = load(golden("2017", tmp_path))
    cells = runs.cells.set_index("framework")
    assert cells.loc["aiohttp-2017", "folder"] == "aiohttp"
    assert cells.loc["aiohttp-2017", "variant"] == "2017"
    plain = runs.ratios("plain")
    assert len(plain) == 0 or set(plain["framework"]) <= set(cells.index)


def test_nothing_heavy_is_imported_with_the_package() -> None:
    code = "import sys, pipebench; print('pandas' in sys.modules); print(pipebench.load.__module__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "pipebench.api"]


def test_a_script_without_a_main_guard_loads_much(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import pipebench\n"
        "from pipebench.run import readers\n"
        "readers.WORTH_PROCESSES = 1\n"
        f"runs = pipebench.load({str(EXAMPLE)!r})\n"
        "print(len(runs.measurements), runs.problems)\n"
    )
    loaded = subprocess.run(
        [sys.executable, script], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True,
        text=True, check=True, timeout=60,
    )  # fmt: skip
    assert (loaded.stdout, loaded.stderr) == ("48 []\n", "")

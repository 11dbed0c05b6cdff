"""Each format has every row and every type that it can have; none has a formula."""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from pipebench.frame import files

FRAME = pd.DataFrame(
    {
        "text": pd.Series(["=1+1", None, 'a, "b"'], dtype="str"),
        "count": pd.Series([2**53 + 1, None, 0], dtype="Int64"),
        "ratio_us": pd.Series([1 / 3, None, 1e-9], dtype="Float64"),
        "time": pd.to_datetime(pd.Series([1e9 + 0.25, None, 0.5]), unit="s", utc=True),
    }
)
UNITS = {"ratio_us": "us", "count": "", "more": "s"}


def test_csv(tmp_path: Path) -> None:
    files.write(FRAME, tmp_path / "a.csv", "csv", UNITS)
    assert (tmp_path / "a.csv").read_text() == (
        "text,count,ratio_us,time\n"
        f"'=1+1,{2**53 + 1},0.3333333333333333,2001-09-09 01:46:40.250+00:00\n"
        ",,,\n"
        '"a, ""b""",0,1e-09,1970-01-01 00:00:00.500+00:00\n'
    )


def test_json(tmp_path: Path) -> None:
    files.write(FRAME, tmp_path / "a.json", "json", UNITS)
    rows = json.loads((tmp_path / "a.json").read_text())
    assert rows[1] == dict.fromkeys(FRAME.columns)
    assert rows[0]["text"] == "=1+1"
    assert rows[0]["count"] == 2**53 + 1
    assert rows[0]["time"].startswith("2001-09-09T01:46:40.25")


def test_parquet_keeps_types_and_units(tmp_path: Path) -> None:
    files.write(FRAME, tmp_path / "a.parquet", "parquet", UNITS)
    schema = pq.read_schema(tmp_path / "a.parquet")
    assert schema.field("ratio_us").metadata == {b"unit": b"us"}
    assert not schema.field("count").metadata
    read = pd.read_parquet(tmp_path / "a.parquet")
    assert read["count"].tolist()[0] == 2**53 + 1
    assert str(read["count"].dtype) == "Int64"
    assert read["time"].equals(FRAME["time"])


def test_a_spreadsheet(tmp_path: Path) -> None:
    files.write(FRAME, tmp_path / "a.xlsx", "xlsx", UNITS)
    read = pd.read_excel(tmp_path / "a.xlsx")
    assert read["text"][0] == "'=1+1"
    assert read["time"][0] == "2001-09-09 01:46:40.250+00:00"


def test_a_library_that_is_missing_is_named_with_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(files.FORMATS, "parquet", files.FORMATS["parquet"]._replace(library="no_x"))
    with pytest.raises(files.FormatError, match=r"pip install 'async-pipeline-bench\[parq"):
        files.write(FRAME, tmp_path / "a.parquet", "parquet", UNITS)
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_stays_until_the_new_file_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_frame: pd.DataFrame, path: Path, _units: Mapping[str, str]) -> None:
        path.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setitem(files.FORMATS, "csv", files.Format(full))
    (tmp_path / "a.csv").write_text("before")
    with pytest.raises(OSError, match="No space"):
        files.write(FRAME, tmp_path / "a.csv", "csv", UNITS)
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
    assert (tmp_path / "a.csv").read_text() == "before"

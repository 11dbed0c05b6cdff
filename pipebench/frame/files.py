"""A data frame as a file: CSV, JSON, Parquet or a spreadsheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from pipebench.run.columns import no_formula


class FormatError(Exception):
    """A format cannot be written here, or cannot hold the frame; the message is a sentence."""


MOST_ROWS, MOST_CHARACTERS = 1_048_575, 32_767
"""Of a spreadsheet, below its heads, and of one field of it."""


class Format(NamedTuple):
    """How a frame is written. library, extra: what must be installed; empty if nothing must."""

    write: Callable[[pd.DataFrame, Path, Mapping[str, str]], None]
    library: str = ""
    extra: str = ""


def write(frame: pd.DataFrame, path: Path, name: str, units: Mapping[str, str]) -> None:
    """Write a frame in a format of FORMATS. units: by column, kept if the format can keep them.

    Raises OSError, FormatError. What was in the file stays until the new one is whole.
    """
    own = FORMATS[name]
    if own.library:
        try:
            import_module(own.library)
        except ImportError as error:
            raise FormatError(
                f"{name} requires {own.library}, which is not installed; it comes with the extra "
                f"`{own.extra}`: pip install 'async-pipeline-bench[{own.extra}]'"
            ) from error
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        own.write(frame, part, units)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _csv(frame: pd.DataFrame, path: Path, _units: Mapping[str, str]) -> None:
    harmless(frame).to_csv(path, index=False, lineterminator="\n")


def _json(frame: pd.DataFrame, path: Path, _units: Mapping[str, str]) -> None:
    frame.to_json(path, orient="records", date_format="iso", indent=1)


def _parquet(frame: pd.DataFrame, path: Path, units: Mapping[str, str]) -> None:
    import pyarrow as pa  # noqa: PLC0415 (an extra)
    from pyarrow import parquet  # noqa: PLC0415

    table = pa.Table.from_pandas(frame, preserve_index=False)
    fields = [
        field.with_metadata({"unit": units[field.name]}) if units.get(field.name) else field
        for field in table.schema
    ]
    schema = pa.schema(fields, metadata=table.schema.metadata)
    parquet.write_table(table.cast(schema), path)


def _xlsx(frame: pd.DataFrame, path: Path, _units: Mapping[str, str]) -> None:
    if len(frame) > MOST_ROWS:
        raise FormatError(
            f"a spreadsheet has at most {MOST_ROWS:,} rows, and this has {len(frame):,}; write "
            "parquet or csv"
        )
    # a spreadsheet has no time zones: the moments are of UTC, as text
    moments = frame.select_dtypes("datetimetz").columns
    whole = harmless(frame).astype(dict.fromkeys(moments, "str"))
    whole = whole.map(lambda one: one[:MOST_CHARACTERS] if isinstance(one, str) else one)
    whole.to_excel(path, index=False, freeze_panes=(1, 0))


def harmless(frame: pd.DataFrame) -> pd.DataFrame:
    """The same with texts that a spreadsheet does not take for formulas."""
    texts = frame.select_dtypes(["str", "object"]).columns
    return frame.assign(
        **{
            name: frame[name].map(lambda one: no_formula(one) if isinstance(one, str) else one)
            for name in texts
        }
    )


FORMATS = {
    "csv": Format(_csv),
    "json": Format(_json),
    "parquet": Format(_parquet, "pyarrow", "parquet"),
    "xlsx": Format(_xlsx, "openpyxl", "xlsx"),
}

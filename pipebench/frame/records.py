"""What single records have, as data frames: every latency, every sample, every connection.

These are large, so they are read when they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import accumulate
from pathlib import Path
from typing import Any

import pandas as pd

from pipebench.frame.typed import DTYPES, factor_series
from pipebench.measure.load import Load, loads_of
from pipebench.measure.measurement import Measurement
from pipebench.record.columns import Samples, samples_of
from pipebench.record.factors import FACTORS
from pipebench.record.reading import one_document, read
from pipebench.record.schema import Record, RecordError
from pipebench.record.store import RAW
from pipebench.record.values import worded
from pipebench.run.columns import ColumnKind
from pipebench.tools import find_tool
from pipebench.tools.tool import LatencyError

Part = Callable[[Record], pd.DataFrame]


def of_records(folder: Path, measurements: Iterable[Measurement], part: Part) -> list[pd.DataFrame]:
    """A part of each record of a run, with the cell and the round that it is of.

    A record that cannot be read for it has none: the measurement says why it has no figures.
    """
    frames = []
    for measurement in measurements:
        try:
            with one_document():
                record: Record = worded(read(folder, f"{RAW}/{measurement.file}", Record))
                frame = part(record)
        except (RecordError, LatencyError):
            continue
        if len(frame):
            frames.append(_with_keys(frame, measurement.run_id, record, measurement.round))
    return frames


def none_of(part: Part) -> pd.DataFrame:
    """The columns that every record has of a part, and no row."""
    columns = COLUMNS[part]
    keys = [factor_series(factor, []).rename(factor.name) for factor in FACTORS]
    first = [pd.Series([], dtype="str", name="run_id"), *keys]
    first.append(pd.Series([], dtype="Int64", name="round"))
    return pd.concat([*first, pd.DataFrame(columns=list(columns)).astype(columns)], axis=1)


def _with_keys(frame: pd.DataFrame, run_id: str, record: Record, number: int) -> pd.DataFrame:
    keys: dict[str, Any] = {"run_id": pd.Series(run_id, frame.index, dtype="str")}
    for factor in FACTORS:
        kind = ColumnKind.INTEGER if factor.is_number else ColumnKind.TEXT
        value = factor.of(record) if factor.is_number else str(factor.of(record))
        keys[factor.name] = pd.Series(value, frame.index, dtype=DTYPES[kind])
    keys["round"] = pd.Series(number, frame.index, dtype="Int64")
    return pd.concat([pd.DataFrame(keys), frame], axis=1)


def latencies(record: Record) -> pd.DataFrame:
    """The histogram of the measured window: how many batches (or requests) had which latency.

    latency_us: as the tool recorded it, what it corrects undone.
    """
    counts = [load.measured.counts for load in _loads(record) if load.measured]
    pairs = [one.latencies() for one in counts if one]
    frames = [pd.DataFrame({"latency_us": values, "batches": n}) for values, n in pairs]
    if not frames:
        return pd.DataFrame()
    whole = pd.concat(frames).groupby("latency_us")["batches"].sum().reset_index()
    return whole.astype(COLUMNS[latencies])


def samples(record: Record) -> pd.DataFrame:
    """The series of both kinds of hosts: moments of UTC by each host's clock, counters as read.

    into_s: seconds since the load began, by the server's clock.
    """
    loads = _loads(record)
    starts = [load.measured.started for load in loads if load.measured]
    began = min(starts, default=None)
    server = record.server
    hosts: list[tuple[str, str, Samples]] = []
    if server:
        hosts.append(("server", str(server.host or ""), samples_of(server.samples, "server")))
    hosts += [("generator", load.host, load.samples) for load in loads]
    frames = [_series(role, host, own, began) for role, host, own in hosts if len(own.t)]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _series(role: str, host: str, own: Samples, began: float | None) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "role": role,
            "host": host,
            "time": pd.to_datetime(own.t, unit="s", utc=True),
            "into_s": own.t - (own.t[0] if began is None else began),
        }
    ).astype(COLUMNS[samples])
    # counters are whole numbers, with gaps where the host did not say
    counters = pd.DataFrame({name: own.column(name) for name in own.names}).convert_dtypes()
    return pd.concat([frame, counters], axis=1)


def connections(record: Record) -> pd.DataFrame:
    """Each connection shortly before the end of the window, by the kernel's own account.

    received_bytes: since it was opened; quiet_ms: since something came last.
    """
    frames = [
        pd.DataFrame(
            {
                "host": load.host,
                "received_bytes": list(accumulate(load.connections.received_bytes)),
                "quiet_ms": load.connections.last_received_ms,
            }
        ).astype(COLUMNS[connections])
        for load in _loads(record)
        if load.connections
    ]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


COLUMNS: dict[Part, dict[str, str]] = {
    latencies: {"latency_us": "Int64", "batches": "Int64"},
    samples: {"role": "str", "host": "str", "time": "datetime64[ns, UTC]", "into_s": "Float64"},
    connections: {"host": "str", "received_bytes": "Int64", "quiet_ms": "Int64"},
}
"""The types of what each has; samples also have the counters that a host has."""


def _loads(record: Record) -> list[Load]:
    return loads_of(record, find_tool(record.tool, RAW))

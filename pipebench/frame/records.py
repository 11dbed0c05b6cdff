"""What single records have, as data frames: every latency, every sample, every connection.

These are large, so they are read when they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import accumulate
from pathlib import Path
from typing import Any

import pandas as pd

from pipebench.measure.load import Load, loads_of
from pipebench.measure.measurement import Measurement
from pipebench.record.columns import Samples, samples_of
from pipebench.record.factors import FACTORS
from pipebench.record.reading import one_document, read
from pipebench.record.schema import Record, RecordError
from pipebench.record.store import RAW
from pipebench.record.values import worded
from pipebench.tools import find_tool
from pipebench.tools.tool import LatencyError

Part = Callable[[Record], pd.DataFrame]
MEASURED, WARMUP = "measured", "warmup"


def of_records(folder: Path, measurements: Iterable[Measurement], part: Part) -> pd.DataFrame:
    """A part of each record of a run, with the cell and the round that it is of.

    A record that cannot be read for it has no rows: the measurement says why it has no figures.
    """
    frames = []
    for measurement in measurements:
        try:
            with one_document():
                record: Record = worded(read(folder, f"{RAW}/{measurement.file}", Record))
                frame = part(record)
        except (RecordError, LatencyError):
            continue
        if frame.empty:
            continue
        identity = {factor.name: factor.of(record) for factor in FACTORS}
        keys = {"run_id": record.run_id, **identity, "round": measurement.round}
        frames.append(pd.DataFrame(keys, index=frame.index).join(frame))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def latencies(record: Record) -> pd.DataFrame:
    """The histogram of the measured window: how many batches (or requests) had which latency.

    latency_us: as the tool recorded it, what it corrects undone.
    """
    counts = [load.measured.counts for load in _loads(record) if load.measured]
    pairs = [one.latencies() for one in counts if one]
    frames = [pd.DataFrame({"latency_us": values, "batches": n}) for values, n in pairs]
    if not frames:
        return pd.DataFrame({"latency_us": [], "batches": []}, dtype="int64")
    return pd.concat(frames).groupby("latency_us")["batches"].sum().reset_index()


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
    columns: dict[str, Any] = {name: own.column(name) for name in own.names}
    frame = pd.DataFrame({"role": role, "host": host, "time": own.t, **columns})
    frame.insert(3, "into_s", frame["time"] - (own.t[0] if began is None else began))
    frame["time"] = pd.to_datetime(frame["time"], unit="s", utc=True)
    return frame


def connections(record: Record) -> pd.DataFrame:
    """Each connection shortly before the end of the window, by the kernel's own account.

    received_bytes: since it was opened; quiet_ms: since something came last.
    """
    frames = []
    for load in _loads(record):
        seen = load.connections
        if seen is None:
            continue
        received = list(accumulate(seen.received_bytes))
        frames.append(
            pd.DataFrame(
                {
                    "host": load.host,
                    "received_bytes": received,
                    "quiet_ms": seen.last_received_ms,
                }
            )
        )
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _loads(record: Record) -> list[Load]:
    return loads_of(record, find_tool(record.tool, RAW))

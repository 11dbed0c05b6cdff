"""Records read into measurements: by this process, or by several if there are many."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pipebench.measure.measurement import Measurement, read_measurement
from pipebench.record import store
from pipebench.record.run_record import Run
from pipebench.record.schema import InvalidRecord

if TYPE_CHECKING:
    from loky import ProcessPoolExecutor

WORTH_PROCESSES = 500
"""Of fewer records, starting processes takes longer than they save."""
MOST_PROCESSES = 4
RECORDS_AT_ONCE = 25

Records = Iterator[Measurement | InvalidRecord]
Reader = Callable[[Run, str], Records]
"""A run and one of its folders -> what is left of each record there, in the order of names."""


@contextmanager
def readers(folders: Iterable[Path], *, alone: bool) -> Iterator[Reader]:
    """What reads the records of runs. alone: by this process."""
    processes = min(MOST_PROCESSES, len(os.sched_getaffinity(0)))
    count = sum(len(store.files(folder, store.RAW)) for folder in folders)
    if alone or processes == 1 or count < WORTH_PROCESSES:
        yield _read
        return
    from loky import ProcessPoolExecutor  # noqa: PLC0415 (most runs are read without)

    # The standard library's would fork this process, which may have threads of the libraries that
    # draw, or run the main script again, which may have loaded the run without a main guard.
    # Without the collector, which takes a fifth of the time and finds nothing.
    pool = ProcessPoolExecutor(processes, initializer=gc.disable)
    try:
        yield partial(_read_by, pool)
    finally:
        pool.shutdown(kill_workers=True)


def _read(run: Run, folder: str) -> Records:
    for file in store.files(run.folder, folder):
        yield read_measurement(run.folder, file, run.run_id)


def _read_by(pool: ProcessPoolExecutor, run: Run, folder: str) -> Records:
    """The reading begins now, whenever its results are asked for."""
    packed = partial(_packed, run.folder, run_id=run.run_id)
    files = store.files(run.folder, folder)
    decoder = msgspec.msgpack.Decoder(Measurement | InvalidRecord)
    return map(decoder.decode, pool.map(packed, files, chunksize=RECORDS_AT_ONCE))


def _packed(folder: Path, file: str, run_id: str) -> bytes:
    """What is left of a record, for another process: five times as fast as by pickle."""
    return msgspec.msgpack.encode(read_measurement(folder, file, run_id))

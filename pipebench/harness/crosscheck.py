"""A cross-check: another load tool on the same cell, in a round or at a constant rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipebench.harness.host_program import Call
from pipebench.harness.measurement import CellExecution
from pipebench.measure.measurement import Totals
from pipebench.record.schema import CrossChecked, Record
from pipebench.record.store import crosscheck_file


@dataclass(frozen=True, kw_only=True)
class CrosscheckExecution(CellExecution):
    """A cell under another load tool."""

    def loads(self, server_time: float | None) -> Mapping[str, Call]:
        if self.round is None and not self.rate:
            return {}  # there was no answer, so there is no rate to keep
        return super().loads(server_time)

    def file(self, record: Record) -> str:
        return crosscheck_file(record)

    def event(self, record: Record, totals: Totals | None, ended: float) -> CrossChecked:
        return CrossChecked(
            **self.common(record, totals, ended),
            tool=self.tool,
            round=record.round or None,
            rate=record.rate,
        )

"""A cross-check: another load tool on the same cell, in a round or at a constant rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipebench.harness.execution import Answers, Finished
from pipebench.harness.host_program import Call
from pipebench.harness.measurement import CellExecution, result_text, totals_of
from pipebench.record.schema import CrossChecked
from pipebench.record.store import crosscheck_file


@dataclass(frozen=True, kw_only=True)
class CrosscheckExecution(CellExecution):
    """A cell under another load tool."""

    def loads(self, server_time: float | None) -> Mapping[str, Call]:
        if self.round is None and not self.rate:
            return {}  # there was no answer, so there is no rate to keep
        return super().loads(server_time)

    def finished(self, answers: Answers, ended: float) -> Finished:
        """Its record, which is not a raw record, and its event."""
        record = self.record(answers, ended)
        file = crosscheck_file(record)
        totals = None if record.harness_fault else totals_of(record, file)
        return Finished(
            file=file,
            document=record,
            fault=record.harness_fault,
            event=CrossChecked(
                **self.at(ended) | self.cell.factors,
                tool=self.tool,
                round=record.round or None,
                rate=record.rate,
                requests_per_s=round(totals.requests_per_s, 1) if totals else None,
                said=result_text(record, totals),
                record=file,
            ),
        )

"""What compare prints with --json: see as_json.py."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import structs

from pipebench.compare.columns import COLUMNS
from pipebench.compare.gate import Gate
from pipebench.compare.machine_columns import COLUMNS as MACHINE_COLUMNS
from pipebench.compare.machines import MachineRow
from pipebench.compare.runs import Compared
from pipebench.show.as_json import Document, row


def compared(runs: Compared, gate: Gate | None) -> Document:
    """Of `compare`."""
    return {
        "base": runs.base.run.run_id if runs.base else None,
        "runs": [pair.other.run.run_id for pair in runs.pairs],
        "cells": [row(COLUMNS, cell) for pair in runs.pairs for cell in pair.rows],
        "not_compared": runs.not_compared,
        "remarks": runs.remarks,
        "gate": _gate(gate) if gate else None,
    }


def _gate(gate: Gate) -> dict[str, Any]:
    return {
        "status": int(gate.status),
        "meaning": gate.status.name.lower(),
        "checked": gate.checked,
        "loss": gate.loss,
        "to_ceiling": gate.to_ceiling,
        "misses": [
            {
                "meaning": miss.status.name.lower(),
                "run": miss.run,
                "cell": structs.asdict(miss.cell) if miss.cell else None,
                "problem": miss.problem,
            }
            for miss in gate.misses
        ],
    }


def machines(rows: Iterable[MachineRow], problems: Sequence[str]) -> Document:
    """Of `compare --machines`."""
    return {"machines": [row(MACHINE_COLUMNS, one) for one in rows], "problems": problems}

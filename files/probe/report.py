"""What a probe saw, as JSON and as a table."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Optional, TypedDict

from cases import RELIED_ON, Case
from classify import Classification, Unread

SCHEMA_VERSION = 1


# `class` cannot be the name of a field in the other notation.
Entry = TypedDict(
    "Entry",
    {
        "name": str,
        "title": str,
        "asks": str,
        "relied_on": bool,
        "class": str,
        "conforms": Optional[bool],
        "answered": Optional[int],
        "expected": Optional[int],
        "detail": str,
        "offsets": Optional[list[int]],
        "unread": Optional[Unread],
        "seconds": float,
    },
)


@dataclass
class Report:
    address: str
    port: int
    depth: int
    started: float = field(default_factory=time.time)
    ended: float = 0.0
    cases: list[Entry] = field(default_factory=list)
    error: str | None = None
    seed: int | None = None

    def add(self, case: Case, result: Classification, seconds: float) -> None:
        self.cases.append(
            {
                "name": case.name,
                "title": case.title,
                "asks": case.asks,
                "relied_on": case.relied_on,
                "class": result.label,
                "conforms": result.conforms,
                "answered": result.answered,
                "expected": result.expected,
                "detail": result.detail,
                "offsets": result.offsets,
                "unread": result.unread,
                "seconds": round(seconds, 3),
            }
        )

    def trouble(self) -> list[str]:
        """Return the cases that a measurement relies on and that do not hold."""
        return [
            f"{case['name']} ({case['class']})"
            for case in self.cases
            if case["relied_on"] and case["conforms"] is not True
        ]

    def exit_status(self) -> int:
        if self.error is not None:
            return 2
        return 1 if self.trouble() else 0

    def as_json(self) -> str:
        document = {
            "schema_version": SCHEMA_VERSION,
            "address": self.address,
            "port": self.port,
            "depth": self.depth,
            "seed": self.seed,
            "started": self.started,
            "ended": self.ended,
            "cases": self.cases,
            "error": self.error,
        }
        return json.dumps(document, indent=1) + "\n"

    def as_text(self) -> str:
        lines = [f"{self.address} port {self.port}, depth {self.depth}"]
        if self.error is not None:
            return f"{lines[0]}\nNothing was probed: {self.error}.\n"
        marks = {True: "yes", False: "NO", None: "?"}
        rows = [("case", "relied on", "conforms", "class", "what was seen")]
        rows += [
            (
                case["name"],
                "yes" if case["relied_on"] else "",
                marks[case["conforms"]],
                case["class"],
                case["detail"],
            )
            for case in self.cases
        ]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines.append("")
        lines += [
            "  ".join(cell.ljust(widths[i]) for i, cell in enumerate(row)).rstrip() for row in rows
        ]
        return "\n".join([*lines, "", self.conclusion()]) + "\n"

    def conclusion(self) -> str:
        trouble = self.trouble()
        if trouble:
            return f"NOT all that a pipelined measurement relies on holds: {', '.join(trouble)}."
        if sum(case["relied_on"] for case in self.cases) < RELIED_ON:
            return "No trouble, but not every case that a measurement relies on was chosen."
        return "All that a pipelined measurement relies on holds."

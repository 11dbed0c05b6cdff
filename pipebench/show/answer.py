"""What a report says first: who is the fastest and how surely, what failed, what limited it."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from pipebench.rules.outcome import Outcome
from pipebench.run.relations import CELL_GROUP, Row, labels

NEAR_CEILING = 0.9


@dataclass(slots=True)
class Headline:
    """Who is the fastest of one cell group, and how surely; and who takes the least CPU time.

    fastest: None where no framework of the group is ok. second: the next of those that are.
    tied: those that cannot be told from the fastest. unsure: why nothing is claimed, or empty.
    The same of the CPU time per request: cheapest, dearer (the next), cheap (tied with it).
    near_ceiling: rows that did nearly what generator and path can do at all.
    again: the A/A control, where it was measured.
    """

    label: str
    fastest: Row | None
    second: Row | None = None
    tied: list[Row] = field(default_factory=list)
    unsure: str = ""
    cheapest: Row | None = None
    dearer: Row | None = None
    cheap: list[Row] = field(default_factory=list)
    near_ceiling: list[Row] = field(default_factory=list)
    again: Row | None = None


def headlines_of(rows: list[Row]) -> list[Headline]:
    """One headline a cell group, in the order of the rows."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[key] for key in CELL_GROUP)].append(row)
    label = labels(rows)
    return [_headline(label(group[0]), group) for group in groups.values()]


def _headline(label: str, group: list[Row]) -> Headline:
    ranked = [row for row in group if row["role"] == "framework"]
    ok = [row for row in ranked if row["outcome"] == Outcome.OK]
    headline = Headline(
        label,
        fastest=ok[0] if ok else None,
        near_ceiling=[row for row in ranked if near_ceiling(row)],
        again=next((row for row in group if row["role"] == "control"), None),
    )
    others = [row for row in ok[1:] if row["relative"] is not None]
    if ok and others:
        headline.second = others[0]
        headline.tied = [row for row in others if row["verdict"] == "tied"]
        headline.unsure = _unsure(ok)
    costed = sorted(
        (row for row in ok if row["relative_cpu"] is not None), key=lambda row: row["relative_cpu"]
    )
    if len(costed) > 1 and costed[0]["rank_cpu"] == 1:
        headline.cheapest, headline.dearer = costed[0], costed[1]
        headline.cheap = [row for row in costed[1:] if row["verdict_cpu"] == "tied"]
    return headline


def _unsure(ok: list[Row]) -> str:
    """Why nobody is called faster, or nothing."""
    if any(row["requests_per_s_low"] is None for row in ok):
        return "Fewer than 6 rounds: no interval and no rank"
    if ok[0]["noise_floor"] is None:
        return (
            "There is no A/A control, so no noise floor and no rank: the interval alone does not "
            "tell a difference from noise"
        )
    if any(row["rank"] is None for row in ok):
        return "Fewer than 6 rounds in common: no rank"
    return ""


def near_ceiling(row: Row) -> bool:
    """Whether what was measured is the generator or the path, and not the framework."""
    share = row["share_of_ceiling"]
    return row["role"] != "ceiling" and share is not None and share >= NEAR_CEILING


def troubles(rows: list[Row]) -> list[Row]:
    """Rows that are not ok, one a framework and outcome, with `cells`: how many are like it."""
    told: dict[tuple[str, str | None], Row] = {}
    for row in rows:
        if row["outcome"] != Outcome.OK:
            first = told.setdefault((row["framework"], row["outcome"]), {**row, "cells": 0})
            first["cells"] += 1
    order = ["failed", "unavailable", "degraded", None]
    return sorted(told.values(), key=lambda row: order.index(row["outcome"]))


def limits_of(rows: list[Row]) -> dict[str, list[str]]:
    """Titles by what limited them; a framework limited differently by cell is under each."""
    limits: dict[str, list[str]] = {}
    for row in rows:
        if row["limited_by"]:
            titles = limits.setdefault(row["limited_by"], [])
            if row["title"] not in titles:
                titles.append(row["title"])
    return limits

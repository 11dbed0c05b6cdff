"""A run of servers whose truth is known: what was expected of each beside what was seen."""

import statistics
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipebench.rules.outcome import Outcome
from pipebench.run.columns import Value
from pipebench.run.judge import JudgedMeasurement, JudgedRun
from pipebench.run.tables import RESULTS
from pipebench.show import formats


class ExpectedError(Exception):
    """The file of expectations is none; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Truth:
    """A column's true value, and the share of it that the one seen may be away."""

    column: str
    value: float
    within: float


@dataclass(frozen=True, slots=True)
class Expected:
    """What must be seen of one server.

    words: one of them is in the reason, in any case. remarks: one of them is in the noise.
    """

    outcomes: list[str]
    words: list[str]
    remarks: list[str]
    truths: list[Truth]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One server. wrong: what is not as expected, in sentences; none: all is."""

    server: str
    expected: Expected
    outcomes: list[str]
    reason: str
    """What was said of it: the first reason, and the first remark where one was expected."""
    figures: list[tuple[Truth, float | None]]
    wrong: list[str]


def read_expected(path: Path) -> dict[str, Expected]:
    """tests/calibration/expected.yml, by server. ExpectedError: it cannot be read as such."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        return {name: _expected(value) for name, value in document.items()}
    except OSError as error:
        raise ExpectedError(f"{path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ExpectedError(f"{path} holds no expectations: {error!r}") from error


def _expected(value: dict[str, Any]) -> Expected:
    unknown = value.keys() - {"outcome", "reason", "remark", "truths"}
    outcomes = [Outcome(word).value for word in value["outcome"]]
    columns = {column.name for column in RESULTS}
    truths = value.get("truths") or {}
    unknown |= truths.keys() - columns
    if unknown or not outcomes:
        raise ValueError(", ".join(sorted(unknown)) or "no outcome")
    return Expected(
        outcomes,
        [str(word) for word in value.get("reason") or []],
        [str(word) for word in value.get("remark") or []],
        [Truth(name, float(one["value"]), float(one["within"])) for name, one in truths.items()],
    )


def compare(judged_run: JudgedRun, expected: dict[str, Expected]) -> list[Comparison]:
    """Every server of the run that something is expected of, in the order of their names.

    Outcome, reason and remark must be right in every round; a figure is the median of its rounds.
    """
    measured: dict[str, list[JudgedMeasurement]] = defaultdict(list)
    for judged in judged_run.measurements:
        measured[judged.measurement.cell.framework].append(judged)
    in_run = {cell.framework for cell in judged_run.run.cells} | measured.keys()
    return [
        _compare(name, expected[name], measured[name]) for name in sorted(in_run & expected.keys())
    ]


def _compare(name: str, expected: Expected, measured: list[JudgedMeasurement]) -> Comparison:
    wrong = [] if measured else ["there is no measurement of it"]
    for judged in measured:
        number, judgement = judged.measurement.round, judged.judgement
        if judgement.outcome not in expected.outcomes:
            wrong.append(f"round {number} is {judgement.outcome}")
        elif judgement.outcome != Outcome.OK and not _told(judgement.reason, expected.words):
            wrong.append(f"its reason in round {number} has none of the words")
        if expected.remarks and not _told(judged.disturbances or "", expected.remarks):
            wrong.append(f"what is remarked on round {number} has none of the words")
    figures = []
    for truth in expected.truths:
        values = [_value(judged, truth.column) for judged in measured]
        seen = [float(value) for value in values if value is not None]
        median = statistics.median(seen) if seen else None
        figures.append((truth, median))
        if median is None or abs(median - truth.value) > truth.within * truth.value:
            wrong.append(f"{truth.column} is {formats.number(median)}")
    outcomes = list(dict.fromkeys(judged.judgement.outcome.value for judged in measured))
    reasons = [judged.judgement.reason for judged in measured if judged.judgement.reason][:1]
    remarks = [judged.disturbances for judged in measured if judged.disturbances][:1]
    said = "; ".join([*reasons, *(remarks if expected.remarks else [])])
    return Comparison(name, expected, outcomes, said, figures, list(dict.fromkeys(wrong)))


def _value(judged: JudgedMeasurement, column: str) -> Value:
    """What a column of results.csv is of a measurement."""
    return next(one for one in RESULTS if one.name == column).value(judged)


def _told(reason: str, words: list[str]) -> bool:
    return any(word.lower() in reason.lower() for word in words)


def _figure(truth: Truth, seen: float | None) -> str:
    """A figure beside its truth: how far off it is, and how far it may be."""
    if seen is None:
        return f"{truth.column} - (true {formats.number(truth.value)})"
    if not truth.value:
        return f"{truth.column} {formats.number(seen)} (true 0)"
    off = 100 * (seen / truth.value - 1)
    return (
        f"{truth.column} {formats.number(seen)} (true {formats.number(truth.value)}: "
        f"{off:+.1f} %, at most {100 * truth.within:g} %)"
    )


def markdown(run_id: str, comparisons: list[Comparison]) -> str:
    """calibration.md: a row a server."""
    right = sum(not one.wrong for one in comparisons)
    lines = [
        f"# Calibration of run {run_id}",
        "",
        f"{right} of {len(comparisons)} servers whose truth is known were seen as what they are.",
        "",
        "| server | expected | seen | reason or remark | figures | as expected |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for one in comparisons:
        cells = [
            one.server,
            " or ".join(one.expected.outcomes),
            " and ".join(one.outcomes) or formats.MISSING,
            one.reason,
            "; ".join(_figure(*figure) for figure in one.figures),
            f"**no**: {'; '.join(one.wrong)}" if one.wrong else "yes",
        ]
        lines.append(f"| {' | '.join(formats.text(cell) if cell else '' for cell in cells)} |")
    return "\n".join(lines).replace("\\*\\*no\\*\\*", "**no**") + "\n"


def terminal(comparisons: list[Comparison]) -> str:
    """Expected beside seen, a few lines a server."""
    lines = []
    for one in comparisons:
        mark = "NOT AS EXPECTED" if one.wrong else "as expected"
        lines.append(
            f"{one.server:<20} {' or '.join(one.expected.outcomes):<20} "
            f"{' and '.join(one.outcomes) or formats.MISSING:<10} {mark}"
        )
        lines += [f"    not as expected: {sentence}" for sentence in one.wrong]
        lines += [f"    {one.reason}"] if one.reason else []
        lines += [f"    {_figure(*figure)}" for figure in one.figures]
    right = sum(not one.wrong for one in comparisons)
    lines.append(f"{right} of {len(comparisons)} servers as expected.")
    return "\n".join(lines)

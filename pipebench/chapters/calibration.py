"""A run of servers whose truth is known: the expected result of each beside the seen one.

A server is a variant of the framework `calibration`, and has the variant's name here; in older runs
it was a framework of that name. Any other framework has its own name.
"""

import statistics
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipebench.record.names import CALIBRATION, parts
from pipebench.rules.rule import Outcome
from pipebench.run.columns import Value
from pipebench.run.judge import JudgedMeasurement, JudgedRun
from pipebench.run.tables import RESULTS
from pipebench.show import formats


class ExpectedError(Exception):
    """The file of expectations cannot be used; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Truth:
    """A column's true value, and the tolerated deviation as a share of it."""

    column: str
    value: float
    within: float


@dataclass(frozen=True, slots=True)
class Expected:
    """The expected result of one server.

    words: the reason must contain one of them, in any case. remarks: the disturbances must contain
    one of them.
    """

    outcomes: list[str]
    words: list[str]
    remarks: list[str]
    truths: list[Truth]


@dataclass(frozen=True, slots=True)
class CheckedServer:
    """One server. wrong: a sentence for each difference; empty if all is as expected."""

    server: str
    expected: Expected
    outcomes: list[str]
    reason: str
    """The first reason, and the first disturbances if any were expected."""
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
        raise ExpectedError(f"{path} is not a file of expectations: {error!r}") from error


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


def server_name(framework: str) -> str:
    """By which a server's expectation is found, from the framework's name in a record."""
    folder, variant = parts(framework)
    return variant if folder == CALIBRATION and variant else framework


def check_servers(judged_run: JudgedRun, expected: dict[str, Expected]) -> list[CheckedServer]:
    """Every server of the run with an expectation, in the order of their names.

    Outcome, reason and remark must be right in every round; a figure is the median of its rounds.
    """
    measured: dict[str, list[JudgedMeasurement]] = defaultdict(list)
    for judged in judged_run.measurements:
        measured[server_name(judged.measurement.cell.framework)].append(judged)
    in_run = {server_name(cell.framework) for cell in judged_run.run.cells} | measured.keys()
    return [
        _check_server(name, expected[name], measured[name])
        for name in sorted(in_run & expected.keys())
    ]


def _check_server(
    name: str, expected: Expected, measured: list[JudgedMeasurement]
) -> CheckedServer:
    wrong = [] if measured else ["it has no measurement"]
    for judged in measured:
        number, judgement = judged.measurement.round, judged.judgement
        if judgement.outcome not in expected.outcomes:
            wrong.append(f"round {number} is {judgement.outcome}")
        elif judgement.outcome != Outcome.OK and not _has_one(judgement.reason, expected.words):
            wrong.append(f"its reason in round {number} has none of the words")
        if expected.remarks and not _has_one(judged.disturbances or "", expected.remarks):
            wrong.append(f"the disturbances in round {number} have none of the words")
    figures = []
    for truth in expected.truths:
        values = [_value(judged, truth.column) for judged in measured]
        numbers = [float(value) for value in values if value is not None]
        median = statistics.median(numbers) if numbers else None
        figures.append((truth, median))
        if median is None or abs(median - truth.value) > truth.within * truth.value:
            wrong.append(f"{truth.column} is {formats.number(median)}")
    outcomes = list(dict.fromkeys(judged.judgement.outcome.value for judged in measured))
    reasons = [judged.judgement.reason for judged in measured if judged.judgement.reason][:1]
    remarks = [judged.disturbances for judged in measured if judged.disturbances][:1]
    reason = "; ".join([*reasons, *(remarks if expected.remarks else [])])
    return CheckedServer(name, expected, outcomes, reason, figures, list(dict.fromkeys(wrong)))


def _value(judged: JudgedMeasurement, column: str) -> Value:
    """The value of a column of results.csv for a measurement."""
    return next(one for one in RESULTS if one.name == column).value(judged)


def _has_one(text: str, words: list[str]) -> bool:
    return any(word.lower() in text.lower() for word in words)


def _figure(truth: Truth, seen: float | None) -> str:
    """A figure beside its true value, with its deviation and the tolerated one."""
    if seen is None:
        return f"{truth.column} - (true {formats.number(truth.value)})"
    if not truth.value:
        return f"{truth.column} {formats.number(seen)} (true 0)"
    deviation = 100 * (seen / truth.value - 1)
    return (
        f"{truth.column} {formats.number(seen)} (true {formats.number(truth.value)}: "
        f"{deviation:+.1f} %, at most {100 * truth.within:g} %)"
    )


def markdown(run_id: str, servers: list[CheckedServer]) -> str:
    """calibration.md: a row per server."""
    right = sum(not one.wrong for one in servers)
    lines = [
        f"# Calibration of run {run_id}",
        "",
        f"{right} of {len(servers)} servers whose truth is known have the expected results.",
        "",
        "| server | expected | seen | reason or disturbance | figures | as expected |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for one in servers:
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


def terminal(servers: list[CheckedServer]) -> str:
    """Expected beside seen, a few lines per server."""
    lines = []
    for one in servers:
        mark = "NOT AS EXPECTED" if one.wrong else "as expected"
        lines.append(
            f"{one.server:<20} {' or '.join(one.expected.outcomes):<20} "
            f"{' and '.join(one.outcomes) or formats.MISSING:<10} {mark}"
        )
        lines += [f"    not as expected: {sentence}" for sentence in one.wrong]
        lines += [f"    {one.reason}"] if one.reason else []
        lines += [f"    {_figure(*figure)}" for figure in one.figures]
    right = sum(not one.wrong for one in servers)
    lines.append(f"{right} of {len(servers)} servers as expected.")
    return "\n".join(lines)

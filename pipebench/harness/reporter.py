"""What a person is told of an event. All of it is in the event, so that programs know as much."""

from __future__ import annotations

from pipebench.harness.execution import on_testbed
from pipebench.harness.lines import Line
from pipebench.plan.estimate import extended, left_text
from pipebench.plan.run_plan import RunPlan
from pipebench.record.factors import LOAD, ServerFactors, factors_in
from pipebench.record.schema import (
    AnswersChecked,
    CrossChecked,
    GivenUp,
    HarnessFault,
    Measured,
    Notice,
    Pause,
    Probed,
    RoundsDecided,
    TestbedEvent,
)
from pipebench.record.store import TUNING


def line_of(event: TestbedEvent, run: RunPlan) -> Line | None:
    """The line of an event; None if the line of another one says it."""
    where = on_testbed(run, event.testbed)
    text, trouble, passing = "", True, False
    match event:
        case Measured():
            text, trouble = _measured(event, run, where), event.requests_per_s is None
            passing = not trouble and event.position < len(run.rounds[event.round - 1])
        case CrossChecked():
            text, trouble = _cross_checked(event, where), event.requests_per_s is None
            passing = not trouble
        case AnswersChecked():
            text, trouble, passing = _answers_checked(event, where), False, True
        case Probed():
            text, trouble = _probed(event, run, where), not event.probed
        case RoundsDecided():
            text, trouble = event.said, False
        case Notice():
            text = event.said
        case Pause():
            again = f"the next try is in {event.pause_s} s"
            text = f"Testbed {event.testbed} had {event.reason}; {again}"
        case GivenUp():
            text = f"Testbed {event.testbed} is given up: {event.reason}"
        case HarnessFault():
            # an execution's own event says its fault
            text = event.reason if event.record.startswith(f"{TUNING}/") else ""
    return Line.of([text], trouble=trouble, passing=passing) if text else None


def _measured(event: Measured, run: RunPlan, where: str) -> str:
    width, most = len(str(event.count)), "at most " if extended(run) else ""
    left = "" if event.seconds_left is None else f"  ({most}{left_text(event.seconds_left)})"
    several = _server(event, run, "{}, ")
    return (
        f"[{event.number:>{width}}/{event.count}] round {event.round}{where}  "
        f"{event.framework:<18} {several}{_load(event)}: {event.said}{left}"
    )


def _cross_checked(event: CrossChecked, where: str) -> str:
    when = f"round {event.round}" if event.round else "constant rate"
    wanted = f" of {event.rate:,.0f} wanted" if event.rate and event.requests_per_s else ""
    return (
        f"  {event.tool}, {when}{where}  {event.framework:<18} {_load(event)}: {event.said}{wanted}"
    )


def _answers_checked(event: AnswersChecked, where: str) -> str:
    checked = f"{event.framework:<18} {_load(event)}: {event.said} checked"
    return f"  answers, round {event.round}{where}  {checked}"


def _probed(event: Probed, run: RunPlan, where: str) -> str:
    name = f"{event.framework}{_server(event, run, ', {}')}"
    return f"probe {event.number}/{event.count}{where} {name}: {event.said}"


def _load(event: Measured | CrossChecked | AnswersChecked) -> str:
    return ", ".join(factor.said(event) for factor in LOAD)


def _server(event: Measured | Probed, run: RunPlan, form: str) -> str:
    """What the framework was started with, as far as the plan varies it."""
    varied = (
        factor
        for factor in factors_in(ServerFactors)
        if factor.variable and len(getattr(run.variables, factor.variable)) > 1
    )
    words = ", ".join(factor.said(event) for factor in varied)
    return form.format(words) if words else ""

"""run.json during a run: written at its beginning, completed later.

So a run that is interrupted has one, too.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipebench.documents.declared import plain
from pipebench.earlier.complete import is_mended, set_aside
from pipebench.earlier.recorded import FOLDERS
from pipebench.plan.earlier_run import Resumption, path_from
from pipebench.plan.estimate import estimate_s, extended, measurements, plan_text, until_text
from pipebench.plan.run_plan import RunPlan
from pipebench.record.factors import PlannedCell
from pipebench.record.folder import exists
from pipebench.record.progress import append_event, read_events
from pipebench.record.run_record import read_run_record
from pipebench.record.schema import (
    SCHEMA_VERSION,
    AnyEvent,
    Described,
    GivenUp,
    HarnessFault,
    Interruption,
    Like,
    RecordedTestbed,
    RoundsTaken,
    RunEnded,
    RunRecord,
    RunResumed,
    RunStarted,
    StandingFault,
)
from pipebench.record.store import RUN, time_text, write

MOMENTS = ("started", "measuring_started", "measuring_ended", "ended")


def note(
    run: RunPlan, moment: str, ansible: str, measured: Mapping[str, Mapping[str, Any]] | None = None
) -> str:
    """Note a moment of a run; returns a line for the terminal, or an empty text.

    ansible: its version. measured: by testbed, what phases.measure returned, or nothing, and
    controller_cpu_s. The beginning and the end are also events of progress.jsonl. A run that goes
    on keeps the moments of its beginning. ValueError: the moment is not one of MOMENTS.
    """
    if moment not in MOMENTS:
        raise ValueError(f"moment is {moment!r}; it must be one of {', '.join(MOMENTS)}")
    folder = Path(run.results_dir)
    begun = exists(folder, RUN)
    record = read_run_record(folder)[0] if begun else begin(run, ansible)
    now = time_text(time.time())
    measured_so_far: dict[str, int] = {}
    if run.resumption and moment == "started":
        measured_so_far = resume(run, record, run.resumption, now)
    elif not (run.resumption and moment == "measuring_started" and record.measuring_started):
        setattr(record, moment, now)
    for testbed, one in plain(measured or {}).items():
        if one.get("rounds_taken"):
            record.rounds_taken[testbed] = RoundsTaken(**one["rounds_taken"])
        if "controller_cpu_s" in one:
            before = record.controller_cpu_s.get(testbed, 0) if run.resumption else 0
            record.controller_cpu_s[testbed] = round(before + one["controller_cpu_s"], 3)
    events = read_events(folder)
    record.harness_faults = standing_faults(folder, events)
    record.given_up = given_up(events)
    write(folder, RUN, record)
    if moment == "started":
        return resumed(run, measured_so_far, now) if run.resumption else started(folder, run, now)
    if moment == "ended":
        faults = len(record.harness_faults)
        ended = RunEnded(time=now, run_id=record.run_id, seconds_left=0, harness_faults=faults)
        append_event(folder, ended)
    return ""


def standing_faults(folder: Path, events: Sequence[AnyEvent]) -> list[StandingFault | str]:
    """The faults of the harness whose record was not made anew without one, each once."""
    reasons = {event.record: event.reason for event in events if isinstance(event, HarnessFault)}
    return [
        StandingFault(record=record, reason=reason)
        for record, reason in reasons.items()
        if not is_mended(folder, record)
    ]


def given_up(events: Sequence[AnyEvent]) -> dict[str, str]:
    """Why nothing more was measured, by testbed, since the run last went on."""
    last = [number for number, event in enumerate(events) if isinstance(event, RunResumed)]
    since = events[last[-1] :] if last else events
    return {event.testbed: event.reason for event in since if isinstance(event, GivenUp)}


def begin(run: RunPlan, ansible: str) -> RunRecord:
    """run.json at the beginning. TypeError: the schema does not have one of the fields."""
    fact = run.to_fact()
    frameworks = {
        name: Described(**{key: value for key, value in framework.items() if key != "path"})
        for name, framework in fact["frameworks"].items()
    }
    return RunRecord(
        schema_version=SCHEMA_VERSION,
        run_id=run.run_id,
        command=run.command,
        commit=run.commit,
        dirty=run.dirty,
        variables=fact["variables"],
        frameworks=frameworks,
        testbeds=[RecordedTestbed(**testbed) for testbed in fact["testbeds"]],
        rounds=[[PlannedCell(**cell) for cell in cells] for cells in fact["rounds"]],
        versions={
            "ansible": ansible,
            "python": platform.python_version(),
            "project": run.version,
        },
        programs=run.programs,
        like=like(run),
    )


def like(run: RunPlan) -> Like | None:
    """What run.json has of the earlier run that is measured again, if there is one."""
    if run.like is None:
        return None
    path = path_from(Path(run.like.folder), Path(run.results_dir).parent)
    return Like(run_id=run.like.run_id, path=path, changes=list(run.like.changes))


def resume(run: RunPlan, record: RunRecord, resumption: Resumption, now: str) -> dict[str, int]:
    """Note in run.json that the run goes on; how many measurements are complete, by testbed.

    What is not complete is set aside, as it is made anew.
    """
    names = [testbed.name for testbed in run.testbeds]
    counts = set_aside(run)
    record.interruptions.append(
        Interruption(
            at=resumption.at,
            resumed=now,
            measured=counts.total(),
            changes=list(resumption.changes),
        )
    )
    record.measuring_ended = record.ended = None
    fact = run.to_fact()
    # the folders are those of the beginning: what of their files is not as it was is a change
    folders = {name: one for name, one in record.variables.items() if name == FOLDERS}
    record.variables = fact["variables"] | folders
    record.rounds = [[PlannedCell(**cell) for cell in cells] for cells in fact["rounds"]]
    record.rounds_taken = {
        name: taken for name, taken in record.rounds_taken.items() if name not in names
    }
    return {name: counts[name] for name in names}


def resumed(run: RunPlan, measured: Mapping[str, int], now: str) -> str:
    """Announce that a run goes on: an event for programs, and a line for people."""
    fewest, count = min(measured.values()), measurements(run)
    seconds = estimate_s(run, done=fewest)
    event = RunResumed(
        time=now,
        run_id=run.run_id,
        seconds_left=round(seconds),
        measured=dict(measured),
        count=count,
    )
    append_event(Path(run.results_dir), event)
    on_each = " on the testbed that has the fewest" if len(set(measured.values())) > 1 else ""
    until = until_text(seconds, time.time())
    return (
        f"Run {run.run_id} goes on: {fewest} of {count} measurements are complete{on_each} "
        f"(until about {until})"
    )


def started(folder: Path, run: RunPlan, now: str) -> str:
    """Announce a run: an event for programs, and a line for people."""
    seconds = estimate_s(run)
    event = RunStarted(
        time=now,
        run_id=run.run_id,
        seconds_left=round(seconds),
        testbeds=[testbed.name for testbed in run.testbeds],
        cells=run.cells,
        rounds=len(run.rounds),
        count=measurements(run),
        extended=extended(run),
    )
    append_event(folder, event)
    until = until_text(seconds, time.time())
    return f"Run {run.run_id}, {plan_text(run)} (until about {until})"

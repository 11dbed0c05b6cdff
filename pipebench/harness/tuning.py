"""What a run sets on the hosts of a testbed for its own time, and puts back at its end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from pipebench.harness.execution import holding_call
from pipebench.harness.host_program import Call, ask_all
from pipebench.harness.testbed_run import TestbedRun
from pipebench.plan.tuning import Kind, order_of
from pipebench.plan.tuning_text import failed_text, left_text
from pipebench.record import assemble
from pipebench.record.assemble import Answer
from pipebench.record.faults import fault_of
from pipebench.record.folder import exists
from pipebench.record.reading import read
from pipebench.record.schema import (
    SCHEMA_VERSION,
    HarnessFault,
    Notice,
    RecordError,
    TuningRecord,
)
from pipebench.record.store import time_text, tuning_file, write

PROGRAM = "tuning.hold"


def tune(testbed_run: TestbedRun) -> None:
    """Set what the run asks for on every host, once what an earlier run left is put back."""
    calls = _calls(testbed_run)
    for host, answer in ask_all(calls, testbed_run.hosts.all).items():
        fault = fault_of(f"tuning {host}", answer)
        if not calls[host].order["entries"]:  # what follows needs nothing of it
            if fault:
                testbed_run.say(Notice(**testbed_run.now(), said=fault))
            continue
        record = _begun(testbed_run, host, answer, fault)
        write(_folder(testbed_run), tuning_file(host), record)
        _say(testbed_run, host, record.error, *map(failed_text, record.settings))


def put_back(testbed_run: TestbedRun) -> None:
    """Put back on every host what the run has set, and record whether all is as it was.

    Also on one without a record: the disk here may be full.
    """
    folder, hosts = _folder(testbed_run), testbed_run.hosts.all
    tuned = [host for host, call in _calls(testbed_run).items() if call.order["entries"]]
    # it is held, so that the host does not do the same at the same time
    restored = holding_call(testbed_run.run, 0, PROGRAM, {"state": "restored"})
    calls = dict.fromkeys(tuned, restored)
    for host, answer in ask_all(calls, hosts).items():
        if not exists(folder, tuning_file(host)):
            continue
        record = read(folder, tuning_file(host), TuningRecord)
        record, faults = _ended(record, answer, fault_of(f"putting {host} back", answer))
        write(folder, tuning_file(host), record)
        _say(testbed_run, host, "; ".join(faults))


def _calls(testbed_run: TestbedRun) -> dict[str, Call]:
    """What each host is to set, by its name."""
    hosts = testbed_run.hosts
    generators = {host.name: _call(testbed_run, "generator") for host in hosts.generators}
    return {**generators, hosts.server.name: _call(testbed_run, "server")}


def _call(testbed_run: TestbedRun, kind: Kind) -> Call:
    order = order_of(testbed_run.run.variables, kind)
    order |= {"state": "set", "address": testbed_run.testbed.address}
    return holding_call(testbed_run.run, 0, PROGRAM, order)


def _begun(testbed_run: TestbedRun, host: str, answer: Answer, fault: str | None) -> TuningRecord:
    """The record of what is set now."""
    empty = TuningRecord(
        schema_version=SCHEMA_VERSION,
        run_id=testbed_run.run.run_id,
        testbed=testbed_run.testbed.name,
        host=host,
        error=fault,
    )
    try:
        return empty if fault else assemble.tuning(answer, **_names(empty))
    except RecordError as error:
        return replace(empty, error=_unusable(host, error))


def _ended(
    record: TuningRecord, answer: Answer, fault: str | None
) -> tuple[TuningRecord, list[str]]:
    """The record with what is there after the run, and the faults of the harness."""
    now: TuningRecord | None = None
    if not fault:
        try:
            now = assemble.tuning(answer, **_names(record))
        except RecordError as error:
            fault = _unusable(record.host, error)
    if now is None:
        return replace(record, error=_joined(record.error, fault)), [fault or ""]
    if answer["rebooted"]:
        booted = f"{record.host} was booted again, so that nothing of this was set from then on"
        ended = time_text(time.time())
        return replace(record, released=ended, error=_joined(record.error, booted)), []
    left = [text for one in now.settings if (text := left_text(one, record.host))]
    released = time_text(answer["released_at"]) if answer["released_at"] else None
    early = None
    if answer.get("already") and released:
        early = (
            f"{record.host} put everything back by itself at {released[:19]}Z, before the run's end"
        )
    whole = replace(
        record,
        settings=now.settings,
        lapses=now.lapses,
        released=released,
        error=_joined(record.error, *left, early),
    )
    return whole, left


def _names(record: TuningRecord) -> dict[str, Any]:
    """What a host does not say of its own record."""
    return {name: getattr(record, name) for name in ("schema_version", "run_id", "testbed", "host")}


def _unusable(host: str, error: RecordError) -> str:
    return f"an answer of {host} cannot be used: {error}"


def _joined(*sentences: str | None) -> str | None:
    return "; ".join(filter(None, sentences)) or None


def _say(testbed_run: TestbedRun, host: str, fault: str | None, *remarks: str | None) -> None:
    """Say what is not as it should be."""
    now = testbed_run.now()
    for remark in filter(None, remarks):
        testbed_run.say(Notice(**now, said=f"{host}: {remark}"))
    if fault:
        testbed_run.say(HarnessFault(**now, record=tuning_file(host), reason=fault))


def _folder(testbed_run: TestbedRun) -> Path:
    return Path(testbed_run.run.results_dir)

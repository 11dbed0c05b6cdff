"""A server's processes and its network interrupts on CPUs of their own, while a run measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from pipebench.harness.execution import Answers, Execution, Recorded, address_of
from pipebench.harness.host_program import Call
from pipebench.record import assemble
from pipebench.record.reading import read
from pipebench.record.schema import SCHEMA_VERSION, PinningRecord, RecordError, Setting
from pipebench.record.store import pinning_file, time_text

PROGRAM = "host.pinning"


@dataclass(frozen=True, kw_only=True)
class PinningExecution(Execution):
    """Everything is pinned before the rounds; or, if `released`, put back after them."""

    released: bool = False

    @property
    def start(self) -> Call:
        if self.released:
            return Call(PROGRAM, {"state": "released"})
        count = self.run.variables.interrupt_cpus
        return Call(
            PROGRAM, {"state": "pinned", "interrupt_cpus": count, **address_of(self.testbed)}
        )

    @property
    def puts_back(self) -> bool:
        return self.released

    def loads(self, server_time: float | None) -> Mapping[str, Call]:  # noqa: ARG002
        return {}

    def stop(self, since: float | None) -> Call:  # noqa: ARG002
        return Call(PROGRAM, {"state": "looked"})

    def recorded(self, answers: Answers, ended: float) -> Recorded:
        """Its record; a line if something was not as wanted."""
        server = self.testbed.server
        fault, settings = answers.fault(server), []
        try:
            settings = assemble.settings(answers.started)
        except RecordError as error:
            fault = answers.fault(server, error)
        if self.released:
            record, left = self._put_back(settings, fault, time_text(ended))
        else:
            record, left = self._pinned(answers, settings, fault)
        return Recorded(
            file=pinning_file(self.testbed.name),
            document=record,
            fault=fault or record.error if self.released else fault,
            line="\n".join(left),
            trouble=bool(left),
        )

    def _pinned(
        self, answers: Answers, settings: list[Setting], fault: str | None
    ) -> tuple[PinningRecord, list[str]]:
        started = answers.started
        record = PinningRecord(
            schema_version=SCHEMA_VERSION,
            run_id=self.run.run_id,
            testbed=self.testbed.name,
            host=self.testbed.server,
            interface=started.get("interface"),
            interrupt_cpus=list(started.get("interrupt_cpus") or []),
            server_cpus=list(started.get("server_cpus") or []),
            settings=settings,
            error=fault,
        )
        refused = [one for one in settings if one.error]
        sentences = [
            f"{one.path} on {record.host} could not be set to {one.wanted}: {one.error}"
            for one in refused
        ]
        return record, sentences

    def _put_back(
        self, settings: list[Setting], fault: str | None, ended: str
    ) -> tuple[PinningRecord, list[str]]:
        """The record of what was pinned, with what is there now."""
        path = Path(self.run.results_dir) / pinning_file(self.testbed.name)
        record = read(path, PinningRecord)
        now = {one.path: one.after for one in settings}
        restored = [replace(one, restored=now.get(one.path)) for one in record.settings]
        left = [one for one in restored if one.restored != one.before]
        sentences = [
            f"{one.path} on {record.host} was {one.before} and is {one.restored} after the run"
            for one in left
        ]
        error = "; ".join(filter(None, (record.error, fault, *sentences))) or None
        whole = not left and not fault
        return replace(
            record, settings=restored, released=ended if whole else None, error=error
        ), sentences

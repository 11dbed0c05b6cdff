"""What a run has set on its hosts for its own time, in sentences."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from math import inf

from pipebench.measure.moments import Moments
from pipebench.plan.tuning_text import failed_text, setting_lines
from pipebench.record.run_record import moment
from pipebench.record.schema import Setting, TuningLapse, TuningRecord
from pipebench.record.values import first_of

MOST_LINES = 100
"""Of one host."""
CLOCKS_S = 1
"""The clocks of a testbed's hosts may differ, and the last window ends before all is put back."""


def tuned_lines(records: Iterable[TuningRecord]) -> list[tuple[str, list[str]]]:
    """For each host, what was set on it, what was refused, and whether all was put back."""
    return [(one.host or one.testbed, first_of(_lines(one), MOST_LINES)) for one in records]


def _lines(record: TuningRecord) -> list[str]:
    written = [one for one in record.settings if one.error is None]
    lines = _cpus_lines(record) + setting_lines(written, record.skipped)
    lines += [text for one in record.settings if (text := failed_text(one))]
    lines += [text for one in record.settings if (text := drifted_text(one))]
    lines += map(_lapse_text, record.lapses)
    if record.settings:
        lines.append(_back_text(record))
    return lines or [record.error or "nothing was set"]


def _cpus_lines(record: TuningRecord) -> list[str]:
    if not record.server_cpus:
        return []
    interface = record.interface or "no interface that was found"
    own, servers = _cpus(record.interrupt_cpus), _cpus(record.server_cpus)
    return [f"interrupts of {interface} on CPUs {own}, servers on {servers}"]


def _lapse_text(lapse: TuningLapse) -> str:
    if lapse.put_back_at is None:
        return f"the host was booted again; all set anew at {_time(lapse.set_anew_at)}"
    return (
        f"put back by the host at {_time(lapse.put_back_at)}, as the run held it no longer; "
        f"all set anew at {_time(lapse.set_anew_at)}"
    )


def _time(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def untuned(records: Iterable[TuningRecord], measured: Iterable[tuple[str, Moments]]) -> list[str]:
    """A sentence for each host on which something was measured while nothing was set any more.

    measured: every measurement, with its testbed.
    """
    windows = [
        (testbed, one.opened, one.closed)
        for testbed, one in measured
        if one.opened is not None and one.closed is not None
    ]
    said = []
    for record in records:
        gaps = list(_gaps(record)) if record.settings else []
        inside = [
            since
            for testbed, opened, closed in windows
            for since, until in gaps
            if testbed == record.testbed and since < closed - CLOCKS_S and opened < until
        ]
        if inside:
            said.append(
                f"what was set on {record.host} had been put back at {_time(min(inside))}, and "
                f"{len(inside)} of the measurements of {record.testbed} were made after that"
            )
    return said


def _gaps(record: TuningRecord) -> Iterator[tuple[float, float]]:
    """From when until when nothing was set on a host, unix s by its clock."""
    for lapse in record.lapses:
        if lapse.put_back_at is not None:
            yield lapse.put_back_at, lapse.set_anew_at
    if released := moment(record.released):
        yield released.timestamp(), inf


def drifted_text(setting: Setting) -> str | None:
    """That a value was not what was set, when the run ended; None if it was, or is not known."""
    if setting.error or setting.held is None or setting.held == setting.after:
        return None
    return (
        f"{setting.path} was {setting.after} at first and {setting.held} at the end: something "
        "else on the host has written it"
    )


def _back_text(record: TuningRecord) -> str:
    gone = [one.path for one in record.settings if record.released and one.restored is None]
    booted = gone and len(gone) == len(record.settings)
    if booted:
        return str(record.error)
    text = "all put back" if record.released else "not all put back"
    return f"{text}; not there any more: {', '.join(gone)}" if gone else text


def tuning_remarks(records: Iterable[TuningRecord]) -> list[str]:
    """What one must know of a run whose values did not hold."""
    said = []
    for record in records:
        drifted = [text for one in record.settings if (text := drifted_text(one))]
        said += [f"{record.host}: {drifted[0]}" for _ in drifted[:1]]
        said += [record.error] if record.released and record.error else []
    return said


def left_behind(records: Iterable[TuningRecord]) -> list[str]:
    """A sentence for each host that is not as it was, or whose record says nothing."""
    return [
        f"what was set on {one.host or one.testbed} was not put back: {one.error or 'not yet'}; "
        "the host does so within a minute after the run holds it no longer, or else "
        "playbooks/teardown.yml does"
        for one in records
        if one.released is None and (one.settings or one.error)
    ]


def _cpus(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))

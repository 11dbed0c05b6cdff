"""The server's unit under load: its end, its restarts, and its lines in the journal."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from pipebench.measure.load import Load, all_of, window_of
from pipebench.record.schema import Server
from pipebench.record.values import harmless
from pipebench.tools.tool import signal_name

JOURNAL_LINE = re.compile(r"(\d{4}-\d\d-\d\dT\S+) \S+ ([^\s\[:]+)[^\s:]*: (.*)")
VERIFIED = re.compile(r"/missing-\d+-\d+|\b404\b")
"""In lines about what the verification asks for beside the load, which never asks for it."""
LOG_LINES = 30
LOG_CHARACTERS = 4000


@dataclass(frozen=True, slots=True)
class UnitEnd:
    """How the unit ended by itself.

    how: "crashed with SIGABRT"; when: "0.1 s into the warm-up", or None if it was not recorded;
    answered: requests that were answered in warm-up and measurement, None if the load tool did
    not run.
    """

    how: str
    when: str | None
    answered: int | None


def restarts(server: Server) -> int:
    """How often another process replaced the measured one."""
    counted = _number(server.state.get("NRestarts"))
    pid = _number(server.state.get("ExecMainPID"))
    replaced = server.started_pid and pid and pid != server.started_pid
    return counted or (1 if replaced else 0)


def unit_end(server: Server, loads: list[Load]) -> UnitEnd | None:
    """None: the unit ran to the end."""
    active = server.state.get("ActiveState")
    if active is None or active in ("active", "reloading"):
        return None
    # systemd gives waitid()'s si_code: 1 exited, 2 killed, 3 killed with a core dump
    code, status = (_number(server.state.get(f"ExecMain{name}")) for name in ("Code", "Status"))
    result = str(server.state.get("Result") or "")
    if code in (2, 3) and status:
        how = f"crashed with {signal_name(status)}"
        if result == "oom-kill":
            how += " (out of memory)"
    elif code == 1:
        how = f"exited with status {status}"
    else:
        how = f"the unit was found {active}" + (f" ({result})" if result else "")
    return UnitEnd(how, _when(server, loads), _answered(loads))


def _when(server: Server, loads: list[Load]) -> str | None:
    """When the unit ended, relative to the load tool's executions."""
    moment = server.exited_at
    if moment is None:
        return None
    phases = (("measurement", [load.measured for load in loads]),
              ("warm-up", [load.warmup for load in loads]))  # fmt: skip
    for name, executions in phases:
        window = window_of([ran for ran in executions if ran])
        if window and moment >= window.started:
            if moment > window.ended:
                return f"after the {name}"
            return f"{moment - window.started:.1f} s into the {name}"
    return "before the load"


def _answered(loads: list[Load]) -> int | None:
    executions = all_of(loads)
    if not executions:
        return None
    return sum(ran.counts.requests for ran in executions if ran.counts)


def _number(value: object) -> int:
    """A number that systemd printed; a record may hold it as a number or as text."""
    try:
        return int(str(value))
    except ValueError:
        return 0


def journal_lines(server: Server, loads: list[Load]) -> list[str]:
    """Lines of the unit's own processes under load; their times are of the server's clock.

    Without those that the verification causes, as it asks for what is not there.
    """
    window = window_of(all_of(loads))
    if window is None or not server.journal:
        return []
    is_verified = any(load.verification for load in loads)
    lines = []
    for line in server.journal.splitlines():
        match = JOURNAL_LINE.fullmatch(line)
        # systemd's own lines about the unit do not count
        if match is None or match[2].startswith("systemd"):
            continue
        try:
            moment = datetime.fromisoformat(match[1])
        except ValueError:
            continue
        if moment.tzinfo is None:  # it would be taken for one of the reader's zone
            continue
        text = match[3].strip()
        if is_verified and VERIFIED.search(text):
            continue
        if window.started <= moment.timestamp() <= window.ended and text:
            lines.append(text)
    return lines


def log_end(text: str) -> str:
    """The last lines of a log, without control characters, at most some 4,000 characters."""
    lines = harmless(text).strip("\n").splitlines()[-LOG_LINES:]
    return "\n".join(line.rstrip() for line in lines)[-LOG_CHARACTERS:]

"""What became of the server's unit under load: its end, its restarts, and what it wrote."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from pipebench.measure.load import Load, all_of, window_of
from pipebench.record.schema import Server
from pipebench.tools.tool import signal_name

JOURNAL_LINE = re.compile(r"(\d{4}-\d\d-\d\dT\S+) \S+ ([^\s\[:]+)[^\s:]*: (.*)")
LOG_LINES = 30
LOG_CHARACTERS = 4000


@dataclass(frozen=True, slots=True)
class UnitEnd:
    """How the unit was found to have ended by itself.

    how: "crashed with SIGABRT"; when: "0.1 s into the warm-up", or None if nobody saw it;
    answered: requests that the load tool saw answered in warm-up and measurement, None if it
    never ran.
    """

    how: str
    when: str | None
    answered: int | None


def restarts(server: Server) -> int:
    """Times the process was replaced by another while it was to be measured."""
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
    """When the unit ended, told against the load tool's executions."""
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
    """systemd prints numbers; a record may hold them as such or as text."""
    try:
        return int(str(value))
    except ValueError:
        return 0


def spoke(server: Server, loads: list[Load]) -> list[str]:
    """Lines of the unit's own processes while it was loaded; the moment's clock is the server's."""
    window = window_of(all_of(loads))
    if window is None or not server.journal:
        return []
    said = []
    for line in server.journal.splitlines():
        found = JOURNAL_LINE.fullmatch(line)
        # systemd speaks of the unit, not for it
        if found is None or found[2].startswith("systemd"):
            continue
        try:
            moment = datetime.fromisoformat(found[1]).timestamp()
        except ValueError:
            continue
        if window.started <= moment <= window.ended and found[3].strip():
            said.append(found[3].strip())
    return said


def log_end(text: str) -> str:
    """The last lines of a log, without control characters, at most some 4,000 characters."""
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]", "", text)
    lines = plain.strip("\n").splitlines()[-LOG_LINES:]
    return "\n".join(line.rstrip() for line in lines)[-LOG_CHARACTERS:]

"""What programs on hosts print has the fields of the classes that the controller reads it with.

files/ may import nothing of pipebench/, so each document is described twice: there as a TypedDict,
for what is written, and here as a class, for what is read and kept.
"""

from __future__ import annotations

import importlib
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union

import classify
import msgspec
import pytest
import report
import under_load
from generator import connections, execution, load
from generator.tools import h2load
from host import clock, failure, lease, path, processes
from msgspec import Raw, Struct
from server import unit
from tuning import plan as tuning_plan
from tuning import settings

from pipebench.hosts import requirements
from pipebench.record import schema
from pipebench.tools import h2load as h2load_read

FILES = Path(__file__).parents[2] / "files"


@dataclass(frozen=True)
class Pair:
    """What is read as a class, and all that is printed of it, whose fields are together its own.

    in_a_text: fields that come as JSON in a text. dropped: those that are printed and not read.
    added: those that a host does not print: the controller knows them, or works them out.
    """

    read: type[Struct]
    printed: tuple[type, ...]
    in_a_text: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    added: frozenset[str] = frozenset()


def names(words: str) -> frozenset[str]:
    return frozenset(words.split())


BY_WHOM = names("uid")
"""host/throw_away.py adds it to whatever answers an order."""
PAIRS = (
    Pair(
        schema.Server,
        (unit.Started, unit.Stopped),
        in_a_text=names("samples"),
        dropped=names("started_at"),  # for the controller, while the measurement goes on
        added=names("host"),
    ),
    Pair(schema.Processes, (processes.Look,)),
    Pair(
        schema.Generator,
        (load.Answer,),
        in_a_text=names("samples connections verification"),
        dropped=names("failed msg"),  # Ansible's own: a fault of the harness
        added=names("host clock_offset_s clock_error_s") | BY_WHOM,
    ),
    Pair(schema.ToolRun, (execution.Execution,), in_a_text=names("result")),
    Pair(schema.Connections, (connections.Connections,)),
    Pair(schema.Verification, (under_load.Verified,), added=names("alone")),
    Pair(schema.AnswerAlone, (under_load.Alone,)),
    Pair(schema.VerifiedPhase, (under_load.Phase,)),
    Pair(schema.WrongAnswer, (under_load.WrongAnswer,)),
    Pair(schema.Case, (report.Entry,), dropped=names("asks seconds")),  # shown on the spot
    Pair(schema.Unread, (classify.Unread,)),
    Pair(
        schema.PathHost,
        (path.Started, path.Measured),
        in_a_text=names("samples"),
        dropped=names("ready tests"),  # nothing is measured unless it is; the tests stand beside it
        added=names("host") | BY_WHOM,
    ),
    Pair(schema.PathTest, (path.Test,)),
    Pair(schema.Clock, (clock.Measured,), added=names("generator")),
    Pair(
        schema.TuningRecord,
        (tuning_plan.Plan, settings.Kept),
        # what the host needs to put them back; released_at becomes `released`
        dropped=names("rewriters kernel_started released_at about order token already"),
        added=names("schema_version run_id testbed host released error"),
    ),
    Pair(schema.Setting, (settings.Setting,)),
    Pair(schema.Skipped, (tuning_plan.Skipped,)),
    Pair(h2load_read.H2loadResult, (h2load.Paced,)),
    Pair(schema.TuningLapse, (settings.Lapse,)),
    Pair(requirements.Lease, (lease.Held,), dropped=names("token boot kept_at seconds")),
)
READ_OTHERWISE = {
    unit.Unavailable: "reason and log become a Deployment, whose fields the action names",
    unit.Ended: "has no fields",
    failure.Failed: "is what Ansible reads of any module",
    load.Fault: "is what Ansible reads of any module",
    lease.Lease: "is a part of Held",
    path.About: "is a part of Started and of Measured",
    path.Execution: "is a part of Test",
    h2load.Closed: "is a part of Paced",
    tuning_plan.Entry: "is what the host reads; pipebench/plan/tuning.py writes it",
    tuning_plan.Order: "is what the host reads; pipebench/plan/tuning.py writes it",
}


def described() -> set[type]:
    """Every TypedDict of files/."""
    found = set()
    for file in sorted(FILES.rglob("*.py")):
        if "TypedDict" in file.read_text():
            parts = list(file.relative_to(FILES).with_suffix("").parts)
            if parts[0] == "probe":  # a folder by itself
                parts = parts[1:]
            for one in vars(importlib.import_module(".".join(parts))).values():
                if typing.is_typeddict(one):
                    found.add(one)
    return found


def fields_of(kind: type) -> dict[str, Any]:
    """Types by the name that a field has in JSON."""
    if typing.is_typeddict(kind):
        return typing.get_type_hints(kind)
    return {one.encode_name: one.type for one in msgspec.structs.fields(kind)}


def alternatives(kind: Any) -> list[Any]:
    """The parts of a union; a type alone."""
    if typing.get_origin(kind) is Annotated:
        return alternatives(typing.get_args(kind)[0])
    if typing.get_origin(kind) in (Union, types.UnionType):
        return [one for part in typing.get_args(kind) for one in alternatives(part)]
    return [kind]


def json_kind(kind: Any) -> str:
    """What a type is in JSON, in a word."""
    origin = typing.get_origin(kind) or kind
    if origin in (Any, Raw):
        return "anything"
    if origin is Literal or (isinstance(origin, type) and issubclass(origin, (str, Enum))):
        return "text"
    words = {bool: "yes or no", int: "whole number", float: "number", types.NoneType: "null"}
    if origin in words:
        return words[origin]
    if origin in (list, tuple):
        return "list"
    if origin is dict or typing.is_typeddict(origin) or issubclass(origin, Struct):
        return "object"
    raise AssertionError(f"what is {kind} in JSON?")


def fits(printed: Any, read: Any) -> bool:
    """Whether all that may be printed is read."""
    return all(
        any(fits_one(one, other) for other in alternatives(read)) for one in alternatives(printed)
    )


def fits_one(printed: Any, read: Any) -> bool:
    is_, may_be = json_kind(printed), json_kind(read)
    if may_be == "anything" or (is_, may_be) == ("whole number", "number"):
        return True
    if is_ != may_be:
        return False
    if isinstance(read, type) and issubclass(read, Struct):
        return any(pair.read is read and printed in pair.printed for pair in PAIRS)
    inner, others = typing.get_args(printed), typing.get_args(read)
    if is_ in ("list", "object") and others:
        return len(inner) == len(others) and all(map(fits, inner, others))
    return True


def differences(pair: Pair) -> Iterator[str]:
    """In what the two sides of a pair differ, in sentences."""
    printed: dict[str, Any] = {}
    for one in pair.printed:
        printed |= fields_of(one)
    read = fields_of(pair.read)
    for name in printed.keys() - read.keys() - pair.dropped:
        yield f"{name} is printed, and {pair.read.__name__} does not have it"
    for name in read.keys() - printed.keys() - pair.added:
        yield f"{name} of {pair.read.__name__} is not printed"
    for name in (pair.dropped - printed.keys()) | (pair.dropped & read.keys()):
        yield f"{name} is not printed without being read"
    for name in (pair.added - read.keys()) | (pair.added & printed.keys()):
        yield f"{name} is not read without being printed"
    for name in printed.keys() & read.keys():
        text = [one for one in alternatives(printed[name]) if one is not types.NoneType]
        if name in pair.in_a_text:
            if text != [str]:
                yield f"{name} is printed as {printed[name]}, not in a text"
        elif not fits(printed[name], read[name]):
            yield f"{name} is printed as {printed[name]} and read as {read[name]}"


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.read.__name__)
def test_what_a_host_prints_is_what_is_read(pair: Pair) -> None:
    assert sorted(differences(pair)) == []


def test_everything_that_a_host_prints_is_compared() -> None:
    compared = {one for pair in PAIRS for one in pair.printed}
    assert not compared & READ_OTHERWISE.keys()
    assert {one.__qualname__ for one in described() ^ (compared | READ_OTHERWISE.keys())} == set()


class Look(typing.TypedDict):
    at: str
    pids: list[float]
    connections: list[int] | None
    more: int


class Seen(Struct):
    at: float
    pids: list[int]
    cpu_us: list[int]
    connections: list[int]


def test_a_difference_would_be_seen() -> None:
    assert sorted(differences(Pair(Seen, (Look,)))) == [
        "at is printed as <class 'str'> and read as <class 'float'>",
        "connections is printed as list[int] | None and read as list[int]",
        "cpu_us of Seen is not printed",
        "more is printed, and Seen does not have it",
        "pids is printed as list[float] and read as list[int]",
    ]
    known = Pair(Seen, (Look,), dropped=names("at else"), added=names("pids"))
    assert {
        "at is not printed without being read",
        "else is not printed without being read",
        "pids is not read without being printed",
    } <= set(differences(known))

"""What tasks of Ansible returned, as parts of the schema's documents.

A host's answer that cannot be one of them is a fault of the harness, and noticed here: RecordError.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct

from pipebench.documents.declared import plain
from pipebench.documents.error_text import sentence
from pipebench.record.limits import Count
from pipebench.record.packing import packed_connections, packed_result, packed_samples
from pipebench.record.reading import json_value
from pipebench.record.schema import (
    NOTHING,
    Clock,
    Deployment,
    Generator,
    HostFingerprint,
    PathHost,
    PathTest,
    RecordError,
    SampleColumns,
    Server,
    ToolRun,
    TuningRecord,
    Unit,
)
from pipebench.record.values import without_credentials

Answer = Mapping[str, Any]
"""What a task returned: what the program on the host printed, and Ansible's own keys."""

Kind = TypeVar("Kind", bound=Struct)


class _User(Struct):
    uid: Count | None = None


class _Memory(Struct):
    unit_rss_bytes: list[Count | None] | None = None


def deployment(unavailable: Answer) -> Deployment:
    """unavailable: reason and log; nothing if the framework is on the host."""
    if not isinstance(unavailable, Mapping):
        raise RecordError("deployment is not an object")
    fields = {
        key: without_credentials(value) if isinstance(value, str) else value
        for key, value in plain(unavailable).items()
    }
    return _made(Deployment, {"available": not unavailable, **fields}, "deployment")


def unit(host: str, *answers: Answer) -> Unit:
    """What the programs that start and stop a unit answered, as far as it is kept of a probe."""
    return _made(Unit, {**_fields(Unit, *answers), "host": host}, "server")


def server(host: str, *answers: Answer) -> Server:
    """The same of a measurement."""
    fields = _fields(Server, *answers)
    return _made(Server, {**fields, "host": host, "samples": samples(fields)}, "server")


def generator(host: str, answer: Answer, clock: Clock | None = None) -> Generator:
    """What the driver of the load tools answered. clock: of its host, if it was compared."""
    fields = _fields(Generator, answer)
    if clock:
        fields |= {"clock_offset_s": clock.offset_s, "clock_error_s": clock.error_s}
    for phase in ("warmup", "measured"):
        fields[phase] = execution(fields.get(phase), phase)
    for name in ("connections", "verification"):
        fields[name] = json_value(text_of(fields.get(name) or "null", name).encode())
    if isinstance(fields["connections"], dict):
        fields["connections"] = packed_connections(fields["connections"])
    return _made(Generator, {**fields, "host": host, "samples": samples(fields)}, "generator")


def execution(answer: Answer | None, name: str) -> ToolRun | None:
    """One execution of a load tool, with its result, which comes as JSON in a string."""
    if not answer:
        return None
    if not isinstance(answer, Mapping):
        raise RecordError(f"{name} is not an object")
    text = answer.get("result")
    result = packed_result(text_of(text, f"the result of {name}")) if text else NOTHING
    return _made(ToolRun, {**_fields(ToolRun, answer), "result": result}, name)


def samples(answer: Answer) -> SampleColumns:
    """Samples, which come as JSON in a string."""
    columns = json_value(text_of(answer.get("samples") or "{}", "samples").encode())
    if not isinstance(columns, dict):
        raise RecordError("the samples are not an object")
    return packed_samples(columns)


def memory_bytes(stopped: Answer) -> list[int | None] | None:
    """The unit's memory in the samples that came when it was stopped; None if there are none."""
    columns = json_value(text_of(stopped.get("samples") or "{}", "samples").encode())
    if not isinstance(columns, dict):
        raise RecordError("the samples are not an object")
    return _made(_Memory, columns, "the samples").unit_rss_bytes


def probed_by(answer: Answer) -> int | None:
    """The number of the user that a probe ran as; None if it did not run."""
    return _made(_User, _fields(_User, answer), "the probe").uid


def path_host(host: str, about: Answer, sampled: Answer) -> PathHost:
    """One end of the path."""
    fields = {**_fields(PathHost, about), "host": host, "samples": samples(sampled)}
    return _made(PathHost, fields, "host")


def path_tests(answer: Answer) -> list[PathTest]:
    """The tests of iperf3."""
    return [
        _made(PathTest, {**test, "end": Raw(msgspec.json.encode(test.get("end")))}, "test")
        for test in plain(answer.get("tests") or [])
    ]


def clock(generator: str, answer: Answer) -> Clock:
    """How a load generator's clock differs from the server's."""
    return _made(Clock, {**_fields(Clock, answer), "generator": generator}, "clock")


def tuning(answer: Answer, **fields: Any) -> TuningRecord:
    """What is set on a host. fields: those that the host does not say."""
    return _made(TuningRecord, _fields(TuningRecord, answer) | fields, "the tuning")


def fingerprint(described: Answer) -> HostFingerprint:
    """What a host says of itself."""
    return _made(HostFingerprint, plain(described), "the fingerprint")


def text_of(value: object, name: str) -> str:
    """A part of an answer that must be a text. RecordError: it is not."""
    if not isinstance(value, str):
        raise RecordError(f"{name} is not a text")
    return value


def _fields(kind: type[Struct], *answers: Answer) -> dict[str, Any]:
    """What a class has a field for; of two answers the later counts."""
    names = kind.__struct_fields__
    return {name: plain(each[name]) for each in answers for name in names if name in each}


def _made(kind: type[Kind], fields: Mapping[str, Any], name: str) -> Kind:
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise RecordError(sentence(error, fields, name)) from error

"""What the schema refuses is said in plain words: the thing, what is wrong, what is right."""

import json
from typing import Any

import pytest

from pipebench.record import assemble
from pipebench.record.reading import parse, salvage
from pipebench.record.schema import (
    HostFingerprint,
    PathRecord,
    ProbeRecord,
    Record,
    RecordError,
    RunRecord,
)
from tests.unit.pipebench.factory import probe_record, record, run_document


def refusal(document: Any, kind: Any, name: str = "the record") -> str:
    with pytest.raises(RecordError) as refused:
        parse(json.dumps(document).encode(), kind, name)
    return str(refused.value)


def changed(document: dict[str, Any], *path: Any) -> dict[str, Any]:
    """The document with another value at a path, whose last part is that value."""
    *steps, last, value = path
    part = document
    for step in steps:
        part = part[step]
    part[last] = value
    return document


GENERATOR = ("generators", 0)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (("depth", 0), "depth of the record is 0; it must be at least 1"),
        (("depth", "5"), 'depth of the record is a text ("5"); it must be a whole number'),
        (("depth", 5.5), "depth of the record is 5.5; it must be a whole number"),
        (("depth", None), "depth of the record is missing; it must be a whole number"),
        (("server", []), "server of the record is a list; it must be an object"),
        (("server", "ready", 1), "ready of server is 1; it must be true or false"),
        (("generators", {}), "generators of the record is an object; it must be a list"),
        (("generators", [{}]), "generator 1 has no host"),
        (
            (*GENERATOR, "measured", "started", "noon"),
            'started of measured of generator 1 is a text ("noon"); it must be a number',
        ),
        (
            (*GENERATOR, "measured", "argv", ["wrk", 5]),
            "item 2 of argv of measured of generator 1 is 5; it must be a text",
        ),
        (("server", "samples", 1), "samples of server is 1; it must be an object or a list"),
        (("stack", "x" * 99), None),
        (("stack", {"x": 1}), "stack of the record is an object; it must be a text"),
    ],
)
def test_a_record_that_is_refused(path: tuple[Any, ...], sentence: str | None) -> None:
    document = changed(record(), *path)
    if sentence is None:
        assert parse(json.dumps(document).encode(), Record, "the record")
    else:
        assert refusal(document, Record) == sentence


def test_a_long_text_is_not_repeated() -> None:
    document = changed(record(), "depth", "x" * 99)
    assert refusal(document, Record) == "depth of the record is a text; it must be a whole number"


def test_other_documents_are_refused_alike() -> None:
    document = changed(probe_record([]), "workers", -1)
    assert refusal(document, ProbeRecord) == "workers of the record is -1; it must be at least 1"
    path = {"schema_version": 1, "run_id": "r", "server": {}, "generator": {}, "tests": [{}]}
    assert refusal(path, PathRecord) == "test 1 has no protocol"
    path["tests"] = [
        {"protocol": "sctp", "direction": "to_server", "streams": 1, "started": 1, "ended": 2}
    ]
    sentence = "protocol of test 1 is 'sctp', which is not a value that it can have"
    assert refusal(path, PathRecord) == sentence


@pytest.mark.parametrize("version", [None, 0, 3, "1", True])
def test_of_another_version_nothing_else_is_said(version: Any) -> None:
    sentence = refusal({"schema_version": version, "depth": []}, Record)
    assert sentence == f"the record has schema version {version}; it must be 1 or 2"
    assert refusal({"depth": []}, Record) == "the record has no schema_version"


def test_fields_that_nobody_knows_are_ignored() -> None:
    assert parse(json.dumps(record(colour="red")).encode(), Record, "the record").depth == 5


def test_of_a_run_only_what_cannot_be_used_is_left_out() -> None:
    document = run_document(["one", "two"], 2, commit=5, dirty="yes")
    document["rounds"][1][0]["depth"] = 0
    document["testbeds"].append("x")
    document["frameworks"]["one"]["title"] = 7
    run, problems = salvage(document, RunRecord, "run.json")
    assert [len(cells) for cells in run.rounds] == [2, 1]
    assert (run.commit, run.dirty, len(run.testbeds)) == (None, False, 1)
    assert list(run.frameworks) == ["two"]
    *others, last = problems
    assert last == (
        "depth of item 1 of item 2 of rounds of run.json is 0; it must be at least 1; "
        "it is not used"
    )
    assert others == [
        "commit of run.json is 5; it must be a text; it is not used",
        'dirty of run.json is a text ("yes"); it must be true or false; it is not used',
        "title of one in frameworks of run.json is 7; it must be a text; it is not used",
        'item 2 of testbeds of run.json is a text ("x"); it must be an object; it is not used',
    ]


def test_what_a_host_answers_is_refused_where_it_is_written() -> None:
    with pytest.raises(RecordError, match="measured has no exit_status"):
        assemble.generator("g", {"measured": {"argv": ["wrk"]}})
    with pytest.raises(RecordError, match=r"cpus of generator is a text \(.two.\)"):
        assemble.generator("g", {"cpus": "two"})
    with pytest.raises(RecordError, match="it is truncated"):
        assemble.server("s", {"samples": "{"})


def test_a_host_of_which_little_is_known_is_not_refused() -> None:
    assert parse(b'{"kernel": "6.12"}', HostFingerprint, "it").kernel == "6.12"

"""What a framework or a host writes is data: whatever bytes it is, an answer comes and is kept."""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from host import journal, orders
from host.lease import HeldError
from host.transient import TransientError, run
from server import unit

from pipebench.harness.execution import Answers, Hosts, carry_out
from pipebench.harness.host_program import Call
from pipebench.plan.project import ROOT
from pipebench.record.faults import fault_of
from tests.unit.pipebench.harness.answers import STARTED, STOPPED, execution_of, hosts, run_of
from tests.unit.pipebench.harness.test_write_record import PLACE, measured

NOT_TEXT = b"caf\xe9 \xff\xfe\n"
ON_HOSTS = ("files", "plugins/modules", "lab/roles")
ON_THE_CONTROLLER = ("plugins/action", "plugins/callback", "pipebench")


def programs(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def strict_reads(program: Path) -> list[int]:
    """The lines that end in an error if what is read is not text, and do not say that they do.

    `errors=` says what becomes of such bytes; `text=True` does not.
    """
    on_host = program in programs(*ON_HOSTS) or ROOT not in program.parents
    lines = []
    for node in ast.walk(ast.parse(program.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        words = {
            keyword.arg
            for keyword in node.keywords
            if keyword.arg == "errors" or ast.unparse(keyword.value) == "True"
        }
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        of_a_program = bool(words & {"text", "universal_newlines"})
        of_a_file = name == "read_text" and on_host and not node.args
        decoded = name == "decode" and on_host and not node.args
        if (of_a_program or of_a_file or decoded) and "errors" not in words:
            lines.append(node.lineno)
    return lines


@pytest.mark.parametrize(
    "program", programs(*ON_HOSTS, *ON_THE_CONTROLLER), ids=lambda path: str(path.relative_to(ROOT))
)
def test_no_output_must_be_text(program: Path) -> None:
    assert strict_reads(program) == [], "say what becomes of bytes that are not text: errors="


def test_a_strict_read_would_be_found(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "subprocess.run(argv, text=True)\npath.read_text()\nread.decode()\n"
        "subprocess.run(argv, errors='replace')\npath.read_text(errors='replace')\n"
    )
    assert strict_reads(program) == [1, 2, 3]


def test_bytes_that_are_not_text_are_read_as_such() -> None:
    assert run("printf", r"caf\351\n").stdout == "caf\ufffd\n"
    assert unit.output("printf", r"\377").encode() == "\ufffd".encode()


@pytest.fixture
def failing_journal(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A unit whose journal cannot be read; what systemctl was asked."""
    asked: list[str] = []

    def systemctl(*words: str) -> str:
        asked.append(" ".join(words))
        return "ActiveState=active\n" if words[0] == "show" else ""

    def broken(*_: object) -> str:
        raise UnicodeDecodeError("utf-8", NOT_TEXT, 3, 4, "invalid continuation byte")

    monkeypatch.setattr(unit.Unit, "systemctl", staticmethod(systemctl))
    monkeypatch.setattr(unit.Unit, "journal", broken)
    return asked


def test_a_unit_is_stopped_also_if_its_journal_cannot_be_read(failing_journal: list[str]) -> None:
    order = {"state": "stopped", "name": "x", "since": None}
    answer: Any = orders.answer_to(order, unit.answer_to)
    assert answer["failed"]
    assert answer["msg"].startswith("an error of the program itself, UnicodeDecodeError: ")
    assert failing_journal[1:] == [
        "stop pipeline-bench-sampler@x.service",
        "stop --no-block pipeline-bench@x.service",
    ]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (HeldError("the run r holds this host"), "the run r holds this host"),
        (TransientError("ss: gone"), "ss: gone"),
        (FileNotFoundError(2, "No such file", "/x"), "/x: No such file"),
        (TimeoutError("timed out"), "a file: timed out"),
        (KeyError("x"), "an error of the program itself, KeyError: 'x' (test_host_output.py, line"),
        (RecursionError("deep"), "an error of the program itself, RecursionError: deep ("),
    ],
)
def test_whatever_ends_a_program_is_an_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception,
    sentence: str,
) -> None:  # fmt: skip
    def program(_: object) -> object:
        raise error

    monkeypatch.setattr("sys.stdin", io.StringIO("{}"))
    assert orders.obey(program) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["failed"]
    assert answer["msg"].startswith(sentence)


def test_lines_of_a_journal_are_of_limited_length_and_letters_that_were_cut_do_no_harm() -> None:
    long = "é" * (journal.LINE_CHARACTERS + 7)
    given = "é\n".encode()[1:] + NOT_TEXT + f"{long}\nlast".encode()
    done = subprocess.run(
        [sys.executable, "-S", "-m", "host.journal"],
        cwd=ROOT / "files", input=given, capture_output=True, check=True,
    )  # fmt: skip
    first, second, third, last = done.stdout.decode().split("\n")
    assert (first, second, last) == ("\ufffd", "caf\ufffd \ufffd\ufffd", "last")
    assert third == f"{long[: journal.LINE_CHARACTERS]} ... (7 more characters)"
    short = "one\ntwo\r\n\nthree"
    assert journal.kept(short) == short


CALL = Call("server.unit", {})


@pytest.mark.parametrize(
    "printed",
    ["", "[1]", '"x"', "null", '{"a": ', "[" * 100_000, '{"a": "\\ud800"}', '{"a": NaN}', "\udcff"],
)
def test_what_is_not_an_answer_is_a_failure(printed: str) -> None:
    answer = CALL.answer({"stdout": printed, "stderr": "caf\udce9", "rc": 1})
    assert answer["failed"]
    sentence = fault_of("starting on s", answer)
    assert sentence == "starting on s: task failed: server.unit ended with 1: caf?"


STRANGE = [
    ("started", STARTED | {"started_pid": "seven"}),
    ("load", {"measured": [1], "samples": "{}"}),
    ("load", {"measured": {"result": 7}, "samples": "{}"}),
    ("load", {"samples": 7}),
    ("load", {"samples": "{}", "connections": {"at": 1}}),
    ("stopped", STOPPED | {"samples": "[]"}),
    ("stopped", STOPPED | {"journal": 7}),
    ("stopped", {"failed": True, "msg": "caf\udce9"}),
]


@pytest.mark.parametrize(("step", "answer"), STRANGE)
def test_a_strange_answer_is_a_fault_in_a_record(
    tmp_path: Path, step: str, answer: dict[str, Any]
) -> None:
    _, written = measured(tmp_path, **{step: answer})
    assert written["harness_fault"]


@pytest.mark.parametrize("unavailable", ["gone", 7, [1], {"reason": 7}])
def test_a_strange_reason_for_a_missing_framework_is_a_fault(
    tmp_path: Path, unavailable: object
) -> None:
    execution = execution_of(run_of(tmp_path), "measurement", PLACE)
    on = hosts(started={"unavailable": unavailable})
    answers: Answers = carry_out(execution, Hosts(*on))
    fault = answers.fault("s")
    assert fault
    assert "an answer of a host cannot be used" in fault


@pytest.mark.parametrize("started_at", ["yesterday", 1e300, -5, True, None, [1]])
def test_a_strange_moment_does_not_end_a_run(tmp_path: Path, started_at: object) -> None:
    started = STARTED | {"ready_s": 0.1, "started_at": started_at}
    execution = execution_of(run_of(tmp_path), "measurement", PLACE)
    answers = carry_out(execution, Hosts(*hosts(started=started)))
    assert execution.finished(answers, 1000.0).document
    assert answers.began(1000.0) == 1000.0

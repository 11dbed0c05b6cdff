"""Whatever a server answers is its outcome: a real load tool is driven against each, and judged.

A server makes no record invalid, no healthy server is accused, and each sentence is true.
"""

from __future__ import annotations

import shutil
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from generator import load
from generator.tool import Order
from generator.tools import wrk

from pipebench.measure.measurement import Measurement, read_measurement
from pipebench.record import assemble
from pipebench.record.faults import fault_of
from pipebench.record.schema import SCHEMA_VERSION, Record
from pipebench.record.store import crosscheck_file, raw_file, write
from pipebench.rules.answers import wrong_in_window
from pipebench.rules.outcome import Context, Judgement, judge
from pipebench.rules.rule import Outcome
from pipebench.run.judge import response_sizes
from pipebench.tools import h2load
from tests.present import present
from tests.unit.files.host.test_plain_http import GOOD
from tests.unit.pipebench.factory import generator, measurement_of, record, wrk_result
from tests.unit.pipebench.factory import wrk as wrk_answer
from tests.unit.pipebench.harness.answers import STARTED, STOPPED

needs_wrk = pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
needs_h2load = pytest.mark.skipif(shutil.which("h2load") is None, reason="h2load is not installed")

DEPTH, CONNECTIONS = 5, 4
OLD = GOOD.replace(b"HTTP/1.1", b"HTTP/1.0")
MARKED = GOOD.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"c\r\nHello world!\r\n0\r\n\r\n"
)
LARGE_HEAD = GOOD.replace(b"\r\n", b"\r\nX: " + b"x" * 100_000 + b"\r\n", 1)
SENT_ON = "it sent on, unasked, so that wrk did not end"

Reply = Callable[[int], bytes]
"""What is answered to so many requests."""


@contextmanager
def serving(reply: Reply, *, closes: bool = False, endless: bool = False) -> Iterator[int]:
    """A server that becomes ready, as a request to close is answered well. Yields its port.

    closes: after each answer. endless: goes on sending it.
    """
    stop = threading.Event()

    def serve(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            while data := connection.recv(65_536):
                if b"Connection: close" in data:
                    connection.sendall(GOOD)
                    return
                answer = reply(data.count(b"\r\n\r\n"))
                connection.sendall(answer)
                while endless and not stop.wait(0.01):
                    connection.sendall(answer)
                if closes:
                    return

    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=(listener.accept()[0],)).start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield listener.getsockname()[1]
        finally:
            stop.set()
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()


def driven(port: int, **other: Any) -> load.Answer:
    """What a generator answers of a server."""
    usual = Order(
        "127.0.0.1", port, DEPTH, CONNECTIONS, threads=2, duration=1, warmup=1, patience=60.0
    )
    return load.measure(usual._replace(**other))


def judged(answer: load.Answer, folder: Path) -> tuple[Measurement, Judgement]:
    """An answer recorded, read and judged as in a run. A record that cannot be read fails."""
    ran = answer["measured"] or answer["warmup"]
    assert ran
    tool = ran["argv"][0]
    kept = Record(
        schema_version=SCHEMA_VERSION, run_id="r", testbed="main", framework="x", stack="current",
        workers=1, worker_count=1, depth=DEPTH, connections=CONNECTIONS, threads=2, tool=tool,
        round=1, position=1, rate=None, started="2026-01-01T00:00:00.000000Z",
        ended="2026-01-01T00:00:10.000000Z", deployment=assemble.deployment({}),
        server=assemble.server(
            "s", STARTED | {"started_at": ran["started"] - 3}, STOPPED | {"samples": "{}"}
        ),
        generators=[assemble.generator("g", {**answer})],
        harness_fault=fault_of("the load on g", {**answer}),
    )  # fmt: skip
    file = raw_file(kept) if tool == "wrk" else crosscheck_file(kept)
    write(folder, file, kept)
    one = read_measurement(folder, file, "r")
    assert isinstance(one, Measurement), one
    size = response_sizes([one]).get((one.cell.testbed, one.cell.framework))
    return one, judge(one, Context(response_size=size))


STRANGE: dict[str, tuple[Reply, bool, str]] = {
    "HTTP/1.0": (lambda n: OLD * n, False, "but not one batch of 5 in full"),
    "HTTP/1.0 that closes": (lambda n: OLD * n, True, "but not one batch of 5 in full"),
    "closes in the middle": (lambda n: GOOD * (n - 1) + GOOD[:30], True, "wrk counted errors: "),
    "closes, says so": (lambda n: MARKED * n, False, "but not one batch of 5 in full"),
    "informational too": (
        lambda n: (b"HTTP/1.1 100 Continue\r\n\r\n" + GOOD) * n,
        False,
        "it sends an informational answer (100) before each answer, which wrk counts as",
    ),
    "no length": (lambda _: b"HTTP/1.1 200 OK\r\n\r\nHello world!", True, "not one batch of 5"),
    "garbage after": (lambda n: GOOD * n + b"\0garbage", False, "wrk counted errors: "),
    "errors": (lambda n: GOOD.replace(b"200 OK", b"500 No") * n, False, "wrk counted errors: "),
}
WRONG: dict[str, tuple[Reply, bool, str]] = {
    "large head": (lambda n: LARGE_HEAD * n, False, "a header section of more than 65,536 bytes"),
    "garbage": (lambda n: b"\0\xff garbage\n" * n, False, "wrong before the load: not HTTP"),
    "shortest answers": (
        lambda n: b"HTTP/1.1 204\n\n" * n,
        False,
        "wrong before the load: not HTTP",
    ),
    "empty": (lambda n: EMPTY * n, False, "wrong before the load: wrong body"),
}
"""That is seen on connections of the verification's own."""


@needs_wrk
@pytest.mark.parametrize("name", [*STRANGE, *WRONG])
def test_what_a_server_answers_is_its_outcome(tmp_path: Path, name: str) -> None:
    reply, closes, sentence = (STRANGE | WRONG)[name]
    with serving(reply, closes=closes) as port:
        answer = driven(port, warmup=int(name in WRONG))
    assert "failed" not in answer
    measurement, said = judged(answer, tmp_path)
    assert said.outcome in (Outcome.DEGRADED, Outcome.FAILED), said
    assert sentence in said.reason
    assert measurement.unusable is None


def with_head(fields: bytes, body: bytes = b"Hello world!") -> Reply:
    """The same answer each time, with these header fields."""
    return lambda n: (b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n\r\n" + body) * n


IN_CHUNKS = b"Content-Type: text/plain\r\nTransfer-Encoding: chunked"
IN_PIECES = b'005;a=b\r\nHello\r\n007 ;c="d"\r\n world!\r\n000\r\n'
RIGHT: dict[str, Reply] = {
    "plain": lambda n: GOOD * n,
    "in chunks": lambda n: CHUNKED * n,
    "in chunks with zeros and extensions": with_head(IN_CHUNKS, IN_PIECES + b"\r\n"),
    "with a trailer": with_head(IN_CHUNKS, IN_PIECES + b"X-Sum: 1\r\n\r\n"),
    "in lower case": with_head(b"content-type: text/plain\r\ncontent-length: 12"),
    "in upper case": with_head(b"CONTENT-TYPE: TEXT/PLAIN\r\nCONTENT-LENGTH: 12"),
    "with white space": with_head(b"Content-Type:\t text/plain \r\nContent-Length:12  "),
    "with parameters": with_head(b"Content-Type: text/plain;charset=utf-8\r\nContent-Length: 12"),
    "that says keep-alive": with_head(
        b"Connection: Keep-Alive\r\nContent-Type: text/plain\r\nContent-Length: 12"
    ),
    "with a large head": with_head(
        b"X: " + b"x" * 4000 + b"\r\nContent-Type: text/plain\r\nContent-Length: 12"
    ),
    "without a reason": lambda n: GOOD.replace(b"200 OK", b"200 ") * n,
    "of HTTP/1.0 that stays open": lambda n: (
        OLD.replace(b"\r\n", b"\r\nConnection: keep-alive\r\n", 1) * n
    ),
}
"""Forms of the one right answer that RFC 9112 allows."""


@needs_wrk
@pytest.mark.parametrize("name", RIGHT)
def test_a_server_that_answers_is_not_accused(tmp_path: Path, name: str) -> None:
    with serving(RIGHT[name]) as port:
        checked, _ = judged(driven(port, warmup=0, check=True), tmp_path)
        measurement, said = judged(driven(port, warmup=0), tmp_path)
    # a busy machine may pause the server, and its programs open connections, too
    assert set(said.rules) <= {"busy", "silent", "hung", "reconnected"}, said
    assert measurement.totals
    assert measurement.totals.bytes
    assert checked.checked
    assert wrong_in_window(checked) is None


READS_ON = """
import socket, sys, urllib.parse
url = urllib.parse.urlsplit(next(word for word in sys.argv if word.startswith("http:")))
with socket.create_connection((url.hostname, url.port)) as connection:
    connection.sendall(b"GET / HTTP/1.1\\r\\nHost: here\\r\\n\\r\\n")
    while True:
        connection.recv(65_536)
"""


@pytest.fixture
def reading_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrk that reads as long as something may come, and does not look at its clock.

    wrk itself does so as long as each of its reads is full.
    """
    monkeypatch.setattr(wrk.Tool, "grace_s", 1.5)  # what came lately comes still
    program = tmp_path / "wrk"
    program.write_text(f"#!{sys.executable}\n{READS_ON}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/usr/sbin:/bin:/sbin")


@pytest.mark.usefixtures("reading_on")
def test_a_server_that_sends_on_keeps_a_tool_from_ending(tmp_path: Path) -> None:
    with serving(lambda n: GOOD * n, endless=True) as port:
        answer = driven(port, look=False)
    assert "failed" not in answer
    assert answer["warmup"]
    assert answer["warmup"]["exit_status"] == -9
    assert answer["warmup"]["received_still"]
    assert answer["measured"] is None  # it would be kept again
    _, said = judged(answer, tmp_path)
    assert said == Judgement(Outcome.FAILED, SENT_ON, ("tool_failed",))


@pytest.mark.usefixtures("reading_on")
def test_a_server_that_was_wrong_is_not_excused_by_a_tool_that_does_not_end(tmp_path: Path) -> None:
    with serving(lambda n: b"\0garbage" * n) as port:
        answer = driven(port)
    assert "failed" not in answer
    assert answer["warmup"]
    assert answer["warmup"]["received_still"] is False
    _, said = judged(answer, tmp_path)
    assert (said.outcome, said.rules) == (Outcome.FAILED, ("wrong_under_load",))


@pytest.mark.usefixtures("reading_on")
def test_a_tool_that_does_not_end_beside_a_silent_server_is_a_fault(tmp_path: Path) -> None:
    """Nothing shows who it was, so nobody is accused."""
    with serving(lambda n: GOOD * n) as port:
        answer = driven(port, look=False)
    assert answer["failed"]
    assert answer["msg"].startswith("wrk could not do its work: it had to be ended")
    assert judged(answer, tmp_path)[1].outcome == Outcome.INVALID


ERRORS_AND_NO_BYTES = wrk_result({20_000: 100}, errors={"read": 500}, response_bytes=0)


def test_bytes_that_wrk_did_not_count_are_not_known() -> None:
    document = record(generators=[generator(wrk_answer(ERRORS_AND_NO_BYTES))])
    seen = measurement_of(document)
    assert seen.unusable is None
    assert seen.totals
    assert (seen.totals.bytes, seen.totals.response_bytes) == (None, None)
    assert response_sizes([seen]) == {}
    # so many errors do not hide so many bytes
    few = ERRORS_AND_NO_BYTES | {"errors": ERRORS_AND_NO_BYTES["errors"] | {"read": 0}}
    found = measurement_of(record(generators=[generator(wrk_answer(few))]))
    assert found.unusable == "500 responses have more than the 0 bytes that were read"


def test_bytes_that_may_be_missing_are_not_called_missing() -> None:
    """500 responses of 145 bytes, of which wrk counted all but 8,000 bytes, and one error."""
    given = wrk_result({20_000: 100}, errors={"read": 1})
    less = given | {"bytes": given["bytes"] - 8000}
    seen = measurement_of(record(generators=[generator(wrk_answer(less))]))
    known = Context(response_size=response_sizes([measurement_of(record())])["main", "one"])
    assert "response_size" not in judge(seen, known).rules
    much_less = replace(seen, totals=replace(present(seen.totals), bytes=given["bytes"] - 9000))
    assert "response_size" in judge(much_less, known).rules


TRAFFIC = "traffic: {} total, 126.62KB (1000) headers (space savings 0.00%), 39.98KB (200) data\n"


@pytest.mark.parametrize(
    ("total", "known"), [("1.20KB (1201)", 1201), ("0B (0)", None), ("1.17KB (1199)", None)]
)
def test_bytes_that_h2load_did_not_count_are_not_known(total: str, known: int | None) -> None:
    assert h2load.bytes_of("finished\n" + TRAFFIC.format(total)) == known


CHECKED: dict[str, tuple[Reply, bool]] = {
    name: STRANGE[name][:2] for name in ("HTTP/1.0", "closes in the middle", "errors")
}


@needs_h2load
@pytest.mark.parametrize("name", CHECKED)
def test_a_cross_check_of_a_strange_server_is_a_result(tmp_path: Path, name: str) -> None:
    reply, closes = CHECKED[name]
    with serving(reply, closes=closes) as port:
        answer = driven(port, tool="h2load", look=False, warmup=0)
    assert "failed" not in answer
    _, said = judged(answer, tmp_path)
    assert said.outcome in (Outcome.DEGRADED, Outcome.FAILED), said
    assert said.reason

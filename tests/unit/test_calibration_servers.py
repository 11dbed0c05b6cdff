"""The servers of known truth do what they say: each is started on loopback and asked by socket.

What takes time is tested by the times that the code reckons with. Of a server that runs it is only
seen that it is never too early: a busy machine makes everything late.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import faults
import pytest
import yaml
from host.plain_http import ask_once, wait_for_answer
from messages import parse

from pipebench.plan.frameworks import find_frameworks
from pipebench.record.names import CALIBRATION, OLD_NAMES, named, parts
from tests.calibration import server as code
from tests.present import present

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "calibration"
DECLARED = yaml.safe_load((FOLDER / "framework.yml").read_text())["variants"]
NAMES = sorted(DECLARED)
PLANS = [
    yaml.safe_load((ROOT / "plans" / f"{name}.yml").read_text())
    for name in ("calibrate", "calibrate_connections", "calibrate_answers")
]
ENVIRONMENTS = {CALIBRATION: {}} | {name: DECLARED[name]["env"] for name in NAMES}
BEHAVIOURS = {name: json.loads(ENVIRONMENTS[name]["BEHAVIOUR"]) for name in NAMES}
HEALTHY = [name for name in NAMES if not BEHAVIOURS[name].keys() & {"fault", "ends"}]

ADDRESS = "127.0.0.1"
LOAD = 8  # connections at once that are a load
PATIENCE = 60.0
SILENCE = 0.1
HELLO = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
OTHER = b"GET /other HTTP/1.1\r\nHost: here\r\n\r\n"
GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nHello world!"
MISSING = GOOD.replace(b"200 OK", b"404 Not Found").replace(b": 12", b": 9")
MISSING = MISSING.replace(b"Hello world!", b"Not found")
MARKED = GOOD.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
WRONG = GOOD.replace(b"Hello world!", b"Hello w0rld!")


class Process:
    """A server that answers; `port` is where. environment: what its variant adds."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        with socket.socket() as free:
            free.bind((ADDRESS, 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [sys.executable, "server.py"],
            cwd=FOLDER,
            env={
                **os.environ,
                **environment,
                "BENCH_ADDRESS": ADDRESS,
                "BENCH_PORT": str(self.port),
                "BENCH_WORKERS": "1",
            },
        )

    def connect(self) -> socket.socket:
        return socket.create_connection((ADDRESS, self.port), timeout=PATIENCE)

    def resident_kb(self) -> int:
        status = Path("/proc", str(self.process.pid), "status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if "VmRSS" in line)


@contextmanager
def started(environment: Mapping[str, str]) -> Iterator[Process]:
    server = Process(environment)
    try:
        assert wait_for_answer(ADDRESS, server.port, PATIENCE) is None
        yield server
    finally:
        server.process.kill()
        server.process.wait()


def altered(name: str, **changes: Any) -> dict[str, str]:
    """A variant with other numbers: one that need not be waited for so long, or longer."""
    behaviour = BEHAVIOURS[name]
    for key, words in changes.items():
        assert type(words) is type(behaviour[key])
        assert not isinstance(words, dict) or words.keys() <= behaviour[key].keys()
        new = {**behaviour[key], **words} if isinstance(words, dict) else words
        behaviour = {**behaviour, key: new}
    return {"BEHAVIOUR": json.dumps(behaviour)}


def read(connection: socket.socket, size: int) -> bytes:
    """So many bytes, or what came before the end."""
    seen = b""
    try:
        while len(seen) < size and (block := connection.recv(size - len(seen))):
            seen += block
    except TimeoutError:
        pytest.fail(f"nothing came for {connection.gettimeout():g} s after {seen!r}")
    return seen


def read_end(connection: socket.socket) -> bytes:
    """All until the server closes."""
    return read(connection, 2**20)


def is_silent(connection: socket.socket) -> bool:
    """Whether nothing comes, not even the end."""
    connection.settimeout(SILENCE)
    try:
        connection.recv(1)
    except TimeoutError:
        return True
    finally:
        connection.settimeout(PATIENCE)
    return False


def timed(connection: socket.socket, requests: int = 5) -> float:
    """How long a batch takes, s."""
    begun = time.monotonic()
    connection.sendall(HELLO * requests)
    assert read(connection, len(GOOD) * requests) == GOOD * requests
    return time.monotonic() - begun


@contextmanager
def load(server: Process, count: int = LOAD) -> Iterator[list[socket.socket]]:
    """As many connections as are a load, or more, with nothing asked."""
    with ExitStack() as stack:
        yield [stack.enter_context(server.connect()) for _ in range(count)]


def test_they_are_the_variants_of_one_framework() -> None:
    found = find_frameworks(["tests/calibration"], ROOT)
    assert found.keys() == {CALIBRATION, *(named(CALIBRATION, name) for name in NAMES)}
    for name, framework in found.items():
        assert framework.stack == "calibration"
        assert framework.env == ENVIRONMENTS[parts(name).variant or CALIBRATION]
    for field in ("title", "note"):
        assert len({getattr(framework, field) for framework in found.values()}) == len(found)
    # Standard library only.
    assert (FOLDER / "requirements.txt").read_text() == ""


def test_a_server_of_an_older_run_is_one_of_the_variants() -> None:
    """Then each was a folder of the variant's name."""
    now = {old: parts(old) for old in OLD_NAMES}
    of_old = {old for old, name in now.items() if name.folder == CALIBRATION}
    assert len(of_old) == 32
    assert of_old <= set(NAMES)
    assert all(now[old].variant == old for old in of_old)


def test_the_plans_and_the_expectations_name_every_server() -> None:
    expected = yaml.safe_load((FOLDER / "expected.yml").read_text())
    planned = [plan["bench_frameworks"] for plan in PLANS]
    assert planned == [sorted(names) for names in planned]
    assert sorted(chain(*planned)) == [named(CALIBRATION, name) for name in NAMES]
    assert sorted(expected) == NAMES
    for expectation in expected.values():
        assert expectation.keys() <= {"outcome", "reason", "remark", "truths"}
        assert set(expectation["outcome"]) <= {"ok", "degraded", "failed"}
        assert expectation["outcome"] == ["ok"] or expectation["reason"]
        for truth in expectation.get("truths", {}).values():
            assert truth.keys() == {"value", "within"}


@pytest.mark.parametrize("name", [CALIBRATION, *NAMES])
def test_readiness_is_answered_and_sigterm_ends_it(name: str) -> None:
    with started(ENVIRONMENTS[name]) as server:
        for _ in range(3):
            assert ask_once(ADDRESS, server.port, PATIENCE) is None
        with server.connect() as connection:
            connection.sendall(OTHER.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            assert b" 404 " in read_end(connection).split(b"\r\n")[0]
        server.process.terminate()
        assert server.process.wait(PATIENCE) == -signal.SIGTERM


def run_to_its_end(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """The server, started in an environment that it refuses."""
    return subprocess.run(
        [sys.executable, "server.py"],
        cwd=FOLDER,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_it_says_what_its_environment_lacks() -> None:
    for workers, port, wrong in (("2", "8080", "BENCH_WORKERS"), ("1", "", "BENCH_PORT")):
        environment = {**os.environ, "BENCH_ADDRESS": ADDRESS}
        environment |= {"BENCH_PORT": port, "BENCH_WORKERS": workers}
        done = run_to_its_end(environment)
        assert done.returncode == 2
        assert wrong in done.stderr


@pytest.mark.parametrize(
    "text", ["", "fast", "[1]", '{"delya": 1}', '{"rate": 5000, "behaviour": {}}']
)
def test_a_behaviour_that_it_does_not_understand_is_named(text: str) -> None:
    environment = {**os.environ, "BENCH_ADDRESS": ADDRESS, "BENCH_PORT": "8080", "BEHAVIOUR": text}
    done = run_to_its_end(environment)
    assert done.returncode == 2
    assert done.stderr.startswith("BEHAVIOUR must be a JSON object with any of delay, ")
    assert done.stderr.endswith(f": got {text!r}\n")


@pytest.mark.parametrize("name", [CALIBRATION, *HEALTHY])
def test_a_healthy_one_answers_whole_batches_in_order(name: str) -> None:
    batch, answers = HELLO * 3 + OTHER + HELLO * 4, GOOD * 3 + MISSING + GOOD * 4
    with started(ENVIRONMENTS[name]) as server, server.connect() as connection:
        for _ in range(2):
            connection.sendall(batch)
            assert read(connection, len(answers)) == answers
        half_close = b"HEAD / HTTP/1.1\r\nHost: here\r\n\r\n" + HELLO
        connection.sendall(half_close)
        connection.shutdown(socket.SHUT_WR)
        assert read_end(connection) == GOOD.removesuffix(b"Hello world!") + GOOD


def test_a_batch_cut_in_two_is_one_batch() -> None:
    server = code.Server(BEHAVIOURS["delay-40ms"], ADDRESS, 0)
    with server.listener, socket.create_connection(server.listener.getsockname()) as client:
        select.select([server.listener], [], [])
        server.accept(now=0.0)
        (connection,) = server.connections.values()
        for part in ((HELLO * 5)[:70], (HELLO * 5)[70:]):
            client.sendall(part)
            select.select([connection.socket], [], [])
            server.receive(connection)
        due = connection.since + 0.04
        assert server.pacing.due() == due
        assert server.pacing.take(due - 0.001) is None
        assert server.pacing.take(due) is connection
        assert server.pacing.due() is None
        server.answer(connection)
        assert read(client, len(GOOD) * 5) == GOOD * 5
        server.close(connection)


def test_each_byte_alone_is_understood() -> None:
    content = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\n\r\n\r\n"
    batch, answers = HELLO + content + HELLO, GOOD + MISSING + GOOD
    with started(ENVIRONMENTS["delay-5ms"]) as server, server.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in batch:
            connection.sendall(bytes([byte]))
        assert read(connection, len(answers)) == answers


@pytest.mark.parametrize(
    "bad", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n: x\r\n\r\n"]
)
def test_a_bad_request_ends_the_connection_after_the_good_ones(bad: bytes) -> None:
    with started(ENVIRONMENTS["delay-5ms"]) as server, server.connect() as connection:
        connection.sendall(HELLO + bad + HELLO)
        seen = read_end(connection)
        assert seen.startswith(GOOD + b"HTTP/1.1 400 ")
        assert seen.count(b"HTTP/1.1") == 2


def test_answers_that_do_not_fit_are_sent_when_they_are_read() -> None:
    count = 100_000
    with started(ENVIRONMENTS["delay-5ms"]) as server, server.connect() as connection:
        connection.sendall(HELLO * count)
        time.sleep(0.1)
        connection.settimeout(PATIENCE)
        seen = read(connection, len(GOOD) * count)
        assert seen == GOOD * count
        assert timed(connection) >= 0.005


@pytest.mark.parametrize(("name", "least"), [("5ms", 0.005), ("40ms", 0.04), ("450ms", 0.45)])
def test_constant_delay(name: str, least: float) -> None:
    assert delay_of(f"delay-{name}")(0.0) == least
    with started(ENVIRONMENTS[f"delay-{name}"]) as server, server.connect() as connection:
        assert timed(connection) >= least


def delay_of(name: str, **other: Any) -> code.Delay:
    """How long a batch takes, by the seconds since the load began."""
    words = BEHAVIOURS[name]["delay"] | other
    return code.DELAYS[words.pop("kind")](**words)


def test_drawn_delays_lie_where_they_should() -> None:
    draw = delay_of("delay-uniform")
    seen = sorted(draw(0.0) for _ in range(1000))
    assert 0.01 <= seen[0] < 0.011
    assert seen[500] == pytest.approx(0.02, abs=0.001)
    assert 0.029 < seen[-1] <= 0.03
    draw = delay_of("delay-bimodal")
    seen = [draw(0.0) for _ in range(1000)]
    assert set(seen) == {0.005, 0.05}
    assert seen.count(0.05) == pytest.approx(100, abs=20)


def test_the_pace_changes_after_the_load_began() -> None:
    for name, before, half_way, after in (
        ("slow-start", 0.04, 0.025, 0.01),
        ("slows-down", 0.01, 0.01, 0.04),
    ):
        delay, seconds = delay_of(name), BEHAVIOURS[name]["delay"]["seconds"]
        seen = [delay(seconds * share) for share in (0, 0.5, 1, 2)]
        assert seen == pytest.approx([before, half_way, after, after])
    environment = altered("slows-down", delay={"seconds": 1e-9})
    with started(environment) as server, load(server) as connections:
        timed(connections[-1])  # it has all of them now
        assert timed(connections[0]) >= 0.04


def connection_with(requests: int, since: float, stack: ExitStack) -> code.Connection:
    """One that has sent so many."""
    ends = socket.socketpair()
    for end in ends:
        stack.enter_context(end)
    connection = code.Connection(ends[0])
    connection.requests, connection.since = [parse(HELLO[:-4])] * requests, since
    return connection


def test_the_rate_is_one_over_all_connections() -> None:
    pacing = code.Rated(BEHAVIOURS["rate-limited"]["rate"])
    with ExitStack() as stack:
        connections = [connection_with(125, 10.0, stack) for _ in range(LOAD)]
        for connection in connections:
            pacing.add(connection, 0.0)
        for number, connection in enumerate(connections, start=1):
            due = present(pacing.due())
            assert due == pytest.approx(10 + number * 0.025)
            assert pacing.take(due - 0.001) is None
            assert pacing.take(due + 0.3) is connection  # being late does not add up
    with started(ENVIRONMENTS["rate-limited"]) as server, load(server) as clients:
        begun = time.monotonic()
        for client in clients:
            client.sendall(HELLO * 125)
        for client in clients:
            assert read(client, len(GOOD) * 125) == GOOD * 125
        assert time.monotonic() - begun >= 0.2


def test_a_client_that_left_costs_the_others_no_time() -> None:
    environment = altered("rate-limited", rate=50)
    with started(environment) as server, server.connect() as stays:
        with server.connect() as leaves:
            leaves.sendall(HELLO * 50_000)  # 1,000 s
        timed(stays)  # within the patience of a socket


def closes_silently(_server: Process, connection: socket.socket) -> None:
    connection.sendall(HELLO * 5)
    assert read_end(connection) == GOOD * 5


def closes_saying_so(_server: Process, connection: socket.socket) -> None:
    connection.sendall(HELLO * 5)
    assert read_end(connection) == GOOD * 4 + MARKED


def last_marked_close(_server: Process, connection: socket.socket) -> None:
    for _ in range(2):
        connection.sendall(HELLO * 5)
        assert read(connection, len(GOOD * 4 + MARKED)) == GOOD * 4 + MARKED
    assert is_silent(connection)


def partial_then_hangs(server: Process, connection: socket.socket) -> None:
    connection.sendall(HELLO * 5)
    assert read(connection, len(GOOD)) == GOOD
    assert is_silent(connection)
    connection.sendall(HELLO)
    assert is_silent(connection)
    assert ask_once(ADDRESS, server.port, PATIENCE) is None


def wrong_body(_server: Process, connection: socket.socket) -> None:
    connection.sendall(HELLO * 4 + OTHER)
    assert read(connection, len(GOOD) * 4 + len(MISSING)) == WRONG * 4 + MISSING


def only_probe(_server: Process, connection: socket.socket) -> None:
    other_headers = HELLO.replace(b"\r\n\r\n", b"\r\nAccept: */*\r\n\r\n")
    connection.sendall(HELLO + other_headers + HELLO)
    assert read(connection, len(GOOD) * 3) == WRONG + GOOD + WRONG


def one_too_many(_server: Process, connection: socket.socket) -> None:
    connection.sendall(OTHER + HELLO)
    assert read(connection, len(MISSING + GOOD + GOOD)) == MISSING + GOOD + GOOD
    assert is_silent(connection)


def truncated(_server: Process, connection: socket.socket) -> None:
    connection.sendall(HELLO * 5)
    assert read(connection, len(GOOD) * 5 - 5) == (GOOD * 5)[:-5]
    assert is_silent(connection)


def resets(_server: Process, connection: socket.socket) -> None:
    connection.sendall(HELLO * 5)
    assert read(connection, len(GOOD) * 5) == GOOD * 5
    with pytest.raises(ConnectionResetError):
        connection.recv(1)


def swapped(_server: Process, connection: socket.socket) -> None:
    connection.sendall(HELLO + HELLO + OTHER + HELLO)
    answers = MISSING + GOOD + GOOD + GOOD
    assert read(connection, len(answers)) == answers


def errors_now_and_then(_server: Process, connection: socket.socket) -> None:
    every = BEHAVIOURS["errors-now-and-then"]["fault"]["every"]
    connection.sendall(HELLO * 2 * every + OTHER)
    seen = b""
    while not seen.endswith(MISSING):
        seen += connection.recv(2**16)
    statuses = [answer[:3] for answer in seen.split(b"HTTP/1.1 ")[1:]]
    assert len(statuses) == 2 * every + 1
    errors = [place for place, status in enumerate(statuses) if status == b"503"]
    assert len(errors) == 2
    assert errors[1] - errors[0] == every


def leaks(server: Process, connection: socket.socket) -> None:
    timed(connection, 5)
    before = server.resident_kb()
    with load(server):
        timed(connection, 5000)
    assert server.resident_kb() - before >= 4 * 5000


AT_ONCE: dict[str, Callable[[Process, socket.socket], None]] = {
    "closes-silently": closes_silently,
    "closes-saying-so": closes_saying_so,
    "last-marked-close": last_marked_close,
    "partial-then-hangs": partial_then_hangs,
    "wrong-body": wrong_body,
    "only-probe": only_probe,
    "one-too-many": one_too_many,
    "truncated": truncated,
    "resets": resets,
    "swapped": swapped,
    "errors-now-and-then": errors_now_and_then,
    "leaks": leaks,
}
AFTER_A_WHILE = ["crashes-after", "hangs-after", "restarts-itself", "turns-bad"]
OF_MANY = [
    "hangs-one",
    "hangs-tenth",
    "serves-first-100",
    "swapped-loaded",
    "wrong-body-loaded",
]

# How a batch as wrk's is answered on the 21st connection while 101 are open, and another batch.
LIES: dict[str, tuple[bytes, bytes]] = {
    "tiny-for-load": (faults.LIES["tiny"], GOOD),
    "tiny-in-window": (faults.LIES["tiny"], GOOD),
    "not-modified-for-load": (faults.LIES["not-modified"], GOOD),
    "no-content-loaded": (faults.LIES["no-content"], GOOD),
    "bare-loaded": (faults.LIES["bare"], GOOD),
    "honest-on-20": (faults.LIES["tiny"], faults.LIES["tiny"]),
    "busy-beyond-100": (faults.LIES["busy-page"], faults.LIES["busy-page"]),
    "moved-beyond-100": (faults.LIES["moved"], faults.LIES["moved"]),
}
OF_ANSWERS = ["wrong-once-in-1000", "informs", "counts"]


@pytest.mark.parametrize("name", LIES)
def test_it_lies_to_the_load(name: str) -> None:
    words = dict(BEHAVIOURS[name]["fault"])
    fault = faults.FAULTS[words.pop("kind")](**words)

    def answer(*heads: bytes, connection: int = 20, place: int = 101) -> bytes:
        requests = [parse(head.removesuffix(b"\r\n\r\n")) for head in heads]
        return fault(faults.Batch(requests, connection, place, faults.Load()))[0]

    as_wrk, other = LIES[name]
    assert answer(HELLO, HELLO) == as_wrk * 2
    assert answer(HELLO, OTHER) == other + MISSING
    first = answer(HELLO, HELLO, connection=19, place=100)
    assert first == (as_wrk if other == GOOD else GOOD) * 2


def test_one_answer_of_so_many_is_wrong_under_load() -> None:
    fault = faults.FAULTS["wrong-once-in"](answers=10)
    load = faults.Load()
    batch = faults.Batch([parse(HELLO[:-4])] * 5, 0, 1, load)
    assert [fault(batch)[0] for _ in range(4)] == [GOOD * 5] * 4
    load.number = 1
    seen = b"".join(fault(batch)[0] for _ in range(4))
    assert seen == (GOOD * 9 + WRONG) * 2


def test_what_is_right_and_unusual() -> None:
    batch = faults.Batch([parse(HELLO[:-4])] * 2, 0, 1, faults.Load())
    assert faults.FAULTS["informs"]()(batch)[0].split(GOOD) == [
        b"HTTP/1.1 103 Early Hints\r\n\r\n"
    ] * 2 + [b""]
    fault = faults.FAULTS["counts"]()
    sizes = {len(fault(batch)[0]) for _ in range(8)}
    assert len(sizes) > 1


def test_every_misbehaviour_is_tested() -> None:
    tested = [*HEALTHY, *AT_ONCE, *AFTER_A_WHILE, *OF_MANY, *LIES, *OF_ANSWERS]
    assert sorted(tested) == NAMES


@pytest.mark.parametrize("name", AT_ONCE)
def test_it_misbehaves_as_it_says(name: str) -> None:
    with started(ENVIRONMENTS[name]) as server, server.connect() as connection:
        AT_ONCE[name](server, connection)


def test_it_hangs_after_so_many_requests_under_load() -> None:
    environment = altered("hangs-after", fault={"after_requests": 40})
    with started(environment) as server:
        with server.connect() as connection:
            timed(connection, 100)
        with load(server) as connections:
            for connection in connections:
                timed(connection)
            connections[0].sendall(HELLO)
            assert is_silent(connections[0])
        assert ask_once(ADDRESS, server.port, SILENCE) is not None


def test_it_crashes_after_the_load_began() -> None:
    environment = altered("crashes-after", ends={"after_s": 0.1})
    with started(environment) as server:
        time.sleep(0.15)
        assert server.process.poll() is None
        with load(server):
            assert server.process.wait(PATIENCE) == -signal.SIGABRT


def test_it_restarts_as_the_same_process() -> None:
    environment = altered("restarts-itself", ends={"after_s": 0.2})
    with started(environment) as server:
        with load(server) as connections:
            for connection in connections:
                assert connection.recv(1) == b""
        assert wait_for_answer(ADDRESS, server.port, PATIENCE) is None
        assert server.process.poll() is None


MIXED = HELLO + OTHER + OTHER + HELLO + OTHER  # as the probe asks
RIGHT = GOOD + MISSING + MISSING + GOOD + MISSING
REVERSED = MISSING + GOOD + MISSING + MISSING + GOOD


def asked(connection: socket.socket) -> bytes:
    """What is answered to a mixed batch."""
    connection.sendall(MIXED)
    return read(connection, len(RIGHT))


def unanswered(connections: list[socket.socket], count: int) -> list[socket.socket]:
    """Ask on all of them: those that stay silent, which must be so many."""
    for connection in connections:
        connection.sendall(HELLO)
    waiting = list(connections)
    while len(waiting) > count:
        ready, _, _ = select.select(waiting, [], [], PATIENCE)
        assert ready
        for connection in ready:
            assert read(connection, len(GOOD)) == GOOD
            waiting.remove(connection)
    assert all(map(is_silent, waiting))
    return waiting


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("wrong-body-loaded", RIGHT.replace(GOOD, WRONG)), ("swapped-loaded", REVERSED)],
)
def test_it_is_wrong_only_while_many_are_open(name: str, wrong: bytes) -> None:
    most = BEHAVIOURS[name]["when"]["more_than"]
    with started(ENVIRONMENTS[name]) as server, load(server, most) as connections:
        for _ in range(2):
            assert asked(connections[0]) == asked(connections[-1]) == RIGHT
            with server.connect() as one_more:
                assert asked(one_more) == asked(connections[0]) == wrong
                assert ask_once(ADDRESS, server.port, PATIENCE) is None


@pytest.mark.parametrize(("name", "count", "hung"), [("hangs-one", 12, 1), ("hangs-tenth", 25, 2)])
def test_some_connections_hang_in_each_load(name: str, count: int, hung: int) -> None:
    environment = altered(name, delay={"ms": 5}, fault={"after_batches": 3})
    with started(environment) as server, server.connect() as beside:
        for _ in range(5):
            timed(beside)  # no load
        for _ in range(2):
            with load(server, count) as connections:
                for _ in range(3):
                    assert unanswered(connections, 0) == []
                silent = unanswered(connections, hung)
                others = [one for one in connections if one not in silent]
                for _ in range(3):
                    assert unanswered(others, 0) == []
                timed(beside)
                assert all(map(is_silent, silent))
            timed(beside)  # it has seen the load end


def test_those_that_come_after_the_first_100_are_never_served() -> None:
    environment = altered("serves-first-100", fault={"connections": 10})
    with started(environment) as server, server.connect() as beside:
        timed(beside)
        for _ in range(2):
            with load(server, 14) as connections:
                for _ in range(2):
                    assert unanswered(connections, 5) == connections[9:]
                timed(beside)
            timed(beside)  # it has seen them leave


def test_half_of_the_connections_get_nine_tenths() -> None:
    behaviour = BEHAVIOURS["unfair"]
    quick_ms, slow_ms = (words["ms"] for words in behaviour["delays"])
    assert slow_ms == 9 * quick_ms
    pacing = code.pacing(behaviour)
    with ExitStack() as stack:
        for number, ms in enumerate([quick_ms, slow_ms] * 2):
            connection = connection_with(5, 10.0, stack)
            connection.number = number
            pacing.add(connection, 0.0)
            assert pacing.due() == 10 + ms / 1000
            assert pacing.take(20.0) is connection
    with started(ENVIRONMENTS["unfair"]) as server, load(server, 2) as connections:
        assert max(map(timed, connections)) >= slow_ms / 1000


def test_it_turns_bad_in_the_second_half_of_the_window() -> None:
    turns_bad = named(CALIBRATION, "turns-bad")
    (plan,) = [plan for plan in PLANS if turns_bad in plan["bench_frameworks"]]
    when = dict(BEHAVIOURS["turns-bad"]["when"])
    assert plan["bench_duration"] / 2 < when["after_s"] < 0.75 * plan["bench_duration"]
    assert plan["bench_warmup"] > 0  # so the window is the second load
    assert when["number"] == 2
    is_now = faults.WHENS[when.pop("kind")](**when)
    now = time.monotonic()
    for number, lasts_s, expected in ((1, 3, False), (2, 2, False), (2, 3, True), (3, 3, False)):
        ongoing = faults.Load(LOAD, number, now - 99, now - lasts_s)
        assert is_now(ongoing) is expected
        ongoing.closed()
        assert not is_now(ongoing)


def test_it_turns_bad_in_the_second_load_alone() -> None:
    environment = altered("turns-bad", when={"after_s": 1e-9})
    with started(environment) as server, server.connect() as beside:
        for expected in (RIGHT, RIGHT.replace(GOOD, WRONG), RIGHT):
            assert asked(beside) == RIGHT
            with load(server) as connections:
                assert asked(connections[-1]) == asked(beside) == expected

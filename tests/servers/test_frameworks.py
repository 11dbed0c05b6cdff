"""What every framework must do, whichever there are: found by its folder, probed with sockets."""

import re
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.servers.conftest import Answer, Framework, Server

pytestmark = pytest.mark.servers

HELLO = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
MISSING = b"GET /missing HTTP/1.1\r\nHost: test\r\n\r\n"

# What is known of a framework (by its folder) and not this project's to mend. Each is asserted to
# be so still.
# their managers wait for a worker that was ended before it had started: sanic's 30 s, granian's 5 s
ENDS_LATE_WHILE_IT_STARTS = {"sanic", "granian"}
# its manager looks at the state of a worker, which has removed it just before
MAY_SAY_WHEN_IT_ENDS = {"sanic": "AttributeError: 'NoneType' object has no attribute 'get'\n"}
DIES_IN_A_PIPELINE = {"japronto"}
REFUSES_WHAT_CAME_BEFORE_A_CLOSE = {"aiohttp"}
BREAKS = {
    "test_answers_what_came_before_a_close[hypercorn-amid]": "answers the one that closes with 400",
    "test_answers_what_came_before_a_close[robyn-amid]": "leaves the connection open",
    "test_answers_what_came_before_a_close[socketify-amid]": "answers what follows, and goes on",
    "test_closes_when_told_to[socketify-1.0]": "answers no request without Host",
    "test_takes_a_request_in_pieces[socketify]": "closes after a piece that ends behind the method",
    "test_answers_a_pipeline_in_order[socketify-cut-2]": "the same: it answers that piece with 505",
}


@pytest.fixture(autouse=True)
def known(request: pytest.FixtureRequest) -> None:
    if request.node.name in BREAKS:
        reason = BREAKS[request.node.name]
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))


@pytest.fixture
def conforming(framework: "Framework") -> None:
    if framework.stack != "current":
        pytest.skip(f"is of {framework.stack}, and measured with the faults it had")


@pytest.fixture
def parsing(conforming: None, framework: "Framework") -> None:  # noqa: ARG001
    if framework.role == "ceiling":
        pytest.skip("the ceiling answers blank lines and does not parse, as its note says")


@pytest.fixture
def pipelining(conforming: None, framework: "Framework") -> None:  # noqa: ARG001
    if framework.folder in DIES_IN_A_PIPELINE:
        pytest.skip("dies in a pipeline, as test_dies_in_a_pipeline shows")


def is_hello(answer: "Answer") -> bool:
    kind = answer.headers["content-type"].partition(";")[0]
    return (answer.status, kind, answer.body) == (200, "text/plain", b"Hello world!")


def test_answers_one_request(server: "Server") -> None:
    with server.connect() as client:
        client.send(HELLO)
        answer = client.answer()
        assert is_hello(answer)
        assert answer.version == "HTTP/1.1"


@pytest.mark.usefixtures("conforming")
def test_answers_and_keeps_the_connection(server: "Server") -> None:
    with server.connect() as client:
        for _ in range(3):
            client.send(HELLO)
            answer = client.answer()
            assert is_hello(answer)
            assert answer.headers.get("connection", "keep-alive").lower() == "keep-alive"


@pytest.mark.usefixtures("parsing")
def test_anything_else_is_not_found(server: "Server") -> None:
    with server.connect() as client:
        client.send(MISSING)
        assert client.answer().status == 404
        client.send(HELLO)
        assert is_hello(client.answer())


@pytest.mark.usefixtures("conforming")
@pytest.mark.parametrize(
    "request_",
    [b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n"],
    ids=["close", "1.0"],
)
def test_closes_when_told_to(framework: "Framework", server: "Server", request_: bytes) -> None:
    if framework.role == "ceiling" and b"close" not in request_:
        pytest.skip("the ceiling does not know versions")
    with server.connect() as client:
        client.send(request_)
        assert is_hello(client.answer())
        assert client.closed()


@pytest.mark.usefixtures("conforming")
def test_takes_a_request_in_pieces(server: "Server") -> None:
    cuts = re.split(rb"(?<=[/\rHo])", HELLO)
    with server.connect() as client:
        for piece in cuts:
            client.send(piece)
            time.sleep(0.005)
        assert is_hello(client.answer())


@pytest.mark.usefixtures("pipelining")
@pytest.mark.parametrize("depth", [2, 5, 16, 64])
@pytest.mark.parametrize("cut", [0, 1], ids=["whole", "cut"])
def test_answers_a_pipeline_in_order(
    framework: "Framework", server: "Server", depth: int, cut: int
) -> None:
    other = 200 if framework.role == "ceiling" else 404  # which has one answer to everything
    wanted = [(200, other)[i % 3 == 1] for i in range(depth)]
    batch = b"".join({200: HELLO, 404: MISSING}[status] for status in wanted)
    with server.connect() as client:
        for middle in (0, len(batch) // 2 + 1):
            client.send(batch[: middle * cut])
            time.sleep(0.005 * cut)
            client.send(batch[middle * cut :])
            answers = [client.answer() for _ in wanted]
            assert [answer.status for answer in answers] == wanted
            assert all(is_hello(answer) for answer in answers if answer.status == 200)


@pytest.mark.usefixtures("pipelining", "parsing")
@pytest.mark.parametrize("rest", [b"", HELLO], ids=["last", "amid"])
def test_answers_what_came_before_a_close(
    framework: "Framework", server: "Server", rest: bytes
) -> None:
    close = HELLO.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    statuses: list[int] = []
    with server.connect() as client:
        client.send(HELLO + MISSING + close + rest)
        with suppress(EOFError):
            statuses.extend(client.answer().status for _ in range(3))
        assert client.closed()
    refused = bool(rest) and framework.folder in REFUSES_WHAT_CAME_BEFORE_A_CLOSE
    assert statuses == ([400] if refused else [200, 404, 200])


def test_dies_in_a_pipeline(framework: "Framework") -> None:
    if framework.folder not in DIES_IN_A_PIPELINE:
        pytest.skip("is expected to live, and other tests see to it")
    with framework.running() as server:
        deadline = time.monotonic() + 10
        with suppress(OSError, EOFError):
            while time.monotonic() < deadline:
                with server.connect() as client:
                    for _ in range(100):
                        client.send(HELLO * 16)
                        for _ in range(16):
                            client.answer()
        assert server.process.wait(5) in {-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS}


def test_ends_when_told_to(framework: "Framework") -> None:
    with framework.running(workers=2) as server, server.connect() as client:
        if framework.folder in ENDS_LATE_WHILE_IT_STARTS:
            server.wait_until_idle()
        for _ in range(16):  # the connections spread over the workers
            with server.connect() as other:
                other.send(HELLO)
                assert is_hello(other.answer())
        client.send(HELLO)
        client.answer()
        server.process.terminate()
        server.process.wait(10)  # or it hangs
        with pytest.raises(ConnectionRefusedError):
            server.connect()
        printed, said = server.process.communicate()
        assert printed == ""
        assert said == "" or MAY_SAY_WHEN_IT_ENDS.get(framework.folder, "\0") in said


@pytest.mark.parametrize(
    "wrong",
    [
        {"BENCH_ADDRESS": "localhost"},
        {"BENCH_ADDRESS": ""},
        {"BENCH_PORT": "0"},
        {"BENCH_PORT": ""},
        {"BENCH_WORKERS": "0"},
        {"BENCH_WORKERS": "two"},
    ],
    ids=str,
)
def test_refuses_wrong_settings(framework: "Framework", wrong: dict[str, str]) -> None:
    right = {"BENCH_ADDRESS": "127.0.0.1", "BENCH_PORT": "1", "BENCH_WORKERS": "1"}
    process = framework.start(**right | wrong)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (2, "")
    assert next(iter(wrong)) in err
    assert len(err.splitlines()) == 1

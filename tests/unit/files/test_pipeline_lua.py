"""files/pipeline.lua in the wrk that is installed, against a server that counts what it is sent."""

import json
import os
import shutil
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "files" / "pipeline.lua"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nHello world!"

pytestmark = pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")


class Server(socketserver.ThreadingTCPServer):
    """Answers a connection only when `depth` requests have come, and notes how many had."""

    daemon_threads = True
    depth = 1

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.batches: list[int] = []
        self.wrong, self.wrong_every = ANSWER, 1
        self.first = b""


class Connection(socketserver.BaseRequestHandler):
    server: Server

    def handle(self) -> None:
        with suppress(ConnectionError):  # wrk does not take leave
            self.answer()

    def answer(self) -> None:
        batch = b""
        while data := self.request.recv(65536):
            batch += data
            if (count := batch.count(b"\r\n\r\n")) >= self.server.depth:
                self.server.first = self.server.first or batch
                self.server.batches.append(count)
                wrong = len(self.server.batches) % self.server.wrong_every == 0
                self.request.sendall((self.server.wrong if wrong else ANSWER) * count)
                batch = b""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield server
        server.shutdown()


def wrk(
    server: Server,
    *words: str,
    script: Path = SCRIPT,
    result: Path | None = None,
    check: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    url = f"http://127.0.0.1:{server.server_address[1]}/path"
    return subprocess.run(
        ["wrk", "-t2", "-c4", "-d1s", "-H", "X-Mark: yes", "-s", script, url, *words],
        env={**os.environ, **({"WRK_RESULT": str(result)} if result else {}), **(check or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("depth", [1, 5, 16])
def test_writes_depth_requests_at_once_and_tells_what_was_counted(
    server: Server, tmp_path: Path, depth: int
) -> None:
    server.depth = depth
    result = tmp_path / "result.json"
    ran = wrk(server, "--", str(depth), result=result)
    assert (ran.returncode, ran.stderr) == (0, "")
    told = json.loads(result.read_text())
    assert f"{told['requests']} requests in" in ran.stdout

    assert set(server.batches) == {depth}
    assert server.first.count(b"GET /path HTTP/1.1\r\n") == depth
    assert server.first.count(b"X-Mark: yes\r\n") == depth

    assert list(told) == [
        *("schema_version", "depth", "threads", "duration_us", "requests", "bytes"),
        *("errors", "latency"),
    ]
    assert (told["schema_version"], told["depth"], told["threads"]) == (1, depth, 2)
    assert told["duration_us"] > 0.9e6
    assert 0 < told["requests"] <= sum(server.batches)
    assert told["bytes"] == pytest.approx(told["requests"] * len(ANSWER), rel=0.1)
    assert told["errors"] == dict.fromkeys(("connect", "read", "write", "status", "timeout"), 0)

    latency = told["latency"]
    values = [value for value, _ in latency["histogram"]]
    assert latency["complete"] is True
    assert values == sorted(set(values))
    assert all(type(number) is int for bin_ in latency["histogram"] for number in bin_)
    assert all(count > 0 for _, count in latency["histogram"])
    assert latency["min_us"] in values
    assert latency["max_us"] == values[-1]
    # wrk's correction adds to what was recorded and takes nothing away.
    assert sum(count for _, count in latency["histogram"]) >= told["requests"] // depth
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


@pytest.mark.parametrize("words", [(), ("--", "0"), ("--", "-5"), ("--", "abc"), ("--", "1e3")])
def test_without_a_depth_nothing_is_sent(
    server: Server, tmp_path: Path, words: tuple[str, ...]
) -> None:
    ran = wrk(server, *words, result=tmp_path / "result.json")
    assert ran.returncode == 1
    assert ran.stderr.startswith("pipeline.lua: the depth ")
    assert not words or f"'{words[1]}'" in ran.stderr
    assert not server.batches
    assert not list(tmp_path.iterdir())


def test_without_wrk_result_only_wrk_speaks(server: Server) -> None:
    ran = wrk(server, "--", "1")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Requests/sec" in ran.stdout


def test_a_result_that_cannot_be_written_is_an_error(server: Server, tmp_path: Path) -> None:
    ran = wrk(server, "--", "1", result=tmp_path / "nowhere" / "result.json")
    assert ran.returncode == 1
    assert "cannot write the result" in ran.stderr


def test_no_answer_at_all_is_an_empty_histogram(server: Server, tmp_path: Path) -> None:
    server.depth = 2  # never reached
    result = tmp_path / "result.json"
    assert wrk(server, "--", "1", result=result).returncode == 0
    told = json.loads(result.read_text())
    assert told["requests"] == 0
    assert told["latency"] == {"min_us": None, "max_us": None, "complete": True, "histogram": []}


def test_large_counts_are_exact_and_an_unknown_array_is_read_through_the_api(
    server: Server, tmp_path: Path
) -> None:
    large = 2**53 - 1
    wrapper = tmp_path / "wrapper.lua"
    wrapper.write_text(f"""
        dofile("{SCRIPT}")
        local inner = done
        function done(summary, latency, requests)
           summary.bytes = {large}
           local bins = {{ {{ 10, {large} }}, {{ 2000000, 1 }} }}
           local foreign = {{ min = 10, max = 2000000, true, true }}
           setmetatable(foreign, {{ __call = function(_, i) return unpack(bins[i]) end }})
           inner(summary, foreign, requests)
        end
    """)
    result = tmp_path / "result.json"
    assert wrk(server, "--", "1", script=wrapper, result=result).stderr == ""
    told = json.loads(result.read_text())
    assert told["bytes"] == large
    assert told["latency"] == {
        "min_us": 10,
        "max_us": 2000000,
        "complete": False,
        "histogram": [[10, large], [2000000, 1]],
    }


WRONG = {
    b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nHello, you!!": "body Hello, you!!",
    b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"\xff': 'body "\xff',
    b"HTTP/1.1 302 Found\r\nContent-Length: 3\r\n\r\nno\\": "status 302, body no\\",
    b"HTTP/1.1 304 Not Modified\r\n\r\n": "status 304, body ",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nc\r\nHello world!\r\n0\r\n\r\n": (
        "no field content-length"
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_every_answer_is_checked(server: Server, tmp_path: Path, wrong: bytes) -> None:
    server.depth, server.wrong, server.wrong_every = 5, wrong, 100
    result = tmp_path / "result.json"
    check = {"WRK_CHECK": "Hello world!", "WRK_CHECK_FIELDS": "content-length"}
    assert wrk(server, "--", "5", result=result, check=check).stderr == ""
    seen = json.loads(result.read_text())
    checked = seen["checked"]
    # the others of a batch that the end cut off are answered, too
    batches = len(server.batches) // server.wrong_every
    count = (
        sum(checked["other_statuses"].values()) + checked["wrong_body"] + checked["lacking_field"]
    )
    assert 5 * (batches - 4) <= count <= 5 * batches
    assert checked["first_wrong"] == WRONG[wrong]
    assert checked["answers"] == seen["requests"]


def test_an_answer_that_varies_in_case_and_order_is_right(server: Server, tmp_path: Path) -> None:
    server.wrong = (
        b"HTTP/1.1 200 Fine\r\nX-More: 1\r\nCONTENT-TYPE: text/plain\r\n"
        b"TRANSFER-encoding: Chunked\r\n\r\n6;x=y\r\nHello \r\n06\r\nworld!\r\n0\r\n\r\n"
    )
    result = tmp_path / "result.json"
    check = {"WRK_CHECK": "Hello world!", "WRK_CHECK_FIELDS": "content-type transfer-encoding"}
    wrk(server, "--", "1", result=result, check=check)
    checked = json.loads(result.read_text())["checked"]
    assert checked == {
        "answers": checked["answers"],
        "other_statuses": {},
        "wrong_body": 0,
        "lacking_field": 0,
        "first_wrong": "",
    }

"""The probe against small servers whose behaviour is known: each is classed as what it is."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import target
from command_line import DEEPEST, main
from connection import Connection
from probing import run_probe
from request import Writer
from target import Order

from tests.present import present
from tests.unit.files.probe.servers import (
    ALL,
    CLOSE,
    PATIENT,
    QUICK,
    Serve,
    Server,
    answer,
    batches,
    closed_port,
    every,
    first_then_close,
    healthy,
    right,
    running,
    seen,
    spoiling,
)


@pytest.fixture(autouse=True)
def shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes on for ever is cut short sooner here."""
    monkeypatch.setattr(target, "CASE_TIMEOUTS", 3)


# -- All is well ---------------------------------------------------------------------------------


def test_a_healthy_server_holds_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    with running(healthy) as server:
        assert main(["127.0.0.1", str(server.port), "--timeout", "5", "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema_version"] == 1
    assert (document["address"], document["port"]) == ("127.0.0.1", server.port)
    assert document["depth"] == 16
    assert document["started"] <= document["ended"]
    assert document["error"] is None
    cases = {case["name"]: case for case in document["cases"]}
    assert list(cases) == ALL
    assert {
        name: (case["class"], case["conforms"]) for name, case in cases.items()
    } == dict.fromkeys(ALL, ("full", True))
    assert all(case["answered"] == case["expected"] > 0 for case in cases.values())
    assert cases["pipelined"]["expected"] == 16
    assert cases["pipelined-deeper"]["expected"] == 64
    assert cases["keep-alive"]["expected"] == 50 * 16
    assert [name for name in ALL if cases[name]["relied_on"]] == ALL[:6]
    assert all(re.search("RFC 9[0-9]{3}", case["asks"]) for case in cases.values())


@pytest.mark.parametrize("depth", [1, 40])
def test_other_depths(depth: int) -> None:
    cases = seen(healthy, *ALL[:8], depth=depth)
    assert [case["class"] for case in cases] == ["full"] * 8
    assert cases[2]["expected"] == max(64, 4 * depth)


def test_the_largest_depth_is_probed() -> None:
    """Which is that of a plan, as test_run_plan.py says."""
    with running(healthy) as server:
        words = ["--depth", str(DEEPEST), "--timeout", "5", "--case", "pipelined"]
        assert main(["127.0.0.1", str(server.port), *words]) == 0


def test_the_paths_of_two_runs_differ() -> None:
    one, other = (Writer("host", 80) for _ in range(2))
    one.run, other.run = 1, 2
    assert one.get(missing=True).data != other.get(missing=True).data


@pytest.mark.parametrize("count", range(2, 40))
def test_a_reversed_or_shifted_batch_is_seen(count: int) -> None:
    for make in (Writer("host", 80).mixed, Writer("host", 80).alternating):
        statuses = [min(request.statuses) for request in make(count)]
        assert set(statuses) == {200, 404}
    mixed = [min(request.statuses) for request in Writer("host", 80).mixed(count)]
    assert mixed != mixed[::-1]
    assert mixed != mixed[1:] + mixed[:1]


@pytest.mark.parametrize("host", ["::1", "localhost"])
def test_ipv6_and_names(host: str) -> None:
    try:
        with running(healthy, "::1" if ":" in host else "127.0.0.1") as server:
            report = run_probe(Order(host, server.port, 5, PATIENT, ["single", "pipelined"]))
    except OSError:
        pytest.skip("no IPv6 here")
    assert report.exit_status() == 0


def test_a_slow_server_is_no_broken_one() -> None:
    def serve(connection: socket.socket, _: Server) -> None:
        for paths in batches(connection):
            time.sleep(0.15)
            connection.sendall(every(paths))

    (case,) = seen(serve, "keep-alive", timeout=1.0)
    assert (case["class"], case["conforms"]) == ("full", True)
    assert 0 < present(case["answered"]) < 250
    assert case["answered"] == case["expected"]
    assert "the time was up before the other" in case["detail"]


# -- What can be wrong with a batch --------------------------------------------------------------


def first_then_silent(connection: socket.socket, paths: list[str]) -> object:
    connection.sendall(right(paths[0]))
    connection.recv(65_536)  # whatever comes, no more answers
    connection.recv(65_536)
    return "close"


def first_marked_close(connection: socket.socket, _: list[str]) -> object:
    connection.sendall(answer(fields=CLOSE))
    return "close"


def first_marked_and_all_sent(connection: socket.socket, paths: list[str]) -> None:
    connection.sendall(answer(fields=CLOSE) + every(paths[1:]))


def first_marked_and_silent(connection: socket.socket, _: list[str]) -> None:
    connection.sendall(answer(fields=CLOSE))


def two_swapped(connection: socket.socket, paths: list[str]) -> None:
    connection.sendall(every([paths[1], paths[0], *paths[2:]]))


def backwards(connection: socket.socket, paths: list[str]) -> None:
    connection.sendall(every(paths[::-1]))


def wrong_body(connection: socket.socket, paths: list[str]) -> None:
    connection.sendall(every(paths).replace(b"Hello w", b"Hallo w"))


def wrong_type(connection: socket.socket, paths: list[str]) -> None:
    connection.sendall(every(paths).replace(b"text/plain", b"text/html"))


def an_error(connection: socket.socket, paths: list[str]) -> None:
    connection.sendall(every(paths[:4]) + answer(503, b"busy"))


def one_too_many(connection: socket.socket, paths: list[str]) -> None:
    connection.sendall(every([*paths, "/"]))


def a_tail(connection: socket.socket, paths: list[str]) -> None:
    connection.sendall(every(paths) + b"tail")


def truncated(connection: socket.socket, paths: list[str]) -> None:
    connection.sendall(every(paths)[:-5])


def truncated_and_closed(connection: socket.socket, paths: list[str]) -> object:
    connection.sendall(every(paths)[:-5])
    return "close"


def reset(connection: socket.socket, _: list[str]) -> object:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return "close"


def silent(_: socket.socket, __: list[str]) -> object:
    return None


def first_of_each_read(connection: socket.socket, paths: list[str]) -> None:
    connection.sendall(right(paths[0]))


def drip(connection: socket.socket, _: list[str]) -> object:
    for byte in answer(fields="X: " + "x" * 1000 + "\r\n"):
        connection.sendall(bytes([byte]))
        time.sleep(0.02)
    return "close"


def lines_of_lf(connection: socket.socket, paths: list[str]) -> None:
    connection.sendall(every(paths).replace(b"\r\n", b"\n"))


@pytest.mark.parametrize(
    ("spoil", "name", "answered", "detail", "timeout"),
    [
        (first_then_silent, "partial", 1, "answered 1 of 5, then silent for 0.5 s", QUICK),
        (first_then_close, "closes", 1, "answered 1 of 5, then closed", PATIENT),
        (first_marked_close, "closes", 1, "marked answer 1 of 5 as the last, and closed", PATIENT),
        (first_marked_and_all_sent, "closes", 5, "as the last, and yet sent 5", PATIENT),
        (first_marked_and_silent, "stays open", 1, "and did not close", QUICK),
        (two_swapped, "out of order", 5, "answer 1 of 5: GET / was answered with status", PATIENT),
        (wrong_body, "wrong body", 5, "answer 1 of 5: the body is b'Hallo world!'", PATIENT),
        (wrong_type, "wrong answer", 5, "answer 1 of 5: Content-Type is 'text/html'", PATIENT),
        (an_error, "wrong answer", 5, "answer 5 of 5: GET / was answered with status 503", PATIENT),
        (one_too_many, "too many", 6, "more answers than the 5", PATIENT),
        (a_tail, "not HTTP", 5, "answered 5 of 5, then came b'tail'", PATIENT),
        (truncated, "truncated", 4, "answered 4 of 5 and", QUICK),
        (truncated_and_closed, "truncated", 4, "of the next, then closed", PATIENT),
        (reset, "resets", 0, "answered 0 of 5, then reset", PATIENT),
        (silent, "hangs", 0, "answered 0 of 5, then silent for 0.5 s", QUICK),
        (first_of_each_read, "partial", 1, "one request more was answered", QUICK),
        (drip, "slow", 0, "the time was up before the rest", QUICK),
        (lines_of_lf, "not HTTP", 0, "then came b'HTTP/1.1 200 X", PATIENT),
    ],
)
def test_a_batch_is_classed(
    spoil: Callable[[socket.socket, list[str]], object],
    name: str,
    answered: int,
    detail: str,
    timeout: float,
) -> None:
    (case,) = seen(spoiling(spoil), "pipelined", timeout=timeout)
    assert (case["class"], case["answered"], case["expected"]) == (name, answered, 5)
    assert detail in case["detail"]
    assert case["conforms"] is (None if name == "slow" else False)


def test_the_reverse_is_out_of_order() -> None:
    # Five alternating answers read the same from behind; the deeper batch does not.
    cases = seen(spoiling(backwards), "pipelined-deeper", depth=16)
    assert cases[0]["class"] == "out of order"


def test_sequential_answers_one_for_each_read() -> None:
    def serve(connection: socket.socket, _: Server) -> None:
        held: list[str] = []
        for paths in batches(connection):
            held += paths
            connection.sendall(right(held.pop(0)))

    single, pipelined = seen(serve, "single", "pipelined", timeout=QUICK)
    assert single["class"] == "full"
    assert (pipelined["class"], pipelined["answered"]) == ("sequential", 1)
    assert pipelined["conforms"] is False
    assert "one request more brought 1 of the 4 answers held back" in pipelined["detail"]


def test_closing_after_each_batch_shows_in_keep_alive() -> None:
    def spoil(connection: socket.socket, paths: list[str]) -> object:
        connection.sendall(every(paths))
        return "close"

    pipelined, keep_alive = seen(spoiling(spoil), "pipelined", "keep-alive")
    assert (pipelined["class"], pipelined["conforms"]) == ("full", True)
    assert pipelined["detail"] == "answered 5 of 5, then closed"
    assert (keep_alive["class"], keep_alive["answered"]) == ("closes", 5)
    assert (keep_alive["expected"], keep_alive["conforms"]) == (250, False)


def test_a_last_answer_marked_close_shows_in_keep_alive() -> None:
    def spoil(connection: socket.socket, paths: list[str]) -> object:
        connection.sendall(every(paths[:-1]) + answer(fields=CLOSE))
        return "close"

    pipelined, keep_alive = seen(spoiling(spoil), "pipelined", "keep-alive")
    assert pipelined["conforms"] is True
    assert keep_alive["class"] == "closes"
    assert "marked answer 5 of 250 as the last" in keep_alive["detail"]


def test_one_answer_for_a_connection() -> None:
    def serve(connection: socket.socket, _: Server) -> None:
        for paths in batches(connection):
            connection.sendall(right(paths[0]))
            return

    (case,) = seen(serve, "single")
    assert (case["class"], case["answered"], case["expected"]) == ("closes", 1, 2)


# -- A server that is lost on the way ------------------------------------------------------------


def dying(die: Callable[[Server], None]) -> Serve:
    def serve(connection: socket.socket, server: Server) -> None:
        for paths in batches(connection):
            if len(paths) > 1:
                die(server)
                return
            connection.sendall(right(paths[0]))

    return serve


def test_a_crash_ends_the_probe() -> None:
    cases = seen(dying(Server.go_away), timeout=QUICK)
    assert cases[0]["class"] == "full"
    assert (cases[1]["class"], cases[1]["conforms"]) == ("crashes", False)
    assert re.search(r"answered 0 of 5, then .*refuses connections", cases[1]["detail"])
    for case in cases[2:]:
        assert (case["class"], case["conforms"]) == ("not probed", None)
        assert (case["answered"], case["expected"]) == (None, None)
        assert "since pipelined" in case["detail"]


def test_a_server_that_comes_back_is_probed_on() -> None:
    def restart(server: Server) -> None:
        server.go_away()
        threading.Thread(target=server.come_back, args=(1.0,), daemon=True).start()

    pipelined, http10 = seen(dying(restart), "pipelined", "http-1.0-keep-alive")
    assert pipelined["class"] == "crashes"
    assert "was away for" in pipelined["detail"]
    assert http10["class"] == "crashes"


def test_a_server_that_hangs_for_all_ends_the_probe() -> None:
    hung = threading.Event()

    def serve(connection: socket.socket, _: Server) -> None:
        for paths in batches(connection):
            if len(paths) > 1:
                hung.set()
            if not hung.is_set():
                connection.sendall(right(paths[0]))

    pipelined, half_close = seen(serve, "pipelined", "half-close", timeout=QUICK)
    assert pipelined["class"] == "hangs"
    assert "no new connection is answered any more" in pipelined["detail"]
    assert half_close["class"] == "not probed"


def test_the_whole_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "ALL_TIMEOUTS", 4)
    cases = seen(spoiling(silent), timeout=QUICK)
    assert cases[1]["class"] == "hangs"
    assert cases[-1]["class"] == "not probed"
    assert cases[-1]["detail"] == "the 2 s for the whole probe were over"


# -- Ports that are no HTTP servers --------------------------------------------------------------


def says(data: bytes, again: bool = False) -> Serve:
    def serve(connection: socket.socket, _: Server) -> None:
        connection.recv(65_536)
        connection.sendall(data)
        while again:
            connection.sendall(data)
        connection.recv(65_536)

    return serve


@pytest.mark.parametrize(
    ("serve", "name", "detail"),
    [
        (says(b""), "hangs", "answered 0 of 2, then silent"),
        (says(b"\x15\x03\x01\x00\x02\x02\x0a"), "not HTTP", "speaks TLS"),
        (says(b"SSH-2.0-x\r\n"), "not HTTP", "SSH-2.0-x"),
        (says(b"\0" * 65_536, again=True), "not HTTP", "..."),
        (says(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 9000, again=True), "not HTTP", "65,536 bytes"),
        (says(answer(body=b"x" * 300_000), again=True), "not HTTP", "262,144 bytes"),
        (says(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 65_536, again=True), "not HTTP", "262,144"),
    ],
    ids=["silent", "TLS", "SSH", "endless", "endless head", "long body", "endless body"],
)
def test_a_port_that_is_no_server(serve: Serve, name: str, detail: str) -> None:
    cases = seen(serve, timeout=QUICK)  # which ends, however much comes
    assert cases[0]["class"] == name
    assert detail in cases[0]["detail"]
    assert {case["class"] for case in cases[1:]} == {"not probed"}


def test_a_byte_now_and_then_does_not_stretch_a_wait() -> None:
    """For what nobody asked for it is waited so long, and not so long after each byte."""
    sent = []

    def trickle(connection: socket.socket, _: Server) -> None:
        for byte in b"HTTP/1.1 102 X\r\nX: ".ljust(400, b"a"):
            connection.sendall(bytes([byte]))
            sent.append(byte)
            time.sleep(0.05)

    with running(trickle) as server:
        tcp = socket.create_connection(("127.0.0.1", server.port))
        with Connection(tcp, time.monotonic() + PATIENT) as one:
            one.listen(0.4)
            assert (one.end, one.answers) == (None, [])
            assert one.reader.buffer
    assert 2 <= len(sent) < 200


def test_endless_informational_answers_end() -> None:
    def serve(connection: socket.socket, _: Server) -> None:
        while True:
            connection.sendall(b"HTTP/1.1 102 Processing\r\n\r\n")
            time.sleep(0.01)

    cases = seen(serve, "single", timeout=QUICK)
    assert cases[0]["class"] == "slow"


def test_a_port_that_refuses(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    port = closed_port()
    file = tmp_path / "probe.json"
    assert main(["127.0.0.1", str(port), "--json", str(file)]) == 2
    assert f"Nothing was probed: port {port} refuses connections." in capsys.readouterr().out
    document = json.loads(file.read_text())
    assert document["error"] == f"port {port} refuses connections"
    assert [case["name"] for case in document["cases"]] == ALL
    assert {case["class"] for case in document["cases"]} == {"not probed"}


def test_a_name_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no such name", "80"]) == 2
    assert "'no such name' is not an address that can be found" in capsys.readouterr().out

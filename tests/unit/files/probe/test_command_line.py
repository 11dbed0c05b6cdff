"""What is typed, and what is printed."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import main

from tests import commands
from tests.unit.files.probe.servers import (
    Server,
    batches,
    closed_port,
    every,
    first_then_close,
    healthy,
    running,
    spoiling,
)

PROBE = Path(__file__).parents[4] / "files" / "probe"


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(PROBE), *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_prints_a_table_and_a_conclusion() -> None:
    with running(spoiling(first_then_close)) as server:
        cases = ["--case", "single", "--case", "pipelined"]
        done = command("127.0.0.1", str(server.port), "--depth", "5", *cases)
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == f"127.0.0.1 port {server.port}, depth 5"
    column = lines[2].index("class")
    assert [line[column:].split()[0] for line in lines[3:5]] == ["full", "closes"]
    assert lines[-1].startswith("NOT all that a pipelined measurement relies on holds: pipelined")


def test_some_cases_are_no_proof_of_all() -> None:
    with running(healthy) as server:
        done = command("127.0.0.1", str(server.port), "--case", "pipelined")
    assert done.returncode == 0
    assert "not every case" in done.stdout.splitlines()[-1]


def test_help_says_whose_servers_and_how_long() -> None:
    text = " ".join(command("--help").stdout.split())
    assert "probe only servers that are yours" in text
    assert "9.5 s by default" in text


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["127.0.0.1"],
        ["127.0.0.1", "0"],
        ["127.0.0.1", "http"],
        ["127.0.0.1", "80", "--depth", "0"],
        ["127.0.0.1", "80", "--timeout", "nan"],
        ["127.0.0.1", "80", "--case", "other"],
    ],
)
def test_a_wrong_command_is_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2


def test_a_file_that_cannot_be_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "none" / "probe.json"
    assert main(["127.0.0.1", str(closed_port()), "--json", str(file)]) == 2
    assert "cannot be written" in capsys.readouterr().err


def page(connection: socket.socket, _: Server) -> None:
    """A server of another kind: a page at /x, and a redirect from what it does not have."""
    buffer = b""
    while data := connection.recv(65_536):
        *heads, buffer = (buffer + data).split(b"\r\n\r\n")
        for head in heads:
            at_x = head.split()[1] == b"/x"
            body = b"<html>" * (100 + len(heads)) if at_x else b""
            status = "200 OK" if at_x else "302 Found"
            fields = f"HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {len(body)}"
            connection.sendall(f"{fields}\r\n\r\n".encode() + body)


def test_any_server_can_be_probed(tmp_path: Path) -> None:
    words = ["--case", "single", "--case", "pipelined", "--case", "cut-at-every-byte"]
    file = tmp_path / "seen.json"
    with running(page) as server:
        port = str(server.port)
        done = command("127.0.0.1", port, "--path", "/x", "--any-body", *words, "--json", str(file))
        strict = command("127.0.0.1", port, "--case", "single")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {case["class"] for case in json.loads(file.read_text())["cases"]} == {"full"}
    assert strict.returncode == 1


def test_any_body_is_not_any_order() -> None:
    def backwards(connection: socket.socket, _: Server) -> None:
        for paths in batches(connection):
            connection.sendall(every(paths[::-1]))

    with running(backwards) as server:
        words = ["--any-body", "--case", "pipelined-deeper"]
        done = command("127.0.0.1", str(server.port), *words)
    assert done.returncode == 1
    assert "out of order" in done.stdout


def test_a_server_that_answers_nothing_teaches_nothing() -> None:
    def closing(connection: socket.socket, _: Server) -> None:
        connection.recv(65_536)

    with running(closing) as server:
        done = command("127.0.0.1", str(server.port), "--any-body")
    assert done.returncode == 2
    assert "Nothing was probed: GET of / is not answered (closed)." in done.stdout


def test_the_page_has_every_case_as_the_probe_prints_it() -> None:
    printed = commands.run("python3 files/probe --cases").stdout
    text = (PROBE.parents[1] / "docs" / "probe.md").read_text()
    between = text.split("<!-- cases -->\n")[1].split("<!-- /cases -->")[0]
    assert between == printed

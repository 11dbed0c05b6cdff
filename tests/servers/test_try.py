"""`./bench try` on servers of one's own: one that is right, and each way of being wrong."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import ROOT

pytestmark = pytest.mark.servers

ABOUT = "title: Mine\nstack: current\nlanguage: Python\nruntime: python\n"
SERVER = '''
"""All of HTTP/1.1 that a measurement relies on, with the standard library alone."""
import asyncio, os, re

REQUEST = re.compile(rb"([A-Z]+) (\\S+) HTTP/1.[01]\\r\\n((?:[^\\r\\n]+\\r\\n)*)\\r\\n")

async def serve(reader, writer):
    buffer = b""
    while data := await reader.read(65536):
        buffer += data
        while request := REQUEST.match(buffer):
            length = re.search(rb"(?m)^Content-Length: (\\d+)", request[3])
            end = request.end() + (int(length[1]) if length else 0)
            if len(buffer) < end:
                break
            buffer = buffer[end:]
            good = request[2] == b"/"
            body = BODY if good else b"no"
            head = "HTTP/1.1 %d X\\r\\nContent-Type: text/plain\\r\\nContent-Length: %d\\r\\n\\r\\n"
            writer.write((head % (200 if good else 404, len(body))).encode() + body)
            await writer.drain()
            asked = re.search(rb"(?m)^Connection: close", request[3])
            if CLOSES or asked or b"HTTP/1.0" in request[0]:
                return writer.close()

BODY = b"Hello world!"
CLOSES = False
ADDRESS, PORT = os.environ["BENCH_ADDRESS"], int(os.environ["BENCH_PORT"])
# here it is made another one
async def main():
    server = await asyncio.start_server(serve, ADDRESS, PORT)
    await server.serve_forever()
asyncio.run(main())
'''


def folder(path: Path, changed: str = "", about: str = ABOUT) -> Path:
    """A framework's folder; changed: code that runs before the server does."""
    mine = path / "mine"
    mine.mkdir()
    (mine / "framework.yml").write_text(about)
    (mine / "requirements.txt").write_text("")
    (mine / "server.py").write_text(SERVER.replace("# here it is made another one", changed))
    return mine


def tried(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipebench.trial", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_one_that_is_right(tmp_path: Path) -> None:
    mine = folder(tmp_path)
    done = tried(mine)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert re.search(
        r"^mine answers after \d+\.\d\d s, at 127\.0\.0\.1, port \d+\.$", done.stdout, re.MULTILINE
    )
    assert re.search(r"^\d+ of 24 cases conform", done.stdout, re.MULTILINE)
    assert "\nRight: mine does all that a measurement relies on.\n" in done.stdout
    (command,) = re.findall(r"^To measure it: (.*)$", done.stdout, re.MULTILINE)
    assert f'["fasthttp", "servers", "{mine}"]' in command
    assert "Remark" not in done.stdout


@pytest.mark.parametrize(
    ("changed", "seen", "to_do"),
    [
        ("CLOSES = True", "closes: answered 1 of 16, then closed", "keep a connection open"),
        (
            "BODY = b'Hello!'",
            "wrong body: answer 1 of 16: GET /: the body",
            "the 12 bytes `Hello world!`",
        ),
    ],
    ids=["closes each connection", "another body"],
)
def test_one_that_answers_wrongly(tmp_path: Path, changed: str, seen: str, to_do: str) -> None:
    done = tried(folder(tmp_path, changed))
    assert (done.returncode, done.stderr) == (1, ""), done.stdout
    words = " ".join(done.stdout.split())
    assert seen.partition(":")[0] in words
    assert "(a measurement relies on it)" in words
    assert "Not right: a measurement of mine relies on single" in words
    assert to_do in words


LATE = "after its start; it must listen at BENCH_ADDRESS and BENCH_PORT, which were 127.0.0.1 and "
SLEEPS = "import time; time.sleep(60)"
LISTENS = "import socket; listener = socket.create_server((ADDRESS, PORT))"


@pytest.mark.parametrize(
    ("changed", "told", "wrote"),
    [
        ("raise OSError('no licence')", "ended with status 1 before it ", "OSError: no licence"),
        ("os.kill(os.getpid(), 9)", "was ended by SIGKILL before it answered", "It wrote nothing."),
        (f"print('busy'); {SLEEPS}", f"does not listen at any port, 2 s {LATE}", "  busy"),
        ("PORT = 0", "listens at 127.0.0.1, port ", "It wrote nothing."),
        (f"{LISTENS}; {SLEEPS}", "does not answer: TimeoutError: timed out", "It wrote nothing."),
        ("import flask", "ended with status 1", "ModuleNotFoundError: No module named 'flask'"),
    ],
    ids=["exits", "is killed", "never listens", "another port", "never answers", "lacks a package"],
)  # fmt: skip
def test_one_that_is_never_ready(tmp_path: Path, changed: str, told: str, wrote: str) -> None:
    mine = folder(tmp_path, changed)
    done = tried(mine, "--patience", "2")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith(f"bench: mine {told}")
    assert wrote in done.stdout


def test_one_that_dies_while_it_is_probed(tmp_path: Path) -> None:
    dies = "import threading; threading.Timer(1, lambda: os._exit(7)).start(); import time"
    slow = SERVER.replace("await writer.drain()", "await asyncio.sleep(0.05)")
    mine = folder(tmp_path)
    (mine / "server.py").write_text(slow.replace("# here it is made another one", dies))
    done = tried(mine)
    assert done.returncode == 1, done.stdout
    assert "Not right: " in done.stdout
    assert "It wrote nothing." in done.stdout


def test_what_is_not_as_it_should_be_is_remarked(tmp_path: Path) -> None:
    changed = (
        "ADDRESS = '0.0.0.0'; print('Serving!'); import signal;"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    )
    done = tried(folder(tmp_path, changed))
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    words = " ".join(done.stdout.split())
    assert "Remark: mine listens at 0.0.0.0; it should listen at BENCH_ADDRESS (127.0.0.1)" in words
    assert "Remark: mine did not end within 2 s after SIGTERM" in words
    assert "Remark: mine wrote to its log before it was probed: Serving!" in words


def test_nothing_of_the_person_reaches_the_server(tmp_path: Path) -> None:
    changed = "assert 'HOME' not in os.environ and os.environ['MINE'] == '1', os.environ"
    mine = folder(tmp_path, changed, ABOUT + "variants:\n  own:\n    env: {MINE: '1'}\n")
    assert tried(f"{mine}@own").returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing_behind(tmp_path: Path, number: int) -> None:
    mine = folder(
        tmp_path,
        f"open('{tmp_path}/pid', 'w').write(str(os.getpid())); import time; time.sleep(60)",
    )
    with subprocess.Popen(
        [sys.executable, "-m", "pipebench.trial", mine],
        cwd=ROOT, stderr=subprocess.PIPE, text=True,
        stdout=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
                assert process.poll() is None
            process.send_signal(number)
            _, said = process.communicate(timeout=20)
        finally:
            process.kill()
    assert (process.returncode, said) == (130, "")
    assert not Path("/proc", (tmp_path / "pid").read_text()).exists()


def test_a_python_that_is_not_here(tmp_path: Path) -> None:
    done = tried(folder(tmp_path, about=ABOUT + "python: '3.99'\n"))
    assert done.returncode == 2
    assert done.stderr.startswith("bench: CPython 3.99 is not on this computer; install it")
    assert len(done.stderr.splitlines()) == 1


def test_packages_that_cannot_be_installed(tmp_path: Path) -> None:
    mine = folder(tmp_path)
    (mine / "requirements.txt").write_text(f"nope==0.0.99 --hash=sha256:{'0' * 64}\n")
    done = tried(mine)
    assert done.returncode == 1
    assert done.stderr == "bench: the packages of mine cannot be installed.\n"
    assert "nope" in done.stdout


def test_what_is_not_a_framework_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    mine = folder(tmp_path, about="title: Mine\nstak: current\n")
    for word, told in (
        (tmp_path / "empty", f"{tmp_path}/empty has no framework.yml; docs/adding-a-framework.md"),
        (tmp_path / "file", f"{tmp_path}/file is a file; try requires the folder of a framework."),
        (tmp_path, f"{tmp_path} has no framework.yml; name one of its frameworks: mine."),
        (tmp_path / "mne", f"{tmp_path}/mne does not exist; did you mean {mine}?"),
        ("aiohtp", "aiohtp is not a framework; did you mean aiohttp?"),
        ("aiohttp@2071", "aiohttp has no variant '2071'; did you mean 2017?"),
        (mine, f"{mine}/framework.yml: 'stak' is not a known key; did you mean stack?"),
    ):
        done = tried(word)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"bench: {told}" in done.stderr
        assert "Traceback" not in done.stderr
    (mine / "framework.yml").write_text(ABOUT)
    (mine / "requirements.txt").unlink()
    done = tried(mine)
    assert done.stderr.startswith("bench: mine has no requirements.txt, the lock of its packages; ")
    (mine / "server.py").unlink()
    done = tried(mine)
    assert done.stderr == f"bench: {mine} has no server.py, which runtime python requires.\n"
    assert done.returncode == 1


def test_what_the_project_has() -> None:
    """Of each runtime one, by its name."""
    for name in ("uvloop-httptools", "fasthttp", "calibration@wrong-body"):
        done = tried(name)
        wrong = "wrong" in name
        assert done.returncode == wrong, done.stdout + done.stderr

"""The probe on real servers: it names what old versions do wrong, and passes the fixed ones.

Each is one of tests/known, from the registry of its packages; Bun is a program that npm has.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from cases import CASES

from pipebench.plan.frameworks import find_frameworks
from pipebench.trial.deployed import deploy
from pipebench.trial.error import NotHereError
from tests.interpreters import CACHE, interpreter
from tests.servers.conftest import ROOT, TEMPORARY, Framework, Server

pytestmark = pytest.mark.servers

KNOWN = find_frameworks(["tests/known"], ROOT)
APP = ROOT / "tests" / "known" / "bun.js"
DEEP = ("--depth", "64")
# twisted is busy for seconds with what came of a client that read nothing, and does not end
ALL_BUT_UNREAD = [word for case in CASES if case.name != "unread" for word in ("--case", case.name)]
BUN = {
    "1.3.14": "ece55300abf07cf9926c85751e974ea15571e5545ce36ec6b8f3e77bddcdeaf9"
    "3879004f21df675e664387dff319a28f75b56356d41265a7d6428523c77f14b7",
    "1.4.4": "0876db9261d5336f13d4616afba18be00a38ba3c306308f50b1145c041732da9"
    "cf7cdb0877d0216c83f4438ade5ae5819068a6524a10ca0acaed1823b63defa2",
}
"""SHA-512 of its package for Linux on x86_64, by version."""


def probed(port: int, *words: str) -> dict[str, Any]:
    """What the probe sees with these options, by case."""
    done = subprocess.run(
        [sys.executable, ROOT / "files" / "probe", "127.0.0.1", str(port), "--json", "-", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    document = json.loads(done.stdout)
    assert document["error"] is None
    return {case["name"]: case for case in document["cases"]}


def known(name: str) -> Framework:
    try:
        folder = Path(TEMPORARY.name) / "known" / name
        return Framework(name, deploy(KNOWN[name], folder, CACHE, interpreter))
    except NotHereError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize(
    ("name", "case", "seen", "sentence", "words"),
    [
        (
            "twisted@23.8.0",
            "post",
            "out of order",
            "one request more was answered before 2 of the answers held back",
            (),
        ),
        ("gunicorn@25.3.0", "pipelined", "partial", "those before it were not", ()),
        ("gunicorn@26.2.0", "pipelined", "partial", "those before it were not", ()),
        ("gunicorn@26.2.0", "head", "partial", "those before it were not", ()),
        ("uvicorn", "cut-at-every-byte", "closes", "between b'GET /' and", ()),
        ("hypercorn", "keep-alive", "closes", "marked answer 1000 of 3200 as the last", DEEP),
    ],
)
def test_what_is_known_is_told(
    name: str, case: str, seen: str, sentence: str, words: tuple[str, ...]
) -> None:
    with known(name).running() as server:
        found = probed(server.port, "--case", case, *words)[case]
    assert (found["class"], found["conforms"]) == (seen, False), found
    assert sentence in found["detail"]


def test_the_offsets_are_within_the_paths() -> None:
    """Where uvicorn 0.2.5 ends the connection."""
    with known("uvicorn").running() as server:
        cases = probed(server.port, "--case", "cut-at-every-byte", "--case", "cut-byte-by-byte")
    assert cases["cut-byte-by-byte"]["conforms"] is False
    offsets = cases["cut-at-every-byte"]["offsets"]
    runs = [at for at in offsets if at - 1 not in offsets]
    assert len(runs) == 3  # requests
    assert runs[0] == len("GET /")


@pytest.mark.parametrize("name", ["twisted", "gunicorn"])
def test_the_mended_one_has_all_that_a_measurement_relies_on(name: str) -> None:
    with known(name).running() as server:
        cases = probed(server.port, *ALL_BUT_UNREAD)
    told = {one["name"]: one["detail"] for one in cases.values() if one["conforms"] is False}
    assert told.keys() <= {"half-close", "http-1.0-keep-alive"}, told


@pytest.mark.parametrize(
    ("name", "case", "words"),
    [
        ("uvicorn", "cut-at-every-byte", ()),
        ("hypercorn", "keep-alive", DEEP),
        ("fasthttp", "half-of-the-next", ()),
    ],
)
def test_the_mended_one_of_the_field(
    deployed: Callable[[str], Framework], name: str, case: str, words: tuple[str, ...]
) -> None:
    with deployed(name).running() as server:
        assert probed(server.port, "--case", case, *words)[case]["class"] == "full"


def bun(version: str) -> Path:
    """The program of this version, from npm."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed, which brings Bun")
    place = CACHE / f"bun-{version}"
    program = place / "package" / "bin" / "bun"
    if not program.exists():
        place.mkdir(parents=True, exist_ok=True)
        package = f"@oven/bun-linux-x64@{version}"
        packed = [npm, "pack", "--silent", "--ignore-scripts", package]
        done = subprocess.run(packed, cwd=place, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"npm does not bring {package}: {done.stderr.strip()}")
        archive = place / done.stdout.split()[-1]
        assert hashlib.sha512(archive.read_bytes()).hexdigest() == BUN[version]
        with tarfile.open(archive) as tar:
            tar.extractall(place, filter="data")
        archive.unlink()
    return program


@contextmanager
def running_bun(version: str) -> Iterator[Server]:
    program = bun(version)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [program, "run", APP, "127.0.0.1", str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    server = Server(process, port)
    try:
        deadline = time.monotonic() + 20
        while not server.answers():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield server
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.communicate()


def test_fasthttp_of_2017_holds_answers_back(deployed: Callable[[str], Framework]) -> None:
    with deployed("fasthttp@2017").running() as server:
        found = probed(server.port, "--case", "half-of-the-next")["half-of-the-next"]
    assert (found["class"], found["conforms"]) == ("held back", False)


def test_bun_answered_what_follows_a_close_on_the_first() -> None:
    names = ("close-on-first", "close-in-mid-batch", "close-on-last")
    words = [word for name in names for word in ("--case", name)]
    with running_bun("1.3.14") as server:
        old = probed(server.port, *words)
    assert [old[name]["conforms"] for name in names] == [False, True, True]
    assert old["close-on-first"]["class"] == "too many"
    with running_bun("1.4.4") as server:
        new = probed(server.port, *words)
    assert [new[name]["conforms"] for name in names] == [True] * 3

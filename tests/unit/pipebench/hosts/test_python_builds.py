"""Builds of CPython from Maven: which a host gets, and how they are fetched, from a real mirror."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from pipebench.hosts import maven_fetch, python_builds
from pipebench.hosts.python_builds import Build, NoBuildError, build_for, fetched, listed
from tests.namespace import in_namespace

ARTIFACT = "org.bytedeco:cpython:jar:linux-x86_64:9.9.1-1.5.99"
PATH = "/org/bytedeco/cpython/9.9.1-1.5.99/cpython-9.9.1-1.5.99-linux-x86_64.jar"
CONTENT = b"a build" * 20_000
BUILD = Build(
    version="9.9.1",
    architecture="x86_64",
    glibc="2.35",
    artifact=ARTIFACT,
    sha256=hashlib.sha256(CONTENT).hexdigest(),
)
OTHER = hashlib.sha256(b"another").hexdigest()
NOT_FOR_ARM = "Maven's CPython 3.13 is for x86_64, and the server is aarch64"
NO_GLIBC = (
    "Maven's CPython 3.14.3 requires glibc 2.35 or newer, and the server has another C library"
)

Answer = Callable[[BaseHTTPRequestHandler], None]


class Mirror(ThreadingHTTPServer):
    """A repository on loopback. answer: to every request. asked: the headers of each, by path."""

    daemon_threads = True

    def __init__(self) -> None:
        self.answer: Answer = whole
        self.asked: list[tuple[str, dict[str, str]]] = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        with suppress(OSError):  # the one who asked may have gone
            self.server.answer(self)

    def log_message(self, *_: object) -> None:
        pass


def sends(content: bytes, length: int | None = None) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content) if length is None else length))
        handler.end_headers()
        handler.wfile.write(content)

    return answer


whole = sends(CONTENT)


def refuses(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(404, "Not Found")
    handler.end_headers()


def trickles(handler: BaseHTTPRequestHandler) -> None:
    sends(b"", len(CONTENT))(handler)
    while True:
        handler.wfile.write(b"x")
        time.sleep(0.1)


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Mirror() as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        monkeypatch.setenv(maven_fetch.MIRROR, f"http://{server.place}/")
        yield server
        server.shutdown()


def visible(cache: Path) -> list[str]:
    """What is in a cache, without its locks."""
    return sorted(path.name for path in cache.iterdir() if path.suffix != ".lock")


def test_a_build_is_fetched_once_and_kept(mirror: Mirror, tmp_path: Path) -> None:
    cache = tmp_path / "made" / "for it"
    file = fetched(BUILD, cache)
    assert file.read_bytes() == CONTENT
    assert fetched(BUILD, cache) == file
    assert [path for path, _ in mirror.asked] == [PATH]
    assert visible(cache) == [file.name]


def test_a_kept_build_that_is_damaged_is_fetched_again(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / BUILD.file).write_bytes(CONTENT[:-1])
    left = tmp_path / f".{BUILD.file}-left"  # by a run that was killed amid a download
    left.mkdir()
    assert fetched(BUILD, tmp_path).read_bytes() == CONTENT
    assert len(mirror.asked) == 1
    assert visible(tmp_path) == [BUILD.file]


def slowly(then: Answer) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.5)
        then(handler)

    return answer


def test_hosts_that_ask_at_once_share_one_download(mirror: Mirror, tmp_path: Path) -> None:
    mirror.answer = slowly(whole)
    with ThreadPoolExecutor(3) as pool:
        files = [pool.submit(fetched, BUILD, tmp_path) for _ in range(3)]
    assert {file.result() for file in files} == {tmp_path / BUILD.file}
    assert len(mirror.asked) == 1


def test_hosts_that_ask_at_once_share_one_failure(mirror: Mirror, tmp_path: Path) -> None:
    mirror.answer = slowly(refuses)
    with ThreadPoolExecutor(3) as pool:
        files = [pool.submit(fetched, BUILD, tmp_path) for _ in range(3)]
    said = {str(file.exception()) for file in files}
    assert said == {f"{mirror.place} answered 404 Not Found ({ARTIFACT})"}
    assert len(mirror.asked) == 1

    mirror.answer = whole  # who asks later tries again
    assert fetched(BUILD, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (refuses, f"answered 404 Not Found ({ARTIFACT})"),
        (sends(CONTENT[:500], len(CONTENT)), "broke off before all of it was sent"),
        (trickles, f"did not send {ARTIFACT} within 2 s"),
        (
            sends(b"another"),
            f"sent another file as {ARTIFACT}: its SHA-256 is {OTHER}, and {BUILD.sha256} is",
        ),
    ],
    ids=["404", "broken off", "trickles", "another hash"],
)
def test_what_a_mirror_can_do_wrong_is_a_sentence(
    mirror: Mirror,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: Answer,
    sentence: str,
) -> None:
    monkeypatch.setattr(python_builds, "LONGEST_S", 2)
    mirror.answer = answer
    with pytest.raises(NoBuildError, match=re.escape(sentence)) as caught:
        fetched(BUILD, tmp_path)
    assert str(caught.value).startswith(f"{mirror.place} ")
    assert visible(tmp_path) == []


def test_a_mirror_that_does_not_answer(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = mirror.place
    mirror.shutdown()
    mirror.server_close()
    monkeypatch.setenv(maven_fetch.MIRROR, f"http://{place}")
    sentence = f"{place} does not answer: Connection refused ({ARTIFACT})"
    with pytest.raises(NoBuildError, match=f"^{re.escape(sentence)}$"):
        fetched(BUILD, tmp_path)


def test_a_password_of_a_mirror_is_used_and_not_told(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror.answer = refuses
    monkeypatch.setenv(maven_fetch.MIRROR, f"http://me:hidden@{mirror.place}/maven")
    with pytest.raises(NoBuildError) as caught:
        fetched(BUILD, tmp_path)
    assert "hidden" not in str(caught.value)
    assert caught.value.__context__ is None or "hidden" not in str(caught.value.__context__)
    ((path, headers),) = mirror.asked
    assert path == f"/maven{PATH}"
    assert headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize("url", ["repository.example", "ftp://x/", "https://", "http://x:port/"])
def test_a_mirror_must_be_a_url(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(maven_fetch.MIRROR, url)
    with pytest.raises(NoBuildError, match=f"^{maven_fetch.MIRROR} must be a URL that begins with"):
        fetched(BUILD, tmp_path)


def test_a_controller_without_space(mirror: Mirror, tmp_path: Path) -> None:
    program = f"""
import msgspec
from pathlib import Path
from pipebench.hosts.python_builds import Build, NoBuildError, fetched
build = msgspec.json.decode({json.dumps(fields(BUILD))!r}, type=Build)
try:
    fetched(build, Path({str(tmp_path)!r}))
except NoBuildError as error:
    print(error)
"""
    said = in_namespace(tmp_path, "size=64k", program)
    assert said == (
        f"{mirror.place} sent more than the controller has space for: No space left on device "
        f"({ARTIFACT})"
    )


def fields(build: Build) -> dict[str, str]:
    return {name: getattr(build, name) for name in build.__struct_fields__}


def test_a_cache_that_cannot_be_made_is_named(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    sentence = f"{tmp_path / 'cache'} of the controller cannot hold it: File exists"
    with pytest.raises(NoBuildError, match=f"^{re.escape(sentence)}$"):
        fetched(BUILD, tmp_path / "cache")
    assert mirror.asked == []


def test_a_download_ends_with_its_time_also_if_nobody_waits_for_it(
    mirror: Mirror, tmp_path: Path
) -> None:
    mirror.answer = trickles
    process = subprocess.Popen(
        [sys.executable, "-m", maven_fetch.__name__, ARTIFACT, str(tmp_path / "file"), "1"],
        stdout=subprocess.DEVNULL,
        env=os.environ,
    )
    assert process.wait(20) < 0


def versions(wanted: str, architecture: str = "x86_64", glibc: str = "2.36") -> str:
    return build_for(wanted, architecture, glibc, listed()).version


def test_the_newest_build_that_a_host_can_run_is_taken() -> None:
    assert versions("3.7") == versions("3.7", "aarch64") == "3.7.9"
    assert versions("3.7.7") == "3.7.7"
    assert versions("3.13") == "3.13.5"
    assert versions("3.13", glibc="2.31") == "3.13.0"
    assert versions("3.14", "aarch64") == "3.14.3"


@pytest.mark.parametrize(
    ("wanted", "architecture", "glibc", "sentence"),
    [
        ("3.1", "x86_64", "2.36", "Maven has no CPython 3.1 that is pinned here"),
        ("3.13", "aarch64", "2.36", NOT_FOR_ARM),
        (
            "3.13", "x86_64", "2.28",
            "Maven's CPython 3.13.0 requires glibc 2.30 or newer, and the server has glibc 2.28",
        ),
        (
            "3.14", "x86_64", "2.31",
            "Maven's CPython 3.14.3 requires glibc 2.35 or newer, and the server has glibc 2.31",
        ),
        (
            "3.14", "x86_64", "", NO_GLIBC,
        ),
    ],
)  # fmt: skip
def test_why_a_host_gets_no_build(
    wanted: str, architecture: str, glibc: str, sentence: str
) -> None:
    with pytest.raises(NoBuildError, match=f"^{re.escape(sentence)}$"):
        build_for(wanted, architecture, glibc, listed())


def test_each_pinned_build_says_the_same_in_all_its_fields() -> None:
    builds = listed()
    assert len({(one.version, one.architecture) for one in builds}) == len(builds)
    classifiers = {"x86_64": "linux-x86_64", "aarch64": "linux-arm64"}
    for one in builds:
        named = one.artifact.split(":")
        assert named[:4] == ["org.bytedeco", "cpython", "jar", classifiers[one.architecture]]
        assert one.release.partition("-")[0] == one.version
        assert re.fullmatch(r"[0-9a-f]{64}", one.sha256)
        assert re.fullmatch(r"2\.\d+", one.glibc)

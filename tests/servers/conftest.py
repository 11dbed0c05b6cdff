"""Starting a framework on loopback, each in an environment of its own made from its lock."""

import dataclasses
import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Self

import pytest

from pipebench.plan.frameworks import find_frameworks
from pipebench.plan.variants import put_together
from tests.interpreters import CACHE, Interpreter, interpreter

ROOT = Path(__file__).parents[2]
# For what a server keeps while it runs; goes when the tests end.
TEMPORARY = tempfile.TemporaryDirectory(prefix="pipeline-bench-tests-")
DEFAULT_PYTHON = "3.13"
FRAMEWORKS = find_frameworks(["servers", "fasthttp"], ROOT)
"""Each framework, and each of its variants, by name."""


def tool(name: str) -> str:
    """Prefer what was installed beside this interpreter: it is pinned."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    found = shutil.which(name, path=path)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def environment(folder: Path, name: str, version: str) -> tuple[Path, dict[str, str]]:
    """The Python of an environment made from a lock, and the variables that it needs."""
    lock = folder / "requirements.txt"
    # The locks hold for what is newer than the pinned version, too.
    if version == DEFAULT_PYTHON and sys.version_info >= tuple(map(int, version.split("."))):
        python = Interpreter(sys.executable, {})
    else:
        python = interpreter(version)
    made_of = lock.read_bytes() + os.path.realpath(python.executable).encode()
    place = CACHE / f"{name}-{hashlib.sha256(made_of).hexdigest()[:12]}"
    if not (place / "complete").exists():
        shutil.rmtree(place, ignore_errors=True)
        run = partial(subprocess.run, check=True, env={**os.environ, **python.environment})
        uv = [tool("uv"), "--quiet"]
        run([*uv, "venv", "--python", python.executable, place])
        # with the tools that a host builds with; there a user without a network does it
        pip = ["--python", place / "bin/python", "--require-hashes"]
        isolated = []
        if (tools := folder / "requirements-build.txt").exists():
            isolated.append("--no-build-isolation")
            run([*uv, "pip", "install", *pip, "--requirement", tools])
        run([*uv, "pip", "sync", *pip, *isolated, lock])
        (place / "complete").touch()
    return place / "bin/python", python.environment


def build(folder: Path, name: str) -> Path:
    binary = CACHE / name
    subprocess.run(
        [tool("go"), "build", "-trimpath", "-o", binary, "."],
        cwd=folder,
        env={**os.environ, "CGO_ENABLED": "0"},
        check=True,
    )
    return binary


def unpacked(packages: list[str]) -> dict[str, str]:
    """Where Debian's packages are found that are not installed here: an environment.

    They are unpacked instead, as that takes no root, and starts no service.
    """
    place = CACHE / "-".join(packages)
    if not (place / "complete").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        options = ["--quiet", "--no-install-recommends"]
        try:
            simulated = apt_get(place, "--simulate", *options, "install", *packages)
            if missing := re.findall(r"^Inst (\S+)", simulated, re.MULTILINE):
                apt_get(place, *options, "download", *missing)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"{', '.join(packages)} cannot be had: {error.stderr.strip()}")
        for package in place.glob("*.deb"):
            subprocess.run(["dpkg-deb", "--extract", package, place], check=True)
        (place / "complete").touch()
    return {
        "PATH": os.pathsep.join([f"{place}/usr/sbin", f"{place}/usr/bin", os.environ["PATH"]]),
        "LD_LIBRARY_PATH": os.pathsep.join(map(str, place.glob("usr/lib/*-linux-gnu*"))),
    }


def apt_get(place: Path, *words: str) -> str:
    return subprocess.run(
        [tool("apt-get"), *words],
        cwd=place,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@dataclasses.dataclass
class Framework:
    """folder: the name of its own. path: what it consists of, put together as on a server."""

    name: str
    folder: str
    path: Path
    command: list[str]
    role: str
    stack: str
    environment: dict[str, str]

    def start(self, **settings: str) -> subprocess.Popen[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BENCH_")}
        return subprocess.Popen(
            self.command,
            cwd=self.path,
            env={**kept, **self.environment, "TMPDIR": TEMPORARY.name, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # as in a unit, what a manager of workers kills are its own processes
            start_new_session=True,
        )

    @contextmanager
    def running(self, workers: int = 1) -> Iterator["Server"]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        process = self.start(
            BENCH_ADDRESS="127.0.0.1", BENCH_PORT=str(port), BENCH_WORKERS=str(workers)
        )
        try:
            server = Server(process, port)
            server.wait_until_ready()
            yield server
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            try:
                process.wait(5)
            finally:
                process.kill()
                _, server.errors = process.communicate()


@dataclasses.dataclass(frozen=True)
class Answer:
    version: str
    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """One connection, without an HTTP library that would know better."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.stream = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self, *, head: bool = False) -> Answer:
        line = self.stream.readline().decode()
        if not line:
            raise EOFError("closed without an answer")
        version, status, _ = line.split(" ", 2)
        headers = {}
        while (line := self.stream.readline().decode()) != "\r\n":
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()
        body = b"" if head else self.stream.read(int(headers["content-length"]))
        return Answer(version, int(status), headers, body)

    def closed(self) -> bool:
        """Whether the other side has nothing more to say and says so."""
        try:
            return self.stream.read(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False


@dataclasses.dataclass
class Server:
    process: subprocess.Popen[str]
    port: int
    errors: str = ""  # what it wrote to stderr, once it has ended

    def connect(self) -> Client:
        return Client(self.port)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + 20
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                pytest.fail(f"not ready: {self.process.communicate()}")
            time.sleep(0.02)

    def wait_until_idle(self) -> None:
        """All of its processes have started: none of them uses CPU time any more."""
        deadline = time.monotonic() + 10
        used, before = self.cpu_ticks(), -1
        while used > before and time.monotonic() < deadline:
            time.sleep(0.5)
            used, before = self.cpu_ticks(), used

    def cpu_ticks(self) -> int:
        """CPU time of the processes of its session."""
        used = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                fields = stat.read_text().rpartition(") ")[2].split()
                if int(fields[3]) == self.process.pid:
                    used += int(fields[11]) + int(fields[12])
        return used

    def answers(self) -> bool:
        with suppress(OSError, EOFError), self.connect() as client:
            client.send(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
            return client.answer().status == 200
        return False


def deploy(name: str) -> Framework:
    about = FRAMEWORKS[name]
    folder = Path(TEMPORARY.name) / "frameworks" / name
    put_together(Path(about.path), about.variant, folder)
    CACHE.mkdir(parents=True, exist_ok=True)
    needed: dict[str, str] = {}
    if about.runtime == "python":
        python, needed = environment(folder, name, about.python or DEFAULT_PYTHON)
        command = [str(python), "server.py"]
    else:
        command = [str(build(folder, name))] if about.runtime == "go" else ["./server"]
    packages = unpacked(about.packages) if about.packages else {}
    libraries = [one["LD_LIBRARY_PATH"] for one in (needed, packages) if "LD_LIBRARY_PATH" in one]
    if libraries:
        packages = {**packages, "LD_LIBRARY_PATH": os.pathsep.join(libraries)}
    own = about.env | ({"BENCH_LOOP": about.loop} if about.loop else {})
    return Framework(name, about.folder, folder, command, about.role, about.stack, packages | own)


@pytest.fixture(scope="session", params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> Framework:
    return deploy(request.param)


@pytest.fixture(scope="session")
def server(framework: Framework) -> Iterator[Server]:
    """One that all tests of a framework share; for the ones that leave it as they found it."""
    with framework.running() as server:
        yield server


@pytest.fixture(scope="session")
def deployed() -> Callable[[str], Framework]:
    """Any framework, by its name."""
    return deploy


@pytest.fixture(scope="session")
def flagship() -> Framework:
    return deploy("uvloop-httptools")

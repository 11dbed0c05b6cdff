"""Starting a framework on loopback, each in an environment of its own made from its lock."""

import dataclasses
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, Self

import pytest

from pipebench.plan.frameworks import find_frameworks
from pipebench.trial.deployed import Deployed, deploy
from pipebench.trial.error import NotHereError
from pipebench.trial.sockets import processes_of
from tests.interpreters import CACHE, interpreter

ROOT = Path(__file__).parents[2]
# For what a server keeps while it runs; goes when the tests end.
TEMPORARY = tempfile.TemporaryDirectory(prefix="pipeline-bench-tests-")
FRAMEWORKS = find_frameworks(["servers", "fasthttp"], ROOT)
"""Each framework, and each of its variants, by name."""


class Framework(NamedTuple):
    """One that is deployed here, by its name."""

    name: str
    deployed: Deployed

    @property
    def folder(self) -> str:
        return self.deployed.about.folder

    @property
    def role(self) -> str:
        return self.deployed.about.role

    @property
    def stack(self) -> str:
        return self.deployed.about.stack

    def start(self, **settings: str) -> subprocess.Popen[str]:
        return self.deployed.start(Path(TEMPORARY.name), subprocess.PIPE, **settings)

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
        for pid in processes_of(self.process.pid):
            with suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
                used += int(fields[11]) + int(fields[12])
        return used

    def answers(self) -> bool:
        with suppress(OSError, EOFError), self.connect() as client:
            client.send(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
            return client.answer().status == 200
        return False


def framework_of(name: str) -> Framework:
    folder = Path(TEMPORARY.name) / "frameworks" / name
    try:
        return Framework(name, deploy(FRAMEWORKS[name], folder, CACHE, interpreter))
    except NotHereError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session", params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> Framework:
    return framework_of(request.param)


@pytest.fixture(scope="session")
def server(framework: Framework) -> Iterator[Server]:
    """One that all tests of a framework share; for the ones that leave it as they found it."""
    with framework.running() as server:
        yield server


@pytest.fixture(scope="session")
def deployed() -> Callable[[str], Framework]:
    """Any framework, by its name."""
    return framework_of


@pytest.fixture(scope="session")
def flagship() -> Framework:
    return framework_of("uvloop-httptools")

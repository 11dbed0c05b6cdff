"""Small servers whose behaviour is known, for the tests of the probe."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator

from cases import CASES
from probing import run_probe
from report import Entry
from target import Order

QUICK = 0.5  # seconds of silence, where silence is what is tested
PATIENT = 60.0  # where it is not, so that a busy machine fails nothing
Serve = Callable[[socket.socket, "Server"], None]


class Server:
    """A port of loopback where each connection has its own thread in `serve`."""

    def __init__(self, serve: Serve, host: str = "127.0.0.1") -> None:
        self.serve = serve
        self.open: list[socket.socket] = []
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, 0), family=family)
        self.port: int = self.listener.getsockname()[1]
        self.listen(self.listener)

    def listen(self, listener: socket.socket) -> None:
        self.listener = listener
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.open.append(connection)
            threading.Thread(target=self.handle, args=(connection,), daemon=True).start()

    def handle(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self.serve(connection, self)
        connection.close()

    def go_away(self) -> None:
        """Stop listening at once: an accept() under way would keep the port open."""
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def come_back(self, after: float) -> None:
        time.sleep(after)
        self.listen(socket.create_server(("127.0.0.1", self.port)))


@contextlib.contextmanager
def running(serve: Serve, host: str = "127.0.0.1") -> Iterator[Server]:
    server = Server(serve, host)
    try:
        yield server
    finally:
        server.go_away()
        for connection in server.open:
            connection.close()


def answer(
    status: int = 200, body: bytes = b"Hello world!", fields: str = "", content: bytes | None = None
) -> bytes:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
    return f"{head}{fields}\r\n".encode() + (body if content is None else content)


def right(path: str) -> bytes:
    return answer() if path == "/" else answer(404, b"no")


CLOSE, KEEP = "Connection: close\r\n", "Connection: keep-alive\r\n"
REQUEST = re.compile(rb"([A-Z]+) (\S+) HTTP/(1\.[01])\r\n((?:[^\r\n]+\r\n)*)\r\n")


def healthy(connection: socket.socket, _: Server) -> None:
    """Do all that is asked, as a server should."""
    buffer = b""
    while data := connection.recv(65_536):
        buffer += data
        out = b""
        while b"\r\n\r\n" in buffer:
            request = REQUEST.match(buffer)
            if not request:
                connection.sendall(out + answer(400, b"bad", CLOSE))
                return
            method, path, version, fields = request.groups()
            rest = buffer[request.end() :]
            if re.search(rb"(?mi)^transfer-encoding:", fields):
                if b"0\r\n\r\n" not in rest:
                    break
                rest = rest.partition(b"\r\n0\r\n\r\n")[2]
            elif length := re.search(rb"(?mi)^content-length: *(\d+)", fields):
                if len(rest) < int(length[1]):
                    break
                rest = rest[int(length[1]) :]
            buffer = rest
            said = re.search(rb"(?mi)^connection: *(.*)\r$", fields)
            wish = said[1] if said else b""
            last = wish == b"close" or (version == b"1.0" and wish != b"keep-alive")
            good = path == b"/" and method in (b"GET", b"HEAD")
            kept = version == b"1.0" and not last
            out += answer(
                200 if good else 404,
                b"Hello world!" if good else b"no",
                CLOSE if last else KEEP if kept else "",
                b"" if method == b"HEAD" else None,
            )
            if last:
                connection.sendall(out)
                return
        connection.sendall(out)


def batches(connection: socket.socket) -> Iterator[list[str]]:
    """Yield the paths of each read; a server on top of this knows nothing but GET."""
    while data := connection.recv(65_536):
        if paths := re.findall(rb"[A-Z]+ (\S+) HTTP/", data):
            yield [path.decode() for path in paths]


def spoiling(spoil: Callable[[socket.socket, list[str]], object]) -> Serve:
    """One request alone is answered rightly, and `spoil` answers more of them."""

    def serve(connection: socket.socket, _: Server) -> None:
        for paths in batches(connection):
            if len(paths) == 1:
                connection.sendall(right(paths[0]))
            elif spoil(connection, paths) == "close":
                return

    return serve


def every(paths: list[str]) -> bytes:
    return b"".join(right(path) for path in paths)


def first_then_close(connection: socket.socket, paths: list[str]) -> object:
    connection.sendall(right(paths[0]))
    return "close"


def seen(
    serve: Serve, *names: str, timeout: float = PATIENT, depth: int = 5, seed: int | None = None
) -> list[Entry]:
    """What the probe sees of a server, with these cases or all."""
    with running(serve) as server:
        report = run_probe(Order("127.0.0.1", server.port, depth, timeout, list(names), seed=seed))
    assert report.error is None
    assert [case["name"] for case in report.cases] == list(names or ALL)
    return report.cases


ALL = [case.name for case in CASES]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])

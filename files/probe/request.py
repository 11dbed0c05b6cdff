"""Requests: a GET as wrk writes it, others that are awkward, and the answers that are right."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

BODY = b"Hello world!"
# What may become of a request that no framework has to know: its framing alone is judged.
REFUSED = frozenset({*range(400, 500), 501})
ANY_OUTCOME = REFUSED | frozenset(range(200, 300))
LETTERS = "abcdefghijklmnopqrstuvwxyz"
NAMES = LETTERS + LETTERS.upper() + "0123456789-"
# What a server that looks for patterns in place of parsing would take for something else.
VALUES = (
    "GET / HTTP/1.1", "HTTP/1.1", "Host:", "Connection: close", "Content-Length: 5", ":", "",
    "a, b;q=0.5", "0", "/", "close the door", 'W/"x"',
)  # fmt: skip
# RFC 9110 (5.6.3) allows tabs, too, and nginx refuses a Host that has one.
SPACES = (" ", "", "  ")


class Contract(NamedTuple):
    """What a server is to answer. None of body and media_type: any."""

    path: str = "/"
    statuses: frozenset[int] = frozenset({200})
    body: bytes | None = BODY
    media_type: str | None = "text/plain"
    missing: frozenset[int] = frozenset({404})


FRAMEWORK = Contract()
"""That of every framework here."""


class Request(NamedTuple):
    data: bytes
    title: str
    statuses: frozenset[int]  # those that are right
    method: str = "GET"
    body: bytes | None = None  # the one body that is right, or None for any
    media_type: str | None = None  # the same
    version: str = "1.1"


class Writer:
    """Makes requests: a GET as wrk writes it, and paths that no two runs share.

    seed: of what is random in them; another one each time if it is None.
    """

    def __init__(
        self, address: str, port: int, contract: Contract = FRAMEWORK, seed: int | None = None
    ) -> None:
        host = address.partition("%")[0]
        self.host = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.contract = contract
        self.seed = random.randrange(2**32) if seed is None else seed  # noqa: S311 - not a secret
        self.random = random.Random(self.seed)  # noqa: S311 - not a secret
        self.run = self.random.randrange(10**5, 10**6)
        self.count = 0

    def raw(self, method: str, path: str, fields: str = "", version: str = "1.1") -> bytes:
        return f"{method} {path} HTTP/{version}\r\nHost: {self.host}\r\n{fields}\r\n".encode()

    def missing_path(self) -> str:
        self.count += 1
        return f"/missing-{self.run}-{self.count}"

    def get(self, missing: bool = False, fields: str = "", version: str = "1.1") -> Request:
        path = self.missing_path() if missing else self.contract.path
        return self.get_of(path, missing, self.raw("GET", path, fields, version), version)

    def get_of(self, path: str, missing: bool, data: bytes, version: str = "1.1") -> Request:
        """A GET that was written already, with what is right for it."""
        wanted = self.contract
        return Request(
            data,
            f"GET {path}",
            wanted.missing if missing else wanted.statuses,
            body=None if missing else wanted.body,
            media_type=None if missing else wanted.media_type,
            version=version,
        )

    def head(self) -> Request:
        # The contract of a framework does not speak of HEAD: its framing alone is judged.
        path = self.contract.path
        statuses = self.contract.statuses | {404, 405, 501}
        return Request(self.raw("HEAD", path), f"HEAD {path}", statuses, method="HEAD")

    def post(self, fields: str, content: bytes) -> Request:
        path = self.missing_path()
        data = self.raw("POST", path, fields) + content
        statuses = self.contract.missing | {404, 405, 411, 501}
        return Request(data, f"POST {path}", statuses, method="POST")

    def mixed(self, count: int, fields: str = "", version: str = "1.1") -> list[Request]:
        """Make requests to be answered with 200, 404, 404, 200, ...: the Thue-Morse sequence.

        It repeats nothing three times in a row, so a shift shows; and as the first and the last
        always differ, so does the reverse.
        """
        return [
            self.get(missing=missing, fields=fields, version=version)
            for missing in thue_morse(count)
        ]

    def alternating(self, count: int) -> list[Request]:
        """Make requests to be answered with 200, 404, 200, ...: any two neighbours differ."""
        return [self.get(missing=i % 2 == 1) for i in range(count)]

    def drawn(self, missing: bool) -> Request:
        """A GET with header fields, and their order and spelling, that are drawn."""
        draw = self.random
        path = self.drawn_path() if missing else self.contract.path
        fields = [self.drawn_field() for _ in range(draw.randrange(6))]
        host = "".join(draw.choice((letter, letter.upper())) for letter in "host")
        fields.insert(draw.randrange(len(fields) + 1), f"{host}:{draw.choice(SPACES)}{self.host}")
        data = "\r\n".join([f"GET {path} HTTP/1.1", *fields, "", ""]).encode()
        return self.get_of(path, missing, data)

    def drawn_path(self) -> str:
        self.count += 1
        return f"/{self.drawn_text(LETTERS)}-{self.run}-{self.count}/{self.drawn_text(NAMES)}"

    def drawn_field(self) -> str:
        draw = self.random
        value = draw.choice((*VALUES, self.drawn_text(NAMES, 60)))
        return f"X-{self.drawn_text(NAMES)}:{draw.choice(SPACES)}{value}{draw.choice(SPACES)}"

    def drawn_text(self, letters: str, most: int = 20) -> str:
        return "".join(self.random.choices(letters, k=self.random.randrange(1, most)))

    def drawn_with_content(self) -> Request:
        """A request that is not wanted, with a content of blank lines and whole requests."""
        draw, path = self.random, self.drawn_path()
        method = draw.choice(("POST", "PUT", "PATCH"))
        parts = [b"\r\n\r\n", b"\r\n", self.drawn(False).data, self.drawn(True).data]
        content = b"".join(draw.choice(parts) for _ in range(draw.randrange(2, 6)))
        content += draw.choice((b"", b"x", b"\r\n"))
        fields = f"{self.drawn_field()}\r\nContent-Length: {len(content)}\r\n"
        data = self.raw(method, path, fields) + content
        return Request(data, f"{method} {path}", ANY_OUTCOME, method)


def thue_morse(count: int) -> list[bool]:
    """Whether each of so many asks for what is missing; the first does not, the last does."""
    return [i > 0 and (i == count - 1 or f"{i:b}".count("1") % 2 == 1) for i in range(count)]


def joined(requests: Sequence[Request]) -> bytes:
    return b"".join(request.data for request in requests)

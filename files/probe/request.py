"""Requests: a GET as wrk writes it, others that are awkward, and the answers that are right."""

from __future__ import annotations

import random
from typing import NamedTuple

BODY = b"Hello world!"


class Request(NamedTuple):
    data: bytes
    title: str
    statuses: frozenset[int]  # those that are right
    method: str = "GET"
    body: bytes | None = None  # the one body that is right, or None for any
    version: str = "1.1"


class Writer:
    """Makes requests: a GET as wrk writes it, and paths that no two runs share."""

    def __init__(self, address: str, port: int) -> None:
        host = address.partition("%")[0]
        self.host = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.run = random.randrange(10**5, 10**6)  # noqa: S311 - not a secret
        self.count = 0

    def raw(self, method: str, path: str, fields: str = "", version: str = "1.1") -> bytes:
        return f"{method} {path} HTTP/{version}\r\nHost: {self.host}\r\n{fields}\r\n".encode()

    def missing_path(self) -> str:
        self.count += 1
        return f"/missing-{self.run}-{self.count}"

    def get(self, missing: bool = False, fields: str = "", version: str = "1.1") -> Request:
        path = self.missing_path() if missing else "/"
        return Request(
            self.raw("GET", path, fields, version),
            f"GET {path}",
            frozenset({404 if missing else 200}),
            body=None if missing else BODY,
            version=version,
        )

    def head(self) -> Request:
        # The contract of a framework does not speak of HEAD: its framing alone is judged.
        statuses = frozenset({200, 404, 405, 501})
        return Request(self.raw("HEAD", "/"), "HEAD /", statuses, method="HEAD")

    def post(self, fields: str, content: bytes) -> Request:
        path = self.missing_path()
        data = self.raw("POST", path, fields) + content
        return Request(data, f"POST {path}", frozenset({404, 405, 411, 501}), method="POST")

    def mixed(self, count: int, fields: str = "", version: str = "1.1") -> list[Request]:
        """Make requests to be answered with 200, 404, 404, 200, ...: the Thue-Morse sequence.

        It repeats nothing three times in a row, so a shift shows; and as the first and the last
        always differ, so does the reverse.
        """
        return [
            self.get(
                missing=i > 0 and (i == count - 1 or f"{i:b}".count("1") % 2 == 1),
                fields=fields,
                version=version,
            )
            for i in range(count)
        ]

    def alternating(self, count: int) -> list[Request]:
        """Make requests to be answered with 200, 404, 200, ...: any two neighbours differ."""
        return [self.get(missing=i % 2 == 1) for i in range(count)]


def joined(requests: list[Request]) -> bytes:
    return b"".join(request.data for request in requests)

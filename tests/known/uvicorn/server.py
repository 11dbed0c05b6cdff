"""The contract of a framework as an application of ASGI's second version."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def app(scope: dict[str, Any]) -> Callable[[Receive, Send], Awaitable[None]]:
    there = scope["path"] == "/"
    body = b"Hello world!" if there else b"none"
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body))]

    async def answer(_: Receive, send: Send) -> None:
        status = 200 if there else 404
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


uvicorn.run(app, os.environ["BENCH_ADDRESS"], int(os.environ["BENCH_PORT"]), log_level="warning")

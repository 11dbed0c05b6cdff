"""Hello world as a bare ASGI application, for the servers that come without a framework.

Their folders link to this file, so that they are compared serving the same application.
"""

from collections.abc import Awaitable, Callable
from typing import Any

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def somebody() -> None:
    return


async def app(scope: Message, receive: Receive, send: Send) -> None:  # noqa: ARG001  # no body is read
    if scope["path"] == "/" and scope["method"] in ("GET", "HEAD"):
        await somebody()
        status, body = 200, b"Hello world!"
    else:
        status, body = 404, b"Not found\n"
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

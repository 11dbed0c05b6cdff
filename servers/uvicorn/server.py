"""Hello world as a bare ASGI application, served by uvicorn on uvloop and httptools."""

from collections.abc import Awaitable, Callable
from typing import Any

from production import main

Message = dict[str, Any]


async def somebody() -> None:
    return


async def app(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],  # noqa: ARG001  # no body is wanted
    send: Callable[[Message], Awaitable[None]],
) -> None:
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


if __name__ == "__main__":
    main(app, lifespan="off")

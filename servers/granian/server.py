"""Hello world as an application of RSGI, granian's own interface, on uvloop."""

from typing import Any

from granian.constants import Interfaces
from production import main


async def somebody() -> None:
    return


async def app(scope: Any, protocol: Any) -> None:
    if scope.path == "/" and scope.method in ("GET", "HEAD"):
        await somebody()
        status, body = 200, "Hello world!"
    else:
        status, body = 404, "Not found\n"
    protocol.response_str(status, [("content-type", "text/plain; charset=utf-8")], body)


if __name__ == "__main__":
    main("server:app", Interfaces.RSGI)

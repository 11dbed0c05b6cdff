"""Hello world with Starlette."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def somebody() -> None:
    return


async def hello(_: Request) -> PlainTextResponse:
    await somebody()
    return PlainTextResponse("Hello world!")


app = Starlette(routes=[Route("/", hello)])

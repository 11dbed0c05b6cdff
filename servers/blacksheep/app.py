"""Hello world with BlackSheep."""

from blacksheep import Application, Response, get, head, text

app = Application()


async def somebody() -> None:
    return


@get("/")
@head("/")
async def hello() -> Response:
    await somebody()
    return text("Hello world!")

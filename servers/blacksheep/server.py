"""Hello world with BlackSheep, served by uvicorn on uvloop and httptools."""

from blacksheep import Application, Response, get, head, text
from production import main  # a link to the folder of uvicorn

app = Application()


async def somebody() -> None:
    return


@get("/")
@head("/")
async def hello() -> Response:
    await somebody()
    return text("Hello world!")


if __name__ == "__main__":
    main(app)

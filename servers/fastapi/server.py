"""Hello world with FastAPI, served by uvicorn on uvloop and httptools."""

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from production import main  # a link to the folder of uvicorn

app = FastAPI(openapi_url=None)


async def somebody() -> None:
    return


@app.head("/")
@app.get("/", response_class=PlainTextResponse)
async def hello() -> str:
    await somebody()
    return "Hello world!"


if __name__ == "__main__":
    main(app)

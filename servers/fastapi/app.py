"""Hello world with FastAPI."""

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

app = FastAPI(openapi_url=None)


async def somebody() -> None:
    return


@app.head("/")
@app.get("/", response_class=PlainTextResponse)
async def hello() -> str:
    await somebody()
    return "Hello world!"

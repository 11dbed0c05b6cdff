"""Hello world with sanic's own server, which takes uvloop by itself."""

from launch import bound_socket, settings
from sanic import HTTPResponse, Request, Sanic, text

# Without logging of its own, what sanic warns of still goes to stderr, and nothing else. The
# processes of several workers import this file, and find the application by its name.
app = Sanic("bench", configure_logging=False)
app.config.FALLBACK_ERROR_FORMAT = "text"
app.config.GRACEFUL_SHUTDOWN_TIMEOUT = 1.0


async def somebody() -> None:
    return


@app.get("/")
async def hello(_: Request) -> HTTPResponse:
    await somebody()
    return text("Hello world!")


if __name__ == "__main__":
    host, port, workers = settings()
    app.run(
        sock=bound_socket(host, port),
        backlog=1024,  # a generator's connections arrive all at once
        workers=workers,
        single_process=workers == 1,
        access_log=False,
        motd=False,
    )

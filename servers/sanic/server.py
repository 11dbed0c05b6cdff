"""Hello world with sanic's own server, which takes uvloop by itself."""

from functools import partial

from launch import bound_socket, run_workers, settings
from sanic import HTTPResponse, Request, Sanic, text


async def somebody() -> None:
    return


async def hello(_: Request) -> HTTPResponse:
    await somebody()
    return text("Hello world!")


def serve(host: str, port: int, *, shared: bool) -> None:
    # Without logging of its own, what sanic warns of still goes to stderr, and nothing else.
    app = Sanic("bench", configure_logging=False)
    app.config.FALLBACK_ERROR_FORMAT = "text"
    app.config.GRACEFUL_SHUTDOWN_TIMEOUT = 1.0
    app.add_route(hello, "/")
    app.run(
        sock=bound_socket(host, port, shared=shared),
        backlog=1024,  # a generator's connections arrive all at once
        single_process=True,
        access_log=False,
        motd=False,
    )


if __name__ == "__main__":
    host, port, workers = settings()
    run_workers(workers, partial(serve, host, port, shared=workers > 1))

"""Hello world with socketify, whose server is written in C++ (uWebSockets)."""

from functools import partial
from typing import Any

from launch import run_workers, settings
from socketify import App, AppListenOptions


async def somebody() -> None:
    return


async def hello(response: Any, _: Any) -> None:
    await somebody()
    response.cork_send("Hello world!", b"text/plain; charset=utf-8")


def missing(response: Any, _: Any) -> None:
    response.cork_send("Not found\n", b"text/plain; charset=utf-8", b"404 Not Found")


def bodiless(status: str, response: Any, _: Any) -> None:
    response.cork(lambda corked: corked.write_status(status).end_without_body())


def serve(host: str, port: int) -> None:
    app = App()
    app.get("/", hello)
    app.head("/", partial(bodiless, "200 OK"))
    app.head("/*", partial(bodiless, "404 Not Found"))
    app.any("/*", missing)
    app.listen(AppListenOptions(port=port, host=host), lambda _: None)
    app.run()


if __name__ == "__main__":
    host, port, workers = settings()
    run_workers(workers, partial(serve, host, port))

"""Hello world with aiohttp, on uvloop unless BENCH_LOOP says otherwise."""

from functools import partial

from aiohttp import web
from launch import new_event_loop, run_workers, settings


async def somebody() -> None:
    return


async def hello(_: web.Request) -> web.Response:
    await somebody()
    return web.Response(text="Hello world!")


def serve(host: str, port: int, *, shared: bool) -> None:
    app = web.Application()
    app.router.add_get("/", hello)
    web.run_app(
        app,
        host=host,
        port=port,
        reuse_port=shared,
        backlog=1024,  # a generator's connections arrive all at once
        access_log=None,
        print=None,
        shutdown_timeout=1.0,
        loop=new_event_loop(),
    )


if __name__ == "__main__":
    host, port, workers = settings()
    run_workers(workers, partial(serve, host, port, shared=workers > 1))

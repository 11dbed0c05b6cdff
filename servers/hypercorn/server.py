"""A bare ASGI application, served by hypercorn on uvloop."""

import sys

from hello_asgi import Message, Receive, Send
from hello_asgi import app as hello
from hypercorn.config import Config
from hypercorn.run import run
from launch import settings


async def app(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":  # its beginning and its end, at which there is nothing to do
        for _ in range(2):
            await send({"type": (await receive())["type"] + ".complete"})
    else:
        await hello(scope, receive, send)


if __name__ == "__main__":
    host, port, workers = settings()
    config = Config()
    config.application_path = "server:app"
    config.bind = [f"[{host}]:{port}" if ":" in host else f"{host}:{port}"]
    config.workers = workers
    config.worker_class = "uvloop"
    config.loglevel = "WARNING"
    config.backlog = 1024  # a generator's connections arrive all at once
    config.keep_alive_max_requests = 10**9  # it would close each connection after 1,000
    config.graceful_timeout = 1.0
    sys.exit(run(config))

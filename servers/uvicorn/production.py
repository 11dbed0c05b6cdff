"""uvicorn as its documentation calls production, on uvloop and httptools, for any application.

The folders of the frameworks that it serves link to this file.
"""

from functools import partial
from typing import Any

import uvicorn
from launch import bound_socket, run_workers, settings


def serve(app: Any, options: dict[str, Any], host: str, port: int, *, shared: bool) -> None:
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        **options,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run(sockets=[bound_socket(host, port, shared=shared)])


def main(app: Any, **options: Any) -> None:
    """Serve an ASGI application until SIGTERM. options: of uvicorn.Config, beside those of all."""
    host, port, workers = settings()
    run_workers(workers, partial(serve, app, options, host, port, shared=workers > 1))

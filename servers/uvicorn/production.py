"""uvicorn as its documentation calls production, on uvloop and httptools, for any application.

The folders of the frameworks that it serves link to this file.
"""

from typing import Any

import uvicorn
from launch import settings


def main(app: str, **options: Any) -> None:
    """Serve an ASGI application until SIGTERM.

    app: `module:name`, as uvicorn's manager of several workers requires it; another module than
    server.py, which each worker imports, too. options: of uvicorn.Config, beside those of all.
    """
    host, port, workers = settings()
    uvicorn.run(
        app,
        host=host,
        port=port,
        workers=workers,
        loop="uvloop",
        http="httptools",
        **options,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )

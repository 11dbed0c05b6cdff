"""gunicorn with its own worker for ASGI."""

import os
import sys

from gunicorn.app.wsgiapp import run

PLACE = f"{os.environ['BENCH_ADDRESS']}:{os.environ['BENCH_PORT']}"
WORDS = ("--worker-class", "asgi", "--bind", PLACE, "--log-level", "warning")
sys.argv[1:] = [*WORDS, "app:app"]
sys.exit(run())

"""hypercorn as it is without settings."""

import os
import sys

from hypercorn.__main__ import main

PLACE = f"{os.environ['BENCH_ADDRESS']}:{os.environ['BENCH_PORT']}"

if __name__ == "__main__":  # its workers load this file, too
    sys.exit(main(["--bind", PLACE, "app:app"]))

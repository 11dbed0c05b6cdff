"""python -m pipebench.cloud --cloud FILE: what ./bench starts with --cloud."""

import sys

from pipebench.cloud.command import main

sys.exit(main(sys.argv[1:]))

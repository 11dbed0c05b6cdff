"""python -m pipebench.door WORD...: what ./bench is, once there is an environment."""

import sys

from pipebench.door.command import main

sys.exit(main(sys.argv[1:]))

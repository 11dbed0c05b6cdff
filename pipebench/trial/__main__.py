"""python -m pipebench.trial FOLDER: what `./bench try` starts."""

import sys

from pipebench.trial.command import main

sys.exit(main(sys.argv[1:]))

"""Ask a server whether it answers pipelined HTTP/1.1 requests, with plain sockets.

    python3 files/probe ADDRESS PORT

No HTTP library stands between: what a library repairs is what is to be seen. The folder is copied
to load generators and run there, and needs nothing but host/ beside it and CPython 3.9 or later.
"""

import sys

import beside  # noqa: F401
from command_line import main

sys.exit(main())

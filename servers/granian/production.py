"""granian on uvloop, for either of its interfaces."""

from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from launch import settings


def main(application: str, interface: Interfaces) -> None:
    """Serve until SIGTERM. application: `module:name`, which each worker imports."""
    host, port, workers = settings()
    Granian(
        application,
        address=host,
        port=port,
        interface=interface,
        workers=workers,
        loop=Loops.uvloop,
        log_level=LogLevels.warning,
        workers_kill_timeout=5,
    ).serve()

"""Wait for a process that this one started, and wake up as soon as it ends."""

from __future__ import annotations

import os
import select


def ends_within(pid: int, seconds: float) -> bool:
    """Whether a child ends within so many seconds. Its status must not have been read before."""
    descriptor = os.pidfd_open(pid)
    try:
        return bool(select.select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)

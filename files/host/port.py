"""Whether a server could listen on this host."""

from __future__ import annotations

import socket


def listen_error(address: str, port: int) -> OSError | None:
    """Why nothing can listen there; None if something can."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((address, port))
            sock.listen(1)
        except OSError as error:
            return error
    return None

"""The server of uvloop-httptools-2017 before it was mended: it closes after each batch."""

from mended import Protocol, main  # a link to the other folder's server.py


class ClosingProtocol(Protocol):
    """Waits for a header which HTTP/1.1 does not need, and which hardly any client sends."""

    def keeps_alive(self) -> bool:
        return b"keep-alive" in [value for _, value in self._headers]


if __name__ == "__main__":
    main(ClosingProtocol)

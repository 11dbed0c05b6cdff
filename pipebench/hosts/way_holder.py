"""The process that keeps the way out of one host open: python -m ... OWNER COMMAND...

It runs the command, which is ssh, and says in one line of JSON how that began (`Said`). It ends it
when it is told to (SIGTERM), when its owner has ended, however that happened, and with itself: the
far end waits for the end of its input.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

import msgspec
from msgspec import Struct

from pipebench.hosts.owner import parsed

ANSWER = "way out: "
ALLOCATED = re.compile(r"Allocated port (\d+) for remote forward")
LOOK_S = 0.5
OPEN_S = 60
END_S = 2


class Said(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the command began. port: None if it was not allocated. answer: of the far end.

    errors: what ssh printed.
    """

    port: int | None = None
    answer: str = ""
    errors: str = ""


class Holder:
    """One connection, and whether it is still wanted."""

    def __init__(self, owner: str, command: Sequence[str]) -> None:
        self._owner = parsed(owner)
        self._told = threading.Event()
        self._ssh = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            errors="replace", bufsize=1,
        )  # fmt: skip
        self._port: int | None = None
        self._answer = ""
        self._errors: deque[str] = deque(maxlen=20)
        self._begun = threading.Event()
        assert self._ssh.stdout
        assert self._ssh.stderr
        self._readers = [
            threading.Thread(target=read, args=(stream,), daemon=True)
            for read, stream in (
                (self._read_answer, self._ssh.stdout),
                (self._read_errors, self._ssh.stderr),
            )
        ]

    def tell(self, *_: object) -> None:
        """It is not wanted any more."""
        self._told.set()

    def begin(self) -> Said:
        """Wait until it is open, or will not be."""
        for reader in self._readers:
            reader.start()
        deadline = time.monotonic() + OPEN_S
        while not self._begun.wait(LOOK_S) and self.is_wanted and time.monotonic() < deadline:
            pass
        if not self._answer:
            self.end()
            for reader in self._readers:
                reader.join(END_S)
        return Said(port=self._port, answer=self._answer, errors="\n".join(self._errors))

    def keep(self) -> None:
        """Keep it open as long as it is wanted."""
        while self.is_wanted:
            self._told.wait(LOOK_S)
        self.end()

    @property
    def is_wanted(self) -> bool:
        return not (self._told.is_set() or self._owner.is_dead) and self._ssh.poll() is None

    def end(self) -> None:
        """End it: the far end by the end of its input, so that it can clean up, then ssh."""
        assert self._ssh.stdin
        self._ssh.stdin.close()
        for give_up in (self._ssh.terminate, self._ssh.kill):
            try:
                self._ssh.wait(END_S)
            except subprocess.TimeoutExpired:  # connections through it are still open
                give_up()
        self._ssh.wait()

    def _read_answer(self, stream: IO[str]) -> None:
        for line in stream:
            if line.startswith(ANSWER):
                self._answer = line.removeprefix(ANSWER).strip()
                break
        self._begun.set()

    def _read_errors(self, stream: IO[str]) -> None:
        """To the end, so that ssh never waits for somebody to read."""
        for line in stream:
            allocated = ALLOCATED.search(line)
            if allocated and self._port is None:
                self._port = int(allocated[1])
                self._tell_port()
            self._errors.append(line.strip())

    def _tell_port(self) -> None:
        assert self._ssh.stdin
        with suppress(BrokenPipeError):  # ssh has ended meanwhile, and has said why
            self._ssh.stdin.write(f"{self._port}\n")


def main() -> None:
    """Hold a way as the arguments say."""
    owner, *command = sys.argv[1:]
    holder = Holder(owner, command)
    for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(one, holder.tell)
    said = holder.begin()
    sys.stdout.buffer.write(msgspec.json.encode(said) + b"\n")
    sys.stdout.close()
    holder.keep()


if __name__ == "__main__":
    main()

"""What was written into the journal, as text that can be kept, whatever bytes it was.

Run in the folder above as `python3 -m host.journal`: standard input to standard output. A program
may write bytes that are not UTF-8 and lines without an end, and who cuts a journal's end off may
cut a letter.
"""

from __future__ import annotations

import sys

LINE_CHARACTERS = 2000
"""Of a longer line the rest is left out: enough for any message, and 400 of them fit a record."""


def kept(text: str) -> str:
    """The same with lines of a limited length."""
    return "".join(map(shortened, text.splitlines(keepends=True)))


def shortened(line: str) -> str:
    """A line, with how much of it is left out if it is too long."""
    content = line.rstrip("\r\n")
    more = len(content) - LINE_CHARACTERS
    if more <= 0:
        return line
    return f"{content[:LINE_CHARACTERS]} ... ({more} more characters)\n"


if __name__ == "__main__":
    printed = kept(sys.stdin.buffer.read().decode(errors="replace"))
    sys.stdout.buffer.write(printed.encode())

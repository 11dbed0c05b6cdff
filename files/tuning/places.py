"""The places where a host keeps a value that can be set: each is read and written as a text.

/proc/..., /sys/...       a file of the kernel
ethtool:INTERFACE:WORD    what `ethtool -c` calls adaptive-rx or adaptive-tx: on, off
nftables:PORT             whether connections to this port are tracked: tracked, untracked
systemd:SERVICE           whether a service runs: active, inactive
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

TABLE = "inet pipeline_bench"
UNTRACKED = """
table {table} {{
  chain arriving {{
    type filter hook prerouting priority raw; policy accept;
    tcp dport {port} notrack
    tcp sport {port} notrack
  }}
  chain leaving {{
    type filter hook output priority raw; policy accept;
    tcp dport {port} notrack
    tcp sport {port} notrack
  }}
}}
"""


class PlaceError(Exception):
    """A value could not be written; the message says why, in a few words."""


def ask(*argv: str, given: str = "") -> str | None:
    """What a program prints; None if it is not there, does not end, or fails."""
    try:
        return run(*argv, given=given)
    except PlaceError:
        return None


def run(*argv: str, given: str = "") -> str:
    """What a program prints. Raises PlaceError if it is not there, does not end, or fails."""
    try:
        done = subprocess.run(
            argv, input=given, capture_output=True, errors="replace", timeout=20, check=False
        )
    except FileNotFoundError as error:
        raise PlaceError(f"{argv[0]} is not installed") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PlaceError(f"{argv[0]}: {error}") from error
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise PlaceError(f"{argv[0]}: {said[-1] if said else f'status {done.returncode}'}")
    return done.stdout


def under(root: Path, path: str) -> Path:
    """A path of the kernel. root: of /proc and /sys."""
    return root / path.lstrip("/")


def read_text(path: Path) -> str | None:
    """The text of a file without its last newline; None if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").rstrip("\n")
    except OSError:
        return None


def read_place(root: Path, place: str) -> str | None:
    """The value as it is shown; None if there is no such place."""
    if place.startswith("/"):
        return read_text(under(root, place))
    kind, _, rest = place.partition(":")
    if kind == "ethtool":
        interface, _, word = rest.partition(":")
        return _adaptive(ask("ethtool", "-c", interface) or "", word)
    if kind == "nftables":
        if ask("nft", "--version") is None:
            return None
        there = ask("nft", "list", "table", *TABLE.split()) is not None
        return "untracked" if there else "tracked"
    return (_state(rest)) or None


def _adaptive(shown: str, word: str) -> str | None:
    found = re.search(r"^Adaptive RX: (on|off)\s+TX: (on|off)", shown, re.MULTILINE)
    return found[1 if word == "adaptive-rx" else 2] if found else None


def _state(service: str) -> str:
    """What systemd says of a service; it fails if that is not active."""
    try:
        done = subprocess.run(
            ["systemctl", "is-active", service], capture_output=True, errors="replace", check=False
        )
    except OSError:
        return ""
    return done.stdout.strip()


def write_place(root: Path, place: str, value: str) -> None:
    """Write a value. Raises PlaceError if that is refused, or there is no such place."""
    kind, _, rest = place.partition(":")
    if place.startswith("/"):
        _write_file(under(root, place), value)
    elif kind == "ethtool":
        interface, _, word = rest.partition(":")
        run("ethtool", "-C", interface, word, value)
    elif kind == "nftables":
        if value == "untracked":
            run("nft", "-f", "-", given=UNTRACKED.format(table=TABLE, port=int(rest)))
        else:
            run("nft", "delete", "table", *TABLE.split())
    else:
        run("systemctl", "start" if value == "active" else "stop", rest)


def _write_file(path: Path, value: str) -> None:
    """Never makes the file: what is gone is not there any more."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_TRUNC), "w", encoding="utf-8") as file:
            file.write(value + "\n")
    except FileNotFoundError as error:
        raise PlaceError("it is not there any more") from error
    except OSError as error:
        raise PlaceError(error.strerror or str(error)) from error


def is_writable(root: Path, place: str) -> bool:
    """Whether a file can be written at all: those of a container often cannot."""
    return not place.startswith("/") or os.access(under(root, place), os.W_OK)


def as_written(shown: str) -> str:
    """What to write for what is shown: of `always [madvise] never`, the word in brackets."""
    chosen = re.search(r"\[(\S+)\]", shown)
    return chosen[1] if chosen else shown


def same(place: str, shown: str | None, wanted: str) -> bool:
    """Whether a place shows what was wanted: the kernel writes some values in another form."""
    if shown is None:
        return False
    one, other = (" ".join(as_written(value).split()) for value in (shown, wanted))
    if place.endswith("_cpus"):  # a mask, which the kernel writes with leading zeros
        one, other = (value.replace(",", "").lstrip("0") for value in (one, other))
    return one == other

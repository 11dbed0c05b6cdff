"""A run's folder, which a stranger may have made: the one place where its files are opened.

A file is a name in the folder, as `raw/a.json.gz`. It is read only if it is a regular file, of a
limited size, and no link leads to it; so is it written, whole or not at all. The folder itself may
be a link, as a person has named it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import stat
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from pipebench.record.schema import RecordError

GZIP = b"\x1f\x8b"
GZIP_WBITS = 31
"""For zlib: the format of gzip, with any window."""
LARGEST_BYTES = 64_000_000
"""The largest file that is read, unpacked: two hundred times what this project writes of 5 s."""

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
NO_LINK = os.O_NOFOLLOW
FILE = NO_LINK | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
"""Opening a pipe does not wait for its other end."""
NO_FILE = (errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENXIO, errno.ENODEV)
"""What the kernel answers if a link, a folder, a socket or the like stands where a file should."""


def content_of(folder: Path, file: str, most: int | None = None) -> bytes:
    """What is in a file, unpacked if it is compressed.

    most: bytes, packed or not; None: LARGEST_BYTES. RecordError: it cannot be read, is cut short,
    or is too large.
    """
    limit = LARGEST_BYTES if most is None else most
    with _reading(), _opened(folder, file, os.O_RDONLY) as opened:
        size = os.fstat(opened).st_size
        content = b"" if size > limit else _read(opened, limit + 1)
    if max(size, len(content)) > limit:
        raise RecordError(f"it is too large ({max(size, len(content)):,} bytes)")
    return _unpacked(content, limit) if content.startswith(GZIP) else content


def end_of(folder: Path, file: str, most: int) -> bytes:
    """The last bytes of a file, however large it is. RecordError: it cannot be read."""
    with _reading(), _opened(folder, file, os.O_RDONLY) as opened:
        os.lseek(opened, max(0, os.fstat(opened).st_size - most), os.SEEK_SET)
        return _read(opened, most)


def exists(folder: Path, file: str) -> bool:
    """Whether there is a regular file of this name, and no link leads to it."""
    try:
        with _opened(folder, file, os.O_RDONLY):
            return True
    except OSError:
        return False


def names_in(folder: Path, inner: str) -> list[str]:
    """The names of what is in a folder of a run; none if there is no such folder, but a link."""
    try:
        with _place(folder, f"{inner}/.") as (place, _):
            return sorted(entry.name for entry in os.scandir(place))
    except OSError:
        return []


def write_files(folder: Path, files: Mapping[str, bytes], *, durable: bool = False) -> None:
    """Write files by name, all of them or none: what was there before stays until then.

    Folders are made where they are missing. durable: they survive a loss of power. OSError: one
    cannot be written, or a link leads to it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made: list[tuple[str, str]] = []
    try:
        for file, content in files.items():
            made.append((file, _part(file)))
            _write_part(folder, made[-1][1], content, durable=durable)
        for file, part in made:
            move(folder, part, file)
    finally:
        for _, part in made:
            with suppress(OSError):
                remove(folder, part)


def append(folder: Path, file: str, line: bytes) -> None:
    """Add a line, with its end, to a file: whole, or not at all if OSError is raised.

    If the last line there was cut short, the new one begins after it. Several processes may do so
    at the same time.
    """
    with _opened(folder, file, os.O_RDWR | os.O_APPEND | os.O_CREAT) as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        size = os.fstat(opened).st_size
        cut = size and os.pread(opened, 1, size - 1) != b"\n"
        try:
            _write(opened, (b"\n" if cut else b"") + line)
        except OSError:
            os.ftruncate(opened, size)
            raise


def move(folder: Path, file: str, to: str) -> None:
    """Give a file of the folder another name in it, in the place of what has that. OSError."""
    with _place(folder, file) as (place, name), _place(folder, to, make=True) as (other, new):
        os.rename(name, new, src_dir_fd=place, dst_dir_fd=other)


def remove(folder: Path, file: str) -> None:
    """Remove a file, or a link of this name. OSError: it cannot be removed, or is not there."""
    with _place(folder, file) as (place, name):
        os.unlink(name, dir_fd=place)


@contextmanager
def _reading() -> Iterator[None]:
    """RecordError instead of OSError."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_FILE:
            raise RecordError("it is not a file, but a link, a folder or the like") from error
        raise RecordError(f"it cannot be read ({error.strerror})") from error


@contextmanager
def _place(folder: Path, file: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """The folder that a file is in, opened, and the file's name there. make: missing folders.

    OSError: a link leads there, or the name leads out of the folder.
    """
    *inner, name = file.split("/")
    if "\0" in file or any(part in ("", "..") for part in (*inner, name)):
        raise OSError(errno.EINVAL, "its name leads out of the run's folder")
    place = os.open(folder, FOLDER)
    try:
        for part in inner:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=place)
            outer, place = place, os.open(part, FOLDER | NO_LINK, dir_fd=place)
            os.close(outer)
        yield place, name
    finally:
        os.close(place)


@contextmanager
def _opened(folder: Path, file: str, flags: int, *, make: bool = False) -> Iterator[int]:
    """A regular file, opened."""
    with _place(folder, file, make=make) as (place, name):
        opened = os.open(name, flags | FILE, 0o644, dir_fd=place)
    try:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise OSError(errno.EISDIR, "it is not a file")
        yield opened
    finally:
        os.close(opened)


def _read(opened: int, most: int) -> bytes:
    with os.fdopen(opened, "rb", closefd=False) as stream:
        return stream.read(most)


def _write(opened: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(opened, left) :]


def bytes_of_name(file: str) -> int:
    """How long the name of a file is at most, in bytes: that which it has while it is written."""
    return len(os.fsencode(_part(file).rpartition("/")[2]))


def _part(file: str) -> str:
    """The name of a file while it is written; a leading dot keeps it out of all lists."""
    inner, slash, name = file.rpartition("/")
    return f"{inner}{slash}.{name}.{secrets.token_hex(4)}"


def _write_part(folder: Path, part: str, content: bytes, *, durable: bool) -> None:
    with _opened(folder, part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, make=True) as opened:
        _write(opened, content)
        os.fchmod(opened, 0o644)
        if durable:
            os.fsync(opened)


def _unpacked(content: bytes, limit: int) -> bytes:
    damaged = f"it is truncated after {len(content)} bytes, or damaged"
    unpacking = zlib.decompressobj(GZIP_WBITS)
    try:
        whole = unpacking.decompress(content, limit + 1)
    except zlib.error as error:
        raise RecordError(damaged) from error
    if len(whole) > limit:
        raise RecordError(f"it is too large (more than {limit:,} bytes, unpacked)")
    if not unpacking.eof or unpacking.unused_data.strip(b"\0"):
        raise RecordError(damaged)
    return whole

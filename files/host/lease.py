"""One run at a time holds a host: which one it is, since when, and for how long at most.

A lease has a token that its run has made. Only who begins takes one; what comes later shows that
very token and keeps the lease, or is refused: a run whose token is not here any more has lost the
host, and what is there may be another one's. Nobody else has had it as long as the token is here,
also if the time is over: then that run goes on with it.

Time is counted by the clock that nobody sets (CLOCK_BOOTTIME) of one boot. A lease outlives a
reboot, and its whole time begins anew with the boot, also if it was over: the run comes back to its
host, which did not become free by that, and no clock says how long it was off. So the file is on a
disk. It is written in place and has always the same size: that needs no space, and nobody sees a
half of it. flock on the file itself is around each look with its write.

Modules import this, too: it needs nothing but the standard library. Run in the folder above as
`python3 -m host.lease`, with an order of a run (orders.py):

    {"state": "kept"}       the run goes on to hold the host, which is all
    {"state": "released"}   it lets the host go
        {}
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypedDict, cast

FILE = Path("/opt/pipeline-bench/lease.json")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
FIRST_PROCESS = Path("/proc/1/stat")
SIZE = 2048
TEXTS = ("run", "owner", "token", "boot")
NUMBERS = ("since", "kept_at", "seconds")
LARGEST = 1e11


class Lease(TypedDict):
    """run: its id. owner: the process that makes it, and its computer. token: a word of that run.

    since: unix s, for people. For so many seconds it goes on after `kept_at`, which is by the boot
    clock of `boot`.
    """

    run: str
    owner: str
    token: str
    since: float
    boot: str
    kept_at: float
    seconds: float


class Held(Lease):
    """One that goes on. left: s, from now."""

    left: float


class HeldError(Exception):
    """Another run holds this host, or has held it meanwhile; the message is a sentence."""


def boot_s() -> float:
    """The clock of this boot, s. It runs on while the host sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def left_s(lease: Lease, root: Path = Path("/")) -> float:
    """So long it goes on, s; not more than 0: it is over. root: of the host."""
    now = boot_s()
    if lease["boot"] == _boot_id(root):
        return min(lease["kept_at"], now) + lease["seconds"] - now
    return _booted_s(root) + lease["seconds"] - now


def _boot_id(root: Path) -> str:
    return _under(root, BOOT_ID).read_text(errors="replace").strip()


def _booted_s(root: Path) -> float:
    """When this system began, by the boot clock: its first process, also of a container."""
    fields = _under(root, FIRST_PROCESS).read_text(errors="replace").rpartition(") ")[2].split()
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _under(root: Path, path: Path) -> Path:
    return root / str(path).lstrip("/")


class Kept:
    """The file of the lease, locked: nobody else reads or writes it meanwhile."""

    def __init__(self, descriptor: int, root: Path = Path("/")) -> None:
        self._descriptor, self._root = descriptor, root

    def read(self) -> Lease | None:
        """The last lease, also one that is over; None if there is none, or it is damaged."""
        try:
            lease = json.loads(os.pread(self._descriptor, SIZE, 0))
        except (ValueError, RecursionError):
            return None
        return cast("Lease", lease) if is_lease(lease) else None

    def held(self) -> Held | None:
        """The lease that goes on."""
        lease = self.read()
        left = left_s(lease, self._root) if lease else 0.0
        return cast("Held", {**lease, "left": left}) if lease and left > 0 else None

    def refuse_others(self, *tokens: str | None) -> None:
        """Raises HeldError if a lease goes on that has none of these tokens."""
        lease = self.held()
        if lease and lease["token"] not in tokens:
            raise HeldError(f"the run {lease['run']} holds this host since {_moment(lease)}")

    def own(self, token: str) -> Lease:
        """The lease with this token, also if it is over. Raises HeldError if there is none."""
        self.refuse_others(token)
        lease = self.read()
        if lease is None or lease["token"] != token:
            raise HeldError(
                "this run has lost the host: another one has held it meanwhile, or its programs "
                "were removed, so that what is there may not be what this run has put there"
            )
        return lease

    def write(self, lease: Lease | None) -> None:
        text = json.dumps(lease or {}).encode()
        if len(text) > SIZE:
            raise ValueError(f"a lease has at most {SIZE} bytes")
        os.pwrite(self._descriptor, text.ljust(SIZE), 0)


def _moment(lease: Lease) -> str:
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(lease['since']))} UTC"


def is_lease(value: Any) -> bool:
    """Whether it is all that a lease has, and no other kind of value."""
    return (
        isinstance(value, dict)
        and all(isinstance(value.get(name), str) for name in TEXTS)
        and all(isinstance(value.get(name), (int, float)) for name in NUMBERS)
        and all(0 <= value[name] < LARGEST for name in NUMBERS)
    )


@contextmanager
def locked(*, makes: bool = False, writes: bool = True) -> Iterator[Kept | None]:
    """The file of the lease for one step, as nobody else has it; None if it is not there.

    makes: whether it is made if need be. writes: whether it may be written.
    """
    descriptor = _locked(makes=makes, writes=writes)
    try:
        yield None if descriptor is None else Kept(descriptor)
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _locked(*, makes: bool, writes: bool) -> int | None:
    """The descriptor of the file that has the name, locked: it may be removed and made anew."""
    while True:
        try:
            mode = os.O_RDWR if writes else os.O_RDONLY
            descriptor = os.open(FILE, mode | (os.O_CREAT if makes else 0) | os.O_CLOEXEC, 0o644)
        except (FileNotFoundError, NotADirectoryError):
            if makes:
                raise
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if writes else fcntl.LOCK_SH)
            if os.path.samestat(os.fstat(descriptor), FILE.stat()):
                return descriptor
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def held() -> Held | None:
    """The lease that goes on; None if there is none. Changes nothing."""
    with locked(writes=False) as kept:
        return kept.held() if kept else None


def held_in(root: Path) -> Held | None:
    """The same of another root with its own /proc, as a container has it."""
    try:
        descriptor = os.open(_under(root, FILE), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        return Kept(descriptor, root).held()
    except OSError:  # it has ended meanwhile
        return None
    finally:
        os.close(descriptor)


def refuse_others(token: str | None) -> None:
    """Raises HeldError if a lease with another token goes on."""
    with locked(writes=False) as kept:
        if kept:
            kept.refuse_others(token)


def take(run: str, owner: str, token: str, seconds: float, over: str | None = None) -> None:
    """Hold this host for so long from now on. Raises HeldError if another run does.

    over: the token of one that is known to be dead.
    """
    with locked(makes=True) as kept:
        assert kept
        kept.refuse_others(token, over)
        last = kept.read()
        since = last["since"] if last and last["token"] == token else time.time()
        kept.write(_lease(run, owner, token, since, seconds))


def keep(token: str, seconds: float | None = None) -> None:
    """Hold it for so long from now on (None: as long as before). HeldError: it is lost."""
    with locked(writes=seconds is not None) as kept:
        if kept is None:
            raise HeldError(f"this run has lost the host: {FILE} is not there any more")
        lease = kept.own(token)
        if seconds is not None:
            kept.write(_lease(lease["run"], lease["owner"], token, lease["since"], seconds))


def _lease(run: str, owner: str, token: str, since: float, seconds: float) -> Lease:
    return {
        "run": run,
        "owner": owner,
        "token": token,
        "since": since,
        "boot": _boot_id(Path("/")),
        "kept_at": boot_s(),
        "seconds": seconds,
    }


def release(token: str) -> None:
    """Let the host go, if this run still has it."""
    with locked() as kept:
        lease = kept.read() if kept else None
        if kept and lease and lease["token"] == token:
            kept.write(None)


def main() -> int:
    # only here, as orders.py needs this module
    from host.orders import answer_to  # noqa: PLC0415

    order = json.load(sys.stdin)
    token = order["lease"]["token"]

    def done(order: dict[str, Any]) -> dict[str, Any]:
        if order["state"] == "released":
            release(token)
        return {}

    json.dump(answer_to(order, done, measures=False), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())

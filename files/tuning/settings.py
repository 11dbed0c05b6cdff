"""Set values of a host for a while, and put them back.

What was there is kept in a file before the first write, so that whoever comes next can put it back:
this run at its end, the host itself if the run has died, the next run, or the teardown. A second
run never takes what the first one set for what was there before.

Only runtime values are written, so a reboot puts them all back. It gives the boot another id, and
the kernel starts anew: a container that is started again has only the former, and its values stay.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

from .places import PlaceError, as_written, read_place, read_text, same, write_place

KEPT = Path("/opt/pipeline-bench/tuning.json")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# A clock that is set, a little, moves the start of the kernel by as much.
SAME_START_S = 5


class Setting(TypedDict):
    """One value. name: of what it belongs to. place: see places.py. The rest are texts as shown.

    after: once it was set. held: shortly before it was put back; restored: then. error: why it
    could not be set; restore_error: why it could not be put back. None: not known, or none.
    """

    name: str
    path: str
    before: str
    wanted: str
    after: str | None
    held: str | None
    restored: str | None
    error: str | None
    restore_error: str | None


class Lapse(TypedDict):
    """That values were put back while their run still measured. Both: unix s.

    put_back_at: None if a reboot did it, at a moment that is not known. set_anew_at: all of them.
    """

    put_back_at: float | None
    set_anew_at: float


class Asked(NamedTuple):
    """What was asked for, with the token of which lease; and the lapses of that so far."""

    order: dict[str, Any]
    token: str | None
    lapses: list[Lapse]


NOBODY = Asked({}, None, [])


class Kept(TypedDict):
    """What a host remembers of the values that were set.

    kernel_started: unix s. released_at: when all were put back, unix s; None while they are set.
    about: what else belongs into the record. order, token, lapses: see Asked.
    already: whether all was put back before that was last asked for.
    """

    boot_id: str
    kernel_started: float
    released_at: float | None
    settings: list[Setting]
    about: dict[str, Any]
    order: dict[str, Any]
    token: str | None
    lapses: list[Lapse]
    already: bool


def setting(name: str, path: str, before: str, wanted: str) -> Setting:
    """A value that is not written yet."""
    return {
        "name": name,
        "path": path,
        "before": before,
        "wanted": wanted,
        "after": before,
        "held": None,
        "restored": None,
        "error": None,
        "restore_error": None,
    }


def boot_id() -> str:
    return read_text(BOOT_ID) or ""


def kernel_started() -> float:
    """When the kernel started, unix s by the clock of now."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def is_rebooted(remembered: Kept) -> bool:
    """Whether the host was booted since, so that the kernel has its own values again."""
    other = abs(remembered["kernel_started"] - kernel_started()) > SAME_START_S
    return other and remembered["boot_id"] != boot_id()


def kept() -> Kept | None:
    """What was kept last; None if there is nothing."""
    text = read_text(KEPT)
    remembered: Kept | None = json.loads(text) if text else None
    return remembered


def keep(remembered: Kept) -> None:
    part = KEPT.with_suffix(".part")
    part.write_text(json.dumps(remembered))
    part.replace(KEPT)


def is_set(remembered: Kept | None) -> bool:
    """Whether values are set that nobody has put back."""
    return bool(remembered and remembered["released_at"] is None and not is_rebooted(remembered))


def is_put_back(token: str) -> bool:
    """Whether what the run with this lease has set is not set any more."""
    remembered = kept()
    # one that an older version has kept has no token
    is_own = remembered is not None and remembered.get("token") == token
    return is_own and not is_set(remembered)


def untouched() -> dict[str, str]:
    """By path, what was there before, of values that are set now."""
    remembered = kept()
    if remembered is None or not is_set(remembered):
        return {}
    return {one["path"]: one["before"] for one in remembered["settings"]}


def change(
    settings: list[Setting], about: dict[str, Any], root: Path = Path("/"), asked: Asked = NOBODY
) -> Kept:
    """Write every value, once what was there before is kept. root: of /proc and /sys."""
    remembered: Kept = {
        "boot_id": boot_id(),
        "kernel_started": kernel_started(),
        "released_at": None,
        "settings": settings,
        "about": about,
        "order": asked.order,
        "token": asked.token,
        "lapses": asked.lapses,
        "already": False,
    }
    keep(remembered)
    for one in settings:
        try:
            write_place(root, one["path"], one["wanted"])
        except PlaceError as error:
            one["error"] = str(error)
        one["after"] = read_place(root, one["path"])
        if one["error"] is None and not same(one["path"], one["after"], one["wanted"]):
            one["error"] = f"the kernel made {one['after']} of it"
    keep(remembered)
    return remembered


def restore(root: Path = Path("/")) -> Kept | None:
    """Put every value back, the last one first, and read it again; None if nothing was ever set.

    After a reboot there is nothing to put back.
    """
    remembered = kept()
    if remembered is None:
        return None
    remembered["already"] = not is_set(remembered)
    if remembered["already"]:
        return remembered
    for one in reversed(remembered["settings"]):
        one["held"] = read_place(root, one["path"])
        one["restore_error"] = None
        if one["held"] != one["before"]:
            try:
                write_place(root, one["path"], as_written(one["before"]))
            except PlaceError as error:
                one["restore_error"] = str(error)
        one["restored"] = read_place(root, one["path"])
    # what is not there any more cannot be put back, nor does it have to be
    if all(one["restored"] in (None, one["before"]) for one in remembered["settings"]):
        remembered["released_at"] = time.time()
    keep(remembered)
    return remembered

"""A framework's name in a record: its folder's, and after an @ its variant's. Names of older runs.

`aiohttp` is the folder as it is, `aiohttp@2017` its variant 2017, `aiohttp@again` the A/A control.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

SEPARATOR = "@"
AGAIN = "again"
"""The variant that differs in nothing: the A/A control of a plain framework."""
FOLDER_PATTERN = r"[a-z0-9][a-z0-9-]*"
VARIANT_PATTERN = r"[a-z0-9][a-z0-9.-]{0,63}"
"""It reaches paths and systemd's units, so it is short and has no sign that they refuse."""
CALIBRATION = "calibration"
OLD_AGAIN = f"-{AGAIN}"

OLD_NAMES = {
    **{
        f"{folder}-2017": f"{folder}@2017"
        for folder in ("aiohttp", "fasthttp", "japronto", "sanic", "tornado", "uvloop-httptools")
    },
    "uvloop-httptools-2017-closing": "uvloop-httptools@2017-closing",
    "granian-asgi": "granian@asgi",
    "granian-rsgi": "granian",
    **{
        name: f"{CALIBRATION}@{name}"
        for name in (
            "closes-saying-so", "closes-silently", "crashes-after", "delay-40ms", "delay-450ms",
            "delay-50ms", "delay-5ms", "delay-bimodal", "delay-uniform", "errors-now-and-then",
            "hangs-after", "hangs-one", "hangs-tenth", "last-marked-close", "leaks", "no-delay",
            "one-too-many", "only-probe", "partial-then-hangs", "rate-limited", "resets",
            "restarts-itself", "serves-first-100", "slow-start", "slows-down", "swapped",
            "swapped-loaded", "truncated", "turns-bad", "unfair", "wrong-body",
            "wrong-body-loaded",
        )
    },
}  # fmt: skip
"""What was a folder of its own in older runs, and is a variant now."""


class NameParts(NamedTuple):
    """A framework's folder, and its variant; empty for the plain one."""

    folder: str
    variant: str


def named(folder: str, variant: str) -> str:
    """The unique name of a variant of a folder."""
    return f"{folder}{SEPARATOR}{variant}" if variant else folder


def parts(framework: str) -> NameParts:
    """What a framework's name says, also one of an older run."""
    folder, _, variant = current_name(framework).partition(SEPARATOR)
    return NameParts(folder, variant)


def current_name(framework: str) -> str:
    """The name that a framework of an older run has now; any other name as it is."""
    if framework.endswith(OLD_AGAIN) and SEPARATOR not in framework:
        return again_of(current_name(framework.removesuffix(OLD_AGAIN)))
    return OLD_NAMES.get(framework, framework)


def names_now(recorded: Mapping[str, str | None]) -> dict[str, str]:
    """The current name of each framework of one run, by the name that the run has for it.

    recorded: by that name, of which framework it is the A/A control; None: of none. No two have the
    same current name: they keep their own then.
    """
    names = {
        name: again_of(current_name(of)) if of else current_name(name)
        for name, of in recorded.items()
    }
    counts = Counter(names.values())
    return {name: now if counts[now] == 1 else name for name, now in names.items()}


def again_of(framework: str) -> str:
    """The name of the A/A control of a framework, which may be a variant itself."""
    folder, _, variant = framework.partition(SEPARATOR)
    return named(folder, f"{variant}{OLD_AGAIN}" if variant else AGAIN)


def plain_variant(variant: str) -> str:
    """The variant that a control is a second time; any other as it is."""
    return "" if variant == AGAIN else variant.removesuffix(OLD_AGAIN)

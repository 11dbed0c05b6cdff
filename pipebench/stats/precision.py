"""Whether intervals are narrow enough: by their width alone, never by where they lie.

Rounds that go on until a difference shows would find one.
"""

from collections.abc import Iterable
from typing import NamedTuple

from pipebench.stats.estimate import Estimate


class Precision(NamedTuple):
    """enough: no further round is needed; reason: in words, with the widest interval."""

    enough: bool
    reason: str


def precision(estimates: Iterable[tuple[str, Estimate | None]], until: float) -> Precision:
    """Judge all intervals by the widest. estimates: with what each is of, in words.

    until: the width by the median up to which an interval is narrow enough.
    """
    widths: list[tuple[float, str]] = []
    for what, estimate in estimates:
        width = estimate.relative_width if estimate else None
        if width is None:
            return Precision(False, f"{what} has no interval yet")
        widths.append((width, what))
    if not widths:
        return Precision(True, "there is nothing whose interval could be made narrower")
    widest, what = max(widths)
    evidence = f"the widest interval is {widest:.1%} of its ratio ({what})"
    if widest <= until:
        return Precision(True, f"{evidence}, at most the {until:.1%} declared")
    return Precision(False, f"{evidence}, above the {until:.1%} declared")

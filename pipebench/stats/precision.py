"""Whether intervals are narrow enough: by their width alone, never by their position.

If rounds went on until a difference showed, they would always find one.
"""

from collections.abc import Iterable
from typing import NamedTuple

from pipebench.stats.estimate import Estimate


class Precision(NamedTuple):
    """enough: whether no further round is needed; reason: in words, with the widest interval."""

    enough: bool
    reason: str


def precision(estimates: Iterable[tuple[str, Estimate]], until: float) -> Precision:
    """Judge all intervals by the widest. estimates: each with its name in words.

    until: the greatest width / median of an interval that is narrow enough.
    """
    widths: list[tuple[float, str]] = []
    for name, estimate in estimates:
        width = estimate.relative_width
        if width is None:
            return Precision(False, f"{name} has no interval yet")
        widths.append((width, name))
    if not widths:
        return Precision(True, "no interval could be made narrower")
    widest, name = max(widths)
    evidence = f"the widest interval is {widest:.1%} of its ratio ({name})"
    if widest <= until:
        return Precision(True, f"{evidence}, at most the {until:.1%} declared")
    return Precision(False, f"{evidence}, above the {until:.1%} declared")

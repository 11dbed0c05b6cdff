"""The schedule of a run: every cell in every round, each round in its own order."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import TypeVar

from msgspec import Struct

from pipebench.plan.variables import ExtendedRounds, Variables
from pipebench.record.schema import Workers

Item = TypeVar("Item")


class PlannedCell(Struct, frozen=True, kw_only=True, gc=False):
    """One cell of the plan, which is measured on each testbed."""

    framework: str
    workers: Workers
    depth: int
    connections: int


def cells_of(frameworks: Iterable[str], variables: Variables) -> list[PlannedCell]:
    """Every cell of a run, once."""
    return [
        PlannedCell(framework=name, workers=workers, depth=depth, connections=connections)
        for name in frameworks
        for workers in variables.workers
        for depth in variables.depths
        for connections in variables.connections
    ]


def shuffled_rounds(cells: Sequence[Item], rounds: int, seed: int) -> list[list[Item]]:
    """`rounds` copies of the cells, each in its own order; the same for the same seed."""
    order = random.Random(seed)  # noqa: S311 (an order, not a secret)
    return [order.sample(cells, len(cells)) for _ in range(rounds)]


def most_rounds(rounds: int | ExtendedRounds) -> int:
    """How many rounds there are at most."""
    return rounds if isinstance(rounds, int) else rounds.max

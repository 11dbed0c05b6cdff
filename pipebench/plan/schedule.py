"""The schedule of a run: every cell in every round, each round in its own order."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from itertools import product
from typing import TypeVar

from pipebench.plan.variables import ExtendedRounds, Variables
from pipebench.record.factors import PlannedCell, ServerFactors, factors_in

Item = TypeVar("Item")
Kind = TypeVar("Kind", bound=ServerFactors)


def cells_of(frameworks: Iterable[str], variables: Variables) -> list[PlannedCell]:
    """Every cell of a run, once."""
    return _every(PlannedCell, frameworks, variables)


def servers_of(frameworks: Iterable[str], variables: Variables) -> list[ServerFactors]:
    """Everything that a server is started with in a run, once."""
    return _every(ServerFactors, frameworks, variables)


def _every(kind: type[Kind], frameworks: Iterable[str], variables: Variables) -> list[Kind]:
    """One for each combination of the values of its factors."""
    factors = factors_in(kind)
    values = [
        getattr(variables, factor.variable) if factor.variable else list(frameworks)
        for factor in factors
    ]
    names = [factor.name for factor in factors]
    return [kind(**dict(zip(names, one, strict=True))) for one in product(*values)]


def shuffled_rounds(cells: Sequence[Item], rounds: int, seed: int) -> list[list[Item]]:
    """`rounds` copies of the cells, each in its own order; the same for the same seed."""
    order = random.Random(seed)  # noqa: S311 (an order, not a secret)
    return [order.sample(cells, len(cells)) for _ in range(rounds)]


def least_rounds(rounds: int | ExtendedRounds) -> int:
    """How many rounds there are at least."""
    return rounds if isinstance(rounds, int) else rounds.min


def most_rounds(rounds: int | ExtendedRounds) -> int:
    """How many rounds there are at most."""
    return rounds if isinstance(rounds, int) else rounds.max

"""What disturbed the rows of a report: one mark a kind, and no sentence for each of many rows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pipebench.rules.bottleneck import Disturbance
from pipebench.show.disturbances import MOST_SAID, mark_of, marks, remarks


def row(name: str, *disturbed: Disturbance) -> Any:
    return SimpleNamespace(title=name, cell=name.lower(), disturbed=disturbed)


def neighbour(cores: float, host: str = "s") -> Disturbance:
    return Disturbance("server neighbour", cores, f"{cores:.2f} cores of {host}", host)


STEAL = Disturbance("steal", 0.1, "0.10 cores stolen", "s")


def label(cell: Any) -> str:
    return f"of {cell}"


def test_a_kind_has_one_mark_in_every_row() -> None:
    rows = [row("A", neighbour(0.2)), row("B"), row("C", STEAL, neighbour(0.3, "t"), STEAL)]
    known = marks(rows)
    assert known == {"server neighbour": "[1]", "steal": "[2]"}
    assert [mark_of(one, known) for one in rows] == ["[1]", "", "[2][1]"]


@pytest.mark.parametrize("count", [1, MOST_SAID, MOST_SAID + 1, 30])
def test_many_rows_are_said_once(count: int) -> None:
    rows = [row(f"N{number}", neighbour(number / 10)) for number in range(1, count + 1)]
    made = remarks(rows, label)
    if count <= MOST_SAID:
        sentences = [f"N{n} (of n{n}): {n / 10:.2f} cores of s" for n in range(1, count + 1)]
        assert [one.sentence for one in made] == sentences
        assert not any(one.cells for one in made)
        return
    (one,) = made
    most = f"{count} rows, the greatest in N{count} (of n{count}): {count / 10:.2f} cores of s"
    assert one.sentence == most
    assert len(one.cells) == count


def test_a_row_with_one_kind_on_two_hosts_counts_once() -> None:
    rows = [row(f"N{n}", neighbour(0.1, "s"), neighbour(0.4, "t")) for n in range(4)]
    (one,) = remarks(rows, lambda _: "")
    assert one.sentence == "4 rows, the greatest in N0: 0.40 cores of t"
    assert one.cells == ("N0", "N1", "N2", "N3")

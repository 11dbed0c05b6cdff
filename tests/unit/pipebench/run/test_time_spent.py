"""Where the time went that was neither warm-up nor window."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipebench.run.judge import judge_run
from pipebench.run.time_spent import time_spent

ROOT = Path(__file__).resolve().parents[4]


def test_every_part_is_told_from_the_records_of_a_real_run() -> None:
    spent = time_spent(judge_run(ROOT / "results" / "example"))
    assert list(spent) == [
        "between two records",
        "until the server answered",
        "until the load began",
        "of pause before the window",
        "of the load tool beyond its time",
        "from the window's end to the record",
    ]
    assert min(spent.values()) > 0.1
    assert spent["of pause before the window"] == pytest.approx(0.2, abs=0.02)


def test_measurements_whose_clocks_contradict_each_other_tell_nothing() -> None:
    assert time_spent(judge_run(ROOT / "tests" / "data" / "run")) == {}

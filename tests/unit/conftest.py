"""What several tests look at, made once."""

import pytest

from pipebench.run.judge import JudgedRun, judge_run
from pipebench.show.report import Rendered
from tests.unit.pipebench.factory import DATA
from tests.unit.pipebench.rendering import render
from tests.unit.pipebench.runs import EXAMPLE


@pytest.fixture(scope="session")
def example() -> JudgedRun:
    """The run that the repository shows."""
    return judge_run(EXAMPLE)


@pytest.fixture(scope="session")
def small() -> JudgedRun:
    """The small run with every outcome."""
    return judge_run(DATA / "run")


@pytest.fixture(scope="session")
def rendered(small: JudgedRun) -> Rendered:
    """Every output of the small run."""
    return render(small)

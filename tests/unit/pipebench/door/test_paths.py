"""Which path may be meant by one that is not there."""

import pytest

from pipebench.door.paths import absent_text

KNOWN = ["plans/seed.yml", "plans/sweep.yml", "inventory/cloud", "inventory/google", "mine.yml"]


@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("plans/sweeep.yml", "; did you mean plans/sweep.yml?"),
        ("sweep", "; did you mean plans/sweep.yml?"),
        ("sweep.yaml", "; did you mean plans/sweep.yml?"),
        ("plans/mine.yml", "; did you mean mine.yml?"),
        ("inventory/clod", "; did you mean inventory/cloud?"),
        ("cloud", "; did you mean inventory/cloud?"),
        # two paths are not alike because they have a folder in common
        ("inventory/nope", "; there are some"),
    ],
)
def test_what_may_be_meant(name: str, end: str) -> None:
    assert absent_text(name, KNOWN, "; there are some") == f"{name} does not exist{end}"

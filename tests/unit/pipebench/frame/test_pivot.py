"""A table of two dimensions never makes one value of two cells, and says what does not exist."""

from __future__ import annotations

import pandas as pd
import pytest

from pipebench.frame.pivot import Asked, PivotError, aligned, markdown, pivoted

CELLS = pd.DataFrame(
    {
        "run_id": ["a"] * 5,
        "testbed": ["main"] * 5,
        "framework": ["two", "one", "two", "one", "three"],
        "workers": ["1"] * 5,
        "depth": pd.Series([5, 5, 16, 16, 5], dtype="Int64"),
        "connections": pd.Series([200] * 5, dtype="Int64"),
        "requests_per_s": pd.Series([123_456.7, 99.44449, 0.5, 0.25, None], dtype="Float64"),
    }
)


SEVERAL = pd.DataFrame(
    {
        "run_id": "a", "testbed": "main", "framework": "one", "depth": 5, "connections": 200,
        "workers": pd.Series(["1", "16", "2", "all"], dtype="str"),
        "loop": pd.Series(["x", None, "y", "z"], dtype="str"),
        "requests_per_s": pd.Series([4.0, 3.0, 2.0, 1.0], dtype="Float64"),
    }
)  # fmt: skip


def asked(
    rows: str = "framework", columns: str = "", figure: str = "requests_per_s", where: str = ""
) -> Asked:
    return Asked(rows=rows.split(), columns=columns.split(), figure=figure, where=where.split())


def test_frameworks_and_depths() -> None:
    text = aligned(pivoted(CELLS, asked(columns="depth")))
    assert text.splitlines() == [
        "framework  depth 5    16",
        "two        123,457   0.5",
        "one         99.444  0.25",
        "three            -     -",
    ]


def test_some_cells_in_markdown() -> None:
    table = pivoted(CELLS, asked(where="depth=16"))
    assert markdown(table) == (
        "| framework | requests_per_s |\n| --- | ---: |\n| two | 0.5 |\n| one | 0.25 |"
    )


def test_what_is_absent_has_no_number() -> None:
    only = CELLS.drop(index=3)
    lines = aligned(pivoted(only, asked(columns="depth"))).splitlines()
    assert lines[2] == "one         99.444    -"


def test_numbers_are_in_their_order_and_all_is_last() -> None:
    across = aligned(pivoted(SEVERAL, asked(columns="workers")))
    assert across.splitlines()[0].split() == ["framework", "workers", "1", "2", "16", "all"]
    down = aligned(pivoted(SEVERAL, asked(rows="workers", columns="framework")))
    assert [line.split()[0] for line in down.splitlines()[1:]] == ["1", "2", "16", "all"]


def test_what_has_no_name_is_absent_and_what_failed_stays() -> None:
    assert aligned(pivoted(SEVERAL, asked(rows="loop"))).splitlines()[2].split() == ["-", "3"]
    failed = pivoted(CELLS, asked(columns="depth"))
    assert aligned(failed).splitlines()[-1].split() == ["three", "-", "-"]


def test_a_framework_is_found_by_the_name_of_today() -> None:
    cells = CELLS.assign(framework=["aiohttp-2017", *CELLS["framework"][1:]])
    table = pivoted(cells, asked(where="framework=aiohttp@2017"))
    assert table.index.tolist() == ["aiohttp-2017"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (asked(rows="framwork"), "there is no column 'framwork'; did you mean framework?"),
        (asked(columns="dept"), "there is no column 'dept'; did you mean depth?"),
        (asked(figure="rate"), "there is no column 'rate'"),
        (asked(where="depth=7"), "no cell has depth 7; there are 5 and 16"),
        (asked(rows="framework framework"), "framework is named twice"),
        (asked(figure="framework"), "framework is named twice"),
        (asked(where="framework=three"), "no cell has a figure requests_per_s"),
        (asked(where="depth"), "--where is 'depth'; it must be COLUMN=VALUE"),
        (asked(where="deep=7"), "there is no column 'deep'; did you mean depth?"),
        (asked(rows=""), "--rows requires the name of a column"),
        (
            asked(),
            (
                "2 cells are in one place of the table; they differ in depth: add --rows "
                "framework,depth, or choose one by --where depth=5"
            ),
        ),
    ],
)
def test_what_does_not_exist_is_named(wrong: Asked, words: str) -> None:
    with pytest.raises(PivotError) as caught:
        pivoted(CELLS, wrong)
    assert words in str(caught.value)

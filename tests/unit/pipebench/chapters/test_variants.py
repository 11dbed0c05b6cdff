"""Variants of a framework beside the plain one: in made-up runs whose ratios are known."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from pipebench.chapters import variants
from pipebench.frame.cells import summary
from pipebench.run.judge import judge_run
from pipebench.show.table import Table
from tests.unit.pipebench.factory import (
    generator,
    record,
    record_of,
    run_document,
    samples,
    server,
    steady,
    write_run,
    wrk,
    wrk_result,
)
from tests.unit.pipebench.rendering import render

ROUNDS = 6
MEANS = {
    "one": 40_000, "one@again": 40_000, "one@slow": 80_000, "one@same": 40_200, "two": 30_000,
    # as the folders were named before they were variants
    "granian-rsgi": 40_000, "granian-asgi": 80_000, "sanic": 40_000, "sanic-2017": 20_000,
}  # fmt: skip
"""Batch latency, us; the host of round N is N/10 slower. Others crash."""
ABOUT: dict[str, dict[str, Any]] = {
    "one@slow": {"stack": "2017", "python": "3.7", "loop": "asyncio"},
    "one@same": {"overrides": {"uvloop": "0.22.1"}, "env": {"MODE": "fast"}},
    "one@again": {"control_of": "one"},
}


def made(name: str, number: int, depth: int) -> dict[str, Any]:
    """A record in a round; the CPU is busy, whatever the rate is."""
    if name not in MEANS:
        return record_of("crasher", 0, random.Random(1))  # noqa: S311
    wobble = 1.01 if name == "one@again" and number % 2 else 1
    batches = steady(MEANS[name] * wobble * (1 + number / 10), 200)
    result = wrk_result(batches, depth=depth)
    return record(server=server(samples=samples(0.97)), generators=[generator(wrk(result))])


def run_of(folder: Path, names: list[str], depths: tuple[int, ...] = (5,)) -> Path:
    document = run_document(names, ROUNDS)
    for name, about in document["frameworks"].items():
        about.update(ABOUT.get(name, {}))
    records: dict[str, dict[str, Any] | str] = {}
    for number, cells in enumerate(document["rounds"], start=1):
        cells[:] = [cell | {"depth": depth} for cell in cells for depth in depths]
        for position, cell in enumerate(cells, start=1):
            own = {**cell, "round": number, "position": position}
            name, depth = cell["framework"], cell["depth"]
            records[f"{number}-{position}.json"] = made(name, number, depth) | own
    return write_run(folder, document, records)


def tables(folder: Path) -> list[Table]:
    judged_run = judge_run(folder)
    shown = variants.chapter(judged_run, summary(judged_run))
    return shown.tables if shown else []


def by_name(table: Table) -> dict[str, list[str]]:
    """The fields behind the names, in Markdown."""
    return {row[0].text: [field.markdown for field in row[1:]] for row in table.rows}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = ["one@slow", "one@same", "one@crasher", "two", "one", "one@again"]
    return run_of(tmp_path_factory.mktemp("run"), names)


def test_each_variant_is_compared_with_the_plain_one_of_the_same_round(folder: Path) -> None:
    (table,) = tables(folder)
    slow = next(row for row in table.rows if row[0].text == "one@slow")
    (_, _, rate, of_rate, _, of_cpu) = slow
    assert rate.value == pytest.approx(5 * 200 / 0.080 / 1.35, rel=0.01)
    # the rounds differ by half, and the ratios do not: they are taken within the round
    assert of_rate.markdown == "0.50 (0.50 to 0.50) **slower**"
    assert of_rate.value == pytest.approx(0.5, rel=0.001)
    assert of_cpu.markdown == "2.00 (2.00 to 2.00) **dearer**"


def test_what_the_control_shows_as_well_is_tied(folder: Path) -> None:
    (table,) = tables(folder)
    assert by_name(table)["one@same"][2].endswith(" tied")
    assert by_name(table)["one@same"][2].startswith("0.995 (0.995 to 0.995)")


def test_the_plain_one_comes_first_and_the_control_is_not_a_variant(folder: Path) -> None:
    (table,) = tables(folder)
    assert list(by_name(table)) == ["one", "one@slow", "one@same", "one@crasher"]
    assert by_name(table)["one"][0] == "plain"
    assert by_name(table)["one"][2] == "-"


def test_a_variant_that_failed_has_its_outcome_and_no_ratio(folder: Path) -> None:
    (table,) = tables(folder)
    assert by_name(table)["one@crasher"][1:] == ["failed", "-", "-", "-"]


def test_a_variant_says_what_was_declared_to_differ(folder: Path) -> None:
    (table,) = tables(folder)
    differs = {name: fields[0] for name, fields in by_name(table).items()}
    assert differs["one@slow"] == "stack 2017, CPython 3.7, loop asyncio"
    assert differs["one@same"] == "uvloop 0.22.1, MODE=fast"
    assert differs["one@crasher"] == ""  # nothing was recorded of it


def test_the_report_says_which_installed_versions_differ(folder: Path) -> None:
    host = folder / "hosts" / "lab-server.json"
    document = json.loads(host.read_text())
    document["frameworks"] = {
        "one": {"runtime": "CPython 3.13.5", "packages": {"a": "2.0", "b": "1.0", "c": "1.0"}},
        "one@slow": {"runtime": "CPython 3.7.16", "packages": {"a": "1.0", "b": "1.0"}},
        "one@same": {"runtime": "CPython 3.13.5", "packages": {"a": "2.0", "d": "1.0"}},
    }
    host.write_text(json.dumps(document))
    rendered = render(judge_run(folder)).files
    text = rendered["report.md"].split("## Variants\n")[1].split("\n## ")[0]
    assert "- one@slow has CPython 3.7.16 (plain: 3.13.5), a 1.0 (plain: 2.0)\n" in text
    assert "- one@same has" not in text
    # and the page sorts by the ratios
    table = rendered["report.html"].split('id="variants"')[1].split("<table")[1]
    assert re.search(r'data-value="0\.(4999|5)', table)


def test_a_table_of_several_depths_compares_within_each(tmp_path: Path) -> None:
    (table,) = tables(run_of(tmp_path, ["one", "one@slow"], depths=(1, 5)))
    rows = [[field.markdown for field in row] for row in table.rows]
    assert [row[:3] for row in rows] == [
        ["one", "plain", "1"],
        ["one@slow", "stack 2017, CPython 3.7, loop asyncio", "1"],
        ["one", "plain", "5"],
        ["one@slow", "stack 2017, CPython 3.7, loop asyncio", "5"],
    ]
    # without a control there is no noise floor, and no verdict
    assert [row[4] for row in rows] == ["-", "0.50 (0.50 to 0.50)"] * 2


def test_a_run_that_was_recorded_when_variants_had_folders_of_their_own_has_the_chapter(
    tmp_path: Path,
) -> None:
    names = ["granian-asgi", "granian-rsgi", "sanic-2017", "sanic"]
    granian, sanic = tables(run_of(tmp_path, names))
    assert by_name(granian)["granian-asgi"][2] == "0.50 (0.50 to 0.50)"
    assert by_name(sanic)["sanic-2017"][2] == "2.00 (2.00 to 2.00)"


@pytest.mark.parametrize(
    "names", [["one", "two", "one@again"], ["one@slow", "one@same", "two"]], ids=str
)
def test_without_a_variant_or_without_the_plain_one_there_is_no_chapter(
    tmp_path: Path, names: list[str]
) -> None:
    folder = run_of(tmp_path, names)
    assert tables(folder) == []
    assert "## Variants" not in render(judge_run(folder)).files["report.md"]

"""The report says how few wrong answers could have been seen; only if every answer was checked."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from pipebench.run.judge import judge_run
from pipebench.show.report import render
from tests.unit.pipebench.factory import record, run_document, write_run, wrk_result
from tests.unit.pipebench.rules.test_answers import BATCHES, window_result


def test_the_cell_with_the_fewest_checked_answers_counts(tmp_path: Path) -> None:
    names = ["one", "two"]
    records = {
        f"{name}.json": record(wrk_result(Counter(BATCHES)), framework=name) for name in names
    }
    folder = write_run(tmp_path, run_document(names, 1), records)
    assert "checked one by one" not in render(judge_run(folder)).files["report.md"]
    (folder / "answers").mkdir()
    for name, answers in (("one", 30_000), ("two", 5_000_000)):
        checked = record(window_result(answers=answers), framework=name)
        (folder / "answers" / f"{name}.json").write_text(json.dumps(checked))
    assert (
        "Of each cell, at least 30,000 answers were checked one by one. If one in 10,015 were "
        "wrong, at random, that would be seen with 95% certainty."
    ) in render(judge_run(folder)).files["report.md"]

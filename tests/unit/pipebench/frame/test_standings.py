"""Who stands where among the cells of a group: what is not comparable has no place there."""

from __future__ import annotations

import json
from pathlib import Path

from pipebench.frame.cells import summary
from pipebench.run.judge import judge_run
from tests.unit.pipebench.factory import columns, samples, server
from tests.unit.pipebench.runs import made_run

ALIKE = {"one": 40_000.0, "one@again": 40_000.0, "two": 50_000.0, "wide": 20_000.0}


def test_a_server_of_more_cores_than_workers_has_no_rank(tmp_path: Path) -> None:
    """It is not the one that others are compared with, either."""
    run = made_run(tmp_path / "run", ALIKE)
    before = {row.cell.framework: row for row in summary(judge_run(run))}
    assert before["wide"].requests_per_s.rank == 1
    assert before["one"].requests_per_s.rank == 2
    for file in (run / "raw").glob("*-wide-*"):
        record = json.loads(file.read_text())
        record["server"] = server(samples=columns(samples(3.8)), cpus=4, host_cpus=4)
        file.write_text(json.dumps(record))
    rows = {row.cell.framework: row for row in summary(judge_run(run))}
    assert (rows["wide"].outcome, rows["wide"].requests_per_s.rank) == ("ok", None)
    assert rows["one"].requests_per_s.rank == 1
    assert rows["two"].requests_per_s.rank == 2

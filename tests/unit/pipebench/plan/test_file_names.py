"""The longest name of a file that a run writes: it is refused if the disk does not allow it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipebench.plan.errors import PlanError
from pipebench.plan.file_names import longest_file
from pipebench.plan.project import Project
from pipebench.plan.run_plan import RunPlan, plan_run
from pipebench.plan.testbeds import Inventory
from pipebench.record.folder import bytes_of_name, write_files
from pipebench.record.schema import Record
from pipebench.record.store import crosscheck_file, raw_file
from tests.commands import ROOT
from tests.unit.pipebench.factory import record, typed

PROJECT = Project(ROOT, "0", None, dirty=False, command=[])


def planned(folder: Path, testbed: str = "main", host: str = "s", **given: object) -> RunPlan:
    """The plan of a run whose server `host` is in a testbed of that name."""
    hosts = {
        name: {"bench_testbed": testbed, "ansible_host": address}
        for name, address in ((host, "198.51.100.1"), ("g", "198.51.100.2"))
    }
    where = {"bench_results_dir": str(folder), "bench_frameworks": ["aiohttp"]}
    return plan_run(where | given, Inventory([host], ["g"], hosts), PROJECT)


def longest_of(run: RunPlan) -> str:
    return longest_file(list(run.frameworks), run.testbeds, run.variables)


def test_no_record_of_a_run_has_a_longer_name(tmp_path: Path) -> None:
    run = planned(
        tmp_path, bench_workers=[1, "all"], bench_depths=[1, 1024], bench_tools=["wrk", "h2load"]
    )
    longest = bytes_of_name(longest_of(run))
    files = [
        name(typed(record(**cell.factors, round=number, position=position, tool=tool), Record))
        for number, cells in enumerate(run.rounds, start=1)
        for position, cell in enumerate(cells, start=1)
        for name, tool in ((raw_file, "wrk"), (crosscheck_file, "h2load"))
    ]
    assert len(files) == 2 * 6 * 3 * 4
    assert max(map(bytes_of_name, files)) <= longest
    assert longest - max(map(bytes_of_name, files)) < 2, "the name is that of a real record"


def test_a_name_that_the_disk_allows_is_written_and_one_byte_more_is_refused(
    tmp_path: Path,
) -> None:
    most = os.pathconf(tmp_path, "PC_NAME_MAX")
    free = most - bytes_of_name(longest_of(planned(tmp_path, "a")))
    run = planned(tmp_path, "a" * (1 + free))
    write_files(tmp_path / "run", {longest_of(run): b""})
    with pytest.raises(PlanError) as refused:
        planned(tmp_path, "a" * (2 + free))
    assert f"would have a name of {most + 1} bytes while it is written" in str(refused.value)
    assert f"allows at most {most}" in str(refused.value)
    assert "of at least 1 bytes less together" in str(refused.value)


def test_the_name_of_a_host_is_a_name_of_a_file_too(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"^The file hosts/h+\.json would have a name of 26\d"):
        planned(tmp_path, host="h" * 250)

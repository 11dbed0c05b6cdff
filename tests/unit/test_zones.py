"""A time means the same in every zone: on this computer, on hosts, and to whoever reads a run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from action import run_record

from pipebench.plan.project import ROOT
from pipebench.run.judge import judge_run
from tests.unit.pipebench.factory import (
    DATA,
    START,
    generator,
    measurement_of,
    record,
    server,
    wrk,
    wrk_result,
)
from tests.unit.pipebench.harness.answers import run_of
from tests.unit.pipebench.rendering import render
from tests.unit.plugins.test_actions import act

ZONES = {"Los Angeles": "PST8PDT,M3.2.0,M11.1.0", "Tokyo": "JST-9"}
"""West and east of Greenwich, as POSIX writes them: they need no file of the system."""
OF_TIME = (
    "files/host/test_lease.py",
    "files/host/test_clock.py",
    "pipebench/plan/test_estimate.py",
    "pipebench/harness/test_run_json.py",
    "pipebench/harness/test_recovery.py",
    "pipebench/show/test_listing.py",
    "pipebench/show/test_interruptions.py",
    "pipebench/run/test_time_spent.py",
    "pipebench/chapters/test_cost.py",
    "pipebench/cloud/test_fleet.py",
)
"""The tests of what computes with moments."""
TEMPLATES = sorted(
    path
    for folder in ("playbooks", "roles", "lab", "inventory", "plans")
    for pattern in ("*.yml", "*.j2")
    for path in (ROOT / folder).rglob(pattern)
)
NAIVE = re.compile(r"\b(?:now\(|strftime|to_datetime|ansible_date_time)")
"""What gives Jinja a time without a zone, or depends on that of the computer."""


@pytest.fixture(params=list(ZONES.values()), ids=list(ZONES))
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """This process is in that zone."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    assert time.localtime(START).tm_gmtoff != 0
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("zone")
def test_the_moment_from_which_journals_are_fetched(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    act(run_record, run=run.to_fact(), moment="started")
    before = time.time()
    noted = act(run_record, run=run.to_fact(), moment="measuring_started")["noted_at"]
    assert before <= noted <= time.time()
    written = json.loads((tmp_path / "run.json").read_text())["measuring_started"]
    assert abs(datetime.fromisoformat(written).timestamp() - noted) < 60


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_template_reads_a_clock(template: Path) -> None:
    assert not NAIVE.search(template.read_text(encoding="utf-8")), "an action knows the moment"


@pytest.mark.usefixtures("zone")
def test_a_run_is_rendered_alike_everywhere() -> None:
    files = render(judge_run(DATA / "run")).files
    for name in ("results.csv", "summary.csv", "report.md"):
        assert files[name] == (DATA / "run-expected" / name).read_text()


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize(
    ("written", "count"),
    [
        ("2026-09-21T14:13:25.000000+0000", 1),
        ("2026-09-21T16:13:25.000000+02:00", 1),
        ("2026-09-21T14:13:25.000000", 0),  # of no zone: nobody knows when that was
        ("2026-09-21T14:13:25.000000-0700", 0),
    ],
)
def test_lines_of_a_journal_are_in_the_window_by_their_own_zone(written: str, count: int) -> None:
    assert datetime.fromisoformat("2026-09-21T14:13:25+00:00").timestamp() == START + 5
    line = f"{written} lab-server one[7]: something is wrong\n"
    loaded = generator(wrk(wrk_result({20_000: 100})))
    document = record(server=server(journal=line), generators=[loaded])
    assert len(measurement_of(document).journal_lines) == count


@pytest.mark.parametrize("zone_text", ZONES.values(), ids=ZONES)
def test_what_computes_with_moments_does_so_in_every_zone(zone_text: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider",
         *(str(ROOT / "tests" / "unit" / name) for name in OF_TIME)],
        cwd=ROOT, env=os.environ | {"TZ": zone_text}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout

"""The command that a report gives to measure the same again, as Ansible reads it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pipebench.record.run_record import load_run
from pipebench.show.reproduce import reproduce
from tests.unit.pipebench.factory import DATA, SIX

pytestmark = pytest.mark.ansible

ANSIBLE = Path(sys.executable).with_name("ansible")


def test_objects_lists_and_texts_reach_the_plan_as_they_were_used() -> None:
    command = reproduce(load_run(DATA / "run"))
    answer = subprocess.run(
        [
            *(str(ANSIBLE), "localhost", "-m", "debug"),
            *("-a", "var=bench_frameworks|join+bench_depths[0]|string+bench_order_seed|string"),
            *shlex.split(command)[-2:],
        ],
        capture_output=True, text=True, check=True, env=os.environ | {"LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert f"{''.join(SIX)}51234" in answer.stdout

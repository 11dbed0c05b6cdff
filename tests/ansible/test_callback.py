"""What is printed of a run: on a terminal, into a file, and with --check."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.progress import checked
from tests.unit.pipebench.harness.answers import (
    CELL,
    CLOCK,
    LOAD,
    RESULT,
    STARTED,
    STOPPED,
    WRK,
    run_of,
)

pytestmark = pytest.mark.ansible

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
CANNED = {"ANSIBLE_CONNECTION_PLUGINS": str(Path(__file__).parent / "connection")}
NO_ANSWER = WRK | {"result": json.dumps(RESULT | {"requests": 0})}

PLAY = """\
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Begin
      run_record: {run: "{{ run }}", moment: started}

- hosts: servers
  gather_facts: false
  become: true
  tasks:
    - name: Measure
      testbed_phase: {phase: measure, run: "{{ run }}", testbed: main, pauses_s: [0, 0]}

- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: End
      run_record: {run: "{{ run }}", moment: ended}
"""


def play_of(folder: Path, loads: list[dict[str, Any] | str]) -> list[str]:
    """The command of a play that makes two rounds of four measurements with these loads."""
    run = run_of(folder / "results").to_fact() | {"rounds": [[CELL] * 4] * 2}
    canned = {"ansible_connection": "canned"}
    server = canned | {
        "canned_answers": {
            "server.unit started": STARTED,
            "server.unit stopped": STOPPED,
            "host.clock started": {"ready": True},
            "host.clock stopped": {},
        },
        "canned_words": ["-u root"],
    }
    generator = canned | {
        "ansible_become_user": "loader",
        "canned_answers": {"generator.load": loads, "host.clock measured": CLOCK},
        "canned_words": ["-u loader"],
    }
    groups = {"servers": {"hosts": {"s": server}}, "loadgens": {"hosts": {"g": generator}}}
    (folder / "hosts.json").write_text(json.dumps(groups))
    (folder / "variables.json").write_text(json.dumps({"run": run}))
    (folder / "play.yml").write_text(PLAY)
    return [str(PLAYBOOK), "-i", f"{folder}/hosts.json", f"{folder}/play.yml",
            "-e", f"@{folder}/variables.json"]  # fmt: skip


@pytest.fixture
def play(tmp_path: Path) -> list[str]:
    """A play of which the sixth measurement gets no answer."""
    return play_of(tmp_path, [*[LOAD] * 5, LOAD | {"measured": NO_ANSWER}, LOAD, LOAD])


def into_a_file(command: list[str]) -> str:
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | CANNED | {"ANSIBLE_NOCOLOR": "1"},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def on_a_terminal(command: list[str]) -> str:
    main, terminal = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "ANSIBLE_NOCOLOR"}
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=terminal, stdout=terminal, stderr=terminal,
        env=environment | CANNED | {"TERM": "xterm"},
    )  # fmt: skip
    os.close(terminal)
    printed = b""
    try:
        while chunk := os.read(main, 65536):
            printed += chunk
    except OSError:  # the other end is closed
        pass
    os.close(main)
    assert process.wait(120) == 0, printed
    return printed.decode()


def numbers(printed: str) -> list[int]:
    """Which measurements have a line."""
    return [int(number) for number in re.findall(r"\[(\d)/8\] round", printed)]


def test_on_a_terminal_every_measurement_has_a_line(play: list[str]) -> None:
    printed = on_a_terminal(play)
    assert numbers(printed) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert "Run r, 8 measurements: 4 cells x 2 rounds; about" in printed
    assert "(until about " in printed
    lines = printed.splitlines()
    (failed,) = [line for line in lines if "no answer" in line]
    assert failed.startswith("\x1b[")  # in colour, and only it
    assert sum(line.startswith("\x1b[") and "/8]" in line for line in lines) == 1
    assert "TASK" not in printed


def test_into_a_file_only_what_one_would_look_for(play: list[str]) -> None:
    # the end of each round, and what got no answer
    assert numbers(into_a_file(play)) == [4, 6, 8]


def test_with_v_a_file_has_every_line_too(play: list[str]) -> None:
    assert numbers(into_a_file([*play, "-v"])) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_machines_are_told_the_same(play: list[str], tmp_path: Path) -> None:
    into_a_file(play)
    lines = checked(tmp_path / "results" / "progress.jsonl")
    started, *measured, ended = lines
    assert (started["count"], started["cells"], started["rounds"]) == (8, 4, 2)
    assert [line["number"] for line in measured] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [line["round"] for line in measured] == [1] * 4 + [2] * 4
    assert {line["threads"] for line in measured} == {10}
    rates = [line["requests_per_s"] for line in measured]
    assert rates == [2000.0] * 5 + [None] + [2000.0] * 2
    assert measured[5]["said"] == "no answer"
    left = [line["seconds_left"] for line in lines]
    assert left == sorted(left, reverse=True)
    assert ended["seconds_left"] == 0
    for line in measured:
        assert (tmp_path / "results" / line["record"]).exists()


def test_a_host_that_is_gone_costs_its_measurements_and_no_more(tmp_path: Path) -> None:
    printed = into_a_file(play_of(tmp_path, [LOAD, "gone", "gone", "gone", *[LOAD] * 4]))
    fault = "HARNESS FAULT, the load on g: host did not answer: no route"
    assert printed.count(fault) == 3
    assert "Testbed main had 3 faults of the harness in a row; the next try is in 0 s" in printed
    assert re.findall(r"^s +: ok=1 .* unreachable=0 +failed=0", printed, re.MULTILINE)
    assert len(list((tmp_path / "results" / "raw").iterdir())) == 8


INVENTORY = """\
    servers: {hosts: {s: {ansible_host: 198.18.0.250}}}
    loadgens: {hosts: {g: {ansible_host: 198.18.0.251, bench_up_path: /proc/none}}}
"""


def check(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`bench.yml --check` on hosts of which none is asked anything in these tests."""
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(textwrap.dedent(INVENTORY))
    return subprocess.run(
        [PLAYBOOK, "bench.yml", "--check", "-i", inventory,
         "-e", f"bench_results_dir={tmp_path}/results", *arguments],
        cwd=ROOT, env=os.environ | {"ANSIBLE_NOCOLOR": "1"}, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip


def test_a_check_of_hosts_that_are_not_up_says_how_long_it_would_take(tmp_path: Path) -> None:
    done = check(tmp_path, "-e", "@plans/sweep.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cells x 6 rounds; about" in done.stdout
    assert "g is not up, so it was not checked." in done.stdout
    assert done.stdout.rstrip().endswith("Nothing was changed.")
    assert re.findall(r"^(?:PLAY|TASK) \[(.*?)\]", done.stdout, re.MULTILINE) == []
    assert not (tmp_path / "results").exists()


def test_a_check_refuses_a_wrong_plan(tmp_path: Path) -> None:
    done = check(tmp_path, "-e", "bench_depths=0")
    assert done.returncode != 0
    assert "bench_depths is '0'; it must be" in done.stdout
    assert not (tmp_path / "results").exists()

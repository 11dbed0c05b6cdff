"""What the servers in Python share: settings are checked, and worker processes end together."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "servers" / "_shared"
RIGHT = {"BENCH_ADDRESS": "::1", "BENCH_PORT": "8080", "BENCH_WORKERS": "3"}

# Each worker writes a line once it runs; the first of them to find the file gone ends.
WORKERS = """
import os, signal, sys
from pathlib import Path
from launch import run_workers

def serve():
    os.write(1, b"runs\\n")
    if {ends}:
        try:
            Path(sys.argv[1]).unlink()
        except FileNotFoundError:
            pass
        else:
            return
    signal.pause()

run_workers({count}, serve)
os.write(1, b"over\\n")
"""
SOCKETS = """
from launch import bound_socket
first = bound_socket("127.0.0.1", 0, shared={first})
first.listen()
bound_socket("127.0.0.1", first.getsockname()[1], shared={second}).listen()
"""


def python(program: str, *arguments: str, **settings: str) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BENCH_")}
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=SHARED,
        env={**kept, "PYTHONDONTWRITEBYTECODE": "1", **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_settings_come_from_the_environment() -> None:
    asked = "import launch; print(*launch.settings())"
    assert python(asked, **RIGHT).communicate() == ("::1 8080 3\n", "")
    only = {name: value for name, value in RIGHT.items() if name != "BENCH_WORKERS"}
    assert python(asked, **only).communicate() == ("::1 8080 1\n", "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"BENCH_ADDRESS": "localhost"},
        {"BENCH_ADDRESS": ""},
        {"BENCH_PORT": "0"},
        {"BENCH_PORT": "65536"},
        {"BENCH_WORKERS": "0"},
        {"BENCH_WORKERS": "two"},
    ],
    ids=str,
)
def test_wrong_settings_are_named(wrong: dict[str, str]) -> None:
    process = python("import launch; launch.settings()", **RIGHT | wrong)
    out, err = process.communicate()
    assert (process.returncode, out) == (2, "")
    ((name, value),) = wrong.items()
    assert name in err
    assert repr(value) in err


def test_one_worker_is_this_process() -> None:
    process = python("import os, launch; launch.run_workers(1, lambda: print(os.getpid()))")
    out, err = process.communicate()
    assert (process.returncode, out, err) == (0, f"{process.pid}\n", "")


def test_the_first_worker_that_ends_takes_the_others_with_it(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    mark.touch()
    process = python(WORKERS.format(count=3, ends=True), str(mark))
    # The pipes close only when every worker has ended.
    out, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert set(out.split()) == {"runs"}
    assert err == "A worker has ended by itself.\n"


def test_sigterm_ends_all_workers() -> None:
    process = python(WORKERS.format(count=2, ends=False))
    assert process.stdout
    for _ in range(2):
        assert process.stdout.readline() == "runs\n"
    process.terminate()
    assert process.communicate(timeout=20) == ("", "")
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("first", "second", "bound"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_only_a_shared_socket_leaves_room_for_another(
    first: bool, second: bool, bound: bool
) -> None:
    process = python(SOCKETS.format(first=first, second=second))
    _, err = process.communicate()
    assert (process.returncode == 0) is bound
    assert ("Address already in use" in err) is not bound

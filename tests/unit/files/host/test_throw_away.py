"""What a server sends is parsed by a throw-away user, or by nobody: never by root instead.

systemd is a stand-in here; tests/lab/ does the same with the real one.
"""

from __future__ import annotations

import fnmatch
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from host import throw_away, units
from host.transient import TransientError

from tests.unit.files.host.test_plain_http import GOOD, answer, server

FILES = Path(__file__).parents[4] / "files"
NOBODY = 65534
ROOT = os.geteuid() == 0
SYSTEM = "/usr/bin/python3"  # that of root's environment nobody else may run
PYTHON = SYSTEM if ROOT and Path(SYSTEM).exists() else sys.executable
USER = NOBODY if ROOT else os.geteuid()
# Runs the command as systemd does, as far as it matters here; keeps its own words.
SYSTEMD_RUN = f"""
at = sys.argv.index(sys.executable)
pathlib.Path(__file__).with_name("words.json").write_text(json.dumps(sys.argv[1:at]))
words = dict(word.partition("=")[::2] for word in sys.argv[1:at] if word.startswith("--work"))
os.chdir(words["--working-directory"])
if "--property=DynamicUser=yes" in sys.argv and {ROOT}:
    os.setgroups([]), os.setgid({NOBODY}), os.setuid({NOBODY})
os.execv(sys.executable, sys.argv[at:])
"""
WRK = "open(os.environ['WRK_RESULT'], 'w').write(json.dumps({'requests': os.getuid()}))"


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that everybody may read: programs/ as on a host, and what PATH finds."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        path = Path(folder)
        path.chmod(0o755)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(FILES, path / "programs", ignore=ignored)
        for one in [path / "programs", *(path / "programs").rglob("*")]:
            one.chmod(0o755)
        stand_in(path, "systemctl", "")
        stand_in(path, "wrk", WRK)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        yield path


def stand_in(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!{PYTHON}\nimport json, os, pathlib, sys\n{text}\n")
    path.chmod(0o755)


def asked(host: Path, program: str, order: dict[str, Any]) -> dict[str, Any]:
    """What a program of the host prints."""
    done = subprocess.run(
        [PYTHON, "-S", "-m", program],
        cwd=host / "programs",
        input=json.dumps(order),
        capture_output=True,
        text=True,
        check=True,
    )
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


def load_order(port: int) -> dict[str, Any]:
    return {
        "address": "127.0.0.1", "port": port, "depth": 2, "connections": 2, "threads": 1,
        "duration": 1, "warmup": 0, "patience": 5, "look": False, "user": "throw-away",
    }  # fmt: skip


def test_a_load_tool_and_its_driver_run_as_a_throw_away_user(host: Path) -> None:
    stand_in(host, "systemd-run", SYSTEMD_RUN)
    with server(answer(GOOD)) as port:
        printed = asked(host, "generator.load", load_order(port))
    assert printed.get("msg") is None
    assert printed["uid"] == USER
    assert json.loads(printed["measured"]["result"])["requests"] == USER
    assert "failed" not in printed
    words = json.loads((host / "words.json").read_text())
    assert {"--property=DynamicUser=yes", "--property=NoNewPrivileges=yes"} <= set(words)
    assert "--property=RuntimeMaxSec=306" in words


def test_a_probe_runs_so_too(host: Path) -> None:
    stand_in(host, "systemd-run", SYSTEMD_RUN)
    with server(answer(GOOD)) as port:
        order = {"address": "127.0.0.1", "port": port, "depth": 2, "user": "throw-away"}
        printed = asked(host, "generator.probe", order)
    assert printed["uid"] == USER
    assert json.loads(printed["document"])["cases"]


def test_iperf3_runs_so_too(host: Path) -> None:
    stand_in(host, "systemd-run", SYSTEMD_RUN)
    stand_in(host, "iperf3", "print(json.dumps({'error': str(os.getuid())})); sys.exit(1)")
    order = {"state": "measured", "address": "127.0.0.1", "port": 1, "user": "throw-away"}
    printed = asked(host, "host.path", order)
    assert printed["uid"] == USER
    assert [test["error"] for test in printed["tests"]] == [f"iperf3: {USER}"] * 4


@pytest.mark.parametrize(
    ("systemd_run", "reason"),
    [
        (None, "systemd-run"),
        ("sys.exit('no more users can be made') or 1", "no more users can be made"),
        ("sys.exit(217)", "its unit ended with status 217: it printed nothing"),
        ("print('{')", "it was ended: it printed nothing"),
    ],
)
def test_a_host_that_cannot_give_such_a_user_says_so_and_root_does_not_do_it(
    host: Path, monkeypatch: pytest.MonkeyPatch, systemd_run: str | None, reason: str
) -> None:
    monkeypatch.setenv("PATH", str(host))
    if systemd_run:
        stand_in(host, "systemd-run", systemd_run)
    stand_in(host, "wrk", "pathlib.Path(__file__).with_name('run').touch()")
    with server(answer(GOOD)) as port:
        printed = asked(host, "generator.load", load_order(port))
    assert set(printed) == {"failed", "msg"}
    assert printed["msg"].startswith(
        "generator.load could not be carried out by a throw-away user, and root does not do it "
    )
    assert reason in printed["msg"]
    assert not (host / "run").exists()


def test_root_is_not_a_throw_away_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """A systemd that was built without them ignores DynamicUser."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    printed = throw_away.inside("generator.load", {})
    assert printed == {
        "failed": True,
        "msg": "generator.load could not be carried out by a throw-away user, and root does not do "
        "it instead: systemd gave it the user root",
    }


def test_it_has_the_cpus_and_the_open_files_of_who_asks() -> None:
    words = throw_away.command("unit", "generator.load", 9.5)
    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = "infinity" if files == resource.RLIM_INFINITY else str(files)
    assert f"--property=LimitNOFILE={limit}" in words
    cpus = next(word for word in words if "CPUAffinity" in word).rpartition("=")[2]
    assert set(map(int, cpus.split())) == os.sched_getaffinity(0)
    assert "--property=RuntimeMaxSec=9.5" in words


def test_nobody_else_can_be_asked_for() -> None:
    with pytest.raises(TransientError, match="user of the order is 'root'; it must be throw-away"):
        throw_away.carry_out("host.path", {"user": "root"}, 1, lambda _: {})


def test_the_lease_is_a_matter_of_the_program_that_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user within must not, and cannot, hold a host."""
    orders: list[str] = []

    def run(*argv: str, given: str = "", **_: Any) -> subprocess.CompletedProcess[str]:
        orders.append(given)
        return subprocess.CompletedProcess(argv, 0, '{"uid": 5}', "")

    monkeypatch.setattr(throw_away, "run", run)
    order = {"user": "throw-away", "port": 1, "lease": {"run": "r"}, "owner": "o"}
    assert throw_away.carry_out("host.path", order, 1, lambda _: {}) == {"uid": 5}
    assert json.loads(orders[-1]) == {"port": 1}


@pytest.mark.parametrize("program", ["generator.load", "generator.probe", "host.path"])
def test_what_ends_everything_on_a_host_ends_it(program: str) -> None:
    words = throw_away.command(throw_away.unit_name(program), program, 1)
    unit = next(word for word in words if word.startswith("--unit=")).partition("=")[2]
    assert any(fnmatch.fnmatch(unit, pattern) for pattern in units.PATTERNS)

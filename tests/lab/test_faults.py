"""What happens to long runs happens here to short ones: nothing is lost, and hosts are left clean.

Each fault strikes a run of a few measurements. Then what was measured before is as it was, the run
has gone on or ended with a sentence and its status, nothing of it runs on the hosts, and with
`bench_resume` it is complete. Faults are made in the machines of the lab, and in their network.
"""

from __future__ import annotations

import csv
import dataclasses
import json
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import pytest

from lab.tests.fixture import ROOT, as_root, playbook
from tests import commands
from tests.lab.hosts import GENERATOR, SERVER, clean_by, left, provision, ssh

if TYPE_CHECKING:
    from lab.tests.fixture import Lab

pytestmark = [pytest.mark.lab]

FRAMEWORK, UNIT = "uvloop-httptools", "pipeline-bench@uvloop-httptools.service"
ROUNDS, DURATION_S = 4, 3
MANY = 9
"""Rounds of a run in which faults follow on each other until it waits, or is given up."""
PLAN = {
    "bench_frameworks": FRAMEWORK,
    "bench_controls": False,
    "bench_probe": False,
    "bench_check_answers": False,
    "bench_path_capacity": False,
    "bench_connections": 20,
    "bench_threads": 1,
    "bench_rounds": ROUNDS,
    "bench_duration": DURATION_S,
    "bench_warmup": 0,
    "harness_pauses_s": [2, 20],
}


def inside(host: str, *argv: str, check: bool = True) -> str:
    """Run a program of this computer in the network of a machine."""
    return as_root("ip", "netns", "exec", f"apb-{host}", *argv, check=check)


@dataclass
class Struck:
    """A run with a fault. before: what was recorded when it struck; rows: of results.csv."""

    folder: Path
    output: str
    status: int
    before: dict[Path, bytes]
    rows: list[dict[str, str]]
    rounds: int = ROUNDS

    def reasons(self) -> str:
        return " / ".join(row["reason"] for row in self.rows)

    def outcomes(self) -> list[str]:
        return [row["outcome"] for row in self.rows]


@pytest.fixture(scope="module", autouse=True)
def _provisioned(lab: Lab) -> None:
    provision(lab, FRAMEWORK)


def rows_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open(newline="") as table:
        return list(csv.DictReader(table))


def strike(
    lab: Lab,
    results: Path,
    fault: Callable[[], object],
    *,
    after: int = 1,
    within_s: float | None = 1.0,
    **variables: Any,
) -> Struck:
    """A run, and a fault so long after the start of a measurement (None: just after a record).

    after: so many measurements are recorded by then.
    """
    words = PLAN | {"bench_results_dir": str(results), "bench_run_id": "struck"} | variables
    command = f"./bench -i {lab.inventory}{commands.options(words)} --skip-tags provision"
    folder, before, errors = results / "struck", dict[Path, bytes](), list[BaseException]()

    def wait_and_strike() -> None:
        try:
            deadline = time.monotonic() + 60
            while len(list((folder / "raw").glob("[!.]*"))) < after:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            before.update({path: path.read_bytes() for path in (folder / "raw").glob("[!.]*")})
            if within_s is not None:
                while UNIT not in ssh(SERVER, "systemctl list-units --state=active --plain"):
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
                time.sleep(within_s)
            fault()
        except BaseException as error:  # noqa: BLE001 (it is raised in the test)
            errors.append(error)

    striker = threading.Thread(target=wait_and_strike)
    striker.start()
    done = commands.run(command)
    striker.join(90)
    assert not errors, (errors, done.stdout[-3000:])
    output = done.stdout + done.stderr
    assert (folder / "results.csv").exists(), output[-5000:]
    return Struck(
        folder, output, done.returncode, before, rows_of(folder), int(str(words["bench_rounds"]))
    )


def unharmed(lab: Lab, struck: Struck, *, resumed: bool = False, accepting: bool = False) -> None:
    """What must hold after any fault. resumed: the run has to go on to be complete."""
    for path, content in struck.before.items():
        assert path.read_bytes() == content, path
    assert set(left(lab).values()) == {""}, struck.output[-3000:]
    if resumed:
        accepts = " -e bench_accept_changes=true" if accepting else ""
        again = f"./bench -i {lab.inventory} -e bench_resume={struck.folder}{accepts}"
        done = commands.run(f"{again} --skip-tags provision")
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
        struck.rows[:] = rows_of(struck.folder)
        for path, content in struck.before.items():
            assert path.read_bytes() == content, path
        assert set(left(lab).values()) == {""}
    assert [row["round"] for row in struck.rows] == [str(n) for n in range(1, struck.rounds + 1)]
    assert "ok" in struck.outcomes()


# --- the framework ------------------------------------------------------------------------------


def test_a_framework_that_is_killed_in_the_window_is_a_result(lab: Lab, tmp_path: Path) -> None:
    """As the kernel kills the greatest one if memory runs out, too."""
    kill = f"systemctl kill --kill-whom=main --signal=KILL {UNIT}"
    struck = strike(lab, tmp_path, lambda: ssh(SERVER, kill))
    assert struck.status == 0, struck.output[-3000:]
    assert struck.outcomes() == ["ok", "failed", "ok", "ok"], struck.reasons()
    assert "crashed with SIGKILL" in struck.reasons()
    unharmed(lab, struck)


@pytest.mark.faults
def test_a_framework_that_stands_still_is_a_result(lab: Lab, tmp_path: Path) -> None:
    stop = f"systemctl kill --kill-whom=all --signal=STOP {UNIT}"
    struck = strike(lab, tmp_path, lambda: ssh(SERVER, stop))
    assert struck.status == 0, struck.output[-3000:]
    # which of the two depends on how much of the window is left
    assert struck.outcomes()[1] in ("degraded", "failed"), struck.reasons()
    assert re.search("20 of 20 connections silent|hung on all 20 connections", struck.reasons())
    unharmed(lab, struck)


@pytest.mark.faults
def test_a_framework_that_somebody_restarts_is_no_steady_server(lab: Lab, tmp_path: Path) -> None:
    struck = strike(lab, tmp_path, lambda: ssh(SERVER, f"systemctl restart {UNIT}"))
    assert struck.status == 0, struck.output[-3000:]
    assert struck.outcomes()[1] != "ok", struck.reasons()
    assert struck.outcomes()[2:] == ["ok", "ok"], struck.reasons()
    unharmed(lab, struck)


LEAKS = "calibration@leaks"
MEMORY = f"/run/systemd/system/pipeline-bench@{LEAKS}.service.d"


@pytest.mark.faults
def test_a_framework_that_runs_out_of_memory_is_a_result(lab: Lab, tmp_path: Path) -> None:
    """It keeps 4 KiB a request, and its kernel gives it 100 MB of address space in all."""
    words: dict[str, Any] = {
        "bench_framework_dirs": "tests/calibration", "bench_frameworks": LEAKS,
    }  # fmt: skip
    done = commands.run(f"./bench -i {lab.inventory} --tags provision{commands.options(words)}")
    assert done.returncode == 0, done.stdout[-3000:]
    few = f"printf '[Service]\\nLimitAS=100M\\n' > {MEMORY}/memory.conf"
    ssh(SERVER, f"mkdir -p {MEMORY} && {few} && systemctl daemon-reload")
    try:
        words = PLAN | words | {"bench_results_dir": str(tmp_path), "bench_run_id": "out"}
        run = f"./bench -i {lab.inventory}{commands.options(words)} --skip-tags provision"
        done = commands.run(run)
    finally:
        ssh(SERVER, f"rm -r {MEMORY}; systemctl daemon-reload")
    rows = rows_of(tmp_path / "out")
    assert done.returncode == 0, done.stdout[-3000:]
    assert len(rows) == ROUNDS
    assert "ok" not in [row["outcome"] for row in rows], rows
    assert "MemoryError" in (tmp_path / "out" / "report.md").read_text()
    assert set(left(lab).values()) == {""}


TAKER = r"""import socket, time
while True:
    try:
        taken = socket.create_server(("198.18.0.11", 8080))
        break
    except OSError:
        time.sleep(0.001)
time.sleep(6)
"""


@pytest.mark.faults
def test_a_port_that_is_taken_meanwhile_is_nobodys_failure(lab: Lab, tmp_path: Path) -> None:
    """Another program listens there before the next start, for as long as two measurements take."""
    take = (
        f"printf '{TAKER}' > /root/taker.py && "
        "systemd-run -q --unit pipeline-bench-test-taker --collect python3 /root/taker.py"
    )
    try:
        struck = strike(lab, tmp_path, lambda: ssh(SERVER, take))
    finally:
        ssh(SERVER, "systemctl stop pipeline-bench-test-taker", check=False)
    assert struck.status != 0
    assert "failed" not in struck.outcomes(), struck.reasons()
    assert "port 8080 of 198.18.0.11 is in use by python3" in struck.output
    unharmed(lab, struck, resumed=True)


# --- the load -----------------------------------------------------------------------------------


@pytest.mark.faults
def test_a_load_tool_that_is_killed_is_no_result_of_the_framework(lab: Lab, tmp_path: Path) -> None:
    struck = strike(lab, tmp_path, lambda: ssh(GENERATOR, "kill -9 $(pidof wrk)"))
    assert struck.outcomes()[1] in ("invalid", "failed"), struck.reasons()
    assert "it ended with signal 9" in struck.reasons()
    assert struck.outcomes()[2:] == ["ok", "ok"], struck.reasons()
    unharmed(lab, struck, resumed=struck.status != 0)


@pytest.mark.faults
def test_a_clock_that_jumps_under_wrk_makes_the_record_invalid(lab: Lab, tmp_path: Path) -> None:
    """By a library that the loader gives to every program: no clock of a machine is set."""
    ready = """\
apt-get -qq update >/dev/null && apt-get -qq install -y libfaketime >/dev/null 2>&1 &&
printf 'FAKETIME_DONT_FAKE_MONOTONIC=1\\nFAKETIME_CACHE_DURATION=1\\n' >> /etc/environment &&
systemctl set-environment FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_CACHE_DURATION=1 &&
echo +0s > /etc/faketimerc &&
dpkg -L libfaketime | grep 'libfaketimeMT.so.1$' > /etc/ld.so.preload"""
    back = (
        "rm -f /etc/ld.so.preload /etc/faketimerc; sed -i /^FAKETIME/d /etc/environment; "
        "systemctl unset-environment FAKETIME_DONT_FAKE_MONOTONIC FAKETIME_CACHE_DURATION"
    )
    ssh(GENERATOR, ready)
    try:
        struck = strike(
            lab, tmp_path, lambda: ssh(GENERATOR, "echo +3600s > /etc/faketimerc"),
            bench_duration=5, ansible_control_path_dir=mkdtemp(),  # ssh gives the environment once
        )  # fmt: skip
    finally:
        ssh(GENERATOR, back)
    assert struck.outcomes()[1] == "invalid", struck.reasons()
    assert "the clock of lab-loadgen was set by +3600" in struck.reasons()
    unharmed(lab, struck, resumed=True)


# --- the network --------------------------------------------------------------------------------


def cable(host: str) -> str:
    """The end of a machine's cable that is on this computer."""
    (inner,) = json.loads(as_root("ip", "-n", f"apb-{host}", "-json", "link", "show", "eth0"))
    outer = {link["ifindex"]: link for link in json.loads(as_root("ip", "-json", "link", "show"))}
    return str(outer[inner["link_index"]]["ifname"])


@contextmanager
def unplugged(host: str) -> Iterator[None]:
    name = cable(host)
    as_root("ip", "link", "set", name, "down")
    try:
        yield
    finally:
        as_root("ip", "link", "set", name, "up")


@contextmanager
def without_ssh(host: str) -> Iterator[None]:
    """Packets of ssh are dropped, those of the benchmark are not."""
    rules = (
        "table inet cut { chain in { type filter hook input priority 0; tcp dport 22 drop; }; "
        "chain out { type filter hook output priority 0; tcp sport 22 drop; }; }"
    )
    inside(host, "nft", rules)
    try:
        yield
    finally:
        inside(host, "nft", "delete table inet cut")


def for_s(seconds: float, fault: AbstractContextManager[None]) -> Callable[[], None]:
    def make() -> None:
        with fault:
            time.sleep(seconds)

    return make


def strike_for_good(
    lab: Lab, results: Path, fault: AbstractContextManager[None], **variables: Any
) -> Struck:
    """A run with a fault that lasts until it has ended, which it did not as it should."""
    words = {"bench_rounds": MANY} | variables
    with ExitStack() as lasting:
        struck = strike(lab, results, lambda: lasting.enter_context(fault), **words)
    assert struck.status != 0
    return struck


@pytest.mark.faults
def test_a_cable_that_is_cut_for_2_s_costs_that_measurement_at_most(
    lab: Lab, tmp_path: Path
) -> None:
    struck = strike(lab, tmp_path, for_s(2, unplugged(GENERATOR)))
    assert struck.outcomes()[2:] == ["ok", "ok"], struck.reasons()
    unharmed(lab, struck, resumed=struck.status != 0)


@pytest.mark.faults
def test_a_generator_whose_cable_is_cut_is_given_up(lab: Lab, tmp_path: Path) -> None:
    struck = strike_for_good(lab, tmp_path, unplugged(GENERATOR))
    assert "is given up: 5 faults of the harness in a row" in struck.output
    assert "failed" not in struck.outcomes(), struck.reasons()
    unharmed(lab, struck, resumed=True)


@pytest.mark.faults
def test_ssh_that_is_cut_for_20_s_costs_nothing_measured(lab: Lab, tmp_path: Path) -> None:
    struck = strike(lab, tmp_path, for_s(20, without_ssh(SERVER)), within_s=None)
    assert "failed" not in struck.outcomes(), struck.reasons()
    unharmed(lab, struck, resumed=struck.status != 0)


@pytest.mark.faults
def test_a_server_without_ssh_is_given_up_and_ends_what_runs(lab: Lab, tmp_path: Path) -> None:
    struck = strike_for_good(lab, tmp_path, without_ssh(SERVER))
    assert "is given up" in struck.output
    assert "failed" not in struck.outcomes(), struck.reasons()
    clean_by(lab, time.monotonic() + 60)
    unharmed(lab, struck, resumed=True)


@pytest.mark.faults
def test_a_network_that_loses_packets_is_named(lab: Lab, tmp_path: Path) -> None:
    """2 % of all packets to the server."""
    rules = (
        "table inet loss { chain in { type filter hook input priority 0; "
        "tcp dport 8080 numgen random mod 100 < 2 drop; }; }"
    )
    inside(SERVER, "nft", rules)
    try:
        struck = strike(lab, tmp_path, lambda: None)
    finally:
        inside(SERVER, "nft", "delete table inet loss")
    assert struck.status == 0, struck.output[-3000:]
    assert any("a lossy path: lab-server sent" in row["noise"] for row in struck.rows), [
        row["noise"] for row in struck.rows
    ]
    assert "failed" not in struck.outcomes(), struck.reasons()
    unharmed(lab, struck)


# --- a host -------------------------------------------------------------------------------------


def reboot(lab: Lab, host: str) -> None:
    """A machine of the lab is off after that, until the lab is brought up: a slow firmware."""
    ssh(host, "systemctl reboot", check=False)
    time.sleep(3)
    up = lab.playbook("lab/up.yml")
    assert up.returncode == 0, up.stdout + up.stderr


@pytest.mark.faults
@pytest.mark.parametrize("host", [SERVER, GENERATOR])
def test_a_host_that_reboots_comes_back(lab: Lab, tmp_path: Path, host: str) -> None:
    """The run goes on with it; a run that goes on later is told that it was booted again."""
    struck = strike(lab, tmp_path, lambda: reboot(lab, host), bench_rounds=MANY)
    assert "failed" not in struck.outcomes(), struck.reasons()
    assert struck.outcomes()[-1] == "ok", struck.output[-3000:]
    again = f"./bench -i {lab.inventory} -e bench_resume={struck.folder} --skip-tags provision"
    refused = commands.run(again)
    assert refused.returncode != 0
    assert f"{host} was booted again." in refused.stdout
    unharmed(lab, struck, resumed=True, accepting=True)
    assert f"{host} was booted again." in (struck.folder / "report.md").read_text()


@pytest.mark.faults
def test_a_host_whose_python_is_gone_for_a_while(lab: Lab, tmp_path: Path) -> None:
    gone = (
        "systemd-run -q --collect sh -c 'mv /usr/bin/python3 /usr/bin/python3.away; sleep 6; "
        "mv /usr/bin/python3.away /usr/bin/python3'"
    )
    struck = strike(lab, tmp_path, lambda: ssh(SERVER, gone))
    assert "failed" not in struck.outcomes(), struck.reasons()
    assert "python3" in struck.output
    clean_by(lab, time.monotonic() + 60)
    unharmed(lab, struck, resumed=struck.status != 0)


# --- a disk -------------------------------------------------------------------------------------

FULL = "mount -t tmpfs -o size=64k full {0} && (cat /dev/zero > {0}/zeros || true) 2>/dev/null"
# systemd empties the folder of a throw-away user: no file can be made there, though it is empty
NO_FILES = "mkdir -p {0} && mount -t tmpfs -o nr_inodes=1 full {0}"


@pytest.mark.faults
@pytest.mark.parametrize(
    ("host", "folder", "fills"),
    [
        (SERVER, "/run/pipeline-bench", FULL),
        (GENERATOR, "/run/pipeline-bench-load-client", NO_FILES),
    ],
    ids=[SERVER, GENERATOR],
)
def test_a_disk_that_is_full_is_said(
    lab: Lab, tmp_path: Path, host: str, folder: str, fills: str
) -> None:
    try:
        struck = strike(lab, tmp_path, lambda: ssh(host, fills.format(folder)), within_s=None)
    finally:
        ssh(host, f"umount {folder}", check=False)
    assert struck.status != 0
    assert "No space left on device" in struck.output, struck.output[-3000:]
    assert "failed" not in struck.outcomes(), struck.reasons()
    unharmed(lab, struck, resumed=True)


@pytest.mark.faults
def test_a_full_disk_of_the_controller_ends_the_run_in_a_sentence(lab: Lab, tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    as_root("mount", "-t", "tmpfs", "-o", "size=230m", "small", str(place))
    try:
        full = f"cat /dev/zero > {place}/zeros"
        words = PLAN | {"bench_results_dir": str(place), "bench_run_id": "struck"}
        with background(lambda: fill_after(place / "struck", full)):
            done = commands.run(
                f"./bench -i {lab.inventory}{commands.options(words)} --skip-tags provision"
            )
        assert done.returncode not in (0, 130)
        assert "cannot be written: No space left on device" in done.stdout, done.stdout[-4000:]
        assert set(left(lab).values()) == {""}
        (place / "zeros").unlink()
        raw = {path: path.read_bytes() for path in (place / "struck" / "raw").glob("[!.]*")}
        assert raw
        struck = Struck(place / "struck", done.stdout, done.returncode, raw, [])
        unharmed(lab, struck, resumed=True)
    finally:
        as_root("umount", str(place))


def fill_after(folder: Path, command: str) -> None:
    while not list((folder / "raw").glob("[!.]*")):
        time.sleep(0.05)
    subprocess.run(["sh", "-c", command], check=False, stderr=subprocess.DEVNULL)


@contextmanager
def background(work: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield
    thread.join(60)


@pytest.mark.faults
def test_a_framework_with_a_journal_of_a_gigabyte_is_measured(lab: Lab, tmp_path: Path) -> None:
    """A host's journal, in which that of the framework is looked for."""
    flood = "head -c 750M /dev/urandom | base64 -w 30000"
    write = (
        "mkdir -p /run/systemd/journald.conf.d && printf '[Journal]\\nRateLimitIntervalSec=0\\n"
        "SystemMaxUse=3G\\nRuntimeMaxUse=3G\\n' > /run/systemd/journald.conf.d/test.conf && "
        "systemctl restart systemd-journald && systemd-run -q --wait --collect "
        f'--unit=pipeline-bench-test-flood sh -c "{flood}"'
    )
    ssh(SERVER, write)
    try:
        struck = strike(lab, tmp_path, lambda: None)
    finally:
        ssh(SERVER, "rm -r /run/systemd/journald.conf.d; systemctl restart systemd-journald; "
            "journalctl --rotate --vacuum-size=1M")  # fmt: skip
    assert struck.status == 0, struck.output[-3000:]
    assert struck.outcomes() == ["ok"] * ROUNDS
    unharmed(lab, struck)


# --- one of several testbeds --------------------------------------------------------------------

TESTBEDS = "abcdefgh"
WAITS: dict[str, Any] = {
    # eight servers that are busy are too much for a computer of two cores
    "bench_framework_dirs": "tests/calibration",
    "bench_frameworks": "calibration@delay-40ms",
}


def many_testbeds() -> str:
    """The hosts of an inventory; the first testbed has the machines of the lab."""
    groups = {"servers": ("lab-server", 11), "loadgens": ("lab-loadgen", 21)}
    children = {
        group: {
            "hosts": {
                machine + f"-{name}" * (number > 0): {
                    "ansible_host": f"198.18.0.{first + number}", "bench_testbed": name,
                }
                for number, name in enumerate(TESTBEDS)
            }
        }
        for group, (machine, first) in groups.items()
    }  # fmt: skip
    return json.dumps({"lab": {"children": children}})  # which is YAML, too


@pytest.mark.faults
def test_a_testbed_that_is_lost_does_not_stop_the_others(lab: Lab, tmp_path: Path) -> None:
    folder = ROOT / "inventory" / "many-testbeds-test"
    shutil.copytree(ROOT / "lab" / "inventory", folder)
    (folder / "hosts.yml").write_text(many_testbeds())
    many = dataclasses.replace(lab, inventory=folder)
    try:
        up = playbook("lab/up.yml", "-i", str(folder))
        assert up.returncode == 0, up.stdout + up.stderr
        done = commands.run(f"./bench -i {folder} --tags provision{commands.options(WAITS)}")
        assert done.returncode == 0, done.stdout[-3000:]
        lost = unplugged("lab-server-b")
        struck = strike_for_good(many, tmp_path, lost, within_s=None, **WAITS)
        assert "Testbed b is given up" in struck.output
        others = [row["outcome"] for row in struck.rows if row["testbed"] != "b"]
        assert others == ["ok"] * MANY * (len(TESTBEDS) - 1), struck.reasons()
        given = f" -e bench_framework_dirs={WAITS['bench_framework_dirs']}"
        again = f"./bench -i {folder} -e bench_resume={struck.folder} --skip-tags provision{given}"
        done = commands.run(again)
        assert done.returncode == 0, done.stdout[-3000:]
        rows = rows_of(struck.folder)
        assert [(row["testbed"], row["outcome"]) for row in rows] == [
            (name, "ok") for name in TESTBEDS for _ in range(MANY)
        ]
        assert set(left(many).values()) == {""}
    finally:
        shutil.rmtree(folder)
        back = playbook("lab/up.yml", "-i", str(lab.inventory))
        assert back.returncode == 0, back.stdout + back.stderr

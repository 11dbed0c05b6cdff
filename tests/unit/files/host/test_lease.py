"""One run at a time holds a host, knows it again, and holds it no longer once it has died."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from multiprocessing import get_context
from pathlib import Path
from typing import Any, cast

import pytest
from host import lease
from host.orders import answer_to
from modules import host_lease, programs_deploy

from pipebench.harness import keeper
from pipebench.harness.execution import LONGEST_PAUSE_S, Hosts, call_of, holding_call
from pipebench.harness.recovery import PAUSES_S
from pipebench.hosts import owner as owners
from pipebench.hosts.owner import Owner, owner_of, parsed
from pipebench.hosts.requirements import HostCheck, lease_problems
from pipebench.hosts.requirements import Lease as Seen
from tests.present import present
from tests.unit.pipebench.harness.answers import hosts, run_of

TRIES = 1500
TWO = ("a", "b")


class Clock:
    """The clock of the boot, and which boot it is."""

    def __init__(self, root: Path) -> None:
        self.now, self._root = 1000.0, root
        (root / "1").mkdir(parents=True)
        self.boot("first", began=0)

    def boot(self, name: str, began: float) -> None:
        """Another boot. began: when its first process did, by the boot clock."""
        (self._root / "boot_id").write_text(f"{name}\n")
        ticks = int(began * os.sysconf("SC_CLK_TCK"))
        words = ["S", *"0" * 18, str(ticks), "0"]
        (self._root / "1/stat").write_text(f"1 (in (it) d) {' '.join(words)}\n")


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "lease.json"
    monkeypatch.setattr(lease, "FILE", path)
    return path


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(tmp_path / "proc")
    monkeypatch.setattr(lease, "boot_s", lambda: clock.now)
    monkeypatch.setattr(lease, "BOOT_ID", tmp_path / "proc/boot_id")
    monkeypatch.setattr(lease, "FIRST_PROCESS", tmp_path / "proc/1/stat")
    return clock


def take(run: str, seconds: float = 60, **more: Any) -> None:
    """Take the host for a run, whose token is its name."""
    lease.take(run, f"owner of {run}", run, seconds, **more)


def holder() -> str | None:
    held = lease.held()
    return held["run"] if held else None


def obeys(order: dict[str, Any]) -> str:
    """`done`, or why an order was refused."""
    answer = cast("dict[str, Any]", answer_to(order, lambda _: {}))
    return str(answer.get("msg", "done"))


def of(run: str, seconds: float | None = None) -> dict[str, Any]:
    """An order of a run."""
    return {"lease": {"token": run} | ({"seconds": seconds} if seconds else {})}


# --- one at a time ------------------------------------------------------------------------------


def test_a_host_is_held_by_one_run() -> None:
    take("first")
    with pytest.raises(lease.HeldError, match="the run first holds this host since 20"):
        take("second")
    lease.release("second")  # not its own
    assert holder() == "first"
    lease.release("first")
    assert holder() is None
    take("second")


def one_try(name: str) -> str:
    try:
        take(name)
    except lease.HeldError:
        return "refused"
    except Exception as error:  # noqa: BLE001 (this is what must not be)
        return repr(error)
    return "held"


def test_of_two_threads_one_holds_it(file: Path) -> None:
    seen: Counter[tuple[str, ...]] = Counter()
    for _ in range(TRIES):
        file.unlink(missing_ok=True)
        together, said = threading.Barrier(2), list[str]()

        def one(name: str) -> None:
            together.wait()  # noqa: B023 (it ends in this turn)
            said.append(one_try(name))  # noqa: B023

        threads = [threading.Thread(target=one, args=(name,)) for name in TWO]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seen[tuple(sorted(said))] += 1
    assert seen == {("held", "refused"): TRIES}


def test_of_two_processes_one_holds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fork = get_context("fork")
    together = fork.Barrier(2)

    def tries(name: str) -> None:
        said = []
        for number in range(TRIES):
            monkeypatch.setattr(lease, "FILE", tmp_path / f"{number}.json")
            together.wait(60)
            said.append(one_try(name))
        (tmp_path / name).write_text("\n".join(said))

    processes = [fork.Process(target=tries, args=(name,)) for name in TWO]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    both = zip(*((tmp_path / name).read_text().splitlines() for name in TWO), strict=True)
    assert Counter(tuple(sorted(pair)) for pair in both) == {("held", "refused"): TRIES}


def test_one_that_is_taken_is_seen_at_every_moment() -> None:
    take("first")
    seen, ended = Counter[str | None](), threading.Event()

    def look() -> None:
        while not ended.is_set():
            seen[holder()] += 1

    thread = threading.Thread(target=look)
    thread.start()
    for number in range(300):
        lease.keep("first", 60 + number)
    ended.set()
    thread.join()
    assert set(seen) == {"first"}


def test_a_file_that_is_removed_while_one_waits_for_it_is_not_held(file: Path) -> None:
    with lease.locked(makes=True):
        waits = threading.Thread(target=take, args=("second",))
        waits.start()
        file.unlink()
    waits.join()
    assert holder() == "second"


def test_to_keep_it_needs_no_space_and_no_second_file(file: Path) -> None:
    take("first")
    before = file.stat()
    lease.keep("first", 3600)
    lease.release("first")
    assert (file.stat().st_ino, file.stat().st_size) == (before.st_ino, before.st_size)
    assert [path.name for path in file.parent.iterdir()] == [file.name]


# --- the time -----------------------------------------------------------------------------------


def test_it_is_held_for_longer_by_keeping_it(file: Path, clock: Clock) -> None:
    take("first")
    since = json.loads(file.read_text())["since"]
    clock.now += 50
    lease.keep("first", 600)
    assert json.loads(file.read_text())["since"] == since
    assert present(lease.held())["left"] == 600
    clock.now += 599
    assert holder() == "first"


def test_a_run_that_went_silent_holds_it_no_longer(clock: Clock) -> None:
    take("first")
    clock.now += 60
    assert lease.held() is None
    take("second")
    assert present(lease.held())["run"] == "second"


def test_a_clock_that_is_set_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    take("first")
    for moment in (0.0, 4e9):
        monkeypatch.setattr(time, "time", lambda moment=moment: moment)
        assert holder() == "first"


def test_a_reboot_does_not_end_it_but_the_time_after_it_does(clock: Clock) -> None:
    take("first", 300)
    clock.boot("second", began=0)
    clock.now = 20.0
    assert present(lease.held())["left"] == 280
    assert obeys(of("first")) == "done"  # its run goes on
    clock.now = 300.0
    assert lease.held() is None


def test_a_container_that_is_started_again_is_a_reboot(clock: Clock) -> None:
    take("first", 300)
    clock.now += 5000
    clock.boot("second", began=clock.now - 20)
    assert present(lease.held())["left"] == pytest.approx(280, abs=0.1)


def test_it_is_not_held_for_longer_than_asked_if_the_clock_begins_anew(clock: Clock) -> None:
    take("first", 300)
    clock.now = 1.0  # as in some containers, whose boot keeps its id
    assert present(lease.held())["left"] == 300


# --- whose it is --------------------------------------------------------------------------------


def test_one_that_is_known_to_be_dead_holds_it_no_longer() -> None:
    take("first")
    take("second", over="first")
    with pytest.raises(lease.HeldError):
        take("third", over="first")


STRANGE = [
    "{", "[]", "null", "{}", '{"run": "x"}', "", "\0" * 9, "\udcff", "[" * 2048,
    *(
        json.dumps(
            {
                "run": "r", "owner": "o", "token": "t", "since": 0, "boot": "b", "kept_at": 0,
                "seconds": 1e9,
            } | change
        )
        for change in ({"since": 1e300}, {"seconds": float("nan")}, {"kept_at": "x"}, {"run": 5})
    ),
]  # fmt: skip


@pytest.mark.parametrize("text", STRANGE)
def test_what_is_not_a_lease_holds_nothing(file: Path, text: str) -> None:
    file.write_text(text, errors="surrogateescape")
    assert lease.held() is None
    assert "this run has lost the host" in obeys(of("first"))
    take("first")
    assert holder() == "first"


def test_what_another_run_measures_on_a_host_is_not_ended() -> None:
    take("second")
    for order in (of("first"), of("first", 60), {}):
        assert obeys(order).startswith("the run second holds this host since 20")
    assert obeys(of("second", 60)) == "done"


def test_what_another_run_has_left_is_not_measured(clock: Clock) -> None:
    take("first")
    clock.now += 100  # its controller sleeps
    take("second")
    lease.release("second")
    for order in (of("first"), of("first", 60)):
        assert "this run has lost the host" in obeys(order)
    assert lease.held() is None  # an order takes nothing
    take("first")  # it begins again, or goes on by bench_resume


def test_a_run_whose_time_is_over_goes_on_if_nobody_had_the_host(clock: Clock) -> None:
    take("first")
    clock.now += 100
    assert lease.held() is None
    assert obeys(of("first", 60)) == "done"
    assert holder() == "first"


def test_a_host_that_was_torn_down_is_lost(file: Path) -> None:
    take("first")
    file.unlink()
    for order in (of("first"), of("first", 60)):
        assert "this run has lost the host" in obeys(order)
    assert not file.exists()
    assert obeys({}) == "done"  # nobody holds it


def test_programs_are_not_copied_to_a_host_that_another_run_holds(tmp_path: Path) -> None:
    words = {"path": str(tmp_path / "opt"), "folders": ["host"], "files": {"host/x.py": "x"}}
    take("first")
    for token in ("second", None):
        with pytest.raises(lease.HeldError, match="the run first holds"):
            programs_deploy.deploy(words | {"token": token}, check_mode=False)
    assert not (tmp_path / "opt").exists()
    assert programs_deploy.deploy(words | {"token": "first"}, check_mode=False)["changed"]


def test_a_host_is_held_before_it_has_anything(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "FILE", file.parent / "opt" / "pipeline-bench" / "lease.json")
    words = {"run": "r", "owner": "o", "seconds": 60.0, "over": None}
    with pytest.raises(lease.HeldError):
        host_lease.do(words | {"state": "kept", "token": "first"})
    host_lease.do(words | {"state": "taken", "token": "first"})
    with pytest.raises(lease.HeldError):
        host_lease.do(words | {"state": "taken", "token": "second"})
    host_lease.do(words | {"state": "kept", "token": "first"})
    host_lease.do(words | {"state": "released", "token": "first"})
    host_lease.do(words | {"state": "taken", "token": "second"})


def test_the_program_keeps_a_lease_and_lets_the_host_go(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    lease.take(run.run_id, "o", run.lease, 1)
    for call in (
        holding_call(run, 0, "host.lease", {"state": "kept"}),
        call_of(run, "host.lease", {"state": "released"}),
    ):
        program = (
            "import sys; from pathlib import Path; from host import lease; "
            f"lease.FILE = Path({str(lease.FILE)!r}); sys.exit(lease.main())"
        )
        done = subprocess.run(
            [sys.executable, "-S", "-c", program],
            cwd="files", input=call.input, capture_output=True, check=True,
        )  # fmt: skip
        assert json.loads(done.stdout) == {}
        held = lease.held()
        assert (held is None) == (call.order["state"] == "released")
        assert held is None or held["left"] > 200


# --- who is dead --------------------------------------------------------------------------------


def test_an_owner_is_alive_until_its_process_has_ended() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = parsed(str(owner_of(process.pid)))
    assert not owner.is_dead
    assert owner._replace(started="1").is_dead  # another process has that number now
    process.communicate(b"\n")
    assert owner.is_dead
    for elsewhere in (
        owner._replace(computer="elsewhere"),
        owner._replace(boot="x"),  # booted again, or a clone of it
        owner._replace(processes="pid:[1]"),  # a container of the same computer
        owner._replace(checkout="x"),
        owner._replace(boot=""),
        owner._replace(pid="-1"),
    ):
        assert not elsewhere.is_dead  # nobody knows here
    assert not parsed("somebody").is_dead
    assert parsed("laptop boot 12 345").computer == "laptop"  # of an older version


def test_a_process_that_is_hidden_from_this_user_is_not_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owner = owner_of(os.getpid())
    monkeypatch.setattr(owners, "_stat", lambda _: [])
    assert not owner.is_dead


def test_who_holds_a_host_is_said_before_anything_is_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def problems(owner: Owner) -> list[str]:
        held = Seen(run="r1", owner=str(owner), since=0, left=3600)
        check = HostCheck(
            os="debian", os_version="13", os_title="", architecture="x86_64", systemd=True,
            root=True, cpus=1, identity="i", free=[], lease=held,
        )  # fmt: skip
        return lease_problems("s", check)

    monkeypatch.setattr("pipebench.hosts.requirements.time.time", lambda: 3 * 3600.0)
    (sentence,) = problems(Owner("laptop", "b", "p", "c", "1", "2"))
    assert sentence.startswith("s is held by the run r1 since 00:00 UTC, made on laptop; wait")
    assert sentence.endswith("until 04:00 UTC.")
    assert len(problems(owner_of(os.getpid()))) == 1
    assert problems(owner_of(os.getpid())._replace(started="1")) == []
    assert len(problems(owner_of(os.getpid())._replace(started="1", boot="x"))) == 1


# --- a testbed that waits -----------------------------------------------------------------------


def test_a_testbed_that_pauses_holds_its_hosts() -> None:
    assert max(PAUSES_S) < LONGEST_PAUSE_S
    assert keeper.EVERY_S * 2 < LONGEST_PAUSE_S


def test_a_testbed_that_waits_for_another_is_kept_until_its_run_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a process of its own, which the next phase ends; here it writes down that it was asked."""
    monkeypatch.setattr(keeper, "EVERY_S", 0.05)
    monkeypatch.setattr(keeper, "LOOK_EVERY_S", 0.01)
    on, asked = hosts(), tmp_path / "asked"

    def answer(call: Any) -> dict[str, Any]:
        with asked.open("a") as log:
            log.write(json.dumps([call.program, call.order]) + "\n")
        return {}

    for host in on.all:
        monkeypatch.setattr(host, "run", answer)
    process = subprocess.Popen(["sleep", "60"])
    fact = run_of(tmp_path).to_fact() | {"owner": str(owner_of(process.pid)), "lease": "word"}
    run = type(run_of(tmp_path)).from_fact(fact)
    kept = parsed(keeper.keep(Hosts(*on), run))
    while not asked.exists() or len(asked.read_text().splitlines()) < 6:
        assert not kept.is_dead
    order = {"state": "kept", "lease": {"token": "word", "seconds": LONGEST_PAUSE_S}}
    assert json.loads(asked.read_text().splitlines()[0]) == ["host.lease", order]
    kept.end()
    assert kept.is_dead
    os.waitpid(int(kept.pid), 0)
    again = parsed(keeper.keep(Hosts(*on), run))
    process.kill()
    process.wait()
    os.waitpid(int(again.pid), 0)  # it ends by itself


def test_a_host_that_is_lost_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "EVERY_S", 0.0)
    on, asked = hosts(), list[str]()

    def refuses(name: str, times: int) -> Any:
        def answer(_: Any) -> dict[str, Any]:
            asked.append(name)
            return {"failed": True, "msg": "lost"} if asked.count(name) == times else {}

        return answer

    monkeypatch.setattr(on.server, "run", refuses("s", 1))
    monkeypatch.setattr(on.generators[0], "run", refuses("g", 3))
    keeper.keep_on(Hosts(*on), run_of(tmp_path))
    assert sorted(asked) == ["g", "g", "g", "s"]

"""`./bench --cloud FILE`: rent the hosts, measure, fetch, report, and give the hosts back.

The hosts are given back whatever happens: after a failure at any step, and after Ctrl-C, SIGTERM,
or the end of the terminal. If this computer itself dies, the hosts end themselves.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import yaml

from pipebench.alone.parser import LineParser
from pipebench.alone.status import Status
from pipebench.cloud.creation import ROOT, keep, settled
from pipebench.cloud.descendants import end_descendants, keep_orphans
from pipebench.cloud.fleet import Fleet, creation_of, folder_of, forget_fleet
from pipebench.cloud.offer import offer
from pipebench.plan.errors import PlanError

DESTROY = ".venv/bin/ansible-playbook playbooks/cloud_destroy.yml"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
CLEAN_S = 10
"""So long what outlives its playbook may take to end itself."""
TRIES = 3
"""Of destroying, if it says that something is still there."""


def main(argv: Sequence[str]) -> int:
    given, options = parser().parse_known_args(argv)
    try:
        fleet, known, expired, now = settled(given.cloud, given.name, ROOT)
        print(offer(fleet, now), flush=True)
        if expired:
            names = ", ".join(one.name for one in expired)
            print(f"Expired, and destroyed first: {names}.")
        if given.show:
            return 0
        if known:  # what this did not create it must not destroy
            return refuse(
                f"The fleet {fleet.name} was settled before, and this rents a new one: leave out "
                "the name. To measure on that one, give ./bench its inventory with -i; to destroy "
                f"it: {DESTROY} -e fleet={fleet.name}"
            )
        fleet = keep(ROOT, fleet)
    except PlanError as error:
        return refuse(str(error))
    trip = Trip(given.cloud.resolve(), fleet, options)
    status = trip.check()
    if status == 0 and not (given.yes or agreed()):
        print("Nothing was created.")
        status = Status.REFUSED
    if status != 0:
        trip.forget()
        return status
    return trip.make()


def parser() -> argparse.ArgumentParser:
    made = LineParser(
        prog="./bench",
        description="Rent the hosts of a cloud file, measure on them, and give them back. All "
        "other options are for ansible-playbook, as with ./bench.",
        allow_abbrev=False,
    )
    made.add_argument("--cloud", metavar="FILE", type=Path, required=True, help="the cloud file")
    made.add_argument("--yes", action="store_true", help="do not ask before anything is paid for")
    made.add_argument("--show", action="store_true", help="only say what it would be, and the cost")
    made.add_argument("--name", help="of the fleet; by default a new one")
    return made


def agreed() -> bool:
    """Whether the person at the terminal wants that."""
    if not sys.stdin.isatty():
        say("nobody can be asked here; add --yes to create what is shown above")
        return False
    try:
        return input("Create this? [y/N] ").strip().lower() in ("y", "yes")
    except (EOFError, KeyboardInterrupt):
        print()
        return False


def say(sentence: str) -> None:
    print(f"bench: {sentence}", file=sys.stderr, flush=True)


def refuse(sentences: str) -> int:
    for sentence in sentences.splitlines():
        say(sentence)
    return Status.REFUSED


class Trip:
    """One fleet from its creation to its end."""

    def __init__(self, file: Path, fleet: Fleet, options: list[str]) -> None:
        self._file, self._fleet, self._options = file, fleet, options
        self._folder = folder_of(ROOT, fleet.name)
        self._inventory = self._folder / "inventory"
        self._child: subprocess.Popen[bytes] | None = None
        self._interrupted = self._destroying = self._warned = False

    def check(self) -> int:
        """Whether the plan can be measured on such hosts, before there is any."""
        groups: dict[str, dict[str, object]] = {"servers": {}, "loadgens": {}}
        for number, host in enumerate(self._fleet.hosts):
            groups[f"{host.role}s"][host.name] = {
                "ansible_host": f"192.0.2.{number}",  # of documentation: nobody is asked
                "bench_testbed": host.testbed,
                "bench_machine": host.type,
                "bench_up_path": str(self._folder / "there is no host yet"),
            }
        planned = self._folder / "planned.yml"
        document = {group: {"hosts": hosts} for group, hosts in groups.items()}
        planned.write_text(yaml.safe_dump(document), encoding="utf-8")
        options = [option for option in self._options if option not in ("--check", "-C")]
        return self._play("playbooks/preflight.yml", "-i", str(planned), *options, "--check")

    def make(self) -> int:
        """Create, measure, destroy. Returns the exit status."""
        for number in SIGNALS:
            signal.signal(number, self._on_signal)
        keep_orphans()
        began = time.monotonic()
        status = 1
        try:
            status = self._play(
                "playbooks/cloud_create.yml", "-e", f"cloud_file={self._file}", *self._words()
            )
            if status == 0 and not self._interrupted:
                status = self._play("bench.yml", "-i", str(self._inventory), *self._options)
        finally:
            created = creation_of(ROOT, self._fleet.name)
            destroyed = self._destroy()
        if created:
            hours = (time.monotonic() - began) / 3600
            cost = self._fleet.per_hour * hours
            print(f"The hosts lived {hours * 60:.0f} min: about {cost:.2f} {self._fleet.currency}.")
        if destroyed != 0:
            say(
                "hosts may still be there, and are paid for. Destroy them with: "
                f"{DESTROY} -e fleet={self._fleet.name}"
            )
        if self._interrupted:
            return Status.INTERRUPTED
        return status or destroyed

    def _destroy(self) -> int:
        """Destroy what was recorded as this fleet: the cloud file may say something else by now."""
        self._destroying = True
        end_descendants(CLEAN_S)
        for _ in range(TRIES):
            status = self._play("playbooks/cloud_destroy.yml", *self._words())
            if status in (0, Status.INTERRUPTED):
                break
        return status

    def forget(self) -> None:
        """Of a fleet that was not created nothing is kept."""
        forget_fleet(ROOT, self._fleet.name)

    def _words(self) -> list[str]:
        words = {"fleet": self._fleet.name, "cloud_inventory": self._inventory}
        return [word for key, value in words.items() for word in ("-e", f"{key}={value}")]

    def _play(self, playbook: str, *words: str) -> int:
        """Run a playbook to its end. It gets no signal but those that are passed on to it."""
        program = Path(sys.executable).with_name("ansible-playbook")
        if self._interrupted and not self._destroying:
            return Status.INTERRUPTED
        with subprocess.Popen(
            [program, str(ROOT / playbook), *words],
            env=os.environ | {"ANSIBLE_LOCALHOST_WARNING": "false"},
            start_new_session=True,
        ) as self._child:
            if self._interrupted and not self._destroying:  # just before it was started
                self._child.send_signal(signal.SIGINT)
            return self._child.wait()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._interrupted = True
        if self._destroying and not self._warned:
            self._warned = True
            say("the hosts are being destroyed, which ends their cost. Once more ends this, too.")
            return
        if self._child and self._child.poll() is None:
            self._child.send_signal(number)

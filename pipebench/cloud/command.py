"""`./bench --cloud FILE`: rent the hosts, measure, fetch, report, and give the hosts back.

The hosts are given back whatever happens: after a failure at any step, and after Ctrl-C, SIGTERM,
or the end of the terminal. If this computer itself dies, the hosts end themselves.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import yaml

from pipebench.cloud.creation import ROOT, settled
from pipebench.cloud.fleet import Fleet, folder_of, keep_fleet, now_utc
from pipebench.cloud.offer import offer
from pipebench.plan.mistakes import PlanError

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
REFUSED, INTERRUPTED = 2, 130


def main(argv: Sequence[str]) -> int:
    given, options = parser().parse_known_args(argv)
    file = given.cloud.resolve()
    try:
        fleet, expired = settled(file, given.name, ROOT)
    except PlanError as error:
        return refuse(str(error))
    print(offer(fleet, now_utc()), flush=True)
    if expired:
        print(f"Expired, and destroyed first: {', '.join(expired)}.")
    if given.show:
        return 0
    keep_fleet(ROOT, fleet)
    trip = Trip(file, fleet, options)
    status = trip.check()
    if status == 0 and not (given.yes or agreed()):
        print("Nothing was created.")
        status = REFUSED
    if status != 0:
        trip.forget()
        return status
    return trip.make()


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
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
    return REFUSED


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
        began = time.monotonic()
        status = 1
        try:
            status = self._play("playbooks/cloud_create.yml", *self._words())
            if status == 0 and not self._interrupted:
                status = self._play("bench.yml", "-i", str(self._inventory), *self._options)
        finally:
            destroyed = self._destroy()
        hours = (time.monotonic() - began) / 3600
        cost = self._fleet.per_hour * hours
        print(f"The hosts lived {hours * 60:.0f} min: about {cost:.2f} {self._fleet.currency}.")
        if destroyed != 0:
            say(
                "hosts may still be there, and are paid for. Destroy them with: .venv/bin/"
                f"ansible-playbook playbooks/cloud_destroy.yml -e cloud_file={self._file} "
                f"-e fleet={self._fleet.name}"
            )
        if self._interrupted:
            return INTERRUPTED
        return status or destroyed

    def _destroy(self) -> int:
        self._destroying = True
        return self._play("playbooks/cloud_destroy.yml", *self._words())

    def forget(self) -> None:
        """Of a fleet that was not created nothing is kept."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _words(self) -> list[str]:
        words = {
            "cloud_file": self._file,
            "fleet": self._fleet.name,
            "cloud_inventory": self._inventory,
        }
        return [word for key, value in words.items() for word in ("-e", f"{key}={value}")]

    def _play(self, playbook: str, *words: str) -> int:
        """Run a playbook to its end. It gets no signal but those that are passed on to it."""
        program = Path(sys.executable).with_name("ansible-playbook")
        if self._interrupted and not self._destroying:
            return INTERRUPTED
        with subprocess.Popen(
            [program, str(ROOT / playbook), *words],
            env=os.environ | {"ANSIBLE_LOCALHOST_WARNING": "false"},
            start_new_session=True,
        ) as self._child:
            return self._child.wait()

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._interrupted = True
        if self._destroying and not self._warned:
            self._warned = True
            say("the hosts are being destroyed, which ends their cost. Once more ends this, too.")
            return
        if self._child and self._child.poll() is None:
            self._child.send_signal(number)

"""The commands of the pages that measure or need hosts, as they are typed, on the lab's machines.

Options behind them make them short: fewer frameworks and rounds, or only the look that --check
takes. Where a page says `inventory/cloud` or `inventory/metal` there is a copy of that folder,
filled in as its hosts.yml shows, whose hosts are the lab's.
"""

from __future__ import annotations

import csv
import json
import re
import shlex
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests import commands
from tests.commands import ROOT, filled, options, run

pytestmark = pytest.mark.lab

SERVER, GENERATOR = "198.18.0.11", "198.18.0.21"
ALONE = {
    "bench_controls": False,
    "bench_path_capacity": False,
    "bench_probe": False,
    "bench_check_answers": False,
}
SHORT = ALONE | {
    "bench_frameworks": "fasthttp",
    "bench_connections": 50,
    "bench_duration": 1,
    "bench_warmup": 0,
    "bench_rounds": 1,
}
ADDRESSES = {
    "cloud": {"203.0.113.10": SERVER, "10.0.0.10": SERVER, "203.0.113.20": GENERATOR},
    "metal": {"192.0.2.10": SERVER, "198.18.0.10": SERVER, "192.0.2.20": GENERATOR},
}


@dataclass(frozen=True)
class Place:
    """Where one command is run: an empty folder, the lab, and filled-in inventories by name."""

    folder: Path
    lab: Any
    inventories: dict[str, Path]
    known_hosts: Path

    def with_inventory(self, command: str) -> str:
        """The command, whose hosts are the lab's."""
        for kind, folder in self.inventories.items():
            command = command.replace(f"inventory/{kind}", shlex.quote(str(folder)))
        return command


@pytest.fixture(scope="module")
def filled_in(lab: object, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Place]:
    """What a reader of inventory/*/README.md has done before anything is run there."""
    assert run("./bench plans").returncode == 0  # makes .venv; the others take it for granted
    home = tmp_path_factory.mktemp("home")
    (home / ".ssh").mkdir()
    known_hosts = home / ".ssh" / "known_hosts"
    inventories = {}
    for kind, addresses in ADDRESSES.items():
        text = (ROOT / "inventory" / kind / "hosts.yml").read_text()
        text = text.replace("hosts: {}", "hosts:")
        text = re.sub(r"(?m)^  #(?=  )", "  ", text)  # the two hosts
        before, _, everybody = text.partition("# all:\n")
        text = before + "all:\n" + re.sub(r"(?m)^# ", "", everybody)
        for shown, ours in addresses.items():
            assert shown in text
            text = text.replace(shown, ours)
        text = re.sub(r"(?<=ansible_user: )\w+", "root", text)
        text = text.replace("~/.ssh/id_ed25519", str(ROOT / ".lab" / "ssh" / "id_ed25519"))
        # ssh asks the password file for the home folder, not $HOME
        text += f"    ansible_ssh_common_args: -F none -o UserKnownHostsFile={known_hosts}\n"
        inventories[kind] = home / kind
        shutil.copytree(ROOT / "inventory" / kind, inventories[kind])
        (inventories[kind] / "hosts.yml").write_text(text)
    for command in commands.run_by("lab"):
        if command.startswith("ssh-keyscan"):
            done = run(filled(command, keyscan_words(command)), HOME=str(home))
            assert done.returncode == 0, done.stderr
    return lambda folder: Place(folder, lab, inventories, known_hosts)


def keyscan_words(command: str) -> dict[str, str]:
    server, generator = command.split()[2:4]
    return {server: SERVER, generator: GENERATOR}


@pytest.fixture
def place(filled_in: Callable[[Path], Place], tmp_path: Path) -> Place:
    return filled_in(tmp_path)


def measured(command: str, place: Place, variables: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Run it to its end; the rows of summary.csv by framework, all of them ok."""
    where = {"bench_results_dir": str(place.folder), "bench_run_id": "typed"}
    done = run(place.with_inventory(command) + options(variables | where))
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "report.md" in done.stdout.rstrip().splitlines()[-1]
    with (place.folder / "typed" / "summary.csv").open(newline="") as handle:
        rows = {row["framework"]: row for row in csv.DictReader(handle)}
    assert {row["outcome"] for row in rows.values()} == {"ok"}
    return rows


def short(command: str, place: Place) -> None:
    assert set(measured(command, place, SHORT)) == {"fasthttp"}


def measured_again(command: str, place: Place) -> None:
    """A run of two frameworks, and the same again, which ends with both."""
    plan = SHORT | {"bench_frameworks": "fasthttp,go-net-http"}
    where = {"bench_results_dir": str(place.folder), "bench_run_id": "earlier"}
    done = run(place.with_inventory("./bench -i inventory/cloud") + options(plan | where))
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    earlier = {"results/RUN": place.folder / "earlier"}
    short = {"bench_results_dir": str(place.folder), "bench_run_id": "again"}
    again = filled(place.with_inventory(command), earlier) + options(short)
    # the plan is that of the run: another is refused before any host is touched
    refused = run(again + options({"bench_rounds": 2}))
    assert "bench_rounds is 2, and 1 in the run" in refused.stderr
    assert not (place.folder / "again").exists()
    done = run(again)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "again measures again what the run earlier measured: 2 measurements" in done.stdout
    before, after = (
        json.loads((place.folder / name / "run.json").read_text()) for name in ("earlier", "again")
    )
    assert after["rounds"] == before["rounds"]
    assert after["like"] == {"run_id": "earlier", "path": "earlier", "changes": []}
    assert "again against earlier" in done.stdout
    ending = [line.split(": ")[0] for line in done.stdout.rstrip().splitlines()[-2:]]
    assert ending == ["Comparison", "Report"]
    compared = (place.folder / "again" / "compare.csv").read_text()
    assert {"fasthttp", "go-net-http"} <= set(re.split(r"[,\n]", compared))


def provisioned(command: str, place: Place) -> None:
    """The frameworks are deployed, and there is no run. The host is not known from other tests."""
    place.lab.shell("rm -f /opt/pipeline-bench/provisioned.json")
    where = {"bench_results_dir": str(place.folder), "bench_run_id": "typed"}
    done = run(command + options(SHORT | where))
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "TASK [server : Deploy each framework]" in done.stdout
    assert not (place.folder / "typed").exists()


def without_a_probe(command: str, place: Place) -> None:
    measured(command, place, SHORT | {"bench_probe": True})
    assert not (place.folder / "typed" / "probe").exists()


@cache
def looks(typed: tuple[str, ...]) -> list[CompletedProcess[str]]:
    """What is answered to commands that only look; two look at a time."""
    checked = [one if "--check" in one else f"{one} --check" for one in typed]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(partial(run, first=ROOT / ".venv" / "bin"), checked))


def looked_at(command: str, place: Place) -> None:
    """A plan that takes long: what it is to measure, by --check."""
    done = looks(tuple(map(place.with_inventory, LOOKS)))[LOOKS.index(command)]
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert re.search(r"\d+ measurements: \d+ cells x \d+ rounds?; about", done.stdout)
    assert "the path between them are as required. Nothing was changed." in done.stdout


def added(command: str, place: Place) -> None:
    """A framework as docs/adding-a-framework.md says, outside the repository."""
    page = (ROOT / "docs" / "adding-a-framework.md").read_text()
    (given,) = re.findall(r"`-e '(\{\"bench_framework_dirs\": .*?\})'`", page)
    frameworks = place.folder / "frameworks"
    shutil.copytree(ROOT / "servers" / "aiohttp", frameworks / "mine")
    variables = json.loads(given.replace("/path/to/folders", str(frameworks)))
    rows = measured(command, place, ALONE | {"bench_connections": 50} | variables)
    assert {name: row["rounds"] for name, row in rows.items()} == {"aiohttp": "2", "mine": "2"}


def keys_scanned(command: str, place: Place) -> None:
    """They are the keys that the lab gave its machines, and the machines' own of the metal page."""
    home = place.folder / "home"
    (home / ".ssh").mkdir(parents=True)
    done = run(filled(command, keyscan_words(command)), HOME=str(home))
    assert done.returncode == 0, done.stderr
    for address in (SERVER, GENERATOR):
        scanned, ours = (
            run(f"ssh-keygen -F {address} -f {file} | grep -o 'ssh-ed25519 [^ ]*'").stdout.split()[
                1
            ]
            for file in (home / ".ssh" / "known_hosts", ROOT / ".lab" / "ssh" / "known_hosts")
        )
        assert scanned == ours


def key_shown(command: str, place: Place) -> None:
    shown = place.lab.shell(command)
    known = run(f"ssh-keygen -lf {place.known_hosts}").stdout
    assert len(shown) == 2
    assert all(line.split()[1] in known for line in shown.values())


def logged_in(command: str, _: Place) -> None:
    done = run(f"{command} hostname")
    assert (done.returncode, done.stdout) == (0, "lab-server\n"), done.stderr


def brought_up(command: str, place: Place) -> None:
    """How the lab of all these tests was brought up, or found up."""
    first = place.lab.first
    assert first.args[1:] == [*command.split()[1:], "-i", str(ROOT / "inventory" / "lab")]
    assert "inventory = inventory/lab" in (ROOT / "ansible.cfg").read_text().splitlines()
    assert first.returncode == 0


def taken_down(command: str, place: Place) -> None:
    """Of a lab in another folder, whose machines are not up; lab/tests/ has the rest."""
    folder = place.folder / "lab"
    for name in ("machines/m", "log/l", "ssh/id", "image/debian.tar"):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).touch()
    done = run(f"{command} -e lab_folder={folder}")
    assert done.returncode == 0, done.stdout + done.stderr
    left = [path.name for path in folder.iterdir()] if folder.exists() else None
    assert left == (None if "lab_purge" in command else ["image"])


HOW: dict[str, Callable[[str, Place], None]] = {
    "./bench -e @plans/*.yml": looked_at,
    "./bench --tags provision": provisioned,
    "./bench --skip-tags probe": without_a_probe,
    "./bench -i inventory/cloud": short,
    "./bench -i inventory/cloud -e @plans/instances.yml": looked_at,
    "./bench -i inventory/metal": looked_at,
    "./bench --like results/RUN -i inventory/cloud": measured_again,
    "./bench -e bench_frameworks=mine,aiohttp -e @plans/quick.yml": added,
    "ansible-playbook bench.yml -i inventory/cloud": looked_at,
    "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub": key_shown,
    ".venv/bin/ansible-playbook lab/up.yml": brought_up,
    ".venv/bin/ansible-playbook lab/down.yml": taken_down,
    ".venv/bin/ansible-playbook lab/down.yml -e lab_purge=true": taken_down,
}


LOOKS = [one for one in commands.run_by("lab") if HOW.get(str(commands.row_of(one))) is looked_at]


def how(command: str) -> Callable[[str, Place], None]:
    if command.startswith("ssh-keyscan "):
        return keys_scanned
    if command.startswith("ssh "):
        return logged_in
    return HOW.get(command) or HOW[str(commands.row_of(command))]


AT_THE_END = [command for command in commands.run_by("lab") if "teardown.yml" in command]


@pytest.mark.parametrize(
    "command",
    [c for c in commands.run_by("lab") if c not in AT_THE_END],
)
def test_it_does_what_the_page_says(command: str, place: Place) -> None:
    how(command)(command, place)


@pytest.mark.takes_lab_down
@pytest.mark.parametrize("command", AT_THE_END)
def test_nothing_is_left_on_the_hosts(command: str, place: Place) -> None:
    done = run(place.with_inventory(command))
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    places = "/opt/pipeline-bench /run/pipeline-bench /etc/systemd/system/pipeline-bench* "
    look = f"ls -d {places} /run/systemd/system/pipeline-bench* 2>/dev/null | wc -l"
    assert set(place.lab.shell(look).values()) == {"0"}
    assert set(place.lab.shell("command -v wrk | wc -l").values()) == {"0"}

"""What ./bench and ./test do with their arguments.

Ansible reads those of ./bench; everything else that the two would call is a stand-in.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.ansible

ROOT = Path(__file__).resolve().parents[2]

RECORD = """\
#!/bin/sh
for word; do printf '%s\\n' "$word"; done >>"{log}"
echo -- >>"{log}"
"""
UNSUITABLE = "#!/bin/sh\nexit 1\n"


class Checkout:
    """A copy of the two commands, in a folder of a user that has no other programs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "a checkout"
        self.bin = folder / "bin"
        self.log = folder / "calls"
        for name in ("bench", "test", "environment.sh", "lab/setup.sh", "requirements.txt"):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.folder / name)
        self.bin.mkdir()

    def program(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def stand_in(self, *names: str) -> None:
        for name in names:
            self.program(self.bin / name, RECORD.format(log=self.log))

    def environment(self) -> None:
        """As environment.sh leaves it."""
        venv = self.folder / ".venv" / "bin"
        self.program(venv / "ansible-playbook", RECORD.format(log=self.log))
        self.program(venv / "python", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        stamp = "sha256sum <requirements.txt && .venv/bin/python --version"
        said = subprocess.run(
            ["sh", "-c", stamp], cwd=self.folder, capture_output=True, text=True, check=True
        )
        (self.folder / ".venv" / ".stamp").write_text(said.stdout)

    def run(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.folder / command), *arguments],
            cwd="/",
            env=os.environ | {"PATH": f"{self.bin}:{os.environ['PATH']}"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def calls(self) -> list[list[str]]:
        calls = self.log.read_text().split("--\n")[:-1] if self.log.exists() else []
        return [call.splitlines() for call in calls]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture
def ready(checkout: Checkout) -> Checkout:
    """Set up, on a machine that lacks nothing for a lab, with a sudo that asks nothing."""
    checkout.environment()
    for name in ("systemd-nspawn", "mmdebstrap", "nft", "ip", "ssh", "sudo"):
        checkout.program(checkout.bin / name, "#!/bin/sh\n")
    script = checkout.folder / "lab" / "setup.sh"
    script.write_text(script.read_text().replace("/usr/share/keyrings/", "/dev/null="))
    return checkout


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("command", ["bench", "test"])
def test_help_is_short_and_sets_nothing_up(checkout: Checkout, command: str, option: str) -> None:
    done = checkout.run(command, option)
    assert done.returncode == 0
    assert done.stdout.startswith(f"./{command} [")
    assert len(done.stdout.splitlines()) <= 13
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert not (checkout.folder / ".venv").exists()


def test_a_layer_that_is_none(checkout: Checkout) -> None:
    done = checkout.run("test", "unit", "integration")
    assert done.returncode == 2
    assert done.stderr == "test: there is no layer 'integration' (see ./test --help)\n"


def test_without_an_inventory_it_is_the_lab(ready: Checkout) -> None:
    done = ready.run("bench", "-e", "bench_rounds=1", "-v")
    assert done.returncode == 0, done.stderr
    here = str(ready.folder)
    lab = ["-i", f"{here}/inventory/lab"]
    assert ready.calls() == [
        [*lab, f"{here}/lab/up.yml"],
        [*lab, f"{here}/bench.yml", "-e", "bench_rounds=1", "-v"],
    ]


@pytest.mark.parametrize(
    "inventory",
    [
        ["-i", "inventory/cloud"],
        ["-iinventory/cloud"],
        ["-vvi", "inventory/cloud"],
        ["--inventory", "inventory/cloud"],
        ["--inventory=inventory/cloud"],
        ["--inventory-file", "inventory/cloud"],
    ],
)
def test_with_an_inventory_there_is_no_lab_and_no_root(
    checkout: Checkout, inventory: list[str]
) -> None:
    checkout.environment()
    checkout.stand_in("sudo", "apt-get")
    arguments = [*inventory, "-e", "@plans/a plan.yml"]
    done = checkout.run("bench", *arguments)
    assert done.returncode == 0, done.stderr
    assert checkout.calls() == [[f"{checkout.folder}/bench.yml", *arguments]]


@pytest.mark.parametrize(
    ("typed", "run"),
    [
        (["--like", "results/example"], "results/example"),
        (["--like=results/example"], "results/example"),
        (["--like", 'a \\ run of "mine"'], 'a \\ run of "mine"'),
    ],
)
def test_the_run_that_is_measured_again_becomes_a_variable(
    checkout: Checkout, typed: list[str], run: str
) -> None:
    checkout.environment()
    done = checkout.run("bench", "-i", "inventory/cloud", *typed, "-v")
    assert done.returncode == 0, done.stderr
    ((_, *inventory, extra, variables, verbose),) = checkout.calls()
    assert (inventory, extra, verbose) == (["-i", "inventory/cloud"], "-e", "-v")
    assert json.loads(variables) == {"bench_like": run}


@pytest.mark.parametrize("option", ["--like", "--like="])
def test_a_run_to_measure_again_must_be_named(checkout: Checkout, option: str) -> None:
    done = checkout.run("bench", option)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "bench: --like requires the folder of a run, as results/RUN\n"
    assert not (checkout.folder / ".venv").exists()


def test_looking_only_brings_nothing_up(ready: Checkout) -> None:
    for option in ("--list-hosts", "--check", "-C", "-vC", "--syntax-check"):
        ready.log.unlink(missing_ok=True)
        ready.run("bench", option)
        inventory = f"{ready.folder}/inventory/lab"
        assert ready.calls() == [["-i", inventory, f"{ready.folder}/bench.yml", option]]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--frobnicate"], "unrecognized arguments: --frobnicate"),
        (["-e"], "argument -e/--extra-vars: expected one argument"),
        (["-i"], "-i/--inventory"),
        (["--forks", "many"], "argument -f/--forks: invalid"),
    ],
)
def test_options_that_ansible_does_not_take(
    ready: Checkout, arguments: list[str], sentence: str
) -> None:
    done = ready.run("bench", *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert ready.calls() == []


def test_no_python_that_is_new_enough(checkout: Checkout) -> None:
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        checkout.program(checkout.bin / name, UNSUITABLE)
    done = checkout.run("bench", "-i", "somewhere")
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed here" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_packages_that_cannot_be_installed_are_named(checkout: Checkout) -> None:
    checkout.environment()
    checkout.program(checkout.bin / "apt-get", UNSUITABLE)
    checkout.program(checkout.bin / "sudo", '#!/bin/sh\nexec "$@"\n')
    script = checkout.folder / "lab" / "setup.sh"
    script.write_text(
        script.read_text().replace("mmdebstrap=mmdebstrap", "no-such-program=a-package")
    )
    done = checkout.run("bench")
    assert done.returncode == 1
    assert "as root: apt-get update && apt-get install" in done.stderr
    assert "a-package" in done.stderr
    assert checkout.calls() == []


def test_try_is_one_of_the_package_and_touches_no_lab(checkout: Checkout) -> None:
    checkout.environment()
    done = checkout.run("bench", "try", "aiohtp")
    assert done.returncode == 2
    assert done.stderr == "bench: aiohtp is not a framework; did you mean aiohttp?\n"
    assert checkout.run("bench", "try", "--help").stdout.startswith("usage: ./bench try [-h]")
    assert checkout.calls() == []

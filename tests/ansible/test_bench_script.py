"""What ./bench and ./test do with their arguments.

Ansible reads those of ./bench; everything else that the two would call is a stand-in.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from pipebench.door.environment import OF_THE_PROJECT
from pipebench.door.words import read_words

pytestmark = pytest.mark.ansible

ROOT = Path(__file__).resolve().parents[2]

RECORD = """\
#!/bin/sh
for word; do printf '%s\\n' "$word"; done >>"{log}"
echo -- >>"{log}"
"""
PYTHON = """\
#!/bin/sh
PYTHONPATH='{here}' exec '{python}' "$@"
"""
UNSUITABLE = "#!/bin/sh\nexit 1\n"


class Checkout:
    """A copy of the two commands, in a folder of a user that has no other programs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "a checkout"
        self.bin = folder / "bin"
        self.log = folder / "calls"
        for name in ("bench", "test", "environment.sh", "requirements.txt", "pyproject.toml"):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.folder / name)
        for name in ("ansible.cfg", "plans", "servers", "fasthttp", "files"):
            (self.folder / name).symlink_to(ROOT / name)
        for name in ("pipebench", "lab", "inventory"):
            shutil.copytree(ROOT / name, self.folder / name, symlinks=True)
        self.bin.mkdir()

    def program(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def stand_in(self, *names: str) -> None:
        for name in names:
            self.program(self.bin / name, RECORD.format(log=self.log))

    def environment(self, lock: str = "requirements.txt") -> None:
        """As environment.sh leaves it."""
        venv = self.folder / ".venv" / "bin"
        self.program(venv / "ansible-playbook", RECORD.format(log=self.log))
        self.program(venv / "python", PYTHON.format(here=self.folder, python=sys.executable))
        shutil.copy(ROOT / lock, self.folder / lock)
        stamp = f"sha256sum <{lock} && .venv/bin/python --version"
        said = subprocess.run(
            ["sh", "-c", stamp], cwd=self.folder, capture_output=True, text=True, check=True
        )
        (self.folder / ".venv" / ".stamp").write_text(said.stdout)

    def run(
        self, command: str, *arguments: str, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.folder / command), *arguments],
            cwd="/",
            env=os.environ | {"PATH": f"{self.bin}:{os.environ['PATH']}"} | (environment or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def hosts(self) -> str:
        """The path of an inventory of two hosts, of which none is asked."""
        path = self.folder / "two hosts.yml"
        path.write_text(
            "servers: {hosts: {s: {ansible_host: 192.0.2.1}}}\n"
            "loadgens: {hosts: {g: {ansible_host: 192.0.2.2}}}\n"
        )
        return str(path)

    def calls(self) -> list[list[str]]:
        calls = self.log.read_text().split("--\n")[:-1] if self.log.exists() else []
        return [call.splitlines() for call in calls]


def parsed(words: list[str]) -> list[tuple[str, str | None]]:
    return [(option.name, option.value) for option in read_words(words).options]


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
    "wrong",
    [
        ["-e", "@plans/sweeep.yml"],
        ["-e", "bench_deths=1"],
        ["-e", "bench_frameworks=aiohtp"],
        ["check"],
        ["--tags", "measur"],
        ["-l", "s1"],
    ],
)
def test_what_is_wrong_never_touches_the_lab(ready: Checkout, wrong: list[str]) -> None:
    done = ready.run("bench", *wrong)
    assert (done.returncode, done.stdout) == (2, "")
    assert [line[:7] for line in done.stderr.splitlines()] == ["bench: "]
    assert ready.calls() == []


def test_the_lab_is_brought_up_and_taken_down_by_name(ready: Checkout) -> None:
    here = str(ready.folder)
    for typed in ("./bench lab up", "./bench lab down"):
        ready.log.unlink(missing_ok=True)
        done = ready.run(*typed.removeprefix("./").split(), "-v")
        assert done.returncode == 0, done.stderr
        play = f"{here}/lab/{typed.split()[2]}.yml"
        assert ready.calls() == [["-i", f"{here}/inventory/lab", play, "-v"]]


@pytest.mark.parametrize(
    ("arguments", "printed", "status"),
    [
        (["--version"], "async-pipeline-bench 0.1.0\n", 0),
        (["--chek"], "bench: --chek is not an option; did you mean --check?\n", 2),
        (["plan"], "bench: plan is not an option; did you mean plans?\n", 2),
    ],
)
def test_without_an_environment_none_is_made_to_answer(
    checkout: Checkout, arguments: list[str], printed: str, status: int
) -> None:
    done = checkout.run("bench", *arguments)
    assert (done.returncode, done.stdout + done.stderr) == (status, printed)
    assert not (checkout.folder / ".venv").exists()


def test_settings_of_ansible_in_the_environment_do_not_reach_a_run(ready: Checkout) -> None:
    settings = {"ANSIBLE_FORKS": "1", "ANSIBLE_STDOUT_CALLBACK": "debug"}
    program = ready.folder / ".venv" / "bin" / "ansible-playbook"
    ready.program(program, "#!/bin/sh\nenv | grep -c ANSIBLE_[FS]\n")
    done = ready.run("bench", "-i", "192.0.2.1,", "--list-hosts", environment=settings)
    assert done.stdout == "0\n"
    assert done.stderr == (
        "bench: ANSIBLE_STDOUT_CALLBACK and ANSIBLE_FORKS are set in your environment; they would "
        "change or break a run, so bench does not use them.\n"
    )


def test_every_setting_of_the_project_is_protected() -> None:
    """Unless it is the user's to set: how hosts are reached, and where hosts are."""
    settings = ConfigParser()
    settings.read(ROOT / "ansible.cfg")
    theirs = {"host_key_checking", "interpreter_python", "ssh_args", "internal_poll_interval"}
    protected = " ".join(OF_THE_PROJECT).lower()
    lacking = {
        name
        for section in settings.sections()
        for name in settings[section]
        if name not in theirs and name.split("_")[0] not in protected
    }
    assert lacking == set()


@pytest.mark.parametrize(
    "inventory",
    [
        ["-i", "HOSTS"],
        ["-iHOSTS"],
        ["-vvi", "HOSTS"],
        ["--inventory", "HOSTS"],
        ["--inventory=HOSTS"],
        ["--inventory-file", "HOSTS"],
    ],
)
def test_with_an_inventory_there_is_no_lab_and_no_root(
    checkout: Checkout, inventory: list[str]
) -> None:
    checkout.environment()
    checkout.stand_in("sudo", "apt-get")
    hosts, plan = checkout.hosts(), checkout.folder / "a plan.yml"
    plan.write_text("bench_rounds: 1\n")
    arguments = [*(word.replace("HOSTS", hosts) for word in inventory), "-e", f"@{plan}"]
    done = checkout.run("bench", *arguments)
    assert done.returncode == 0, done.stderr
    ((playbook, *words),) = checkout.calls()
    assert playbook == f"{checkout.folder}/bench.yml"
    assert parsed(words) == parsed(arguments)


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
    hosts = checkout.hosts()
    shutil.copytree(ROOT / "results" / "example", checkout.folder / run)
    done = checkout.run("bench", "-i", hosts, *typed, "-v")
    assert done.returncode == 0, done.stderr
    ((_, *inventory, extra, variables, verbose),) = checkout.calls()
    assert (inventory, extra, verbose) == (["-i", hosts], "-e", "-v")
    assert json.loads(variables) == {"bench_like": run}


@pytest.mark.parametrize("option", ["--like", "--like="])
def test_a_run_to_measure_again_must_be_named(checkout: Checkout, option: str) -> None:
    done = checkout.run("bench", option)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "bench: --like requires the folder of a run, for example results/RUN\n"
    assert not (checkout.folder / ".venv").exists()


def test_looking_only_brings_nothing_up(ready: Checkout) -> None:
    for option in ("--list-hosts", "--list-tasks", "--syntax-check"):
        ready.log.unlink(missing_ok=True)
        ready.run("bench", option)
        inventory = f"{ready.folder}/inventory/lab"
        assert ready.calls() == [["-i", inventory, f"{ready.folder}/bench.yml", option]]


def test_a_check_of_a_lab_that_is_not_up_starts_nothing(ready: Checkout) -> None:
    names = ready.folder / "lab" / "inventory" / "hosts.yml"
    names.write_text(names.read_text().replace("lab-server", "one").replace("lab-loadgen", "two"))
    for option in ("--check", "-C", "-vC", "--chec"):
        done = ready.run("bench", option, "-e", "bench_depths=1, 5")
        assert done.returncode == 0, done.stderr
        assert "Frameworks: uvloop-httptools, aiohttp, tornado, " in done.stdout
        assert "depths 1 and 5; 200 connections; 1 worker; wrk with 10 threads" in done.stdout
        assert "Testbed main: one at 198.18.0.11:8080, load from two" in done.stdout
        end = "one and two are not up, so they were not checked. Nothing was changed.\n"
        assert done.stdout.endswith(end)
        assert ready.calls() == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--frobnicate"], "--frobnicate is not an option"),
        (["-e"], "-e requires a value"),
        (["-i"], "-i requires a value"),
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


def test_what_a_cloud_needs_stays_whatever_is_called(checkout: Checkout) -> None:
    """Otherwise one command would remove what the other needs, and each build the environment."""
    checkout.environment("requirements-cloud.txt")
    (checkout.folder / ".venv" / ".cloud").touch()
    checkout.stand_in("ssh-keyscan")
    for words in (["try", "aiohtp"], ["plans"]):
        assert "Setting up" not in checkout.run("bench", *words).stderr

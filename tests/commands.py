"""Every command that a page tells somebody to type, and which layer of tests runs it.

A page writes commands in ```sh blocks, a line each, or as a code span in a sentence. The tests of
each layer (test_commands.py in unit, servers, lab; or the file that is named, in tests/ or by its
path) take theirs from here
and run it as it is typed, with what is in capitals, and addresses of documentation, filled in. A
long measurement is made short by options behind it. A command that is in no row of RUN_BY fails the
unit layer.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "inventory").glob("*/README.md")),
    ROOT / "lab" / "README.md",
]

RUN_BY = {
    # ./test is what continuous integration runs: nothing is green that it was not run for
    "./test": "ci",
    "./bench": "lab/test_bench.py",
    "./bench plans": "ansible/test_door.py",
    "./bench frameworks": "ansible/test_door.py",
    "./bench lab down": "ansible/test_bench_script.py",
    "./bench -e @plans/*.yml": "lab",
    "./bench --check -e @plans/sweep.yml": "lab/test_bench.py",
    "./bench --tags provision": "lab",
    "./bench --skip-tags probe": "lab",
    "./bench -i inventory/cloud": "lab",
    "./bench -i inventory/cloud -e @plans/instances.yml": "lab",
    "./bench --cloud cloud.yml": "lab/test_cloud.py",
    "./bench --cloud cloud.yml --show": "lab/test_cloud.py",
    "./bench --cloud cloud.yml -e @plans/instances.yml": "lab/test_cloud.py",
    ".venv/bin/ansible-playbook playbooks/cloud_create.yml -e cloud_file=cloud.yml -e fleet=may": (
        "lab/test_cloud.py"
    ),
    ".venv/bin/ansible-playbook playbooks/cloud_destroy.yml -e cloud_file=cloud.yml -e fleet=may": (
        "lab/test_cloud.py"
    ),
    "./bench --like results/RUN -i inventory/cloud": "lab",
    "./bench -i inventory/google": "lab/test_cloud.py",
    "./bench -i inventory/metal": "lab",
    "./bench --check -i inventory/metal -e bench_tuning=full": "lab/test_tuning.py",
    "./bench -i inventory/metal -e bench_run_id=plain": "lab/test_tuning.py",
    "./bench -i inventory/metal -e bench_run_id=tuned -e bench_tuning=full": "lab/test_tuning.py",
    "./collect.py compare results/plain results/tuned": "lab/test_tuning.py",
    "./bench -e bench_frameworks=mine,aiohttp -e @plans/quick.yml": "lab",
    "./bench -i inventory/cloud -e bench_resume=RUN": "lab/test_interrupts.py",
    "ansible-playbook bench.yml -i inventory/cloud": "lab",
    "tail -F results/NAME/progress.jsonl": "lab/test_bench.py",
    "ssh-keyscan -H 203.0.113.10 203.0.113.20 >> ~/.ssh/known_hosts": "lab",
    "ssh-keyscan -H 192.0.2.10 192.0.2.20 >> ~/.ssh/known_hosts": "lab",
    "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub": "lab",
    "ssh -F none -i .lab/ssh/id_ed25519 -o UserKnownHostsFile=.lab/ssh/known_hosts "
    "root@198.18.0.11": "lab",
    ".venv/bin/ansible-playbook lab/up.yml": "lab",
    ".venv/bin/ansible-playbook lab/down.yml": "lab",
    ".venv/bin/ansible-playbook lab/down.yml -e lab_purge=true": "lab",
    "cp -r lab/inventory inventory/NAME": "lab/tests/test_machines.py",
    ".venv/bin/ansible-playbook lab/up.yml -i inventory/NAME": "lab/tests/test_machines.py",
    "./bench -i inventory/NAME": "lab/tests/test_machines.py",
    ".venv/bin/ansible-playbook playbooks/teardown.yml -i inventory/cloud": "lab",
    ".venv/bin/ansible-playbook playbooks/teardown.yml -i inventory/metal": "lab",
    "ln -s ../_shared/launch.py servers/mine/": "servers",
    ".venv/bin/uv --directory servers/mine pip compile --universal --generate-hashes --no-header "
    "--python-version 3.13 requirements.in -o requirements.txt": "servers",
    "cp servers/mine/requirements.txt servers/mine/requirements@1.4.2.txt": "servers",
    "echo mine==1.4.2 | .venv/bin/uv --directory servers/mine pip compile --universal "
    "--generate-hashes --no-header --python-version 3.13 --override - requirements.in "
    "-o requirements@1.4.2.txt": "servers",
    "./bench try servers/mine": "servers",
    ".venv-test/bin/pytest -m servers -k mine": "servers",
    "./collect.py results/RUN": "unit",
    "./collect.py show RECORD": "unit",
    "./collect.py list": "unit",
    "./collect.py list --json": "unit",
    "./collect.py compare results/RUN results/RUN...": "unit",
    "./collect.py compare --machines results/RUN results/RUN...": "unit",
    "./collect.py compare results/BASE results/NEW --fail-if-slower 5%": "unit",
    "./collect.py calibrate results/RUN": "unit",
    "source <(./collect.py completion bash)": "unit/pipebench/commands/test_completion.py",
    "./collect.py export RUN... -o FILE": "unit",
    "./collect.py export RUN... --what cells -o FILE": "unit",
    "./collect.py pivot RUN... --rows framework --columns depth --values requests_per_s": "unit",
    "./collect.py pivot RUN... --ratio-to ceiling --where depth=5 --markdown": "unit",
    "./collect.py render results/RUN --prices FILE": "unit",
    ".venv/bin/python -m tests.aa results/RUN": "unit",
    "python3 -m venv reader": "unit/test_package.py",
    "reader/bin/pip install ./PROJECT": "unit/test_package.py",
    "reader/bin/pipebench report RUN": "unit/test_package.py",
    "reader/bin/pipebench report RUN --output FOLDER": "unit/test_package.py",
    "reader/bin/pipebench show RECORD": "unit/test_package.py",
    "reader/bin/pipebench list RUNS": "unit/test_package.py",
    "reader/bin/pipebench compare RUN RUN...": "unit/test_package.py",
    "reader/bin/pipebench export RUN... -o FILE": "unit/test_package.py",
    "reader/bin/pipebench pivot RUN...": "unit/test_package.py",
    "reader/bin/pipebench columns": "unit/test_package.py",
    "python3 files/probe 192.0.2.10 8080": "unit",
    "python3 files/probe ::1 8080 --depth 64 --json probe.json": "unit",
    "python3 files/probe localhost 8080 --case pipelined --case keep-alive": "unit",
    "python3 files/probe 192.0.2.10 8080 --path / --any-body": "unit",
    "python3 files/probe --cases": "unit/files/probe/test_command_line.py",
    "python3 files/probe --one-file pipeprobe": "unit/files/probe/test_one_file.py",
    "python3 pipeprobe 192.0.2.10 8080 --json -": "unit/files/probe/test_one_file.py",
}

# With the programs of the project a span in a sentence is a command even alone; with those of
# everybody it is one only with arguments, as a page may speak of `pytest` itself.
OURS = r"\./[\w./-]+|\.venv[\w-]*/\S+"
OTHERS = (
    r"(?:ansible|ansible-playbook|pytest|python3?|pip|uv|go|git|sudo|apt|apt-get|systemctl"
    r"|journalctl|source|curl|tail|ssh|ssh-keygen|ssh-keyscan|cd|cp|mkdir|cpupower|export) \S"
)
STARTS = re.compile(rf"(?:{OURS})(?: |$)|{OTHERS}")
# Alone in a sentence it is the program that is spoken of: what it does is said with arguments.
NAMES = {"./collect.py"}


def written(text: str) -> list[str]:
    """The commands of one page, in its order."""
    found: list[str] = []
    fence = None
    prose: list[str] = []
    for line in text.splitlines():
        if line.startswith("```"):
            fence = line.removeprefix("```").strip() if fence is None else None
        elif fence == "sh" and (command := _command(line)):
            found.append(command)
        elif fence is None:
            prose.append(line)
    spans = re.findall(r"(?<!`)`([^`]+)`(?!`)", "\n".join(prose))
    commands = (" ".join(span.split()) for span in spans)
    return found + [one for one in commands if STARTS.match(one) and one not in NAMES]


def _command(line: str) -> str:
    """A line of a block without its comment."""
    return re.sub(r"(^|\s+)#.*", "", line).strip()


def hidden(text: str) -> list[str]:
    """Commands that stand in an indented block, or in a fence of another language but `text`."""
    fence = None
    found = []
    for line in text.splitlines():
        if line.startswith("```"):
            fence = line.removeprefix("```").strip() if fence is None else None
        elif (line.startswith("    ") or fence not in (None, "sh", "text")) and STARTS.match(
            line.strip()
        ):
            found.append(line.strip())
    return found


def of_pages() -> dict[str, list[Path]]:
    """Every command of every page, once, with the pages that have it."""
    found: dict[str, list[Path]] = {}
    for page in PAGES:
        for command in written(page.read_text(encoding="utf-8")):
            found.setdefault(command, []).append(page)
    return found


def row_of(command: str) -> str | None:
    """The key of RUN_BY that a command is run by; its own before one with a star."""
    if command in RUN_BY:
        return command
    stars = [key for key in RUN_BY if "*" in key and fnmatchcase(command, key)]
    return stars[0] if stars and " " not in _starred(command, stars[0]) else None


def _starred(command: str, key: str) -> str:
    """What stands for the star."""
    before, _, after = key.partition("*")
    return command[len(before) : len(command) - len(after)]


def run_by(layer: str) -> list[str]:
    """The commands of the pages that this layer runs."""
    return [command for command in of_pages() if (key := row_of(command)) and RUN_BY[key] == layer]


def filled(command: str, words: Mapping[str, str | Path]) -> str:
    """The command for a shell, with words of it replaced; each must be there."""
    for word, value in words.items():
        assert word in command, f"{word} is not in: {command}"
        command = command.replace(word, shlex.quote(str(value)), 1)
    return command


def options(variables: Mapping[str, Any]) -> str:
    """What is written behind a command to set variables of the benchmark."""
    return f" -e {shlex.quote(json.dumps(variables))}"


def run(
    command: str, first: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """As typed into a shell in the repository's folder. first: a folder to find programs in first.

    The tests' own environment is not on its PATH: no page may take a program of it for granted.
    """
    tests = str(Path(sys.executable).parent)
    places = [place for place in os.environ["PATH"].split(os.pathsep) if place != tests]
    path = os.pathsep.join([str(first), *places] if first else places)
    return subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env=os.environ | {"PATH": path, "LC_ALL": "C.UTF-8", "ANSIBLE_NOCOLOR": "1"} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )

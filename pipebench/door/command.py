"""./bench: check everything that can be checked here, then bring the lab up, and run bench.yml.

It reports all mistakes at once, one line each, before it brings the lab up or asks any host.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from pipebench.alone.status import Status
from pipebench.documents.declared import listed
from pipebench.door.choice import Choice, choice_mistakes
from pipebench.door.environment import set_apart
from pipebench.door.lab import INVENTORY as INVENTORY_OF_LAB
from pipebench.door.lab import other_owner, play_lab
from pipebench.door.options import forks_mistakes, option_mistakes
from pipebench.door.settings import CONFIG, setting_mistakes
from pipebench.door.words import CHECK, EXTRA, INVENTORY, LIST_ONLY, Words, read_words
from pipebench.plan.errors import Mistakes, PlanError
from pipebench.plan.name_service import unanswered
from pipebench.plan.project import ROOT
from pipebench.plan.testbeds import UP_PATH, names_to_resolve

if TYPE_CHECKING:
    from pipebench.door.given import Given
    from pipebench.door.inventory import Ansible, HostsRead
    from pipebench.door.planned import Planned

CALLED = "ansible-playbook"
NAMES_S = 0.5
"""So long the name service may take before anybody waits for more than the check."""
OF_CLOUD = ("--cloud", "--name", "--show", "--yes")


def main(argv: Sequence[str]) -> int:
    """One call of ./bench, without the program's name. Returns the exit status."""
    words = read_words(list(argv))
    if words.mistakes:
        return refuse(words.mistakes)
    if said := set_apart(os.environ):
        say(said)
    os.environ[CONFIG] = str(ROOT / "ansible.cfg")
    try:
        return _carry_out(words)
    except PlanError as error:
        return refuse(error.sentences)
    except KeyboardInterrupt:
        return Status.INTERRUPTED
    except BrokenPipeError:  # who reads has enough, as `head` has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Status.DONE


def say(sentence: str) -> None:
    print(f"bench: {sentence}", file=sys.stderr, flush=True)


def refuse(sentences: Sequence[str]) -> int:
    for sentence in sentences:
        for line in sentence.splitlines():
            say(line)
    return Status.REFUSED


def _carry_out(words: Words) -> int:
    if words.command[:1] == ("plans",):
        from pipebench.door.lists import plans_text  # noqa: PLC0415 (what one command needs)

        return _show(plans_text())
    if words.command[:1] == ("frameworks",):
        from pipebench.door.lists import frameworks_text  # noqa: PLC0415

        return _show(frameworks_text())
    Mistakes(setting_mistakes(os.environ)).refuse()
    if words.command[:1] == ("lab",):
        if words.has(*EXTRA):
            _, given = _read(words, [])
            Mistakes(given.mistakes).refuse()
        return play_lab(words.command[1], [word for one in words.options for word in one.words])
    return _bench(words)


def _show(text: str) -> int:
    print(text, flush=True)
    return Status.DONE


def _bench(words: Words) -> int:
    is_cloud = words.has("--cloud")
    inventory = [] if is_cloud or words.has(*INVENTORY) else ["-i", str(INVENTORY_OF_LAB)]
    ansible, given = _read(words, inventory)
    options = _with_texts(words, given)
    if is_cloud:
        from pipebench.cloud.creation import wanted  # noqa: PLC0415 (for a cloud alone)

        mistakes = Mistakes([*given.mistakes, *_plan_mistakes(ansible, given)])
        with mistakes.collected():
            wanted(Path(words.values("--cloud")[-1]), _last(words.values("--name")), ROOT)
        mistakes.refuse()
        own = [word for one in words.options if one.name in OF_CLOUD for word in one.words]
        return _become([sys.executable, "-m", "pipebench.cloud", *own, *options])
    playbook = [*inventory, str(ROOT / "bench.yml"), *options]
    if words.has(*LIST_ONLY):
        Mistakes([*choice_mistakes(Choice.from_options(ansible.options)), *given.mistakes]).refuse()
        return _become([program(), *playbook])
    planned = _planned(ansible, given)
    if words.has(*CHECK):
        absent = planned and absent_hosts(planned[1])
        if planned and absent:
            from pipebench.plan.resolve import check_text  # noqa: PLC0415

            return _show(f"{planned[0].text}\n{check_text(planned[0].run, absent)}")
        if inventory and (other := other_owner()):
            raise PlanError(
                f"The lab that is up belongs to another clone, {other}; take it down there with "
                "./bench lab down, or give hosts with -i."
            )
    elif inventory and (status := play_lab("up", [])):
        return status
    return _become([program(), *playbook])


def _read(words: Words, inventory: list[str]) -> tuple[Ansible, Given]:
    """Ansible's parsers with these options, and all that is given with -e. Raises PlanError."""
    from pipebench.door.ansible_reading import load_text  # noqa: PLC0415 (Ansible's import is slow)
    from pipebench.door.given import read_given  # noqa: PLC0415
    from pipebench.door.inventory import Ansible  # noqa: PLC0415

    ansible = Ansible([*inventory, *words.without(*EXTRA, "--like", *OF_CLOUD)])
    ansible.read_secrets()
    typed = [
        json.dumps({"bench_like": one.value}) if one.name == "--like" else str(one.value)
        for one in words.options
        if one.name in (*EXTRA, "--like")
    ]
    return ansible, read_given(typed, ansible.load_file, load_text, Path.cwd())


def _last(values: list[str]) -> str | None:
    return values[-1] if values else None


def _with_texts(words: Words, given: Given) -> list[str]:
    """The options for ansible-playbook, in their order; each value of -e as it is meant."""
    texts = iter(given.texts)
    options: list[str] = []
    for one in words.options:
        if one.name in (*EXTRA, "--like"):
            text = next(texts)
            options += one.words if text == one.value else ["-e", text]
        elif one.name not in OF_CLOUD:
            options += one.words
    return options


def _planned(ansible: Ansible, given: Given) -> tuple[Planned, HostsRead] | None:
    """The run, and its hosts; None if only a task can know them. Raises PlanError."""
    from pipebench.door.inventory import LeftToAnsibleError  # noqa: PLC0415
    from pipebench.door.planned import planned  # noqa: PLC0415
    from pipebench.plan.project import read_project  # noqa: PLC0415

    mistakes = Mistakes([*option_mistakes(ansible.options), *given.mistakes])
    choice = Choice.from_options(ansible.options)
    hosts: HostsRead | None = None
    with mistakes.collected(), contextlib.suppress(LeftToAnsibleError):
        hosts = _named_in_time(ansible.hosts(given.variables))
    result: Planned | None = None
    if hosts is None:
        mistakes += _plan_mistakes(ansible, given)
    else:
        with mistakes.collected():
            result = planned(hosts.of_run, hosts.inventory, read_project(sys.argv), choice)
            mistakes += forks_mistakes(ansible.options, len(result.run.testbeds))
    mistakes.refuse()
    return (result, hosts) if result and hosts else None


def _named_in_time(hosts: HostsRead) -> HostsRead | None:
    """The hosts; None if names of them have no address yet, for which the preflight waits."""
    late = unanswered(names_to_resolve(hosts.inventory), NAMES_S)
    if not late:
        return hosts
    say(f"the name service has not answered yet for {listed(late)}; the run waits for it.")
    return None


def _plan_mistakes(ansible: Ansible, given: Given) -> list[str]:
    """What is wrong with options and variables, whatever the hosts; templates are Ansible's."""
    from pipebench.door.given import without_templates  # noqa: PLC0415
    from pipebench.plan.run_plan import variable_mistakes  # noqa: PLC0415

    return [
        *choice_mistakes(Choice.from_options(ansible.options)),
        *variable_mistakes(without_templates(given.variables), ROOT),
    ]


def absent_hosts(hosts: HostsRead) -> list[str]:
    """The hosts that say when they are up, and are not."""
    return [
        host
        for host, variables in hosts.inventory.hostvars.items()
        if not Path(str(variables.get(UP_PATH, "/"))).exists()
    ]


def program() -> str:
    """ansible-playbook of the project's environment, or of the one that this runs in."""
    own = ROOT / ".venv" / "bin" / CALLED
    return str(own if own.exists() else Path(sys.executable).with_name(CALLED))


def _become(command: list[str]) -> NoReturn:
    """Go on as another program: it is the one that gets signals, and has the exit status."""
    if ansible := sys.modules.get("ansible.constants"):  # it would be removed only at an exit
        shutil.rmtree(ansible.DEFAULT_LOCAL_TMP, ignore_errors=True)
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606 (no shell)

"""The exit statuses of all commands: each number, and what it means for which command.

python -m pipebench.alone.status > docs/exit-statuses.md
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from enum import IntEnum


class Status(IntEnum):
    """How a command ended. From 10 on it is the gate, numbered as ceph/cbt's is-regression.py."""

    DONE = 0
    NOT_WHOLE = 1
    REFUSED = 2
    NOT_WRITTEN = 3
    NO_ENVIRONMENT = 4
    CRASHED = 5
    SLOWER = 10
    TOO_MUCH_VARIANCE = 11
    TOO_FEW_ROUNDS = 12
    NOT_COMPARABLE = 13
    INTERRUPTED = 130


MEANINGS = {
    Status.DONE: "done",
    Status.NOT_WHOLE: "done, and something is not right: standard error, or the answer, says what",
    Status.REFUSED: "refused: wrong input. Nothing was done",
    Status.NOT_WRITTEN: "the outputs cannot be written, or something is there that is not replaced",
    Status.NO_ENVIRONMENT: "no environment: packages that the command requires are missing",
    Status.CRASHED: "it crashed, which is a fault of this project",
    Status.SLOWER: "the gate: slower",
    Status.TOO_MUCH_VARIANCE: "the gate: too much variance",
    Status.TOO_FEW_ROUNDS: "the gate: too few rounds",
    Status.NOT_COMPARABLE: "the gate: not comparable",
    Status.INTERRUPTED: "interrupted: Ctrl-C, SIGTERM, or the terminal was closed",
}
"""In general, whichever the command is."""

Meanings = Mapping[Status, str]
READING = {
    Status.NO_ENVIRONMENT: "no environment",
    Status.CRASHED: "it crashed",
}
"""Of every command of collect.py and pipebench."""
NO_RUN = "the folder is not a run"
NOT_ALL = "but not every run is whole, or could be read (stderr says which)"
NOT_WRITTEN = "the outputs could not be written"
MEASURING: dict[Status, str] = {
    Status.DONE: "measured, and the harness had no fault. A framework that fails is a result",
    Status.NOT_WHOLE: "the environment could not be made, or Ansible failed",
    Status.REFUSED: "wrong options, plan, inventory or hosts, and nothing was measured; or the run "
    "had a fault of the harness, which its report names; or, with --cloud, nobody agreed to pay",
    Status.NO_ENVIRONMENT: "a host could not be reached, as ansible-playbook says it",
    Status.INTERRUPTED: "interrupted; what was measured is reported",
}

COMMAND_MEANINGS: dict[str, Meanings] = {
    "bench": MEASURING,
    "bench try": {
        Status.DONE: "all that a measurement relies on is right",
        Status.NOT_WHOLE: "it is not",
        Status.REFUSED: "there is no such framework, or this computer cannot start it",
        Status.INTERRUPTED: "interrupted",
    },
    "render": READING
    | {
        Status.DONE: "rendered",
        Status.NOT_WHOLE: "rendered, but the run is not whole (stderr says what is missing or "
        "invalid)",
        Status.REFUSED: NO_RUN,
        Status.NOT_WRITTEN: NOT_WRITTEN,
    },
    "show": READING
    | {Status.DONE: "shown", Status.REFUSED: "the file is not a record that can be used"},
    "compare": READING
    | {
        Status.DONE: "compared",
        Status.NOT_WHOLE: "compared, but a run cannot be compared or is not whole (stderr says "
        "which and why)",
        Status.REFUSED: "nothing could be compared",
        Status.NOT_WRITTEN: NOT_WRITTEN,
        Status.SLOWER: "--fail-if-slower: slower",
        Status.TOO_MUCH_VARIANCE: "--fail-if-slower: too much variance",
        Status.TOO_FEW_ROUNDS: "--fail-if-slower: too few rounds",
        Status.NOT_COMPARABLE: "--fail-if-slower: not comparable",
    },
    "list": READING
    | {Status.DONE: "listed, also if there are no runs", Status.REFUSED: "it is not a folder"},
    "export": READING
    | {
        Status.DONE: "written",
        Status.NOT_WHOLE: f"written, {NOT_ALL}",
        Status.REFUSED: "there is no run",
        Status.NOT_WRITTEN: "the file exists, or cannot be written",
    },
    "pivot": READING
    | {
        Status.DONE: "printed",
        Status.NOT_WHOLE: f"printed, {NOT_ALL}",
        Status.REFUSED: "there is no run, no such column, or no such cell",
    },
    "columns": READING | {Status.DONE: "printed"},
    "completion": READING | {Status.DONE: "printed", Status.REFUSED: "it is another shell"},
    "calibrate": READING
    | {
        Status.DONE: "all is as expected",
        Status.NOT_WHOLE: "it is not",
        Status.REFUSED: "the folder is not such a run",
        Status.NOT_WRITTEN: NOT_WRITTEN,
    },
}
"""What differs for one command, or says it more exactly; by its name."""
PAGE = "docs/exit-statuses.md"
HEAD = f"""\
# Exit statuses

<!-- Made by python -m pipebench.alone.status; its output is this file. -->

A number means the same for `bench`, `collect.py` and `pipebench` (of an installed package).
A wrong option is always {Status.REFUSED:d}, with a sentence on standard error.

| status | meaning |
| ---: | --- |
"""
BETWEEN = """
`bench` hands on what `ansible-playbook` ended with if that failed: other numbers than these are its
own. [In CI](comparing-runs.md#in-ci) explains the gate, `compare --fail-if-slower`.

| command | status | meaning |
| --- | ---: | --- |
"""


def epilog(command: str) -> str:
    """What a command's help says of its statuses."""
    listed = "; ".join(f"{int(one)} {text}" for one, text in sorted_meanings(command))
    text = f"Exit status: {listed}. {PAGE} has those of all commands."
    return textwrap.fill(text, 100, break_on_hyphens=False)


def sorted_meanings(command: str) -> list[tuple[Status, str]]:
    """The statuses of a command, and what each means, by number."""
    return sorted(COMMAND_MEANINGS[command].items())


def page() -> str:
    """docs/exit-statuses.md."""
    general = [f"| {int(one)} | {text} |" for one, text in MEANINGS.items()]
    rows = [
        f"| {f'`{command}`' if first else ''} | {int(one)} | {text} |"
        for command in COMMAND_MEANINGS
        for first, (one, text) in _marked(sorted_meanings(command))
    ]
    return "\n".join([HEAD + "\n".join(general), BETWEEN + "\n".join(rows), ""])


def _marked(rows: list[tuple[Status, str]]) -> list[tuple[bool, tuple[Status, str]]]:
    """Each with whether it is the first."""
    return [(number == 0, row) for number, row in enumerate(rows)]


if __name__ == "__main__":
    print(page(), end="")

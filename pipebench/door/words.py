"""The words behind ./bench: its own options and commands, and what is for ansible-playbook.

Only the standard library is used, so that a misspelt word is refused without an environment. What
the options of ansible-playbook mean is left to Ansible; here are their names.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import NamedTuple

COMMANDS = {
    "plans": (),
    "frameworks": (),
    "lab": ("up", "down"),
}
"""What may stand first, and what must follow it."""
CLOSE, CLOSE_OPTION = 0.65, 0.75
"""How alike a misspelt word and the command or option that may be meant are."""
OF_COLLECT = ("render", "report", "show", "compare", "list", "export", "pivot", "calibrate")
NAMES = (*COMMANDS, "try")
"""All of them; `bench` starts the last one itself."""

OWN_VALUED = ("--like", "--cloud", "--name")
OWN_FLAGS = ("--help", "-h", "--version", "--show", "--yes")
VALUED = (
    "--become-method", "--become-pass-file", "--become-password-file", "--become-user",
    "--conn-pass-file", "--connection", "--connection-password-file", "--extra-vars", "--forks",
    "--inventory", "--inventory-file", "--key-file", "--limit", "--module-path", "--private-key",
    "--scp-extra-args", "--sftp-extra-args", "--skip-tags", "--ssh-common-args", "--ssh-extra-args",
    "--start-at-task", "--tags", "--timeout", "--user", "--vault-id", "--vault-pass-file",
    "--vault-password-file",
    "-M", "-T", "-c", "-e", "-f", "-i", "-l", "-t", "-u",
)  # fmt: skip
FLAGS = (
    "--ask-become-pass", "--ask-pass", "--ask-vault-pass", "--ask-vault-password", "--become",
    "--check", "--diff", "--flush-cache", "--force-handlers", "--list-hosts", "--list-tags",
    "--list-tasks", "--step", "--syntax-check", "--verbose",
    "-C", "-D", "-J", "-K", "-b", "-k", "-v",
)  # fmt: skip
"""The options of ansible-playbook; a test compares them with its own."""
LIST_ONLY = ("--list-hosts", "--list-tags", "--list-tasks", "--syntax-check")
INVENTORY = ("-i", "--inventory", "--inventory-file")
CHECK = ("-C", "--check")
EXTRA = ("-e", "--extra-vars")
NO_LIMIT = (
    "--limit cannot be used: a testbed needs all its hosts, and the run this computer; remove "
    "hosts from the inventory, or give another with -i"
)
NO_START = (
    "--start-at-task cannot be used: the tasks before it find out what is measured; choose phases "
    "with --tags"
)
IMPOSSIBLE = {"-l": NO_LIMIT, "--limit": NO_LIMIT, "--start-at-task": NO_START}


class Option(NamedTuple):
    """One option as it was typed. name: the whole one. words: all that stand for it."""

    name: str
    value: str | None
    words: tuple[str, ...]


class Words(NamedTuple):
    """A command line. command: of COMMANDS, with what follows it; mistakes: sentences."""

    command: tuple[str, ...]
    options: tuple[Option, ...]
    mistakes: tuple[str, ...]

    def has(self, *names: str) -> bool:
        return any(option.name in names for option in self.options)

    def values(self, *names: str) -> list[str]:
        """The values of an option, in the order in which they were typed."""
        return [option.value or "" for option in self.options if option.name in names]

    def without(self, *names: str) -> list[str]:
        """All words but those of these options."""
        return [word for one in self.options if one.name not in names for word in one.words]


def read_words(argv: list[str]) -> Words:
    """What is typed, and every mistake in it."""
    argv = list(argv)
    mistakes: list[str] = []
    command: tuple[str, ...] = ()
    if argv and argv[0] in COMMANDS:
        command, argv, wrong = _command(argv)
        mistakes += wrong
    options: list[Option] = []
    while argv:
        word = argv.pop(0)
        if word.startswith("--"):
            options += _long(word, argv, mistakes)
        elif word.startswith("-") and word != "-":
            options += _short(word, argv, mistakes)
        else:
            mistakes.append(_stray(word, options, command))
            if not options:  # what follows a misspelt command is no mistake of its own
                return Words(command, (), tuple(mistakes))
    mistakes += [IMPOSSIBLE[one.name] for one in options if one.name in IMPOSSIBLE]
    if command and not COMMANDS[command[0]]:
        mistakes += [f"{command[0]} has no options; leave out {one.name}" for one in options]
    if any(one.name == "--like" and not one.value for one in options):
        mistakes.append("--like requires the folder of a run, for example results/RUN")
    if not any(one.name == "--cloud" for one in options):
        mistakes += [
            f"{one.name} is an option of --cloud FILE, which is missing"
            for one in options
            if one.name in ("--show", "--yes", "--name")
        ]
    elif any(one.name in INVENTORY for one in options):
        mistakes.append("--cloud makes its own inventory; leave out -i")
    return Words(command, tuple(options), tuple(dict.fromkeys(mistakes)))


def _command(argv: list[str]) -> tuple[tuple[str, ...], list[str], list[str]]:
    name, *rest = argv
    follows = COMMANDS[name]
    if not follows:
        return (name,), rest, []
    if rest and rest[0] in follows:
        return (name, rest[0]), rest[1:], []
    right = " or ".join(f"./bench {name} {one}" for one in follows)
    typed = [word for word in rest[:1] if not word.startswith("-")]
    wrong = f"{name} {typed[0]} is not a command" if typed else f"{name} alone is not a command"
    return (name,), rest[len(typed) :], [f"{wrong}; write {right}"]


def _long(word: str, argv: list[str], mistakes: list[str]) -> list[Option]:
    typed, equals, value = word.partition("=")
    names = [*VALUED, *FLAGS, *OWN_VALUED, *OWN_FLAGS]
    known = [typed] if typed in names else [one for one in names if one.startswith(typed)]
    name = known[0] if known else ""  # which of several is meant, if one is, Ansible says
    if typed == "--" or not known or (name != typed and name in (*OWN_VALUED, *OWN_FLAGS)):
        mistakes.append(f"{typed} is not an option{_meant(typed, names)}")
        while argv and not argv[0].startswith("-"):  # its value
            argv.pop(0)
        return []
    if name not in (*VALUED, *OWN_VALUED):
        if equals:
            mistakes.append(f"{name} has no value; leave out ={value}")
        return [Option(name, None, (word,))]
    words: tuple[str, ...] = (word,)
    if not equals and argv and not (argv[0][:1] == "-" and argv[0][1:] and " " not in argv[0]):
        value = argv.pop(0)
        words = (word, value)
    if not value and name != "--like":  # which has a sentence of its own
        mistakes.append(f"{name} requires a value")
    return [Option(name, value or None, words)]


def _short(word: str, argv: list[str], mistakes: list[str]) -> list[Option]:
    """One word of short options, the last of which may have a value: -vvi HOSTS, -eNAME=VALUE."""
    options: list[Option] = []
    names = [*VALUED, *FLAGS, *OWN_VALUED, *OWN_FLAGS]
    if len(word) > 2 and f"-{word}" in names:
        mistakes.append(f"{word} is not an option; did you mean -{word}?")
        return []
    if word[2:3] == "=":
        mistakes.append(f"{word}: leave out the = behind {word[:2]}")
        return []
    for place, letter in enumerate(word[1:], 1):
        name = f"-{letter}"
        if name in VALUED:
            value = word[place + 1 :] or (argv.pop(0) if argv else None)
            if not value:
                mistakes.append(f"{name} requires a value")
            return [*options, Option(name, value, (name, value or ""))]
        if name not in (*FLAGS, *OWN_FLAGS):
            mistakes.append(f"{word} is not an option{_meant(f'-{word}', [*VALUED, *FLAGS])}")
            while argv and not argv[0].startswith("-"):  # its value
                argv.pop(0)
            return []
        options.append(Option(name, None, (name,)))
    return options


def _stray(word: str, options: list[Option], command: tuple[str, ...]) -> str:
    """Why a word that is no option's is refused, and what to type."""
    before = options[-1].value if options and options[-1].name in EXTRA else ""
    if command:
        return f"nothing follows {' '.join(command)}; leave out {word}"
    if word.startswith("@") or ("=" in word and not word.startswith("=")):
        return f"{word} must stand behind -e: -e {word}"
    if before:
        return f'{before} is followed by "{word}"; write the value without spaces, or in quotes'
    return f"{word} is not an option{_instead(word)}"


def _instead(word: str) -> str:
    """What may be meant by a word that stands alone."""
    names = [*VALUED, *FLAGS, *OWN_VALUED, *OWN_FLAGS]
    long = [name for name in names if name.startswith("--")]
    near = difflib.get_close_matches(word.lower(), NAMES, n=1, cutoff=CLOSE)
    near = near or difflib.get_close_matches(f"--{word}", long, n=1, cutoff=CLOSE_OPTION)
    certain = {
        f"; for a plan write -e @{word}": Path(word).parent.name == "plans",
        f"; for an inventory write -i {word}": word.startswith("inventory/"),
        f"; that command must stand first: ./bench {word}": word in NAMES,
        f"; did you mean ./bench lab {word}?": word in COMMANDS["lab"],
        f"; that is a command of ./collect.py: ./collect.py {word}": word in OF_COLLECT,
    }
    other = f"; did you mean {near[0]}?" if near else " or a command (see ./bench --help)"
    return next((words for words, is_meant in certain.items() if is_meant), other)


def _meant(word: str, names: list[str]) -> str:
    near = difflib.get_close_matches(word, names, n=1, cutoff=CLOSE)
    return f"; did you mean {near[0]}?" if near else " (see ./bench --help)"


def main(argv: list[str]) -> int:
    """Refuse what no environment is needed for: `python3 words.py WORD...`."""
    import sys  # noqa: PLC0415

    mistakes = read_words(argv).mistakes
    for mistake in mistakes:
        print(f"bench: {mistake}", file=sys.stderr)
    return 2 if mistakes else 0


if __name__ == "__main__":
    import sys

    sys.exit(main(sys.argv[1:]))

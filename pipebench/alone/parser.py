"""A parser of command lines that refuses in one line, without the whole usage."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

from pipebench.alone.status import Status

CLOSE = 0.7
"""How alike a misspelt option and what may be meant are."""
EXTRA = re.compile(r"unrecognized arguments: (?P<word>\S+)")
MISSING = re.compile(r"the following arguments are required: (?P<names>.+)")
CHOICE = re.compile(
    r"argument (?P<name>[^:]+): invalid choice: (?P<word>.+) \(choose from (?P<known>.+)\)"
)
NO_VALUE = re.compile(r"argument (?P<name>[^:]+): expected .+")
"""The words of argparse; a test has each of them."""


class LineParser(argparse.ArgumentParser):
    """A parser whose refusal is one line: the program, and what is wrong."""

    def error(self, message: str) -> NoReturn:
        program, *command = self.prog.split()
        if missing := MISSING.fullmatch(message):
            said = f"{' '.join(command) or program} requires {missing['names']}; {self._help()}"
        elif extra := EXTRA.match(message):
            said = self._not_known(extra["word"])
        elif choice := CHOICE.fullmatch(message):
            known = choice["known"].replace("'", "")
            said = f"{choice['name']} is {choice['word']}; choose from {known}"
        elif no_value := NO_VALUE.fullmatch(message):
            said = f"{no_value['name']} requires a value; {self._help()}"
        else:
            said = message.removeprefix("argument ")
        self.exit(Status.REFUSED, f"{Path(program).name}: {said}\n")

    def _help(self) -> str:
        return f"see {self.prog} --help"

    def _not_known(self, word: str) -> str:
        if not word.startswith("-"):
            return f"{word} is one word too many; {self._help()}"
        name = word.partition("=")[0]
        near = get_close_matches(name, list(_options(self)), n=1, cutoff=CLOSE)
        return f"{name} is not an option; {f'did you mean {near[0]}?' if near else self._help()}"


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The options of a parser, and of those of its commands."""
    for action in parser._actions:  # noqa: SLF001 (argparse tells them nowhere else)
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for command in action.choices.values():
                yield from _options(command)

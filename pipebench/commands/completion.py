"""collect.py completion: what completes the commands in bash or zsh, made from their parsers."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from pipebench.alone.commands import COLLECT, program
from pipebench.alone.status import Status
from pipebench.commands.parsers import parser
from pipebench.door import words
from pipebench.plan.own_names import own_names
from pipebench.plan.project import ROOT
from pipebench.trial.choice import known_names
from pipebench.trial.command import parser as try_parser

SHELLS = ("bash", "zsh")
HEADS = {
    "bash": "",
    "zsh": "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n",
}
"""What makes the shell understand the rest: zsh reads bash's."""


class Value(NamedTuple):
    """What an option's value, or an argument, can be: words; and a path, if `paths`."""

    words: tuple[str, ...] = ()
    paths: bool = False


class Completed(NamedTuple):
    """A command, or a program without one. options: None stands for one without a value."""

    options: Mapping[str, Value | None]
    argument: Value


Commands = Mapping[str, Completed]
"""By name; that of the program itself is empty."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=" or ".join(SHELLS))


def run(arguments: argparse.Namespace) -> Status:
    print(script(arguments.shell, program()), end="")
    return Status.DONE


def script(shell: str, called: str) -> str:
    """What the shell reads. called: collect.py, which also completes ./bench; or pipebench."""
    programs = {called: _with_commands(parser(called))}
    if called == COLLECT:
        programs["bench"] = _of_bench()
    return HEADS[shell] + "\n".join(_function(name, one) for name, one in programs.items())


def _with_commands(made: argparse.ArgumentParser) -> Commands:
    """A program, and each of its commands."""
    (inner,) = (one for one in made._actions if isinstance(one, argparse._SubParsersAction))  # noqa: SLF001
    commands: dict[str, Completed] = {name: _read(one) for name, one in inner.choices.items()}
    first = Value(tuple(inner.choices), paths=True)  # a path alone is a run to render
    return {"": _read(made)._replace(argument=first), **commands}


def _read(made: argparse.ArgumentParser) -> Completed:
    options: dict[str, Value | None] = {}
    argument = Value()
    for action in made._actions:  # noqa: SLF001
        value = Value(tuple(map(str, action.choices or ())), _is_path(action))
        if not action.option_strings:
            argument = value
        options |= dict.fromkeys(action.option_strings, None if action.nargs == 0 else value)
    return Completed(options, argument)


def _is_path(action: argparse.Action) -> bool:
    words = str(action.metavar)
    return action.type is Path or words.endswith(("FILE", "FOLDER", "RUN", "RECORD"))


def _of_bench() -> Commands:
    """./bench: its own options, and those of ansible-playbook that a run needs."""
    names = own_names(ROOT)
    plans = Value(tuple(sorted(f"@{plan}" for plan in names.plans)))
    inventory = Value(tuple(sorted(names.inventories)), paths=True)
    tried = _read(try_parser())
    options = dict.fromkeys([*words.FLAGS, *words.OWN_FLAGS], None)
    options |= dict.fromkeys([*words.VALUED, *words.OWN_VALUED], Value(paths=True))
    options |= dict.fromkeys(words.EXTRA, plans) | dict.fromkeys(words.INVENTORY, inventory)
    commands = {name: Completed({}, Value(next_)) for name, next_ in words.COMMANDS.items()}
    return {
        "": Completed(options, Value(words.NAMES)),
        **commands,
        "try": tried._replace(argument=Value(tuple(known_names(ROOT)), paths=True)),
    }


def _function(called: str, commands: Commands) -> str:
    """A function of bash for one program."""
    name = "_pipeline_bench_" + called.partition(".")[0]
    names = [one for one in commands if one]
    values = [
        f"    {_pattern(command, option)}) {_words(value)} ;;"
        for command, one in commands.items()
        for option, value in one.options.items()
        if value is not None
    ]
    options = [
        f"    {_pattern(command)}) {_words(Value(tuple(one.options)))} ;;"
        for command, one in commands.items()
    ]
    arguments = [
        f"    {_pattern(command)}) {_words(one.argument)} ;;" for command, one in commands.items()
    ]
    return f"""\
{name}() {{
  local word command= words= paths= number=$COMP_CWORD IFS=$'\\n'
  local current=${{COMP_WORDS[number]}} before=${{COMP_WORDS[number - 1]}}
  if [[ $current == = ]]; then # --option=
    current=
  elif [[ $before == = ]]; then # --option=VALUE
    before=${{COMP_WORDS[number - 2]}}
  fi
  for word in "${{COMP_WORDS[@]:1:$((number - 1))}}"; do
    case $word in {"|".join(map(shlex.quote, names))}) command=$word && break ;; esac
  done
  case "$command $before" in
{chr(10).join(values)}
    *)
      case $current in
        -*)
          case $command in
{_indented(options)}
          esac
          ;;
        *)
          case $command in
{_indented(arguments)}
          esac
          ;;
      esac
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ -z $paths ]] || COMPREPLY+=($(compgen -f -- "$current"))
}}
complete -o filenames -F {name} {called}
"""


def _pattern(command: str, option: str | None = None) -> str:
    return shlex.quote(command if option is None else f"{command} {option}")


def _words(value: Value) -> str:
    """Assignments of the shell: the words, each on a line, and whether paths will do."""
    text = "\\n".join(value.words)
    return f"words=$'{text}'" + (" paths=1" if value.paths else "")


def _indented(lines: Iterable[str]) -> str:
    return "\n".join(f"        {line}" for line in lines)

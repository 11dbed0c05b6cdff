"""What is given with -e: forms that people type, each as the variables that it means, or refused.

Ansible reads most mistakes here as something else, without a word: of `bench_depths=1, 5` it takes
`1,`, and of a plan's name without @ nothing at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from msgspec import inspect

from pipebench.documents.declared import fields_of, parts_of, plain
from pipebench.documents.yaml_text import LOADER, YamlError, check_keys, mistake_of
from pipebench.door.paths import absent_text, shown_path
from pipebench.plan.errors import sentence
from pipebench.plan.own_names import own_names
from pipebench.plan.project import ROOT
from pipebench.plan.variables import PREFIX, Variables

EXAMPLE = 'for example "bench_depths: [1, 5]"'
VAULT = "$ANSIBLE_VAULT"
NAMED = re.compile(r"(?P<name>[A-Za-z_]\w*)\s*=\s*")
JOINED = re.compile(rf"\s*[,;]\s*(?={PREFIX}\w+\s*=)")
PLANS = "plans"

LoadFile = Callable[[str], Any]
"""Ansible's reading of a file of variables, which may be of a vault. It raises ValueError."""
LoadText = Callable[[str], dict[str, Any]]
"""Ansible's reading of `name=value name=value`."""


class Given(NamedTuple):
    """variables: all that is given, the last of a name. meant: of these, what Ansible would read
    otherwise as it was typed. texts: what Ansible is to be given instead. mistakes: sentences.
    """

    variables: dict[str, Any]
    meant: dict[str, Any]
    texts: list[str]
    mistakes: list[str]


class WrongGivenError(ValueError):
    """One value of -e cannot be used; the message is a sentence without a full stop."""


def read_given(
    typed: Iterable[str], load_file: LoadFile, load_text: LoadText, folder: Path
) -> Given:
    """All values of -e, in their order. folder: where relative paths begin."""
    given = Given({}, {}, [], [])
    for text in map(plain, typed):
        try:
            variables, passed = _read_one(text, load_file, load_text, folder)
        except WrongGivenError as error:
            given.mistakes.append(sentence(str(error)))
            passed, variables = text, {}
        given.variables.update(variables)
        given.meant.update(variables if passed != text else {})
        given.texts.append(passed)
    return given


def without_templates(variables: Mapping[str, Any]) -> dict[str, Any]:
    """The variables whose values are known before Ansible fills in templates."""
    return {name: value for name, value in variables.items() if _is_known(value)}


def _is_known(value: Any) -> bool:
    """Whether a value has neither a template nor what a vault has encrypted."""
    if isinstance(value, Mapping):
        return all(map(_is_known, value.values()))
    if isinstance(value, list):
        return all(map(_is_known, value))
    if value is None or isinstance(value, bool | int | float):
        return True
    return type(value).__name__ != "EncryptedString" and "{{" not in str(value)


def _read_one(
    text: str, load_file: LoadFile, load_text: LoadText, folder: Path
) -> tuple[Mapping[str, Any], str]:
    if not text.strip():
        return {}, text
    if text.strip() == "@":
        raise WrongGivenError("-e @ names no file; write -e @FILE, for example -e @plans/quick.yml")
    if text.startswith("@"):
        return _of_file(text[1:], load_file, folder), text
    if text[0] in "{[":
        return _checked(_values(text, "-e"), "-e", text), text
    if "=" not in text or text[0] in "/.":
        raise WrongGivenError(_sets_nothing(text, folder))
    return _assigned(text, load_text)


def _sets_nothing(text: str, folder: Path) -> str:
    """Why a text without an assignment sets nothing, and what to type."""
    if (folder / text).is_file() or text.endswith((".yml", ".yaml", ".json")):
        return f"-e {text} sets nothing; for a plan write -e @{text}"
    pair = re.fullmatch(r"([A-Za-z_]\w*)\s*[:\s]\s*(\S.*)", text)
    if pair:
        return f'-e "{text}" sets nothing; write -e "{pair[1]}={pair[2]}"'
    return f'-e "{text}" sets nothing; write -e NAME=VALUE, or -e @FILE for a plan'


def _of_file(name: str, load_file: LoadFile, folder: Path) -> Mapping[str, Any]:
    path = folder / Path(name).expanduser()
    if path.is_dir():
        raise WrongGivenError(f"{name or '@'} is a folder; name a file in it{_any_in(path)}")
    if not path.exists():
        raise WrongGivenError(_absent(name, folder))
    if not path.is_file():
        raise WrongGivenError(f"{name} is not a file; write what it has into one")
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise WrongGivenError(f"{name} is not a text in UTF-8") from error
    except OSError as error:
        raise WrongGivenError(f"{name} cannot be read: {error.strerror}") from error
    if not text.startswith(VAULT):
        _checked(_values(text, name), name, text)
    try:
        values = load_file(str(path))
    except ValueError as error:
        raise WrongGivenError(f"{name}: {error}") from error
    return _checked(values, name, text)


def _any_in(path: Path) -> str:
    files = sorted(one.name for one in path.iterdir() if one.suffix in (".yml", ".yaml", ".json"))
    files = [one for one in files if not one.startswith(".")]
    shown = "quick.yml" if "quick.yml" in files else next(iter(files), None)
    return f", for example {path.name}/{shown}" if shown else ""


def _absent(name: str, folder: Path) -> str:
    """That a file is not there, and which may be meant: one beside it, or a plan."""
    beside = folder / Path(name).expanduser().parent
    there = sorted(beside.iterdir()) if beside.is_dir() else []
    own = [ROOT / plan for plan in sorted(own_names().plans)]
    known = [
        shown_path(one)
        for one in (*there, *own)
        if one.suffix in (".yml", ".yaml", ".json") and one.is_file()
    ]
    plans = f"; ./bench plans lists those in {shown_path(ROOT / PLANS)}"
    return absent_text(name, known, plans)


def _values(text: str, name: str) -> Any:
    """The one document of a YAML text; tags of Ansible (!vault) stand for their text."""
    try:
        nodes = list(yaml.compose_all(text, Loader=LOADER))
    except yaml.YAMLError as error:
        kind = "not YAML or JSON" if name == "-e" else "not YAML"
        raise WrongGivenError(f"{name}: {kind}: {mistake_of(error, text)}") from error
    if len(nodes) > 1:
        raise WrongGivenError(
            f"{name} has {len(nodes)} documents (---), and one is read; join them"
        )
    try:
        check_keys(nodes[0] if nodes else None)
    except YamlError as error:
        raise WrongGivenError(f"{name}: {error}") from error
    try:
        return _Plain(text).get_single_data()
    except (yaml.YAMLError, ValueError) as error:
        why = mistake_of(error, text) if isinstance(error, yaml.YAMLError) else str(error)
        raise WrongGivenError(f"{name}: not YAML: {why}") from error


class _Plain(yaml.SafeLoader):
    """YAML without a meaning for tags that Ansible knows and this does not."""


def _of_unknown_tag(loader: yaml.SafeLoader, _tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return node.value


_Plain.add_multi_constructor("!", _of_unknown_tag)


def _checked(values: Any, name: str, text: str) -> Mapping[str, Any]:
    """Values that are a mapping of variables. WrongGivenError: they are something else."""
    if isinstance(values, Mapping):
        for key, inner in values.items():
            if _has_own(inner):
                raise WrongGivenError(
                    f"{name} has its variables below {key}; they must stand at the left edge, "
                    f"{EXAMPLE}"
                )
        for key in values:
            if meant := _meant(str(key)):
                raise WrongGivenError(f"{name}: {key} is not a variable; did you mean {meant}?")
        return {str(key): value for key, value in values.items()}
    right = f"it must be a mapping of variables, {EXAMPLE}"
    if values is None:
        raise WrongGivenError(f"{name} is empty; {right}")
    if isinstance(values, str) and "=" in text:
        raise WrongGivenError(f"{name} has lines as name=value; write name: value, {EXAMPLE}")
    kind = "a list" if isinstance(values, list) else "a text"
    raise WrongGivenError(f"{name} is {kind}; {right}")


def _has_own(value: Any) -> bool:
    """Whether variables of the project stand somewhere in a value."""
    return isinstance(value, Mapping) and any(
        str(key).startswith(PREFIX) or _has_own(inner) for key, inner in value.items()
    )


def _meant(name: str) -> str | None:
    """The variable that is written without its prefix, in capitals, or with -; None: it is not."""
    plain_name = name.lower().replace("-", "_")
    known = fields_of(Variables)
    candidates = (plain_name, f"{PREFIX}{plain_name}")
    return next((one for one in candidates if one in known and one != name), None)


def _assigned(text: str, load_text: LoadText) -> tuple[Mapping[str, Any], str]:
    """`name=value name=value`, with spaces where people put them."""
    if JOINED.search(text):
        apart = JOINED.sub(" ", text)
        raise WrongGivenError(f'-e "{text}": a space separates variables; write -e "{apart}"')
    pieces = _pieces(text)
    meant: dict[str, Any] = {}
    for piece in pieces:
        name, value = piece
        if right := _meant(name):
            raise WrongGivenError(f"{name} is not a variable; did you mean {right}?")
        if not name.startswith(PREFIX):
            continue
        if value[:1] in "\"'" and value[:1]:
            meant |= load_text(f"{name}={value}")
        else:
            meant[name] = _without_spaces(name, value)
    known = load_text(text)
    if pieces and pieces[0][0] == "":
        raise WrongGivenError(f'-e "{text}": {pieces[0][1]} is not NAME=VALUE')
    if not meant or all(str(known.get(name, "")) == value for name, value in meant.items()):
        return known, text
    others = {
        name: load_text(f"{name}={value}").get(name, value)
        for name, value in pieces
        if name and not name.startswith(PREFIX)
    }
    return others | meant, json.dumps(others | meant)


def _pieces(text: str) -> list[tuple[str, str]]:
    """Names and values: a name begins outside of quotes and brackets. What is before the first has
    no name."""
    starts: list[re.Match[str]] = []
    place, depth, quote = 0, 0, ""
    while place < len(text):
        sign = text[place]
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign in "{[":
            depth += 1
        elif sign in "}]":
            depth -= 1
        elif depth == 0 and (place == 0 or text[place - 1].isspace()):
            start = NAMED.match(text, place)
            if start:
                starts.append(start)
                place = start.end()
                continue
        place += 1
    if not starts or text[: starts[0].start()].strip():
        return [("", text[: starts[0].start()].strip() if starts else text)]
    ends = [*(start.start() for start in starts[1:]), len(text)]
    return [
        (start["name"], text[start.end() : end].strip())
        for start, end in zip(starts, ends, strict=True)
    ]


def _is_list(name: str) -> bool:
    """Whether a variable has several values."""
    field = fields_of(Variables).get(name)
    kinds = parts_of(field.kind) if field else ()
    return any(isinstance(kind, inspect.ListType) for kind in kinds)


def _without_spaces(name: str, value: str) -> str:
    """A value as one word. Spaces after commas, or in brackets, are allowed."""
    if value[:1] in ("{", "["):
        return value
    value = re.sub(r"\s*,\s*", ",", value)
    first, *others = value.split()[:2] if value else ("",)
    if not others:
        return value
    rest = value.split()[1:]
    followed = " and ".join(f'"{one}"' for one in rest)
    is_one = ".." in value or "@" in value
    if not is_one and not _is_list(name) and not value.startswith(("/", "~", ".")):
        raise WrongGivenError(f"{name}={first} is followed by {followed}; leave that out")
    comma = "" if is_one else ","
    joined = comma.join(one.strip(",") for one in value.split())
    raise WrongGivenError(
        f"{name}={first} is followed by {followed}; write {joined} without spaces"
        if not value.startswith(("/", "~", "."))
        else f"{name}={first} is followed by {followed}; write -e \"{name}='{value}'\""
    )

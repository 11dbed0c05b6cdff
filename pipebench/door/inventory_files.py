"""The files of an inventory, and what is wrong with them: what Ansible refuses in many lines, or
leaves out with a warning alone.

Importing Ansible takes half a second, so this module is imported when it is needed.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import yaml
from ansible._internal._datatag._tags import Origin
from ansible.errors import AnsibleError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader

from pipebench.documents.declared import near
from pipebench.documents.yaml_text import LOADER, YamlError, check_keys, mistake_of
from pipebench.door.ansible_reading import one_line, quiet
from pipebench.door.given import VAULT
from pipebench.door.paths import absent_text, shown_path
from pipebench.plan.own_names import own_names
from pipebench.plan.project import ROOT

YAMLS = (".yml", ".yaml", ".json")
IGNORED = (".orig", ".cfg", ".retry", ".pyc", ".pyo", ".md", ".txt", ".csv", ".rst", "~", ".bak")
NOT_HOSTS = ("group_vars", "host_vars")
KEYS_OF_A_GROUP = ("hosts", "vars", "children")
PROGRAM = b"#!"
BEGIN_BYTES = 1024
"""So much of a file shows whether it is a program."""


def source_mistakes(source: str) -> list[str]:
    """Sentences about one -i, without a full stop, before Ansible reads it."""
    path = Path(source)
    if "," in source:
        return []
    if not path.exists():
        return [absent_source(path)]
    files = list(_files(path))
    if not files:
        return [f"{shown_path(path)} has no file of an inventory; inventory/cloud is an example"]
    return [one for file in files for one in _overlooked(file)]


def broken_files(source: str) -> list[str]:
    """Sentences about the files of one -i that Ansible could not read."""
    if "," in source or not Path(source).exists():
        return []
    return [mistake for file in _files(Path(source)) for mistake in file_mistakes(file)]


def is_made(source: str) -> bool:
    """Whether a program or a plugin makes a part of this inventory."""
    if "," in source or not Path(source).exists():
        return False
    return any(is_program(file) or names_plugin(file) for file in _files(Path(source)))


def absent_source(path: Path) -> str:
    """That an inventory is not there, and which may be meant."""
    parent = path.parent
    there = [shown_path(one) for one in sorted(parent.iterdir())] if parent.is_dir() else []
    own = [shown_path(ROOT / one) for one in sorted(own_names().inventories)]
    names = ", ".join(Path(one).name for one in own)
    folder = shown_path(ROOT / "inventory")
    return absent_text(shown_path(path), [*there, *own], f"; in {folder}/ there are {names}")


def _files(path: Path) -> Iterator[Path]:
    """The files of an inventory that Ansible reads hosts from."""
    if not path.is_dir():
        yield path
        return
    for one in sorted(path.iterdir()):
        if one.is_symlink() and one.is_dir() and path.resolve().is_relative_to(one.resolve()):
            continue  # it leads back
        ignored = one.name.startswith(".") or one.name.endswith(IGNORED) or one.name in NOT_HOSTS
        if not ignored:
            yield from _files(one)


def is_program(file: Path) -> bool:
    """Whether Ansible runs a file for its hosts. A text that may be executed by chance is none."""
    begin = _begin(file)
    return os.access(file, os.X_OK) and (begin.startswith(PROGRAM) or b"\0" in begin)


def names_plugin(file: Path) -> bool:
    """Whether a file is the configuration of a plugin that makes hosts."""
    if file.suffix not in YAMLS or not file.is_file():
        return False
    return re.search(r"^plugin\s*:", file.read_text("utf-8", "replace"), re.MULTILINE) is not None


def _begin(file: Path) -> bytes:
    """The first bytes of a file; none if it is not a file that can be read again, as a pipe."""
    if not file.is_file():
        return b""
    try:
        with file.open("rb") as opened:
            return opened.read(BEGIN_BYTES)
    except OSError:
        return b""


def _overlooked(file: Path) -> Iterator[str]:
    """What Ansible would read as something else, or leave out with a warning."""
    if _begin(file).startswith(PROGRAM) and not is_program(file):
        name = shown_path(file)
        yield f"{name} begins with #!, and may not be executed; type chmod +x {name}"
    elif names_plugin(file):
        yield from _yaml_mistakes(shown_path(file), file.read_text("utf-8", "replace"))
    elif file.suffix in YAMLS and not is_program(file):
        yield from _group_mistakes(file)


def _group_mistakes(file: Path) -> Iterator[str]:
    """Of a file that a person wrote; one that is not YAML has a sentence of its own."""
    try:
        text = file.read_text("utf-8")
        check_keys(yaml.compose(text, Loader=LOADER))
        groups = yaml.load(text, Loader=LOADER)  # noqa: S506 (a safe one)
    except YamlError as error:
        yield f"{shown_path(file)}: {error}"
        return
    except (OSError, ValueError, yaml.YAMLError):
        return
    waiting = [*groups.items()] if isinstance(groups, dict) else []
    while waiting:
        group, body = waiting.pop(0)
        if not isinstance(body, dict):
            if body is not None:
                example = f"for example {group}: {{hosts: {{s1: {{}}}}}}"
                yield f"{shown_path(file)}: the group {group} must be a mapping, {example}"
            continue
        for key in body:
            if key not in KEYS_OF_A_GROUP:
                meant = near(str(key), KEYS_OF_A_GROUP)
                end = f"did you mean {meant}?" if meant else "a group has hosts, vars and children"
                yield f"{shown_path(file)}: the group {group} has {key}; {end}"
        if not isinstance(body.get("hosts"), dict | str | None):
            example = "for example hosts: {s1: {ansible_host: 192.0.2.1}}"
            yield f"{shown_path(file)}: hosts of the group {group} must be a mapping, {example}"
        children = body.get("children")
        waiting += children.items() if isinstance(children, dict) else []


def file_mistakes(file: Path) -> list[str]:
    """Sentences about one file of an inventory that Ansible could not read."""
    name = shown_path(file)
    if is_program(file) or names_plugin(file):
        return []
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError:
        return [f"{name} is not a text in UTF-8"]
    except OSError as error:
        return [f"{name} cannot be read: {error.strerror}"]
    if file.suffix in YAMLS and not text.startswith(VAULT):
        return _yaml_mistakes(name, text)
    return _toml_mistakes(name, text) if file.suffix == ".toml" else _ini_mistakes(name, text)


def _toml_mistakes(name: str, text: str) -> list[str]:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return [f"{name} is not TOML: {error}"]
    return []


def _yaml_mistakes(name: str, text: str) -> list[str]:
    try:
        nodes = list(yaml.compose_all(text, Loader=LOADER))
    except yaml.YAMLError as error:
        return [f"{name}, {mistake_of(error, text)}"]
    if len(nodes) > 1:
        return [f"{name} has {len(nodes)} documents (---), and one is read; join them"]
    if not nodes or not isinstance(nodes[0], yaml.MappingNode):
        return [
            f"{name} has no groups; it must be a mapping; inventory/cloud/hosts.yml is an example"
        ]
    return []


def _ini_mistakes(name: str, text: str) -> list[str]:
    """Ansible's own reading of an INI file, line by line, until one is wrong."""
    plugin = inventory_loader.get("ini")
    plugin.inventory, plugin.loader = InventoryData(), DataLoader()
    plugin._origin = Origin(path=str(Path(name).resolve()), line_num=0)  # noqa: SLF001 (what parse() sets, and resets)
    try:
        with quiet():
            plugin._parse(text.splitlines())  # noqa: SLF001
    except (AnsibleError, ValueError) as error:
        why = one_line(error)
        unpacked = isinstance(error, ValueError) and "unpack" in why
        section = re.match(r"Section (\[[^]]+\])", why)
        lines = [line.strip() for line in text.splitlines()]
        place = plugin._origin.line_num  # noqa: SLF001
        if section and section[1] in lines:
            place = lines.index(section[1]) + 1
        line = lines[place - 1] if 0 < place <= len(lines) else ""
        why = '"[" is not closed' if unpacked else _of_ini(why, line)
        return [f"{name}, line {place}: {why}"]
    return []


def _of_ini(why: str, line: str) -> str:
    """What Ansible says of a line that people often write so, and what to write instead."""
    if re.search(r"\w\s+=|=\s+\w|\w:\s", line) and "key=value" in why:
        return "write NAME=VALUE without spaces"
    if why.startswith("Invalid host pattern") and line.endswith(":"):
        return "this is YAML; give the file a name that ends with .yml"
    kind = re.fullmatch(r"Section (?P<section>\S+) has unknown type: (?P<kind>.*)", why)
    if kind:
        meant = near(kind["kind"], ("vars", "children"))
        return f"{kind['section']} has no such type; did you mean {meant or 'vars'}?"
    return why

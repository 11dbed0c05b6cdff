"""An inventory that a program or a plugin makes: who makes it, and why it could not be made.

Importing Ansible takes half a second, so this module is imported when it is needed.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.plugins.loader import inventory_loader

from pipebench.documents.declared import listed, near
from pipebench.door.ansible_reading import held_back
from pipebench.door.inventory_files import is_program, names_plugin
from pipebench.door.paths import shown_path

RIGHT = 'with --list it must print groups as JSON, for example {"servers": {"hosts": ["s1"]}}'
CLOUDS = ("amazon.aws.aws_ec2", "google.cloud.gcp_compute", "hetzner.hcloud.hcloud")
"""Plugins that name rented hosts."""
STATUS = re.compile(r"non-zero exit code (-?\d+)")
UNKNOWN = re.compile(r"specifies unknown plugin '(?P<name>[^']*)'")
NOT_ITS_NAME = re.compile(r"could not be verified by inventory plugin '(?P<name>[^']*)'")
LACKS = re.compile(
    r"Required config '(?P<option>\w+)' for '(?:ansible_collections\.)?(?P<name>\S+)' inventory"
)
"""Ansible's words; a test asks Ansible for each of them."""


class MadeError(Exception):
    """An inventory could not be made; the message is a sentence without a full stop."""


def is_made_by(path: str) -> str | None:
    """Ansible's plugin for a file of an inventory that is made; None if a person wrote it."""
    file = Path(path)
    if "," in path or not file.exists():
        return None
    if is_program(file):
        return "script"
    return "auto" if names_plugin(file) else None


def make(plugin: str, inventory: InventoryData, loader: DataLoader, path: str, cache: bool) -> None:
    """Let Ansible's plugin fill an inventory from a file. Raises MadeError."""
    made_by: BaseInventoryPlugin = inventory_loader.get(plugin)
    # as the plugin `auto` does: what it may trust depends on the one that makes the hosts
    inventory._target_plugin = made_by  # noqa: SLF001
    try:
        with held_back():
            made_by.parse(inventory, loader, path, cache=cache)
    except Exception as error:  # whatever a plugin of somebody raises
        file = Path(path)
        why = _of_program(error, file) if plugin == "script" else _of_plugin(error)
        raise MadeError(f"{shown_path(file)} {why}") from error


def _of_program(error: Exception, file: Path) -> str:
    said = _last_line(str(getattr(error, "_help_text", None) or ""))
    message = _message(error)
    if status := STATUS.search(message):
        return f"{_ended(int(status[1]))}{f': {said}' if said else ' without a word'}; {RIGHT}"
    causes = list(_chain(error))
    if failed := next((one for one in causes if isinstance(one, OSError)), None):
        return _not_started(failed, file)
    if another := next((one for one in causes if isinstance(one, TypeError)), None):
        return f"does not print an inventory ({_message(another)}); {RIGHT}"
    return f"does not print JSON{f' ({said})' if said else ''}; {RIGHT}"


def _ended(status: int) -> str:
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"


def _not_started(error: OSError, file: Path) -> str:
    first = (file.read_bytes().splitlines() or [b""])[0].decode("utf-8", "replace")
    program = first.removeprefix("#!").split()[:1]
    if isinstance(error, FileNotFoundError) and first.startswith("#!") and program:
        return f"cannot be started: its first line names {program[0]}, which does not exist here"
    return f"cannot be started: {error.strerror}"


def _of_plugin(error: Exception) -> str:
    message = _message(error)
    if unknown := UNKNOWN.search(message):
        return (
            f"names the plugin {unknown['name']}, which is not installed; {_known(unknown['name'])}"
        )
    if named := NOT_ITS_NAME.search(message):
        end = named["name"].rpartition(".")[2]
        return f"must have a name that ends with {end}.yml: so the plugin {named['name']} wants it"
    if lacks := LACKS.search(message):
        name = lacks["name"].replace(".plugins.inventory.", ".")
        return f"lacks {lacks['option']}, which the plugin {name} requires"
    if "no root 'plugin' key" in message:
        return f"names no plugin behind plugin:; {_known('')}"
    return f"made no hosts: {message}"


def _known(name: str) -> str:
    """Which plugin may be meant."""
    names = {one.rpartition(".")[2]: one for one in CLOUDS} | {one: one for one in CLOUDS}
    meant = near(name, names)
    if meant and names[meant] != name:
        return f"did you mean {names[meant]}?"
    return f"those of clouds are {listed(CLOUDS)}"


def _message(error: BaseException) -> str:
    return " ".join(str(getattr(error, "message", error)).split()).rstrip(".")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _last_line(text: str) -> str:
    """Of what a program wrote to its standard error; the first line is Ansible's."""
    lines = [line.strip() for line in text.splitlines()[1:] if line.strip()]
    return lines[-1].rstrip(".") if lines else ""

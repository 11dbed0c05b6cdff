"""Variables of the user's environment that Ansible reads, with values that it cannot use.

Ansible reads most of them while it is imported, and ends in a traceback. It takes a
word that is neither true nor false for false, and does not say so.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pipebench.documents.declared import listed, near
from pipebench.plan.run_plan import space_mistakes

CONFIG = "ANSIBLE_CONFIG"
PREFIX = "ANSIBLE_"
OF_PLUGINS = (("connection", "ssh"), ("shell", "sh"), ("become", "sudo"))
"""Plugins of a run that read the environment, too."""
WHOLE, NUMBER, TRUTH = ("int", "integer"), ("float",), ("bool", "boolean")
FOLDERS = {"ANSIBLE_HOME": "~/.ansible", "ANSIBLE_LOCAL_TEMP": ""}
"""Folders that Ansible makes while it is imported, and where they are by default."""
RIGHT = dict.fromkeys(WHOLE, "a whole number") | {"float": "a number"}

Definitions = Iterable[Mapping[str, Any]]
"""Ansible's settings, each with `env` (a list of mappings with a `name`), `type` and `choices`."""


def setting_mistakes(environment: Mapping[str, str]) -> list[str]:
    """A sentence for each variable that Ansible cannot use."""
    names = {name for name in environment if name.startswith(PREFIX) and name != CONFIG}
    wrong_folders = _folder_mistakes(environment)
    if not names:  # which is usual, and Ansible's settings are many
        return wrong_folders
    from ansible.config.manager import ConfigManager  # noqa: PLC0415 (Ansible's import is slow)

    own = ConfigManager().get_configuration_definitions().values()
    mistakes = [*_mistakes(names, environment, own), *wrong_folders]
    left = names - {name for one in own for name in _names(one)}
    if mistakes or not left:
        return mistakes
    return list(dict.fromkeys(_mistakes(left, environment, _of_plugins())))


def _of_plugins() -> Iterator[Mapping[str, Any]]:
    """The settings of the plugins that a run uses. Ansible can be imported."""
    from ansible import constants  # noqa: PLC0415
    from ansible.plugins import loader  # noqa: PLC0415

    for kind, name in OF_PLUGINS:
        getattr(loader, f"{kind}_loader").get(name, class_only=True)  # it reads what it declares
        yield from constants.config.get_configuration_definitions(kind, name).values()


def _names(definition: Mapping[str, Any]) -> list[str]:
    return [one["name"] for one in definition.get("env") or ()]


def _mistakes(
    names: set[str], environment: Mapping[str, str], definitions: Definitions
) -> Iterator[str]:
    for definition in definitions:
        for name in _names(definition):
            if name in names and (right := _requirement(environment[name], definition)):
                value = environment[name]
                yield f"{name} is {value!r} in your environment; it must be {right}, or be unset."


def _requirement(value: str, definition: Mapping[str, Any]) -> str | None:
    """What a value must be; None if it is, or is empty, which Ansible takes for unset."""
    if not value:
        return None
    kind = str(definition.get("type") or "").lower()
    if kind in (*WHOLE, *NUMBER):
        return None if _is_number(value, whole=kind in WHOLE) else RIGHT[kind]
    if kind in TRUTH:
        from ansible.module_utils.parsing.convert_bool import BOOLEANS  # noqa: PLC0415

        return None if value.lower().strip() in BOOLEANS else "true or false"
    choices = [str(one) for one in definition.get("choices") or ()]
    typed = [one.strip() for one in value.split(",")] if kind == "list" else [value]
    wrong = next((one for one in typed if choices and one not in choices), None)
    if wrong is None:
        return None
    meant = near(wrong, choices)
    return f"{listed(choices, 'or')}{f' (did you mean {meant}?)' if meant else ''}"


def _folder_mistakes(environment: Mapping[str, str]) -> list[str]:
    places = {name: environment.get(name) or usual for name, usual in FOLDERS.items()}
    return [
        f"{mistake} Set {name} to a folder that you may write to."
        for name, place in places.items()
        if place
        for mistake in space_mistakes(Path(place).expanduser().absolute(), 0)
    ]


def _is_number(value: str, *, whole: bool) -> bool:
    """Whether Ansible reads it as a number: 1e1 is a whole one."""
    try:
        number = decimal.Decimal(value)
        return not whole or number == int(number)
    except (decimal.DecimalException, ValueError, OverflowError):
        return False

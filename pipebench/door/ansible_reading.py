"""Variables as Ansible reads them, its errors in one line, and its warnings left out or held back.

Importing Ansible takes half a second, so this module is imported when it is needed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ansible._internal._datatag._tags import Origin
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.splitter import parse_kv
from ansible.utils.display import Display

from pipebench.door.paths import shown_path
from pipebench.plan.errors import PlanError


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without Ansible's warnings: it gives them again when it runs."""
    with _shown_by(lambda *_words, **_options: None):
        yield


@contextlib.contextmanager
def held_back() -> Iterator[None]:
    """With Ansible's warnings at the end, and without them if it failed."""
    said: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    with _shown_by(lambda *words, **options: said.append((words, options))):
        yield
    for words, options in said:
        Display().display(*words, **options)


@contextlib.contextmanager
def _shown_by(show: Callable[..., None]) -> Iterator[None]:
    display = Display()
    kept = display.display
    display.display = show
    try:
        yield
    finally:
        display.display = kept


def one_line(error: Exception) -> str:
    """An error of Ansible in its first sentence, behind the file that it is in, if it says so."""
    text = str(getattr(error, "message", error)).strip()
    first = text.splitlines()[0].rstrip(".") if text else type(error).__name__
    chain = (error, error.__cause__, error.__context__)
    origins = (getattr(one, "obj", None) for one in chain)
    origin = next((one for one in origins if isinstance(one, Origin) and one.path), None)
    if origin is None or origin.path is None:
        return first
    return f"{shown_path(Path(origin.path))}, line {origin.line_num}: {first}"


def load_file(loader: DataLoader, path: str) -> Any:
    """A file of variables. Raises ValueError, whose message is one line."""
    try:
        with quiet():
            return loader.load_from_file(path, trusted_as_template=True)
    except AnsibleError as error:
        raise ValueError(one_line(error)) from error


def load_text(text: str) -> dict[str, Any]:
    """Variables as `name=value name=value`. Raises PlanError."""
    try:
        return dict(parse_kv(text))
    except AnsibleError as error:
        raise PlanError(f'-e "{text}": {one_line(error)}.') from error

"""What is wrong with -e and -i, before Ansible reads them: for ansible-playbook, started by itself.

Ansible reads the inventory before it loads what shows a run, and -e only then; so that it would
accuse the inventory of a mistake in a plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader

from pipebench.door.ansible_reading import load_file, load_text
from pipebench.door.given import read_given
from pipebench.door.inventory_files import broken_files, source_mistakes
from pipebench.door.paths import shown_path
from pipebench.plan.errors import sentence

RUN = "bench.yml"


def typed_mistakes(options: Mapping[str, Any], loader: DataLoader) -> list[str]:
    """A sentence a mistake; none if they were looked at before. options: ansible.context.CLIARGS.

    loader: with the secrets of the vault.
    """
    is_run = any(Path(playbook).name == RUN for playbook in options.get("args") or ())
    extra = options.get("extra_vars") or () if is_run else ()  # others have variables of their own
    inventories = tuple(options.get("inventory") or ())
    return _mistakes(tuple(map(_typed, extra)), inventories, loader)


def _typed(given: str) -> str:
    """A value of -e before Ansible made an absolute path of it."""
    return f"@{shown_path(Path(given[1:]))}" if given.startswith("@/") else given


@cache
def _mistakes(
    extra: tuple[str, ...], inventories: tuple[str, ...], loader: DataLoader
) -> list[str]:
    sources = [mistake for source in inventories for mistake in source_mistakes(source)]
    sources = sources or [mistake for source in inventories for mistake in broken_files(source)]
    given = read_given(extra, lambda path: load_file(loader, path), load_text, Path.cwd())
    return [*given.mistakes, *map(sentence, sources)]

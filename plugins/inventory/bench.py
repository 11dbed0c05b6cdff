"""What ansible-playbook, started without ./bench, checks before it reads an inventory or -e.

Ansible asks it first about each inventory (ansible.cfg). It refuses what is wrong in a sentence a
mistake, and lets a program or a plugin make its hosts. All else it leaves to Ansible's own plugins.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.context import CLIARGS
from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin

from pipebench.alone.status import Status
from pipebench.door.command import CALLED
from pipebench.door.made import MadeError, is_made_by, make
from pipebench.door.typed import typed_mistakes
from pipebench.plan.errors import sentence

DOCUMENTATION = r"""
name: bench
short_description: What is wrong with -e and inventories, a sentence a mistake
description:
  - Refuses what is wrong before Ansible reads it.
options: {}
"""


class InventoryModule(BaseInventoryPlugin):
    """The inventory plugin `bench`."""

    NAME = "bench"

    def verify_file(self, path: str) -> bool:  # noqa: ARG002 (the interface of plugins)
        """Every source of ansible-playbook; ansible-inventory and others have none here."""
        return Path(sys.argv[0]).name == CALLED

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Fill an inventory that is made; the others raise AnsibleParserError, and come next."""
        self._refuse(typed_mistakes(CLIARGS, loader))
        plugin = is_made_by(path)
        if plugin is None:
            raise AnsibleParserError(f"{path} is read by the plugins of Ansible")
        try:
            make(plugin, inventory, loader, path, cache)
        except MadeError as error:
            self._refuse([sentence(str(error))])

    def _refuse(self, mistakes: list[str]) -> None:
        for mistake in mistakes:
            self.display.display(mistake, color=constants.COLOR_ERROR, stderr=True)
        if mistakes:
            sys.exit(Status.REFUSED)

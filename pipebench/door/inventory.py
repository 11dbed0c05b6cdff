"""The inventory and the options as Ansible reads them, in this process, before any host is asked.

Importing Ansible takes half a second, so this module is imported when it is needed.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ansible import constants, context
from ansible.cli.playbook import PlaybookCLI
from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultSecret
from ansible.template import Templar, trust_as_template
from ansible.vars.manager import VariableManager

from pipebench.documents.declared import plain
from pipebench.door.ansible_reading import load_file, one_line, quiet
from pipebench.door.given import VAULT
from pipebench.door.inventory_files import broken_files, is_made, source_mistakes
from pipebench.door.inventory_names import misspelt_groups, misspelt_variables
from pipebench.hosts.login import vault_text
from pipebench.plan.connection_variables import CHECKED
from pipebench.plan.errors import Mistakes, PlanError, sentence
from pipebench.plan.testbeds import LIKE_ADDRESSES, Inventory
from pipebench.plan.variables import PREFIX

READ = (*CHECKED, *LIKE_ADDRESSES)
"""Variables of a host, besides the project's own, that are looked at."""
OWN = "bench"
"""The project's own inventory plugin (plugins/inventory/)."""
WAY_OUT = "server_environment"
OF_OTHERS = re.compile(r"hostvars|groups|lookup|query")
"""Of a template that needs more than the variables of its host."""


class LeftToAnsibleError(Exception):
    """Inventory or variables are made by a program, or a person must be asked for a password: the
    preflight reads them."""


class HostsRead(NamedTuple):
    """inventory: its hosts with what is theirs. of_run: all `bench_...` that hold for the whole
    run, those given with -e, too.
    """

    inventory: Inventory
    of_run: dict[str, Any]


class Ansible:
    """Ansible's parsers, with the options of one command line."""

    def __init__(self, words: list[str]) -> None:
        """Raises PlanError if Ansible does not accept an option."""
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            self._cli = PlaybookCLI(["ansible-playbook", "bench.yml", *words])
            try:
                self._cli.parse()
            except SystemExit as ended:
                wrong = re.findall(r"^[\w-]+: error: (.*)", said.getvalue(), re.MULTILINE)
                why = re.sub(
                    r"invalid \w+ value", "invalid value", (wrong or ["an option is wrong"])[-1]
                )
                raise PlanError(sentence(why)) from ended
            except AnsibleError as error:
                raise PlanError(sentence(one_line(error))) from error
        # that one is for ansible-playbook, which has not been through this door
        constants.INVENTORY_ENABLED = [one for one in constants.INVENTORY_ENABLED if one != OWN]
        self.options: Mapping[str, Any] = context.CLIARGS
        self._loader = DataLoader()
        self._loader.set_basedir(str(Path.cwd()))
        self._has_secrets = self._is_left = self._is_asked_later = False

    @property
    def sources(self) -> list[str]:
        """The inventories, as Ansible calls them."""
        return list(self.options.get("inventory") or ())

    def read_secrets(self) -> None:
        """Of the vault, unless a person would be asked, which ansible-playbook does later."""
        ids = [*(self.options.get("vault_ids") or ())]
        asks = self.options.get("ask_vault_pass") or any("prompt" in one for one in ids)
        files = [*(self.options.get("vault_password_files") or ())]
        if any(Path(one).exists() and not Path(one).is_file() for one in files):
            self._is_asked_later = True  # a pipe can be read once, and ansible-playbook reads it
            return
        if asks or not (ids or files or os.environ.get("ANSIBLE_VAULT_PASSWORD_FILE")):
            return
        try:
            with quiet():
                secrets: list[tuple[str, VaultSecret]] = PlaybookCLI.setup_vault_secrets(
                    self._loader, vault_ids=ids, vault_password_files=files, auto_prompt=False
                )
        except AnsibleError as error:
            raise PlanError(sentence(one_line(error))) from error
        self._loader.set_vault_secrets(secrets)
        self._has_secrets = bool(secrets)

    def load_file(self, path: str) -> Any:
        """A file of variables. Raises ValueError, whose message is one line."""
        try:
            return load_file(self._loader, path)
        except ValueError as error:
            if not self._has_secrets and Path(path).read_text("utf-8").startswith(VAULT):
                asks = self.options.get("ask_vault_pass") or self.options.get("vault_ids")
                if asks or self._is_asked_later:
                    self._is_left = True
                    return {}
                raise ValueError(
                    "it is encrypted; give --ask-vault-pass or --vault-password-file"
                ) from error
            raise

    def hosts(self, given: Mapping[str, Any]) -> HostsRead:
        """The hosts of the inventories. PlanError: one is broken, or is not there.

        given: with -e. LeftToAnsibleError: what it says is not known yet.
        """
        wrong = [mistake for source in self.sources for mistake in source_mistakes(source)]
        if wrong:
            raise PlanError(*map(sentence, wrong))
        if self._is_left or any(is_made(source) for source in self.sources):
            raise LeftToAnsibleError
        given = {name: trusted(value) for name, value in given.items()}
        with quiet():
            try:
                manager = InventoryManager(loader=self._loader, sources=self.sources)
                variables = VariableManager(loader=self._loader, inventory=manager)
            except AnsibleError as error:
                why = [one for source in self.sources for one in broken_files(source)]
                raise PlanError(*map(sentence, why or [one_line(error)])) from error
            groups = manager.get_groups_dict()
            owners = (*manager.groups.values(), *manager.hosts.values())
            Mistakes([*misspelt_groups(groups), *misspelt_variables(owners)]).refuse()
            servers, loadgens = groups.get("servers", []), groups.get("loadgens", [])
            hostvars = {
                host: self._host(manager, variables, host, given)
                for host in dict.fromkeys([*servers, *loadgens])
            }
            of_run = self._host(manager, variables, "localhost", given)
        inventory = Inventory(servers, loadgens, hostvars)
        return HostsRead(inventory, {name: of_run[name] for name in of_run if _is_own(name)})

    def _host(
        self,
        manager: InventoryManager,
        variables: VariableManager,
        name: str,
        given: Mapping[str, Any],
    ) -> dict[str, Any]:
        """What a plan depends on of one host, its templates filled in."""
        try:
            known = variables.get_vars(host=manager.get_host(name), include_hostvars=False)
        except AnsibleError as error:
            why = one_line(error)
            raise PlanError(f"{name}: {vault_text(why) or sentence(why)}") from error
        known = {**known, **given}
        wanted = [one for one in known if _is_own(one) or one in READ]
        if "bench_via_controller" in known and WAY_OUT in known:
            wanted.append(WAY_OUT)
        templar = Templar(loader=self._loader, variables=known)
        return {one: self._filled(templar, name, one, known[one]) for one in wanted}

    @staticmethod
    def _filled(templar: Templar, host: str, name: str, value: Any) -> Any:
        """A value with its templates filled in."""
        try:
            return plain(templar.template(value))
        except AnsibleUndefinedVariable as error:
            if OF_OTHERS.search(str(value)):
                raise LeftToAnsibleError from error
            raise PlanError(f"{host}: {name} is {value}, and {one_line(error)}.") from error
        except Exception as error:  # whatever a template of somebody raises
            raise LeftToAnsibleError from error


def trusted(value: Any) -> Any:
    """A value of -e, whose templates Ansible fills in."""
    if isinstance(value, Mapping):
        return {key: trusted(one) for key, one in value.items()}
    if isinstance(value, list):
        return [trusted(one) for one in value]
    return trust_as_template(value) if isinstance(value, str) else value


def _is_own(name: str) -> bool:
    return name.startswith(PREFIX)

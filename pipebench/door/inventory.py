"""The inventory and the options as Ansible reads them, in this process, before any host is asked.

Importing Ansible takes half a second, so this module is imported when it is needed.
"""

from __future__ import annotations

import contextlib
import difflib
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from ansible import context
from ansible._internal._datatag._tags import Origin
from ansible.cli.playbook import PlaybookCLI
from ansible.errors import AnsibleError, AnsibleUndefinedVariable
from ansible.inventory.data import InventoryData
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.splitter import parse_kv
from ansible.parsing.vault import VaultSecret
from ansible.plugins.loader import inventory_loader
from ansible.template import Templar, trust_as_template
from ansible.utils.display import Display
from ansible.vars.manager import VariableManager

from pipebench.documents.declared import near, plain
from pipebench.documents.yaml_text import LOADER, mistake_of
from pipebench.door.given import VAULT
from pipebench.hosts.login import vault_text
from pipebench.plan.errors import Mistakes, PlanError, sentence
from pipebench.plan.own_names import own_names
from pipebench.plan.testbeds import Inventory
from pipebench.plan.variables import PREFIX

YAMLS = (".yml", ".yaml", ".json")
IGNORED = (".orig", ".cfg", ".retry", ".pyc", ".pyo", ".md", ".txt", ".csv", ".rst", "~", ".bak")
NOT_HOSTS = ("group_vars", "host_vars")
READ = ("ansible_host", "ansible_connection", "ansible_port", "ansible_user")
"""Variables of a host, besides the project's own, that a plan depends on."""
WAY_OUT = "server_environment"
GROUPS = ("servers", "loadgens")
KEYS_OF_A_GROUP = ("hosts", "vars", "children")
OF_OTHERS = re.compile(r"hostvars|groups|lookup|query")
"""Of a template that needs more than the variables of its host."""
CONNECTIONS = tuple(
    f"ansible_{name}"
    for name in (
        "host", "port", "user", "password", "connection", "become", "become_user",
        "become_method", "become_password", "ssh_private_key_file", "ssh_common_args",
        "ssh_extra_args", "ssh_args", "ssh_host", "ssh_port", "ssh_user", "ssh_pass",
        "ssh_password", "ssh_executable", "python_interpreter", "shell_type",
        "private_key_file", "host_key_checking", "control_path", "control_path_dir",
    )
)  # fmt: skip
"""Variables with which a host is reached, as Ansible spells them."""


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
            with quiet():
                return self._loader.load_from_file(path, trusted_as_template=True)
        except AnsibleError as error:
            if not self._has_secrets and Path(path).read_text("utf-8").startswith(VAULT):
                asks = self.options.get("ask_vault_pass") or self.options.get("vault_ids")
                if asks or self._is_asked_later:
                    self._is_left = True
                    return {}
                raise ValueError(
                    "it is encrypted; give --ask-vault-pass or --vault-password-file"
                ) from error
            raise ValueError(one_line(error)) from error

    def load_text(self, text: str) -> dict[str, Any]:
        """Variables as `name=value name=value`. Raises PlanError."""
        try:
            return dict(parse_kv(text))
        except AnsibleError as error:
            raise PlanError(f'-e "{text}": {one_line(error)}.') from error

    def hosts(self, given: Mapping[str, Any]) -> HostsRead:
        """The hosts of the inventories. PlanError: one is broken, or is not there.

        given: with -e. LeftToAnsibleError: what it says is not known yet.
        """
        wrong = [mistake for source in self.sources for mistake in absent_source(source)]
        wrong = wrong or [one for source in self.sources for one in misspelt_keys(source)]
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
            Mistakes([*_misspelt_groups(groups), *_misspelt_variables(manager)]).refuse()
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


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without Ansible's warnings: it gives them again when it runs."""
    display = Display()
    kept = display.display
    display.display = lambda *_words, **_options: None
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
    return f"{_shown(Path(origin.path))}, line {origin.line_num}: {first}"


def misspelt_keys(source: str) -> list[str]:
    """Sentences about what Ansible would leave out of one -i with a warning alone."""
    path = Path(source)
    if "," in source:
        return []
    files = list(_files(path))
    if not files:
        return [f"{_shown(path)} has no file of an inventory; inventory/cloud is an example"]
    return [one for file in files if file.suffix in YAMLS for one in _group_mistakes(file)]


def _group_mistakes(file: Path) -> Iterator[str]:
    """Of a file that a person wrote; one that is not YAML has a sentence of its own."""
    try:
        groups = yaml.load(file.read_text("utf-8"), Loader=LOADER)  # noqa: S506 (a safe one)
    except (OSError, ValueError, yaml.YAMLError):
        return
    waiting = [*groups.items()] if isinstance(groups, dict) and not _is_made(file) else []
    while waiting:
        group, body = waiting.pop(0)
        if not isinstance(body, dict):
            continue
        for key in body:
            if key not in KEYS_OF_A_GROUP:
                meant = near(str(key), KEYS_OF_A_GROUP)
                end = f"did you mean {meant}?" if meant else "a group has hosts, vars and children"
                yield f"{_shown(file)}: the group {group} has {key}; {end}"
        if not isinstance(body.get("hosts"), dict | str | None):
            example = "for example hosts: {s1: {ansible_host: 192.0.2.1}}"
            yield f"{_shown(file)}: hosts of the group {group} must be a mapping, {example}"
        children = body.get("children")
        waiting += children.items() if isinstance(children, dict) else []


def _misspelt_groups(groups: Iterable[str]) -> list[str]:
    """A sentence for each of the two groups that is not there, if another one may be meant."""
    names = set(groups)
    return [
        f"The inventory has a group {meant}; did you mean {wanted}?"
        for wanted in GROUPS
        if wanted not in names and (meant := near(wanted, names - {"all", "ungrouped"}))
    ]


def _misspelt_variables(manager: InventoryManager) -> list[str]:
    """A sentence for each variable of a connection that Ansible would not know."""
    named = {
        name: one.name
        for one in (*manager.groups.values(), *manager.hosts.values())
        for name in one.vars
    }
    return [
        f"{owner}: {name} is not a variable of Ansible; did you mean {meant[0]}?"
        for name, owner in named.items()
        if name.startswith("ansible_")
        and name not in CONNECTIONS
        and (meant := difflib.get_close_matches(name, CONNECTIONS, n=1, cutoff=0.88))
    ]


def absent_source(source: str) -> list[str]:
    """A sentence about one -i, if it is a path that is not there."""
    name = _shown(Path(source))
    if "," in source or Path(source).exists():
        return []
    return [f"{name} does not exist{_similar(name)}"]


def broken_files(source: str) -> list[str]:
    """Sentences about the files of one -i that Ansible could not read."""
    if "," in source:
        return []
    return [mistake for file in _files(Path(source)) for mistake in file_mistakes(file)]


def _shown(path: Path) -> str:
    """A path as somebody would type it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _similar(name: str) -> str:
    parent = Path(name).parent
    there = sorted(parent.iterdir()) if parent.is_dir() else []
    own = sorted(map(Path, own_names().inventories))
    known = {one.name: one for one in (*own, *there)}
    meant = near(Path(name).name, known)
    if meant:
        return f"; did you mean {known[meant]}?"
    names = ", ".join(sorted(Path(one).name for one in own_names().inventories))
    return f"; in inventory/ there are {names}"


def _files(path: Path) -> Iterable[Path]:
    """The files of an inventory that Ansible reads hosts from."""
    if path.is_file():
        yield path
        return
    for one in sorted(path.iterdir()):
        if one.is_symlink() and one.is_dir() and path.resolve().is_relative_to(one.resolve()):
            continue  # it leads back
        ignored = one.name.startswith(".") or one.name.endswith(IGNORED) or one.name in NOT_HOSTS
        if not ignored:
            yield from _files(one)


def is_made(source: str) -> bool:
    """Whether a program or a plugin makes a part of this inventory."""
    return "," not in source and any(_is_made(file) for file in _files(Path(source)))


def _is_made(file: Path) -> bool:
    if os.access(file, os.X_OK) and file.read_bytes()[:2] == b"#!":
        return True
    if file.suffix not in YAMLS:
        return False
    return re.search(r"^plugin\s*:", file.read_text("utf-8", "replace"), re.MULTILINE) is not None


def file_mistakes(file: Path) -> list[str]:
    """Sentences about one file of an inventory that Ansible could not read."""
    name = _shown(file)
    if _is_made(file):
        return []
    try:
        text = file.read_text("utf-8")
    except UnicodeDecodeError:
        return [f"{name} is not a text in UTF-8"]
    except OSError as error:
        return [f"{name} cannot be read: {error.strerror}"]
    if file.suffix in YAMLS and not text.startswith(VAULT):
        return _yaml_mistakes(name, text)
    is_ini = file.suffix not in (*YAMLS, ".toml")
    return _ini_mistakes(name, text) if is_ini else []


def _yaml_mistakes(name: str, text: str) -> list[str]:
    try:
        nodes = list(yaml.compose_all(text, Loader=LOADER))
    except yaml.YAMLError as error:
        return [f"{name}, {mistake_of(error, text)}"]
    if len(nodes) > 1:
        return [f"{name} has {len(nodes)} documents (---), and one is read; join them"]
    if not nodes or not isinstance(nodes[0], yaml.MappingNode):
        return [f"{name} has no groups; it must be a mapping, as inventory/cloud/hosts.yml has it"]
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
        return [f"{name}, line {place}: " + ('"[" is not closed' if unpacked else why)]
    return []

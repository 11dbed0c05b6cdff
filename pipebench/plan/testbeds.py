"""The testbeds of a run: each server of the inventory with its load generators."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, NamedTuple

from msgspec import Meta, Struct

from pipebench.documents.declared import matches, plain
from pipebench.plan.errors import Mistakes, PlanError
from pipebench.plan.name_service import looked_up
from pipebench.plan.variables import TestbedName
from pipebench.record.factors import ALL, Workers
from pipebench.tools import FIRST

SSH_PORT = "22"
DEFAULT_TESTBED = "main"
Machine = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")]
ADDRESS, UP_PATH = "bench_address", "bench_up_path"
LIKE_ADDRESSES = ("host", "hostname", "ip", "ip_address", "address")
"""What people write for `ansible_host`, and Ansible takes for a variable of their own."""
NUMBERS = re.compile(r"[\d.]+")
PORT = re.compile(r"(?:\[.+\]|[^:]+):(?P<port>\d+)")
DIFFERENT = "server and load generator must be different hosts"


class Inventory(NamedTuple):
    """The hosts of the groups servers and loadgens, and the variables of each host by its name."""

    servers: list[str]
    loadgens: list[str]
    hostvars: Mapping[str, Mapping[str, Any]]

    @classmethod
    def from_ansible(cls, variables: Mapping[str, Any]) -> Inventory:
        """The inventory that the variables of a task describe."""
        groups = plain(variables["groups"])
        return cls(groups.get("servers", []), groups.get("loadgens", []), variables["hostvars"])

    def testbed_of(self, host: str) -> str:
        return str(self.hostvars[host].get("bench_testbed", DEFAULT_TESTBED))

    def machine_of(self, host: str) -> str | None:
        """The kind of machine, as an instance type of a cloud."""
        machine = self.hostvars[host].get("bench_machine")
        return None if machine is None else str(machine)

    def address_of(self, host: str) -> str:
        """The address for ssh."""
        return self._given(host, "ansible_host", "ansible_ssh_host") or host

    def login_of(self, host: str) -> tuple[str, str]:
        """The address and the port of its ssh server: two hosts may be behind one address."""
        port = self._given(host, "ansible_port", "ansible_ssh_port") or SSH_PORT
        return self.address_of(host), port

    def _given(self, host: str, *names: str) -> str:
        """The first of these variables that the host has."""
        variables = self.hostvars[host]
        return str(next((variables[name] for name in names if variables.get(name)), ""))


class Testbed(Struct, frozen=True, kw_only=True):
    """One server host with its load generators; hosts by their names in the inventory.

    address: the IP address that the generators use for the server. threads: of the load tool; if
    they depend on the generator's CPUs, None until these are known. all_workers: how many workers
    `all` is, the server's CPUs; None until these are known. machine: the kind of machine that its
    server is, None if the inventory does not say.
    """

    name: str
    server: str
    generators: list[str]
    address: str
    port: int
    threads: int | None
    all_workers: int | None = None
    machine: str | None = None

    def worker_count(self, workers: Workers) -> int:
        """How many workers that is here."""
        if workers != ALL:
            return workers
        assert self.all_workers is not None  # the action bench_resolve knew the server's CPUs
        return self.all_workers


def find_testbeds(inventory: Inventory, port: int, threads: int | None = None) -> list[Testbed]:
    """Each server with its load generators, by `bench_testbed`. Raises PlanError."""
    Mistakes(group_mistakes(inventory)).refuse()
    mistakes = Mistakes()
    testbeds: dict[str, Testbed] = {}
    for server in inventory.servers:
        name = inventory.testbed_of(server)
        if name in testbeds:
            mistakes.append(
                f"The testbed {name!r} has two servers, {testbeds[name].server} and {server}; "
                "give one of them another bench_testbed."
            )
            continue
        address = ""
        if "@" not in inventory.address_of(server):  # which is a mistake of its own
            with mistakes.collected():
                address = resolved_address(inventory, server)
        generators = [host for host in inventory.loadgens if inventory.testbed_of(host) == name]
        testbeds[name] = Testbed(
            name=name, server=server, generators=generators, address=address, port=port,
            threads=threads, machine=inventory.machine_of(server),
        )  # fmt: skip
        mistakes += testbed_mistakes(testbeds[name], inventory)
    mistakes += [
        f"{host}: bench_testbed is {inventory.testbed_of(host)!r}, and that testbed has no server."
        for host in inventory.loadgens
        if inventory.testbed_of(host) not in testbeds
    ]
    mistakes.refuse()
    return list(testbeds.values())


def group_mistakes(inventory: Inventory) -> list[str]:
    """A sentence for every host that the two groups lack or share."""
    sentences = []
    if not inventory.servers:
        sentences.append(
            "The inventory has no host in the group servers; add the host that the frameworks "
            "run on."
        )
    if not inventory.loadgens:
        sentences.append(
            f"The inventory has no host in the group loadgens; add the host that {FIRST} runs on."
        )
    return sentences + [
        f"{host} is in both groups, servers and loadgens; {DIFFERENT}."
        for host in inventory.servers
        if host in inventory.loadgens
    ]


def testbed_mistakes(testbed: Testbed, inventory: Inventory) -> list[str]:
    """A sentence for everything that is wrong with the hosts of one testbed."""
    name, server, generators = testbed.name, testbed.server, testbed.generators
    sentences = []
    if not matches(name, TestbedName):
        sentences.append(
            f"{server}: bench_testbed is {name!r}; it must be a name of a-z, 0-9 and -, which does "
            "not begin with -."
        )
    if testbed.machine is not None and not matches(testbed.machine, Machine):
        sentences.append(
            f"{server}: bench_machine is {testbed.machine!r}; it must be the name of a kind of "
            "machine, for example c7i.large: letters, digits, ., _ and -."
        )
    if not generators:
        sentences.append(
            f"The testbed {name!r} of {server} has no load generator; give a host of loadgens the "
            "same bench_testbed."
        )
    return sentences + login_mistakes(testbed, inventory) + target_mistakes(testbed, inventory)


def target_mistakes(testbed: Testbed, inventory: Inventory) -> list[str]:
    """A sentence if the load that is meant for a server would go to a load generator."""
    server, address = testbed.server, testbed.address
    if ADDRESS not in inventory.hostvars[server] or not address:
        return []
    own = inventory.address_of(server)
    others = {host: inventory.address_of(host) for host in testbed.generators}
    is_loopback = ipaddress.ip_address(address).is_loopback
    hit = [
        host
        for host, other in others.items()
        if (other == address and own != address)
        or (is_loopback and _number(other) and not ipaddress.ip_address(other).is_loopback)
    ]
    return [
        f"{server}: bench_address is {address}, which is {host} itself; give the address at which "
        f"{host} reaches {server}."
        for host in hit[:1]
    ]


def login_mistakes(testbed: Testbed, inventory: Inventory) -> list[str]:
    """A sentence for each name that cannot be logged in to, or leads to a host that has another.

    Hosts behind one address, with a port each, are taken for different ones: whether they are one
    machine is seen by its identity, before anything is changed (hosts/requirements.py).
    """
    server = testbed.server
    sentences = [
        f"{host}: {address!r} has a user in it; write {place} with ansible_user={user}."
        for host in [server, *testbed.generators]
        for address in [inventory.address_of(host)]
        for user, _, place in [address.rpartition("@")]
        if user
    ]
    address = inventory.address_of(server)
    beside = [host for host in testbed.generators if host != server]
    beside = [host for host in beside if inventory.address_of(host) == address]
    same = [host for host in beside if inventory.login_of(host) == inventory.login_of(server)]
    sentences += [
        f"{host} and {server} have the same address ({address}); {DIFFERENT}." for host in same
    ]
    if beside and not same and not inventory.hostvars[server].get("bench_address"):
        sentences.append(
            f"{server} and {beside[0]} are behind one address ({address}), with an ssh port each; "
            f"set bench_address of {server} to the address at which {beside[0]} reaches it."
        )
    return sentences


def base_mistakes(base: str | None, testbeds: list[Testbed]) -> list[str]:
    """A sentence if the testbed that others are compared with does not exist."""
    names = [testbed.name for testbed in testbeds]
    if base is None or base in names:
        return []
    known = ", ".join(names)
    return [f"bench_base_testbed is {base!r}, and no host has that bench_testbed; use {known}."]


def resolved_address(inventory: Inventory, server: str) -> str:
    """The IP address that the generators use for a server. Raises PlanError."""
    name = _given_address(inventory, server)
    if address := _number(name):
        return address
    try:
        return looked_up(name)
    except OSError as error:
        variables = inventory.hostvars[server]
        like = next((one for one in LIKE_ADDRESSES if one in variables), None)
        right = "set bench_address to the address at which the load generators reach it."
        if like and "ansible_host" not in variables:
            right = f"its variable {like} is not one of Ansible; did you mean ansible_host?"
        raise PlanError(
            f"{server}: {name!r} is not an IP address, and this computer cannot resolve it; {right}"
        ) from error


def names_to_resolve(inventory: Inventory) -> list[str]:
    """The addresses of servers that are names, which the name service is asked for."""
    names = []
    for server in inventory.servers:
        with suppress(PlanError):
            names.append(_given_address(inventory, server))
    return [name for name in dict.fromkeys(names) if "@" not in name and not _number(name)]


def _given_address(inventory: Inventory, server: str) -> str:
    """Where the inventory says that the generators reach a server. Raises PlanError."""
    given = inventory.hostvars[server].get(ADDRESS)
    name = inventory.address_of(server) if given is None else str(given).strip()
    wrong = address_mistake(name, "ansible_port" if given is None else "bench_port")
    if wrong:
        of_ssh = "ansible_host" if "ansible_host" in inventory.hostvars[server] else "its name"
        raise PlanError(f"{server}: {of_ssh if given is None else ADDRESS} {wrong}.")
    return name


def _number(name: str) -> str | None:
    """An IP address as it is usually written; None if it is a name."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return None


def address_mistake(text: str, port_variable: str = "bench_port") -> str | None:
    """What an address cannot be, whether or not this computer can resolve a name.

    port_variable: where its port belongs.
    """
    if not text:
        return "is empty; give the address at which the load generators reach the server"
    port = PORT.fullmatch(text)
    if port:
        return f"is {text}, which has a port; leave out :{port['port']}, and set {port_variable}"
    if "/" in text:
        return f"is {text}; it must be the address alone, without /"
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return f"is {text}, which is not an IP address" if NUMBERS.fullmatch(text) else None
    wrong = f"is {text}, which is not the address of one host"
    if address.is_unspecified:
        wrong = f"is {text}, which is every address; give the one that the load generators reach"
    return wrong if address.is_unspecified or address.is_multicast else None

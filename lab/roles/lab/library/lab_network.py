#!/usr/bin/python
"""The lab's network on the controller: bridge, NAT, and a namespace for every machine."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lab_network
short_description: Make or remove the lab's bridge, NAT and network namespaces
description:
  - The bridge is made first and removed last. Its alias holds whose lab it is and what has to
    be put back on the controller.
  - Only the bridge and the interfaces that lead out of here are made to forward (IPv4), and
    C(net.ipv4.ip_forward) is left alone, so that whoever needs that finds it as it was and turns it
    on. Taken down, these interfaces are put back only if no other interface forwards.
  - Where another table would drop forwarded packets (docker, ufw, firewalld), rules that let the
    lab's bridge pass are inserted there, marked by a comment.
options:
  state:
    description: Whether it is there.
    type: str
    choices: [present, absent]
    default: present
  folder: {description: The lab's folder., type: path, required: true}
  network: {description: The lab's network; needed for C(present)., type: str}
  machines:
    description: The machines as lab_plan returns them; needed for C(present).
    type: list
    elements: dict
"""

EXAMPLES = r"""
- name: Remove the network
  lab_network:
    state: absent
    folder: /home/me/project/.lab
"""

RETURN = r"""
done: {description: What was changed., returned: always, type: list, elements: str}
kept: {description: "What was not put back, and why; or empty.", returned: success, type: str}
"""

import dataclasses
import hashlib
import ipaddress
import json
import os
import pathlib
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.lab import (
    BRIDGE,
    COMMENT,
    NETNS,
    PREFIX,
    TABLE,
    LabError,
    Owner,
    foreign,
    ip,
    link,
    mount_points,
    owner,
    run,
)

CONF = pathlib.Path("/proc/sys/net/ipv4/conf")


class Network:
    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.done: list[str] = []
        self.kept = ""

    def act(self, *argv: str, stdin: str = "") -> None:
        run(*argv, stdin=stdin)
        self.done.append(" ".join(argv) + (f" <<< {stdin}" if stdin else ""))

    # --- present

    def present(self, network: ipaddress.IPv4Network, machines: list[dict[str, Any]]) -> None:
        if link(BRIDGE) is None:
            self.act("ip", "link", "add", BRIDGE, "type", "bridge")
        if owner() is None:
            self.sign(Owner(self.folder, (), bool(mount_points(str(NETNS)))))
        gateway = f"{network[1]}/{network.prefixlen}"
        self.address(gateway, BRIDGE)
        mark, text = rules(network)
        if mark not in run("nft", "list", "table", "ip", TABLE, check=False).stdout:
            self.act("nft", "-f", "-", stdin=text)
        self.lend()
        self.let_through(BRIDGE, COMMENT)
        for machine in machines:
            self.machine(machine, network)
        self.remove_machines(
            keep={m["netns"] for m in machines} | {m["interface"] for m in machines}
        )

    def address(self, address: str, interface: str, *where: str) -> None:
        (found,) = ip(*where, "-4", "address", "show", "dev", interface) or [{"addr_info": []}]
        if address not in {f"{a['local']}/{a['prefixlen']}" for a in found["addr_info"]}:
            self.act("ip", *where, "address", "add", address, "dev", interface)
        if "UP" not in ip(*where, "link", "show", "dev", interface)[0]["flags"]:
            self.act("ip", *where, "link", "set", interface, "up")

    def machine(self, machine: dict[str, Any], network: ipaddress.IPv4Network) -> None:
        netns, interface = machine["netns"], machine["interface"]
        inside = ("-n", netns)
        if not (NETNS / netns).exists():
            if link(interface):  # its other end is in a namespace that has lost its name
                self.act("ip", "link", "del", interface)
            self.act("ip", "netns", "add", netns)
        if link(interface) is None:
            if any(entry["ifname"] == "eth0" for entry in ip(*inside, "link", "show")):
                self.act("ip", *inside, "link", "del", "eth0")  # it had another address
            end = ("peer", "name", "eth0", "netns", netns)
            self.act("ip", "link", "add", interface, "type", "veth", *end)
        if link(interface).get("master") != BRIDGE:
            self.act("ip", "link", "set", interface, "master", BRIDGE, "up")
        self.address("127.0.0.1/8", "lo", *inside)
        self.address(f"{machine['address']}/{network.prefixlen}", "eth0", *inside)
        has_way_out = bool(ip(*inside, "-4", "route", "show", "default"))
        if machine["isolated"] and has_way_out:
            self.act("ip", *inside, "route", "del", "default")
        elif not (machine["isolated"] or has_way_out):
            self.act("ip", *inside, "route", "add", "default", "via", str(network[1]))

    def sign(self, owner: Owner) -> None:
        self.act("ip", "link", "set", BRIDGE, "alias", owner.alias())

    # --- firewalls

    def let_through(self, interface: str, comment: str) -> None:
        """Past other firewalls on this computer, by rules that are known by their comment."""
        for family, table, chain in blocking_chains(comment):
            for direction in ("iifname", "oifname"):
                rule = f"{direction} {interface} accept comment {comment}"
                self.act("nft", "-f", "-", stdin=f"insert rule {family} {table} {chain} {rule}\n")

    def let_through_no_more(self, comment: str) -> None:
        for family, table, chain, handle in rules_with(comment):
            self.act("nft", "delete", "rule", family, table, chain, "handle", str(handle))

    # --- forwarding

    def lend(self) -> None:
        """Make forward what must, and remember first which interfaces have to be put back."""
        lent = sorted(ways_out() - forwarding())
        before = owner()
        if lent and before:
            self.sign(dataclasses.replace(before, lent=tuple(sorted({*before.lent, *lent}))))
        for interface in [*({BRIDGE} - forwarding()), *lent]:
            self.forward(interface, on=True)

    def give_back(self, lent: tuple[str, ...]) -> None:
        """Somebody who needs forwarding has turned it on, for all interfaces or for theirs."""
        still = forwarding()
        others = sorted(still - {BRIDGE, *lent})
        left = sorted(still & set(lent))
        if left and others:
            self.kept = (
                f"Still forwarding packets, as while the lab was up: {', '.join(left)}. "
                f"Other interfaces forward, too, so somebody else may need it: {', '.join(others)}."
            )
            return
        for interface in left:
            self.forward(interface, on=False)

    def forward(self, interface: str, *, on: bool) -> None:
        (CONF / interface / "forwarding").write_text(f"{int(on)}\n")
        self.done.append(f"net.ipv4.conf.{interface}.forwarding={int(on)}")

    # --- absent

    def absent(self) -> None:
        before = owner()
        self.let_through_no_more(COMMENT)
        if run("nft", "list", "table", "ip", TABLE, check=False).returncode == 0:
            self.act("nft", "delete", "table", "ip", TABLE)
        self.remove_machines(keep=set())
        ours = before and not before.netns_mounted and mount_points(str(NETNS)) == [str(NETNS)]
        if ours and not any(NETNS.iterdir()):
            self.act("umount", str(NETNS))
            NETNS.rmdir()
        if before:
            self.give_back(before.lent)
        if link(BRIDGE):
            self.act("ip", "link", "del", BRIDGE)

    def remove_machines(self, keep: set[str]) -> None:
        names = [entry.name for entry in NETNS.iterdir()] if NETNS.is_dir() else []
        for name in sorted(names):
            if name.startswith(PREFIX) and name not in keep:
                self.act("ip", "netns", "del", name)
        for entry in ip("link", "show"):
            name = entry["ifname"]
            # most have gone with their namespaces; one that something keeps alive has not
            if name.startswith(PREFIX) and name not in keep and link(name):
                self.done.append(f"ip link del {name}")
                run("ip", "link", "del", name, check=False)


def forwarding() -> set[str]:
    """The interfaces whose packets are forwarded; `all` and `default` if ip_forward is on."""
    folders = [path.parent for path in CONF.glob("*/forwarding")]
    return {f.name for f in folders if (f / "forwarding").read_text(errors="replace") == "1\n"}


def ways_out() -> set[str]:
    """Interfaces that lead further than to the network they are in: answers come in by them."""
    found = set()
    for route in ip("-4", "route", "show", "table", "all"):
        if route.get("type", "unicast") == "unicast" and route.get("protocol") != "kernel":
            found |= {hop.get("dev") for hop in [route, *route.get("nexthops", [])]}
    return found - {None, "lo", BRIDGE}


def rules(network: ipaddress.IPv4Network) -> tuple[str, str]:
    """The way out for the machines, and none to them: only this computer reaches their sshd.

    No packet is touched that neither comes from the machines nor goes to them. A mark by which the
    table is known, and the table, which is made anew in one step.
    """
    chains = (
        f"chain postrouting {{ type nat hook postrouting priority srcnat;"
        f" ip saddr {network} ip daddr != {network} masquerade; }};"
        f" chain forward {{ type filter hook forward priority filter;"
        f" iifname != {BRIDGE} oifname {BRIDGE} ct state != {{ established, related }} drop; }};"
    )
    mark = hashlib.sha256(chains.encode()).hexdigest()[:8]
    new = f'table ip {TABLE} {{ comment "{mark}"; {chains} }}\n'
    return mark, f"table ip {TABLE};\ndelete table ip {TABLE};\n{new}"


def ruleset() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("nft", "-j", "list", "ruleset").stdout)["nftables"]
    return found


def rules_with(comment: str) -> list[tuple[str, str, str, int]]:
    rules = [entry["rule"] for entry in ruleset() if "rule" in entry]
    return [
        (r["family"], r["table"], r["chain"], r["handle"])
        for r in rules
        if r.get("comment") == comment
    ]


def blocking_chains(comment: str) -> list[tuple[str, str, str]]:
    """Chains on the forward hook that may drop the lab's packets and have no rule of ours yet.

    comment: by which our rules are known.

    An accept in one chain does not overrule a drop in another: each of them needs the rules.
    """
    listed = ruleset()
    passed = {rule[:3] for rule in rules_with(comment)}
    found = []
    for chain in (entry["chain"] for entry in listed if "chain" in entry):
        name = (chain["family"], chain["table"], chain["name"])
        if (
            chain.get("hook") != "forward"
            or chain["table"] == TABLE
            or chain["family"] not in ("ip", "inet")
            or name in passed
        ):
            continue
        rules = [r["rule"] for r in listed if "rule" in r]
        ours = [r for r in rules if (r["family"], r["table"], r["chain"]) == name]
        verdicts = {key for r in ours for statement in r["expr"] for key in statement}
        if chain.get("policy") == "drop" or verdicts & {"drop", "reject", "jump", "goto"}:
            found.append(name)
    return found


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "folder": {"type": "path", "required": True},
            "network": {"type": "str"},
            "machines": {"type": "list", "elements": "dict"},
        },
        required_if=[("state", "present", ("network", "machines"))],
    )
    network = Network(os.path.realpath(module.params["folder"]))
    try:
        if foreign(network.folder):
            pass  # another checkout's: not ours to touch (lab_plan has refused where it matters)
        elif module.params["state"] == "present":
            network.present(
                ipaddress.IPv4Network(module.params["network"]), module.params["machines"]
            )
        else:
            network.absent()
    except LabError as error:
        module.fail_json(msg=str(error), done=network.done)
    module.exit_json(changed=bool(network.done), done=network.done, kept=network.kept)


if __name__ == "__main__":
    main()

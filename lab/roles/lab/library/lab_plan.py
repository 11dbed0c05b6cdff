#!/usr/bin/python
"""What the lab will be on this controller; refuses before anything is touched."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lab_plan
short_description: Plan the lab's machines on this controller
description:
  - Reads the controller (programs, kernel, other labs, CPUs, resolver, package mirror) and shares
    its CPUs out among the machines. Changes nothing. Fails with one sentence where the lab
    cannot be brought up.
options:
  folder: {description: The lab's folder., type: path, required: true}
  network: {description: The lab's network., type: str, required: true}
  servers: {description: Addresses of the server machines by name., type: dict, required: true}
  generators: {description: Addresses of the generators by name., type: dict, required: true}
  cpus:
    description: CPU lists (as taskset reads them) of machines that are not to get the usual share.
    type: dict
    default: {}
  isolated:
    description: Machines that have no way out of the lab.
    type: list
    elements: str
    default: []
  image: {description: The name of the machines' image., type: str, required: true}
"""

EXAMPLES = r"""
- name: Plan the lab
  lab_plan:
    folder: /home/me/project/.lab
    network: 198.18.0.0/24
    servers: {lab-server: 198.18.0.11}
    generators: {lab-loadgen: 198.18.0.21}
    image: trixie-amd64-0123abcd
"""

RETURN = r"""
machines:
  description: The machines, servers first.
  returned: success
  type: list
  elements: dict
  sample: [{name: lab-server, address: 198.18.0.11, cpus: 0-1, interface: apb-11,
            netns: apb-lab-server, isolated: false,
            root: /home/me/project/.lab/machines/lab-server.trixie-0123abcd}]
held:
  description:
    - By name, the leases (files/host/lease.py) of machines that run and would be stopped.
  returned: success
  type: dict
has_image:
  description: Whether the image is there.
  returned: success
  type: bool
gateway:
  description: The controller's address in the lab.
  returned: success
  type: str
resolv_conf:
  description: A resolver file that works inside the machines.
  returned: success
  type: str
mirror:
  description: The Debian mirror that the controller uses; empty if none.
  returned: success
  type: str
apt_proxy:
  description: The proxy that apt uses on the controller; empty if none.
  returned: success
  type: str
"""

import ipaddress
import os
import pathlib
import re
import shutil
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.host.lease import Held, held_in
from ansible.module_utils.lab import (
    BRIDGE,
    ENVIRONMENT,
    NETNS,
    PREFIX,
    LabError,
    children_of,
    cores,
    cpu_list,
    foreign,
    ip,
    processes,
    run,
    share_cpus,
)

PACKAGES = {
    "ip": "iproute2",
    "mmdebstrap": "mmdebstrap",
    "nft": "nftables",
    "ssh-keygen": "openssh-client",
    "systemd-nspawn": "systemd-container",
    "tar": "tar",
    "unshare": "util-linux",
}
NFT_TRIAL = "table ip trial { chain c { type nat hook postrouting priority 100; masquerade; }; }"
KERNEL = {
    "mount, pid, ipc and uts namespaces": "unshare --mount --pid --ipc --uts --fork true",
    "mounting in a mount namespace": "unshare --mount --pid --fork --mount-proc true",
    "network namespaces": "unshare --net true",
    "network bridges": "unshare --net ip link add trial type bridge",
    "veth pairs": "unshare --net ip link add trial type veth peer name trial2",
    "nftables with NAT": f"unshare --net nft {NFT_TRIAL!r}",
}
RESOLVERS = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"]


def check_programs() -> None:
    missing = {p for p in PACKAGES if shutil.which(p, path=ENVIRONMENT["PATH"]) is None}
    if missing:
        packages = " ".join(sorted({PACKAGES[p] for p in missing}))
        programs = ", ".join(sorted(missing))
        raise LabError(f"The lab needs {programs} on this machine: apt-get install {packages}")


def check_kernel() -> None:
    """Try, in namespaces that end at once, what the lab is made of."""
    for what, command in KERNEL.items():
        done = run("sh", "-c", command, check=False)
        if done.returncode != 0:
            said = (done.stderr.strip() or "it said nothing").splitlines()[0]
            raise LabError(f"The lab needs {what}, which this machine does not allow: {said}")
    cgroup2 = any(
        line.split()[2] == "cgroup2"
        for line in pathlib.Path("/proc/mounts").read_text(errors="replace").splitlines()
    )
    if not cgroup2:
        raise LabError("The lab needs cgroup v2, which is not mounted on this machine.")


def check_range(network: ipaddress.IPv4Network) -> None:
    """The range must not be somebody else's; wide routes (a VPN's halves) do not matter."""
    for route in ip("-4", "route", "show", "table", "all"):
        if route.get("dst") in (None, "default") or route.get("dev") == BRIDGE:
            continue
        there = ipaddress.ip_network(route["dst"], strict=False)
        if there.prefixlen >= 8 and there.overlaps(network):
            raise LabError(
                f"The lab's network {network} is in use on this machine: {there} is on "
                f"{route.get('dev', 'another table')}. Set lab_network and the inventory's "
                "addresses to a free one."
            )


def check_addresses(addresses: dict[str, str], network: ipaddress.IPv4Network) -> None:
    gateway = network[1]
    seen: dict[object, str] = {}
    for name, text in addresses.items():
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?", name):
            raise LabError(f"{name!r} cannot be a machine of the lab: a-z, 0-9 and - only.")
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            raise LabError(f"{name}: ansible_host {text!r} is not an IP address.") from None
        if address not in network or address in (network[0], gateway, network[-1]):
            raise LabError(
                f"{name}: {address} is not a free address of the lab's network {network} "
                f"({gateway} is the controller's). Is this a lab's inventory?"
            )
        if address in seen:
            raise LabError(f"{name} and {seen[address]} have the same address {address}.")
        seen[address] = name


def resolver() -> str:
    """The controller's resolver file without servers that only the controller can reach."""
    for path in RESOLVERS:
        try:
            lines = pathlib.Path(path).read_text(errors="replace").splitlines()
        except OSError:
            continue
        kept = [line for line in lines if re.match(r"(nameserver|search|domain|options)\s", line)]
        kept = [line for line in kept if not re.match(r"nameserver\s+(127\.|::1|fe80:)", line)]
        if any(line.startswith("nameserver") for line in kept):
            return "\n".join(kept) + "\n"
    raise LabError(
        "The lab's machines cannot resolve names: the controller's /etc/resolv.conf names only "
        "servers on its own loopback, and systemd-resolved is not there to say what is behind them."
    )


def mirror() -> str:
    listed = run("apt-get", "indextargets", "--format", "$(REPO_URI)", check=False).stdout
    return next((u for u in listed.split() if re.fullmatch(r"https?://\S+/debian/?", u)), "")


def apt_proxy() -> str:
    said: str = run("apt-config", "shell", "P", "Acquire::http::Proxy", check=False).stdout
    return said.partition("=")[2].strip().strip("'")


def leases_of_stopped(folder: str, machines: list[dict[str, Any]]) -> dict[str, Held]:
    """By name, the leases of machines that run now and are to be stopped, or started otherwise."""
    wanted = {
        machine["root"]: {
            f"--cpu-affinity={machine['cpus']}",
            f"--network-namespace-path={NETNS}/{machine['netns']}",
        }
        for machine in machines
    }
    found = {}
    for process in processes(folder):
        if process.root in wanted and wanted[process.root] <= set(process.argv):
            continue
        for first in children_of(process.pid):
            lease = held_in(pathlib.Path(f"/proc/{first}/root"))
            if lease:
                found[pathlib.Path(process.root).name.partition(".")[0]] = lease
    return found


def plan(p: dict[str, Any]) -> dict[str, object]:
    folder = os.path.realpath(str(p["folder"]))
    network = ipaddress.IPv4Network(str(p["network"]))
    addresses = p["servers"] | p["generators"]
    if not p["servers"] or not p["generators"]:
        raise LabError("The inventory needs at least one host in `servers` and one in `loadgens`.")
    if set(p["servers"]) & set(p["generators"]):
        both = ", ".join(sorted(set(p["servers"]) & set(p["generators"])))
        raise LabError(f"{both}: a machine is a server or a load generator, not both.")
    check_addresses(addresses, network)
    check_programs()
    other = foreign(folder)
    if other:
        raise LabError(
            f"Another lab is up on this machine, of {other}, and has the same network. "
            "Take it down there with lab/down.yml first."
        )
    check_range(network)
    check_kernel()
    allowed = sorted(os.sched_getaffinity(0))
    shares = share_cpus(cores(allowed), list(p["servers"]), list(p["generators"]))
    cpus = {name: cpu_list(share) for name, share in shares.items()} | p["cpus"]
    machines = [
        {
            "name": name,
            "address": address,
            "cpus": str(cpus[name]),
            "interface": f"{PREFIX}{int(ipaddress.ip_address(address)) - int(network[0])}",
            "netns": PREFIX + name,
            "isolated": name in p["isolated"],
            "root": f"{folder}/machines/{name}.{p['image']}",
        }
        for name, address in addresses.items()
    ]
    return {
        "machines": machines,
        "held": leases_of_stopped(f"{folder}/machines", machines),
        "has_image": pathlib.Path(folder, "image", f"{p['image']}.tar").exists(),
        "gateway": str(network[1]),
        "resolv_conf": resolver(),
        "mirror": mirror(),
        "apt_proxy": apt_proxy(),
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "folder": {"type": "path", "required": True},
            "network": {"type": "str", "required": True},
            "servers": {"type": "dict", "required": True},
            "generators": {"type": "dict", "required": True},
            "cpus": {"type": "dict", "default": {}},
            "isolated": {"type": "list", "elements": "str", "default": []},
            "image": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    try:
        answer = plan(module.params)
    except LabError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **answer)


if __name__ == "__main__":
    main()

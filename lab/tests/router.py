"""A computer between two networks with a lab on it, in namespaces of a test's own.

It forwards nothing before, and only the network `far` leads out. For programs that run by
tests/namespace.py, with a network namespace and /run of their own.
"""

from __future__ import annotations

import ipaddress
import subprocess
import sys
from pathlib import Path

from lab.tests.test_modules import lab_network

CONF = Path("/proc/sys/net/ipv4/conf")
IP_FORWARD = Path("/proc/sys/net/ipv4/ip_forward")
FAR = "10.2.0.2"
LISTEN = """
import socket
with socket.create_server(("", 9000)) as server:
    print("ready", flush=True)
    server.accept()
"""
CONNECT = f"import socket; socket.create_connection(({FAR!r}, 9000), 1)"


def ip(command: str) -> None:
    subprocess.run(["ip", *command.split()], check=True)


def nft(text: str) -> None:
    subprocess.run(["nft", "-f", "-"], input=text, text=True, check=True)


def python(namespace: str, program: str) -> list[str]:
    return ["ip", "netns", "exec", namespace, sys.executable, "-c", program]


def neighbour(name: str, network: str) -> None:
    """Another computer, in a network namespace, whose way to everywhere is this one."""
    for command in (
        f"netns add {name}",
        f"link add {name}0 type veth peer name eth0 netns {name}",
        f"address add {network}.1/24 dev {name}0",
        f"link set {name}0 up",
        f"-n {name} address add {network}.2/24 dev eth0",
        f"-n {name} link set eth0 up",
        f"-n {name} link set lo up",
        f"-n {name} route add default via {network}.1",
    ):
        ip(command)


def computer() -> None:
    ip("link set lo up")
    IP_FORWARD.write_text("0\n")
    neighbour("near", "10.1.0")
    neighbour("far", "10.2.0")
    ip(f"route add default via {FAR}")


def up() -> list[str]:
    """Make the network of a lab with one machine, `apb-m`; what was done for it."""
    machine = {"name": "m", "address": "198.18.0.11", "netns": "apb-m", "interface": "apb-11"}
    lab = lab_network.Network("/of/the/test/.lab")
    lab.present(ipaddress.IPv4Network("198.18.0.0/24"), [machine | {"isolated": False}])
    done: list[str] = lab.done
    return done


def down() -> str:
    """Remove it. Returns the sentence about what was not put back."""
    lab = lab_network.Network("/of/the/test/.lab")
    lab.absent()
    kept: str = lab.kept
    return kept


def reached(*names: str) -> list[str]:
    """Those of some namespaces from which a connection to the far network can be made."""
    return [name for name in names if reaches(name)]


def reaches(name: str) -> bool:
    with subprocess.Popen(python("far", LISTEN), stdout=subprocess.PIPE) as server:
        assert server.stdout
        server.stdout.readline()
        connect = python(name, CONNECT)
        there = subprocess.run(connect, stderr=subprocess.DEVNULL, check=False).returncode == 0
        server.kill()
    return there


def forwarding() -> dict[str, str]:
    return {path.parent.name: path.read_text() for path in CONF.glob("*/forwarding")}

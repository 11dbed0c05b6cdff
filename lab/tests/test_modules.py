"""How the lab shares CPUs out, what it refuses, and which firewalls it has to pass."""

from __future__ import annotations

import importlib
import ipaddress
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from filter.lease_problems import lease_problems
from host import lease

from lab.roles.lab.module_utils import lab
from tests.namespace import in_namespace

# where Ansible makes the modules find it
sys.modules.setdefault("ansible.module_utils.lab", lab)
lab_plan = importlib.import_module("lab.roles.lab.library.lab_plan")
lab_network = importlib.import_module("lab.roles.lab.library.lab_network")
lab_machines = importlib.import_module("lab.roles.lab.library.lab_machines")

NETWORK = ipaddress.IPv4Network("198.18.0.0/24")


@pytest.mark.parametrize(
    ("units", "server", "generator"),
    [
        ([[0]], "0", "0"),
        ([[0], [1]], "0", "1"),
        ([[0, 1]], "0", "1"),  # one core of two threads: no other way
        ([[0], [1], [2]], "0", "1-2"),
        ([[0], [1], [2], [3]], "0-1", "2-3"),
        ([[0, 2], [1, 3]], "0,2", "1,3"),  # threads of a core stay together
        ([[4], [6], [7], [9]], "4,6", "7,9"),  # what taskset allows, and no other
    ],
)
def test_cpus_of_one_server_and_one_generator(
    units: list[list[int]], server: str, generator: str
) -> None:
    shares = lab.share_cpus(units, ["s"], ["g"])
    assert {name: lab.cpu_list(cpus) for name, cpus in shares.items()} == {
        "s": server,
        "g": generator,
    }


def test_cpus_of_more_machines() -> None:
    units = [[cpu] for cpu in range(8)]
    assert lab.share_cpus(units, ["s"], ["a", "b", "c"]) == {
        "s": [0, 1, 2, 3],
        "a": [4],
        "b": [5],
        "c": [6, 7],
    }
    assert lab.share_cpus([[0], [1]], ["s", "t"], ["a", "b"]) == {
        "s": [0],
        "t": [0],
        "a": [1],
        "b": [1],
    }


def test_cores_are_read_where_the_kernel_tells_them(tmp_path: Path) -> None:
    for cpu, core in enumerate([0, 1, 0, 1]):
        about = tmp_path / f"cpu{cpu}" / "topology"
        about.mkdir(parents=True)
        (about / "physical_package_id").write_text("0\n")
        (about / "core_id").write_text(f"{core}\n")
    assert lab.cores([0, 1, 2, 3], str(tmp_path)) == [[0, 2], [1, 3]]
    assert lab.cores([0, 1], str(tmp_path / "nothing")) == [[0], [1]]


def test_the_owner_is_known_by_the_bridge(monkeypatch: pytest.MonkeyPatch) -> None:
    links: list[dict[str, Any]] = []
    monkeypatch.setattr(lab, "ip", lambda *_: links)
    assert lab.foreign("/here/.lab") is None
    links.append({"ifname": "apb0"})  # made, and interrupted before it was signed
    assert lab.foreign("/here/.lab") is None
    ours = lab.Owner("/a folder/.lab", ("eth0", "wg0"), netns_mounted=True)
    links[0]["ifalias"] = ours.alias()
    assert lab.foreign("/here/.lab") == "/a folder/.lab"
    assert lab.foreign("/a folder/.lab") is None
    assert lab.owner() == ours
    links[0]["ifalias"] = "ip_forward=0 netns=1 /a folder/.lab"  # of an earlier version
    assert lab.owner() == lab.Owner("/a folder/.lab", ("all",), netns_mounted=True)


@pytest.mark.parametrize(
    ("addresses", "sentence"),
    [
        ({"a": "10.0.0.1"}, "not a free address of the lab's network"),
        ({"a": "198.18.0.1"}, "is the controller's"),
        ({"a": "198.18.0.255"}, "not a free address"),
        ({"a": "host.example"}, "is not an IP address"),
        ({"a": "198.18.0.2", "b": "198.18.0.2"}, "have the same address"),
        ({"Ä": "198.18.0.2"}, "cannot be a machine of the lab"),
    ],
)
def test_addresses_that_will_not_do(addresses: dict[str, str], sentence: str) -> None:
    with pytest.raises(lab.LabError, match=sentence):
        lab_plan.check_addresses(addresses, NETWORK)


def test_a_range_that_is_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    routes = [
        {"dst": "default", "dev": "eth0"},
        {"dst": "128.0.0.0/1", "dev": "vpn0"},
        {"dst": "198.18.0.0/24", "dev": "apb0"},
        {"dst": "192.0.2.0/24", "dev": "eth0"},
    ]
    monkeypatch.setattr(lab_plan, "ip", lambda *_: routes)
    lab_plan.check_range(NETWORK)
    routes.append({"dst": "198.18.0.0/15", "dev": "tun0"})
    with pytest.raises(lab.LabError, match=r"198.18.0.0/15 is on tun0"):
        lab_plan.check_range(NETWORK)


def test_the_resolver_that_machines_can_reach(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stub, real = tmp_path / "stub", tmp_path / "real"
    monkeypatch.setattr(lab_plan, "RESOLVERS", [str(stub), str(real)])
    stub.write_text("# a stub\nnameserver 127.0.0.53\noptions edns0\nsearch example\n")
    with pytest.raises(lab.LabError, match="cannot resolve names"):
        lab_plan.resolver()
    real.write_text("nameserver 192.0.2.53\nsearch example\n")
    assert lab_plan.resolver() == "nameserver 192.0.2.53\nsearch example\n"
    stub.write_text("nameserver 127.0.0.1\nnameserver 192.0.2.1\n")
    assert lab_plan.resolver() == "nameserver 192.0.2.1\n"


def test_missing_programs_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        lab_plan.shutil, "which", lambda p, **_: None if p in ("nft", "mmdebstrap") else p
    )
    with pytest.raises(lab.LabError, match=r"mmdebstrap, nft .* apt-get install mmdebstrap nft"):
        lab_plan.check_programs()


def test_what_the_kernel_forbids_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*argv: str, **_: Any) -> SimpleNamespace:
        refused = "bridge" in argv[-1]
        return SimpleNamespace(returncode=int(refused), stderr="RTNETLINK answers: no\n" * refused)

    monkeypatch.setattr(lab_plan, "run", run)
    with pytest.raises(lab.LabError, match=r"needs network bridges, .* does not allow: RTNETLINK"):
        lab_plan.check_kernel()


def chain(family: str, table: str, hook: str, policy: str) -> dict[str, Any]:
    return {
        "chain": {"family": family, "table": table, "name": "c", "hook": hook, "policy": policy}
    }


def rule(family: str, table: str, expr: list[Any], comment: str = "") -> dict[str, Any]:
    place = {"family": family, "table": table, "chain": "c", "handle": 7}
    return {"rule": {**place, "expr": expr, **({"comment": comment} if comment else {})}}


def test_firewalls_that_the_bridge_must_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = [
        {"metainfo": {"version": "1"}},
        chain("ip", "docker", "forward", "drop"),
        chain("ip", lab.TABLE, "forward", "drop"),
        chain("inet", "firewalld", "forward", "accept"),
        rule("inet", "firewalld", [{"reject": {"type": "icmpx"}}]),
        chain("inet", "counts", "forward", "accept"),
        rule("inet", "counts", [{"counter": {"packets": 1}}, {"accept": None}]),
        chain("inet", "input", "input", "drop"),
        chain("ip6", "six", "forward", "drop"),
        chain("inet", "passed", "forward", "drop"),
        rule("inet", "passed", [{"accept": None}], "apb-lab"),
        {"chain": {"family": "ip", "table": "docker", "name": "DOCKER"}},
    ]
    said = json.dumps({"nftables": listed})
    monkeypatch.setattr(lab_network, "run", lambda *_: SimpleNamespace(stdout=said))
    assert lab_network.blocking_chains("apb-lab") == [
        ("ip", "docker", "c"),
        ("inet", "firewalld", "c"),
    ]
    assert lab_network.rules_with("apb-lab") == [("inet", "passed", "c", 7)]


def on_a_router(program: str) -> list[str]:
    """The lines that a program prints on the computer of lab/tests/router.py."""
    first = "from lab.tests.router import *\ncomputer()\n"
    return in_namespace(Path("/run"), "size=1m", first + program, "--net").splitlines()


def test_the_lab_has_a_way_out_and_makes_no_router_of_this_computer() -> None:
    program = """
before = forwarding()
assert up()
print(reached("near", "apb-m"), IP_FORWARD.read_text().strip(), up())
print(repr(down()), forwarding() == before)
"""
    assert on_a_router(program) == ["['apb-m'] 0 []", "'' True"]


def test_what_another_program_forwards_is_its_own_business() -> None:
    """As docker, libvirt and VPNs do, it turns ip_forward on while the lab is up."""
    program = """
up()
IP_FORWARD.write_text("1")
print(reached("near", "apb-m"))
print(down())
print(reached("near"), IP_FORWARD.read_text().strip())
"""
    while_up, kept, after = on_a_router(program)
    assert (while_up, after) == ("['near', 'apb-m']", "['near'] 1")
    assert kept == (
        "Still forwarding packets, as while the lab was up: far0. Other interfaces forward, too, "
        "so somebody else may need it: all, default, lo, near0."
    )


def test_a_table_of_an_earlier_version_is_replaced() -> None:
    program = """
nft("table ip apb_lab { chain forward { type filter hook forward priority filter;"
    " iifname != apb0 oifname != apb0 drop; }; }")
IP_FORWARD.write_text("1")
print(reached("near"))
up()
print(reached("near", "apb-m"))
"""
    assert on_a_router(program) == ["[]", "['near', 'apb-m']"]


def test_a_link_in_a_root_does_not_lead_out_of_it(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    (root / "etc").mkdir(parents=True)
    outside.write_text("the controller's")
    (root / "etc" / "resolv.conf").symlink_to(outside)
    (root / "out").symlink_to(tmp_path)
    machines = lab_machines.Machines(str(tmp_path), "", 1)
    machines.write(root, {"path": "/etc/resolv.conf", "content": "new\n"})
    assert outside.read_text() == "the controller's"
    assert (root / "etc" / "resolv.conf").read_text() == "new\n"
    with pytest.raises(lab.LabError, match="leads out of the machine"):
        machines.write(root, {"path": "/out/outside", "content": "new\n"})
    machines.done.clear()
    machines.write(root, {"path": "/etc/resolv.conf", "content": "new\n"})
    assert machines.done == []


def test_a_process_is_known_by_its_root() -> None:
    assert lab.processes("/nowhere/.lab/machines") == []


def test_a_machine_that_a_run_measures_on_is_not_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it would be is planned, and said; one that stays as it is matters to nobody."""
    machines = [
        {"name": name, "root": f"/lab/machines/{name}.x", "cpus": "0", "netns": f"apb-{name}"}
        for name in ("stays", "pinned", "free")
    ]
    running = [*machines, {"name": "gone", "root": "/lab/machines/gone.x", "netns": "apb-gone"}]
    found = [
        lab.Process(
            number,
            [
                "systemd-nspawn",
                f"--cpu-affinity={'1' if one['name'] == 'pinned' else '0'}",
                f"--network-namespace-path={lab.NETNS}/{one['netns']}",
            ],
            str(one["root"]),
        )
        for number, one in enumerate(running)
    ]
    held = {"run": "r", "owner": "laptop b p c 1 2", "token": "t", "since": 0.0, "left": 60.0}
    monkeypatch.setattr(lab_plan, "processes", lambda _: found)
    monkeypatch.setattr(lab_plan, "children_of", lambda pid: [pid + 100])
    monkeypatch.setattr(
        lab_plan, "held_in", lambda root: None if root.parts[2] == "102" else dict(held)
    )
    leases = lab_plan.leases_of_stopped(str(tmp_path), machines)
    assert sorted(leases) == ["gone", "pinned"]
    (first, _) = lease_problems(leases)
    assert first.startswith("pinned is held by the run r since 00:00 UTC, made on laptop; wait")


def test_the_lease_of_a_machine_is_read_from_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opt, proc = tmp_path / "opt/pipeline-bench", tmp_path / "proc"
    for folder in (opt, proc / "1", proc / "sys/kernel/random"):
        folder.mkdir(parents=True)
    (proc / "sys/kernel/random/boot_id").write_text("of the machine\n")
    (proc / "1/stat").write_text(f"1 (systemd) S {'0 ' * 18}0 0")
    assert lease.held_in(tmp_path) is None
    kept_at = lease.boot_s() - 10
    kept = {
        "run": "r", "owner": "o", "token": "t", "since": 0.0, "boot": "of the machine",
        "kept_at": kept_at, "seconds": 60.0,
    }  # fmt: skip
    (opt / "lease.json").write_text(json.dumps(kept))
    held = lease.held_in(tmp_path)
    assert held
    assert held["left"] == pytest.approx(50, abs=5)
    monkeypatch.setattr(lease, "boot_s", lambda: kept_at + 61)
    assert lease.held_in(tmp_path) is None

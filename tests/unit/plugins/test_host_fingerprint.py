"""A host is described from what it says, and what it does not say is null."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from modules import host_fingerprint as fingerprint

LSCPU = """\
Architecture:             x86_64
CPU(s):                   8
  On-line CPU(s) list:    0-7
Model name:               AMD EPYC 7763 64-Core Processor
Thread(s) per core:       2
Core(s) per socket:       4
Socket(s):                1
CPU max MHz:              3529.0520
NUMA node(s):             1
NUMA node0 CPU(s):        0-7
"""
LSCPU_ARM = """\
Architecture:             aarch64
CPU(s):                   2
Model name:               Neoverse-N1
Thread(s) per core:       1
Core(s) per socket:       2
Socket(s):                1
"""
ETHTOOL = """\
Features for eth0:
rx-checksumming: on [fixed]
tx-checksumming: on
\ttx-checksum-ipv4: off [fixed]
tcp-segmentation-offload: off
generic-receive-offload: on
"""


def test_shape_of_the_cpus() -> None:
    assert fingerprint.parse_lscpu(LSCPU) == {
        "model": "AMD EPYC 7763 64-Core Processor",
        "sockets": 1,
        "cores": 4,
        "threads": 8,
        "threads_per_core": 2,
        "numa_nodes": 1,
        "max_mhz": 3529.052,
    }


def test_what_lscpu_does_not_say_is_null() -> None:
    arm = fingerprint.parse_lscpu(LSCPU_ARM)
    assert (arm["model"], arm["cores"], arm["max_mhz"]) == ("Neoverse-N1", 2, None)
    assert set(fingerprint.parse_lscpu("").values()) == {None}


def test_memory_in_bytes() -> None:
    assert fingerprint.parse_meminfo("MemTotal:       2048 kB\nMemFree: 1 kB\n") == 2_097_152
    assert fingerprint.parse_meminfo("") is None


def test_the_command_line_keeps_what_changes_speed_and_no_secret() -> None:
    text = "BOOT_IMAGE=/vmlinuz root=UUID=1 quiet mitigations=off isolcpus=2,3 token=s3cret nosmt"
    assert fingerprint.parse_cmdline(text) == ["mitigations=off", "isolcpus=2,3", "nosmt"]


def test_offloads() -> None:
    assert fingerprint.parse_offloads(ETHTOOL) == {
        "tcp-segmentation-offload": False,
        "generic-receive-offload": True,
        "rx-checksumming": True,
        "tx-checksumming": True,
    }


@pytest.mark.parametrize(("text", "cpus"), [("0-2,5", [0, 1, 2, 5]), ("0", [0]), ("", [])])
def test_lists_of_cpus(text: str, cpus: list[int]) -> None:
    assert fingerprint.cpu_list(text) == cpus


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        ("intel_pstate/no_turbo", "0", True),
        ("intel_pstate/no_turbo", "1", False),
        ("cpufreq/boost", "1", True),
        ("cpufreq/other", "1", None),
    ],
)
def test_boost(tmp_path: Path, file: str, content: str, expected: bool | None) -> None:
    (tmp_path / file).parent.mkdir()
    (tmp_path / file).write_text(content + "\n")
    assert fingerprint.boost(tmp_path) is expected


def test_versions_of_frameworks_even_where_one_is_broken(tmp_path: Path) -> None:
    for name, text in {"good": '{"runtime": "go1.27"}', "torn": '{"runt'}.items():
        (tmp_path / "frameworks" / name).mkdir(parents=True)
        (tmp_path / "frameworks" / name / "versions.json").write_text(text)
    assert fingerprint.describe_frameworks(tmp_path) == {
        "good": {"runtime": "go1.27"},
        "torn": None,
    }


def test_this_machine_can_be_described(tmp_path: Path) -> None:
    described = fingerprint.describe(None, tmp_path)
    assert json.loads(json.dumps(described)) == described
    assert described["memory_bytes"] > 0
    assert described["cpu"]["allowed"]
    assert described["frameworks"] == {}


def test_an_interface_is_what_the_kernel_says_and_not_a_namesake(tmp_path: Path) -> None:
    """In a container, /sys may show the host's eth0."""
    (tmp_path / "speed").write_text("10000\n")
    (tmp_path / "device").mkdir()
    (tmp_path / "device" / "driver").symlink_to(tmp_path)
    link = {"ifname": "eth0", "mtu": 1500, "num_rx_queues": 4}
    own = fingerprint.describe_link(link | {"linkinfo": {"info_kind": "veth"}}, tmp_path)
    assert (own["driver"], own["virtual"], own["speed_mbit"]) == ("veth", True, None)
    card = fingerprint.describe_link(link, tmp_path)
    assert (card["driver"], card["virtual"], card["speed_mbit"]) == (tmp_path.name, False, 10000)
    assert (card["mtu"], card["queues"]) == (1500, 4)

"""Interrupts and servers on CPUs of their own: on a tree like the kernel's, and in a run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from host import pinning
from host.transient import TransientError

ALLOWED = {0, 1, 2, 3}


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host with 4 CPUs: eth0 has two interrupts, and a third by its name; lo has none."""
    root = tmp_path / "root"
    values = {
        "proc/irq/30/smp_affinity_list": "0-3",
        "proc/irq/31/smp_affinity_list": "2",
        "proc/irq/32/smp_affinity_list": "0",
        "proc/irq/40/smp_affinity_list": "0-3",
        "proc/irq/41/smp_affinity_list": "0-3",
        "sys/class/net/eth0/queues/rx-0/rps_cpus": "00000000,0000000f",
        "sys/class/net/eth0/queues/rx-1/rps_cpus": "00",
        "sys/class/net/veth0/queues/rx-0/rps_cpus": "0",
    }
    for path, value in values.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(value + "\n")
    for number in ("30", "31"):
        (root / "sys/class/net/eth0/device/msi_irqs" / number).mkdir(parents=True)
    (root / "proc/interrupts").write_text(
        "           CPU0       CPU1\n"
        " 32:         10          0   PCI-MSI 524290-edge      eth0-tx-1\n"
        " 40:          1          0   PCI-MSI 524291-edge      eth01\n"
        " 41:          1          0   PCI-MSI 524292-edge      veth0\n"
        "NMI:          0          0   Non-maskable interrupts\n"
    )
    monkeypatch.setattr(pinning, "KEPT", tmp_path / "pinning.json")
    monkeypatch.setattr(pinning, "DROP_IN", tmp_path / "unit.d" / "pinning.conf")
    monkeypatch.setattr(pinning, "find_interface", lambda address: address or None)
    monkeypatch.setattr(pinning, "reload_systemd", lambda: None)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: ALLOWED)
    return root


def tree(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_interrupts_and_servers_have_cpus_of_their_own(kernel: Path) -> None:
    pinned = pinning.pin("eth0", 1, kernel)
    assert (pinned["interrupt_cpus"], pinned["server_cpus"]) == ([0], [1, 2, 3])
    assert {one["path"]: (one["before"], one["after"]) for one in pinned["settings"]} == {
        "/proc/irq/30/smp_affinity_list": ("0-3", "0"),
        "/proc/irq/31/smp_affinity_list": ("2", "0"),
        # receive packet steering would take packets from that CPU
        "/sys/class/net/eth0/queues/rx-0/rps_cpus": ("00000000,0000000f", "0"),
    }
    assert pinning.DROP_IN.read_text() == "[Service]\nCPUAffinity=1-3\n"


def test_an_interface_without_interrupts_has_its_packets_steered(kernel: Path) -> None:
    (setting,) = pinning.pin("veth0", 2, kernel)["settings"]
    assert setting["path"] == "/sys/class/net/veth0/queues/rx-0/rps_cpus"
    assert (setting["before"], setting["after"]) == ("0", "3")


def test_everything_is_put_back_byte_for_byte(kernel: Path) -> None:
    before = tree(kernel)
    pinning.pin("eth0", 1, kernel)
    assert tree(kernel) != before
    seen = pinning.look(kernel)
    assert {one["after"] for one in seen["settings"]} == {"0"}
    released = pinning.release(kernel)
    assert tree(kernel) == before
    assert all(one["after"] == one["before"] for one in released["settings"])
    assert not pinning.DROP_IN.exists()
    assert not pinning.KEPT.exists()
    assert pinning.release(kernel) == pinning.look(kernel) == {}


def test_a_second_pinning_keeps_what_was_there_before_the_first(kernel: Path) -> None:
    before = tree(kernel)
    pinning.pin("eth0", 1, kernel)  # and then its run is killed
    pinning.pin("eth0", 2, kernel)
    assert (kernel / "proc/irq/30/smp_affinity_list").read_text() == "0-1\n"
    pinning.release(kernel)
    assert tree(kernel) == before


def test_one_that_is_killed_between_two_writes_can_be_put_back(
    kernel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, written = tree(kernel), []
    write = pinning.write

    def killed(root: Path, setting: pinning.Setting, value: str) -> None:
        written.append(setting["path"])
        if len(written) == 2:
            raise KeyboardInterrupt
        write(root, setting, value)

    monkeypatch.setattr(pinning, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        pinning.pin("eth0", 1, kernel)
    monkeypatch.setattr(pinning, "write", write)
    assert tree(kernel) != before
    pinning.release(kernel)
    assert tree(kernel) == before


def test_a_value_that_the_kernel_refuses_is_named(
    kernel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_text = Path.write_text

    def refuses(path: Path, *words: Any) -> int:
        if "/irq/31/" in str(path):
            raise OSError(5, "Input/output error")
        return write_text(path, *words)

    monkeypatch.setattr(Path, "write_text", refuses)
    settings = {one["path"]: one for one in pinning.pin("eth0", 1, kernel)["settings"]}
    refused = settings["/proc/irq/31/smp_affinity_list"]
    assert (refused["error"], refused["after"]) == ("Input/output error", "2")
    assert settings["/proc/irq/30/smp_affinity_list"]["error"] is None


def test_without_the_interface_only_servers_are_pinned(kernel: Path) -> None:
    pinned = pinning.pin("", 1, kernel)
    assert (pinned["interface"], pinned["settings"]) == (None, [])
    assert pinned["server_cpus"] == [1, 2, 3]


@pytest.mark.parametrize(
    ("cpus", "written", "as_mask"),
    [([0], "0", "1"), ([0, 1, 4], "0-1,4", "13"), ([33], "33", "2,00000000"), ([], "", "0")],
)
def test_cpus_as_the_kernel_writes_them(cpus: list[int], written: str, as_mask: str) -> None:
    assert (pinning.listed(cpus), pinning.mask(cpus)) == (written, as_mask)


def test_a_fault_of_systemd_is_an_answer(
    kernel: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise TransientError("systemctl daemon-reload: no")

    assert kernel
    monkeypatch.setattr(pinning, "reload_systemd", fails)
    order = {"state": "pinned", "address": "", "interrupt_cpus": 1}
    monkeypatch.setattr(json, "load", lambda _: order)
    assert pinning.main() == 0
    assert json.loads(capsys.readouterr().out) == {
        "failed": True,
        "msg": "systemctl daemon-reload: no",
    }

"""What is set on a host for a run: on a tree like the kernel's, with stand-ins of programs."""

from __future__ import annotations

import io
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any, cast

import pytest
from host import lease
from host.orders import answer_to, obey
from host.transient import TransientError, systemctl
from tuning import hold, places, plan, settings, steering

from pipebench.plan.tuning import order_of, table
from pipebench.plan.variables import Variables

ALLOWED = [0, 1, 2, 3]
THP = "always [madvise] never"


def write(root: Path, values: dict[str, str]) -> None:
    for path, value in values.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(value + "\n")


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host with 4 CPUs: eth0 has 2 queues and 3 interrupts, one known by its name; veth0 none."""
    root = tmp_path / "root"
    write(
        root,
        {
            "proc/irq/30/smp_affinity_list": "0-3",
            "proc/irq/31/smp_affinity_list": "2",
            "proc/irq/32/smp_affinity_list": "0",
            "proc/irq/40/smp_affinity_list": "0-3",
            "proc/irq/41/smp_affinity_list": "0-3",
            "proc/sys/net/core/somaxconn": "4096",
            "proc/sys/net/core/netdev_max_backlog": "20000",
            "proc/sys/net/ipv4/ip_local_port_range": "32768\t60999",
            "sys/class/net/eth0/queues/rx-0/rps_cpus": "00000000,0000000f",
            "sys/class/net/eth0/queues/rx-1/rps_cpus": "00",
            "sys/class/net/eth0/queues/tx-0/xps_cpus": "0f",
            "sys/class/net/eth0/queues/tx-1/xps_cpus": "00",
            "sys/class/net/veth0/queues/rx-0/rps_cpus": "0",
            "sys/kernel/mm/transparent_hugepage/enabled": THP,
            "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "powersave",
            "sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "performance",
            "sys/devices/system/cpu/cpu2/cpufreq/scaling_governor": "schedutil",
            "sys/devices/system/cpu/cpufreq/boost": "1",
            "sys/devices/system/cpu/cpu0/cpuidle/state1/disable": "0",
            "sys/devices/system/cpu/cpu0/cpuidle/state2/disable": "0",
        },
    )
    for number in ("30", "31"):
        (root / "sys/class/net/eth0/device/msi_irqs" / number).mkdir(parents=True)
    (root / "proc/interrupts").write_text(
        "           CPU0       CPU1\n"
        " 32:         10          0   PCI-MSI 524290-edge      eth0-tx-1\n"
        " 40:          1          0   PCI-MSI 524291-edge      eth01\n"
        " 41:          1          0   PCI-MSI 524292-edge      veth0\n"
        "NMI:          0          0   Non-maskable interrupts\n"
    )
    boot = tmp_path / "boot_id"
    boot.write_text("first\n")
    monkeypatch.setattr(settings, "BOOT_ID", boot)
    monkeypatch.setattr(settings, "KEPT", tmp_path / "tuning.json")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    (tmp_path / "bin").mkdir()
    for name in ("nft", "ethtool", "systemctl", "ip"):  # never those of this computer
        program(tmp_path, name, "exit 1")
    return root


def program(folder: Path, name: str, script: str) -> None:
    """A stand-in of a program of the host, found before the real one."""
    path = folder / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def variables(**given: Any) -> Variables:
    """Only those that say what is set matter here."""
    return Variables(
        **dict.fromkeys(Variables.__struct_fields__)  # type: ignore[arg-type]
        | {"tuning": ["none"], "tuning_pauses": False, "interrupt_cpus": 0, "port": 8080}
        | given
    )


def wanted(root: Path, interface: str | None = "eth0", kind: Any = "server", **given: Any) -> Any:
    order: Any = order_of(variables(**given), kind)
    return plan.plan(order, interface, ALLOWED, root)


def values(planned: Any) -> dict[str, tuple[str, str]]:
    return {one["path"]: (one["before"], one["wanted"]) for one in planned["settings"]}


def reasons(planned: Any) -> dict[str, str]:
    return {one["name"]: one["reason"] for one in planned["skipped"]}


def tree(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def tuned(root: Path, *names: str, interface: str = "eth0", **more: Any) -> settings.Kept:
    planned = wanted(root, interface, tuning=list(names), **more)
    return settings.change(planned["settings"], {}, root)


def test_nothing_is_asked_for_by_default() -> None:
    assert order_of(variables(), "server")["entries"] == []
    assert [
        one["name"] for one in order_of(variables(tuning=["full"]), "generator")["entries"]
    ] == [name for name, entry in table().items() if "generator" in entry.hosts]


def test_only_what_is_not_as_wanted_is_set(kernel: Path) -> None:
    planned = wanted(kernel, tuning=["governor", "turbo", "c_states", "huge_pages", "backlog"])
    cpu = "/sys/devices/system/cpu"
    assert values(planned) == {
        f"{cpu}/cpu0/cpufreq/scaling_governor": ("powersave", "performance"),
        f"{cpu}/cpu2/cpufreq/scaling_governor": ("schedutil", "performance"),
        f"{cpu}/cpufreq/boost": ("1", "0"),
        f"{cpu}/cpu0/cpuidle/state2/disable": ("0", "1"),
        "/sys/kernel/mm/transparent_hugepage/enabled": (THP, "never"),
        "/proc/sys/net/core/somaxconn": ("4096", "8192"),  # the other backlog is larger already
    }
    assert planned["skipped"] == []


def test_what_this_kernel_does_not_have_is_said(kernel: Path) -> None:
    (kernel / "sys/devices/system/cpu/cpufreq/boost").unlink()
    planned = wanted(kernel, "veth0", tuning=["turbo", "tracking", "interrupts", "moderation"])
    assert planned["settings"] == []
    told = reasons(planned)
    assert told["turbo"].startswith("this kernel has none of /sys/devices/system/cpu/intel_pstate")
    assert told["tracking"] == "this host does not track connections"
    assert told["interrupts"] == "veth0 has no interrupts of its own"
    assert told["moderation"] == "the driver of veth0 does not adapt the pace of interrupts"
    assert reasons(wanted(kernel, None, tuning=["steering"])) == {
        "steering": "no interface has the address of the load"
    }


def test_what_can_only_be_read_is_said_once(kernel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, _: "scaling_governor" not in str(path))
    planned = wanted(kernel, tuning=["governor", "huge_pages"])
    assert [one["name"] for one in planned["settings"]] == ["huge_pages"]
    told = reasons(planned)["governor"]
    assert told.endswith("scaling_governor can only be read here, as in a container")


def test_the_ports_are_of_the_generator_only(kernel: Path) -> None:
    assert wanted(kernel, tuning=["port_range"])["settings"] == []
    (one,) = wanted(kernel, kind="generator", tuning=["port_range"])["settings"]
    assert (one["before"], one["wanted"]) == ("32768\t60999", "10000 65535")


def test_interrupts_and_queues_are_dealt_out_to_the_cpus(kernel: Path) -> None:
    planned = values(wanted(kernel, tuning=["interrupts", "steering"]))
    assert planned == {
        "/proc/irq/30/smp_affinity_list": ("0-3", "0"),
        "/proc/irq/31/smp_affinity_list": ("2", "1"),
        "/proc/irq/32/smp_affinity_list": ("0", "2"),
        # two receiving queues for four CPUs: the kernel hands packets on to the others
        "/sys/class/net/eth0/queues/rx-1/rps_cpus": ("00", "f"),
        "/sys/class/net/eth0/queues/tx-0/xps_cpus": ("0f", "5"),
        "/sys/class/net/eth0/queues/tx-1/xps_cpus": ("00", "a"),
    }


def test_interrupts_and_servers_have_cpus_of_their_own(kernel: Path) -> None:
    planned = wanted(kernel, interrupt_cpus=1)
    assert (planned["interrupt_cpus"], planned["server_cpus"]) == ([0], [1, 2, 3])
    assert values(planned) == {
        "/proc/irq/30/smp_affinity_list": ("0-3", "0"),
        "/proc/irq/31/smp_affinity_list": ("2", "0"),
        # receive packet steering would take packets from that CPU
        "/sys/class/net/eth0/queues/rx-0/rps_cpus": ("00000000,0000000f", "0"),
        # every CPU of the servers has one queue for sending
        "/sys/class/net/eth0/queues/tx-0/xps_cpus": ("0f", "a"),
        "/sys/class/net/eth0/queues/tx-1/xps_cpus": ("00", "4"),
    }
    assert wanted(kernel, kind="generator", interrupt_cpus=1)["settings"] == []


def test_an_interface_without_interrupts_has_its_packets_steered(kernel: Path) -> None:
    planned = wanted(kernel, "veth0", interrupt_cpus=2)
    assert values(planned) == {"/sys/class/net/veth0/queues/rx-0/rps_cpus": ("0", "3")}
    told = reasons(planned)
    assert told["steering"] == "veth0 has one queue for sending, which all CPUs share"


def test_an_interface_outside_of_the_same_name_is_not_touched(kernel: Path, tmp_path: Path) -> None:
    write(kernel, {"sys/class/net/eth0/address": "02:00:00:00:00:01"})
    program(tmp_path, "ip", """echo '[{"address": "02:00:00:00:00:02"}]'""")
    planned = wanted(kernel, tuning=["interrupts", "steering", "moderation"])
    assert planned["settings"] == []
    assert set(reasons(planned).values()) == {"/sys does not show eth0, as in a container"}
    program(tmp_path, "ip", """echo '[{"address": "02:00:00:00:00:01"}]'""")
    assert wanted(kernel, tuning=["interrupts"])["settings"]


def test_everything_is_put_back_byte_for_byte(kernel: Path) -> None:
    before = tree(kernel)
    remembered = tuned(
        kernel, "governor", "turbo", "huge_pages", "backlog", "interrupts", "steering"
    )
    assert tree(kernel) != before
    assert settings.is_set(remembered)
    assert {one["error"] for one in remembered["settings"]} == {None}
    enabled = kernel / "sys/kernel/mm/transparent_hugepage/enabled"
    assert enabled.read_text() == "never\n"
    enabled.write_text("always madvise [never]\n")  # as the kernel shows it
    restored = settings.restore(kernel)
    assert restored is not None
    assert enabled.read_text() == "madvise\n"
    enabled.write_text(THP + "\n")
    assert tree(kernel) == before
    last = {one["path"]: one for one in restored["settings"]}
    assert last["/proc/sys/net/core/somaxconn"]["held"] == "8192"
    assert last["/proc/sys/net/core/somaxconn"]["restored"] == "4096"


def test_a_second_run_keeps_what_was_there_before_the_first(kernel: Path) -> None:
    before = tree(kernel)
    tuned(kernel, "governor", "backlog")  # and then its run is killed
    again = tuned(kernel, "governor", "backlog", "turbo")
    governor = next(one for one in again["settings"] if "cpu0/cpufreq" in one["path"])
    assert (governor["before"], governor["wanted"]) == ("powersave", "performance")
    settings.restore(kernel)
    assert tree(kernel) == before
    assert not settings.is_set(settings.kept())
    assert settings.untouched() == {}


def test_one_that_is_killed_between_two_writes_can_be_put_back(
    kernel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, written = tree(kernel), []
    write_place = places.write_place

    def killed(root: Path, place: str, value: str) -> None:
        written.append(place)
        if len(written) == 2:
            raise KeyboardInterrupt
        write_place(root, place, value)

    monkeypatch.setattr(settings, "write_place", killed)
    with pytest.raises(KeyboardInterrupt):
        tuned(kernel, "governor", "backlog")
    monkeypatch.setattr(settings, "write_place", write_place)
    assert tree(kernel) != before
    settings.restore(kernel)
    assert tree(kernel) == before


def test_a_container_that_is_started_again_has_its_values_put_back(
    kernel: Path, tmp_path: Path
) -> None:
    before = tree(kernel)
    tuned(kernel, "governor")
    (tmp_path / "boot_id").write_text("second\n")
    settings.restore(kernel)
    assert tree(kernel) == before


def test_after_a_reboot_there_is_nothing_to_put_back(
    kernel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned(kernel, "governor")
    (tmp_path / "boot_id").write_text("second\n")
    monkeypatch.setattr(settings, "kernel_started", lambda: 1000.0)
    governor = kernel / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"
    governor.write_text("ondemand\n")  # what the boot made of it
    remembered = settings.restore(kernel)
    assert remembered is not None
    assert hold.shown(remembered)["rebooted"]
    assert governor.read_text() == "ondemand\n"
    (one,) = tuned(kernel, "turbo")["settings"]
    assert one["path"].endswith("boost")  # and a run after it begins anew
    (first,) = wanted(kernel, tuning=["governor"])["settings"]
    assert first["before"] == "ondemand"


def test_what_has_gone_meanwhile_is_no_hindrance(kernel: Path) -> None:
    tuned(kernel, "governor")
    gone = kernel / "sys/devices/system/cpu/cpu2/cpufreq/scaling_governor"
    gone.unlink()
    remembered = settings.restore(kernel)
    assert remembered is not None
    assert remembered["released_at"]
    (one,) = (one for one in remembered["settings"] if "cpu2" in one["path"])
    assert (one["restored"], one["restore_error"]) == (None, "it is not there any more")
    assert not gone.exists()


def test_a_value_that_the_kernel_refuses_is_named(
    kernel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def refuses(path: Any, *words: Any) -> int:
        if "/irq/31/" in str(path):
            raise OSError(5, "Input/output error")
        return opened(path, *words)

    monkeypatch.setattr(os, "open", refuses)
    found = {one["path"]: one for one in tuned(kernel, interrupt_cpus=1)["settings"]}
    refused = found["/proc/irq/31/smp_affinity_list"]
    assert (refused["error"], refused["after"]) == ("Input/output error", "2")
    assert found["/proc/irq/30/smp_affinity_list"]["error"] is None
    remembered = settings.restore(kernel)
    assert remembered is not None
    assert remembered["released_at"]


def test_what_cannot_be_put_back_stays_known(kernel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tuned(kernel, "turbo")
    boost = kernel / "sys/devices/system/cpu/cpufreq/boost"
    with monkeypatch.context() as now:

        def refuses(*_: Any) -> None:
            raise places.PlaceError("Device or resource busy")

        now.setattr(settings, "write_place", refuses)
        remembered = settings.restore(kernel)
    assert remembered is not None
    assert settings.is_set(remembered)
    assert remembered["settings"][0]["restore_error"] == "Device or resource busy"
    assert boost.read_text() == "0\n"
    settings.restore(kernel)
    assert boost.read_text() == "1\n"


def test_connections_are_not_tracked_unless_a_firewall_needs_it(
    kernel: Path, tmp_path: Path
) -> None:
    write(kernel, {"proc/sys/net/netfilter/nf_conntrack_max": "65536"})
    assert reasons(wanted(kernel, tuning=["tracking"])) == {"tracking": "nft is not installed"}
    table_file, calls = tmp_path / "table", tmp_path / "calls"
    program(
        tmp_path,
        "nft",
        f'case "$*" in "--version") ;; *ruleset) cat {tmp_path}/ruleset ;; '
        f'"list table"*) test -e {table_file} ;; "-f -") cat > {table_file} ;; '
        f'*) echo "$*" >> {calls}; rm {table_file} ;; esac',
    )
    states = {"match": {"left": {"ct": {"key": "state"}}, "right": "established"}}
    ruleset: dict[str, Any] = {
        "nftables": [
            {"chain": {"family": "inet", "table": "filter", "name": "i", "hook": "input"}},
            {"rule": {"family": "inet", "table": "filter", "chain": "i", "expr": [states]}},
        ]
    }
    (tmp_path / "ruleset").write_text(json.dumps(ruleset))
    told = reasons(wanted(kernel, tuning=["tracking"]))["tracking"]
    assert told.startswith("the firewall of this host asks for the state of connections")
    ruleset["nftables"][0]["chain"]["hook"] = "forward"  # of what only passes through
    (tmp_path / "ruleset").write_text(json.dumps(ruleset))
    (one,) = tuned(kernel, "tracking")["settings"]
    assert (one["path"], one["before"], one["after"]) == ("nftables:8080", "tracked", "untracked")
    assert "tcp dport 8080 notrack" in table_file.read_text()
    settings.restore(kernel)
    assert not table_file.exists()
    assert calls.read_text() == "delete table inet pipeline_bench\n"


def test_the_pace_of_interrupts_is_fixed(kernel: Path, tmp_path: Path) -> None:
    state = tmp_path / "adaptive"
    state.write_text("on")
    program(
        tmp_path,
        "ethtool",
        f'if [ "$1" = -C ]; then echo "$4" > {state}; exit; fi\n'
        f'echo "Coalesce parameters for $2:"; echo "Adaptive RX: $(cat {state})  TX: off"',
    )
    (one,) = tuned(kernel, "moderation")["settings"]
    assert (one["path"], one["before"], one["after"]) == ("ethtool:eth0:adaptive-rx", "on", "off")
    settings.restore(kernel)
    assert state.read_text() == "on\n"


def test_services_that_would_undo_it_are_named_and_paused(kernel: Path, tmp_path: Path) -> None:
    state = tmp_path / "irqbalance"
    state.write_text("active")
    program(
        tmp_path,
        "systemctl",
        f'case "$1 $2" in "is-active irqbalance.service") cat {state} ;; '
        f'"stop irqbalance.service") echo inactive > {state} ;; '
        f'"start irqbalance.service") echo active > {state} ;; *) echo inactive; exit 3 ;; esac',
    )
    assert wanted(kernel, interrupt_cpus=1)["rewriters"] == ["irqbalance"]
    assert wanted(kernel, tuning=["governor"])["rewriters"] == []
    first, *_ = tuned(kernel, interrupt_cpus=1, tuning_pauses=True)["settings"]
    assert (first["path"], first["after"]) == ("systemd:irqbalance.service", "inactive")
    settings.restore(kernel)
    assert state.read_text() == "active\n"


@pytest.mark.parametrize(
    ("cpus", "written", "as_mask"),
    [([0], "0", "1"), ([0, 1, 4], "0-1,4", "13"), ([33], "33", "2,00000000"), ([], "", "0")],
)
def test_cpus_as_the_kernel_writes_them(cpus: list[int], written: str, as_mask: str) -> None:
    assert (steering.listed(cpus), steering.mask(cpus)) == (written, as_mask)


@pytest.fixture
def host_of_a_run(kernel: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same host, which the run with the token `first` holds; the programs work on its tree."""
    monkeypatch.setattr(lease, "FILE", kernel.parent / "lease.json")
    monkeypatch.setattr(hold, "DROP_IN", kernel.parent / "pinning.conf")
    monkeypatch.setattr(hold, "find_interface", lambda _: "eth0")
    monkeypatch.setattr(hold, "watch", lambda: None)
    monkeypatch.setattr(hold, "restore", lambda: settings.restore(kernel))
    monkeypatch.setattr(hold, "read_place", lambda _, place: places.read_place(kernel, place))
    monkeypatch.setattr(
        hold, "plan", lambda order, card, _: plan.plan(order, card, ALLOWED, kernel)
    )
    monkeypatch.setattr(
        hold, "change", lambda *words, **more: settings.change(*words, **more | {"root": kernel})
    )
    program(kernel.parent, "systemctl", "exit 0")
    lease.take("r1", "o", "first", 600)
    return kernel


def ordered(token: str | None, program: Any = lambda _: {}, **order: Any) -> dict[str, Any]:
    """What an order of a run is answered, that holds the host for ten minutes more."""
    own: dict[str, Any] = {"lease": {"token": token, "seconds": 600}} if token else {}
    measures = program is not hold.answer_to
    return cast("dict[str, Any]", answer_to(order | own, program, measures=measures))


def set_by(token: str, *names: str) -> dict[str, Any]:
    order = order_of(variables(tuning=list(names)), "server")
    return ordered(token, hold.answer_to, **order, state="set", address="198.18.0.11")


def lapses() -> None:
    """The time is over that the run holds the host, and its timer looks."""
    lease.keep("first", 0)
    assert ordered(None, hold.answer_to, state="lapsed")["released_at"]


def boost_of(kernel: Path) -> str:
    return (kernel / "sys/devices/system/cpu/cpufreq/boost").read_text().strip()


def test_what_was_put_back_is_set_anew_before_anything_is_measured(host_of_a_run: Path) -> None:
    before = tree(host_of_a_run)
    assert set_by("first", "turbo", "governor")["lapses"] == []
    during = tree(host_of_a_run)
    ordered(None, hold.answer_to, state="lapsed")  # the timer looks; the run holds the host
    assert tree(host_of_a_run) == during
    seen = []
    for _ in range(2):
        lapses()
        assert tree(host_of_a_run) == before
        ordered("first", lambda _: seen.append(tree(host_of_a_run)))
    assert seen == [during, during]
    ordered("first", lambda _: seen.append(tree(host_of_a_run)))  # and nothing is set once more
    answer = ordered("first", hold.answer_to, state="restored")
    assert tree(host_of_a_run) == before
    assert not answer["already"]
    assert len(answer["lapses"]) == 2
    for lapse in answer["lapses"]:
        assert lapse["put_back_at"] <= lapse["set_anew_at"]


def test_what_stops_or_keeps_sets_nothing_anew(host_of_a_run: Path) -> None:
    before = tree(host_of_a_run)
    set_by("first", "turbo")
    lapses()
    order = {"lease": {"token": "first"}}
    assert answer_to(order, lambda _: {}) == {}  # as of a unit that is stopped
    answer = ordered("first", hold.answer_to, state="restored")
    assert tree(host_of_a_run) == before
    assert (answer["already"], answer["lapses"]) == (True, [])


def test_what_another_run_has_set_is_not_set_anew(host_of_a_run: Path) -> None:
    set_by("first", "turbo")
    lapses()
    lease.take("r2", "o", "second", 600)
    before = tree(host_of_a_run)
    assert ordered("second") == {}
    assert tree(host_of_a_run) == before


def test_what_cannot_be_set_anew_is_a_fault(
    host_of_a_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_by("first", "turbo")
    lapses()

    def refuses(*_: Any) -> None:
        raise places.PlaceError("Device or resource busy")

    monkeypatch.setattr(settings, "write_place", refuses)
    answer = ordered("first")
    assert answer["failed"]
    assert answer["msg"] == (
        "/sys/devices/system/cpu/cpufreq/boost was put back while this run went on, and could not "
        "be set to 0 anew"
    )
    assert boost_of(host_of_a_run) == "1"


def test_after_a_reboot_all_is_set_anew(
    host_of_a_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_by("first", "turbo", "governor")
    (tmp_path / "boot_id").write_text("second\n")
    monkeypatch.setattr(settings, "kernel_started", lambda: 1000.0)
    cpus = host_of_a_run / "sys/devices/system/cpu"
    (cpus / "cpufreq/boost").write_text("1\n")
    (cpus / "cpu0/cpufreq/scaling_governor").write_text("ondemand\n")
    assert ordered("first") == {}
    assert boost_of(host_of_a_run) == "0"
    answer = ordered("first", hold.answer_to, state="restored")
    assert [one["put_back_at"] for one in answer["lapses"]] == [None]
    assert (cpus / "cpu0/cpufreq/scaling_governor").read_text() == "ondemand\n"


def test_the_host_puts_back_nothing_while_a_run_goes_on_at_that_moment(
    host_of_a_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Either the run comes first, or it waits until all is put back, and sets it anew."""
    set_by("first", "turbo")
    lease.keep("first", 0)
    seen: list[str] = []
    run = threading.Thread(
        target=ordered, args=("first", lambda _: seen.append(boost_of(host_of_a_run)))
    )

    def slowly() -> Any:
        run.start()
        run.join(0.2)
        assert run.is_alive()
        return settings.restore(host_of_a_run)

    with monkeypatch.context() as now:
        now.setattr(hold, "restore", slowly)
        lapsed = threading.Thread(
            target=ordered, args=(None, hold.answer_to), kwargs={"state": "lapsed"}
        )
        lapsed.start()
        while not run.ident:
            pass
        now.setattr(hold, "restore", lambda: settings.restore(host_of_a_run))
        lapsed.join()
        run.join()
    assert seen == ["0"]


def test_a_fault_of_systemd_is_an_answer(
    kernel: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree(kernel)
    tuned(kernel, "turbo")
    drop_in = kernel.parent / "pinning.conf"
    drop_in.touch()
    monkeypatch.setattr(hold, "DROP_IN", drop_in)
    monkeypatch.setattr(hold, "restore", lambda: settings.restore(kernel))
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"state": "restored"}'))
    assert obey(hold.answer_to) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["failed"]
    assert answer["msg"].startswith("systemctl daemon-reload: ")
    assert tree(kernel) == before  # all the same
    with pytest.raises(TransientError):
        systemctl("daemon-reload")

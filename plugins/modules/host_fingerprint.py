"""Describe a host: everything about it that a measurement may depend on."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.host.debian import upstream, versions
from ansible.module_utils.host.interface import find_interface
from ansible.module_utils.host.metadata import metadata
from ansible.module_utils.host.os_release import os_release
from ansible.module_utils.tuning.settings import untouched

DOCUMENTATION = """
---
module: host_fingerprint
short_description: Describe a host, everything about it that a measurement may depend on
description:
  - Only reads. What cannot be read is null.
options:
  address:
    description:
      - An address of the host, or one that it reaches, on the benchmark network.
      - Says which network interface is described; without it, the one of the default route.
    type: str
  directory:
    description: Where the roles put frameworks.
    type: path
    default: /opt/pipeline-bench
  packages:
    description: The Debian packages that frameworks need; their versions are those of now.
    type: list
    elements: str
    default: []
author: async-pipeline-bench
"""

EXAMPLES = """
- name: Describe the host
  host_fingerprint:
    address: 198.18.0.10
  register: described
"""

RETURN = """
fingerprint:
  description: What hosts/<host>.json holds.
  type: dict
  returned: always
"""

CPU = Path("/sys/devices/system/cpu")
SYSCTLS = (
    "fs.file-max",
    "fs.nr_open",
    "kernel.numa_balancing",
    "kernel.sched_autogroup_enabled",
    "net.core.default_qdisc",
    "net.core.netdev_max_backlog",
    "net.core.rmem_default",
    "net.core.rmem_max",
    "net.core.rps_sock_flow_entries",
    "net.core.somaxconn",
    "net.core.wmem_default",
    "net.core.wmem_max",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_congestion_control",
    "net.ipv4.tcp_max_syn_backlog",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_slow_start_after_idle",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_timestamps",
    "net.ipv4.tcp_tw_reuse",
    "net.ipv4.tcp_wmem",
    "vm.swappiness",
)
# Only words known to change speed are kept: a command line may hold a password.
CMDLINE = re.compile(
    r"(?:mitigations|nosmt|isolcpus|nohz|nohz_full|rcu_nocbs|irqaffinity|idle|intel_idle\.\S+"
    r"|intel_pstate|amd_pstate|processor\.\S+|cpufreq\.\S+|cpuidle\.\S+|tsc|clocksource|maxcpus"
    r"|nr_cpus|numa|numa_balancing|preempt|threadirqs|skew_tick|transparent_hugepage|hugepages"
    r"|default_hugepagesz|hugepagesz|nopti|pti|nospectre_\S+|spectre_v2|spec_store_bypass_disable"
    r"|retbleed|mds|tsx|l1tf|audit|nowatchdog|systemd\.unified_cgroup_hierarchy)(?:=\S*)?"
)


@cache
def before_the_run() -> dict[str, str]:
    values: dict[str, str] = untouched()
    return values


def read(path: Path | str) -> str | None:
    """Return what a file says, or None: a virtual machine lacks half of these.

    Of what a run that died has set, it is what was there before: the next run puts that back.
    """
    before = before_the_run().get(str(path))
    if before is not None:
        return before.strip()
    try:
        return Path(path).read_text(errors="replace").strip()
    except OSError:
        return None


def number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"-?\d+", text) else None


def output(*argv: str) -> str | None:
    """Return what a command prints, whatever its exit status, or None where there is none."""
    env = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(
            argv, capture_output=True, errors="replace", timeout=10, check=False, env=env
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return (done.stdout or done.stderr).strip() or None


def parse_lscpu(text: str) -> dict[str, Any]:
    """Read the shape of the CPUs from lscpu; the keys are those of the fingerprint."""
    fields = dict(re.findall(r"^\s*([^:\n]+):[ \t]*(.*)$", text, re.MULTILINE))

    def field(name: str) -> int | None:
        return number(fields.get(name, "").strip())

    sockets, per_socket = field("Socket(s)"), field("Core(s) per socket")
    cores = sockets * per_socket if sockets and per_socket else None
    mhz = re.fullmatch(r"\d+(\.\d+)?", fields.get("CPU max MHz", ""))
    return {
        "model": fields.get("Model name", "").strip() or None,
        "sockets": sockets,
        "cores": cores,
        "threads": field("CPU(s)"),
        "threads_per_core": field("Thread(s) per core"),
        "numa_nodes": field("NUMA node(s)"),
        "max_mhz": float(mhz[0]) if mhz else None,
    }


def parse_meminfo(text: str) -> int | None:
    found = re.search(r"^MemTotal:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def parse_cmdline(text: str) -> list[str]:
    """Keep the words of the kernel's command line that may change speed."""
    return [word for word in text.split() if CMDLINE.fullmatch(word)]


def parse_offloads(text: str) -> dict[str, bool]:
    """Read what ethtool -k says of the offloads that pipelining meets."""
    wanted = (
        "tcp-segmentation-offload",
        "generic-segmentation-offload",
        "generic-receive-offload",
        "large-receive-offload",
        "rx-checksumming",
        "tx-checksumming",
    )
    states = dict(re.findall(r"^\s*([\w-]+): (on|off)", text, re.MULTILINE))
    return {name: states[name] == "on" for name in wanted if name in states}


def cpu_list(text: str) -> list[int]:
    """Read a list such as 0-2,5."""
    cpus: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        cpus += range(int(first), int(last or first) + 1)
    return cpus


def boost(root: Path = CPU) -> bool | None:
    """Whether the CPU may go above its nominal speed, where the kernel says so."""
    if (off := read(root / "intel_pstate" / "no_turbo")) in ("0", "1"):
        return off == "0"
    if (on := read(root / "cpufreq" / "boost")) in ("0", "1"):
        return on == "1"
    return None


def same_everywhere(values: list[str | None]) -> str | None:
    """Say what all CPUs have; several values are joined."""
    return ", ".join(sorted({value for value in values if value})) or None


def describe_cpu() -> dict[str, Any]:
    folders = sorted(CPU.glob("cpu[0-9]*"))
    found = parse_lscpu(output("lscpu") or "")
    khz = number(read(CPU / "cpu0" / "cpufreq" / "cpuinfo_max_freq"))
    smt = read(CPU / "smt" / "active")
    return {
        **found,
        "max_mhz": khz / 1000 if khz else found["max_mhz"],
        "online": cpu_list(read(CPU / "online") or ""),
        "allowed": sorted(os.sched_getaffinity(0)),
        "governor": same_everywhere([read(f / "cpufreq" / "scaling_governor") for f in folders]),
        "driver": same_everywhere([read(f / "cpufreq" / "scaling_driver") for f in folders]),
        "boost": boost(),
        "smt": smt == "1" if smt in ("0", "1") else None,
        "microcode": same_everywhere(
            re.findall(r"^microcode\s*: (\S+)", read("/proc/cpuinfo") or "", re.MULTILINE)
        ),
    }


def describe_link(link: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What is known of one interface.

    `link`: what `ip -details -json link` says of it. `folder`: its place under /sys/class/net,
    which in a container may show the host's interface of the same name: believed only where the
    kernel says that the interface is not a virtual one.
    """
    kind = link.get("linkinfo", {}).get("info_kind")
    driver, speed = folder / "device" / "driver", number(read(folder / "speed"))
    return {
        "name": link["ifname"],
        "driver": kind or (driver.resolve().name if driver.exists() else None),
        "virtual": kind is not None,
        "speed_mbit": speed if kind is None and speed and speed > 0 else None,
        "mtu": link.get("mtu"),
        "queues": link.get("num_rx_queues"),
    }


def describe_interface(address: str | None) -> dict[str, Any] | None:
    try:
        name = find_interface(address)
        shown = output("ip", "-json", "-details", "link", "show", "dev", name) if name else None
        link = json.loads(shown or "[]")[0]
    except (ValueError, KeyError, IndexError):
        return None
    ethtool = shutil.which("ethtool", path="/usr/sbin:/sbin:/usr/bin:/bin")
    offloads = parse_offloads(output(ethtool, "-k", link["ifname"]) or "") if ethtool else None
    return describe_link(link, Path("/sys/class/net") / link["ifname"]) | {"offloads": offloads}


def describe_program(name: str, question: str) -> dict[str, str | None] | None:
    """One that loads a server, or the path; question: the option that has it say its version."""
    path = shutil.which(name, path="/usr/local/bin:/usr/bin:/bin")
    if path is None:
        return None
    says = (output(path, question) or "").splitlines()
    return {
        "path": path,
        "version": re.sub(r" Copyright.*", "", says[0]) if says else None,
        "sha256": hashlib.sha256(Path(path).read_bytes()).hexdigest(),
    }


def read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(errors="replace"))
    except (OSError, ValueError):
        return None


def describe_frameworks(directory: Path, debian: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What was deployed of each; debian: versions of packages, which apt may have changed since."""
    paths = sorted(directory.glob("frameworks/*/versions.json"))
    return {path.parent.name: as_of_now(read_json(path), debian or {}) for path in paths}


def as_of_now(deployed: Any, debian: Mapping[str, str]) -> Any:
    if not isinstance(deployed, dict) or not isinstance(deployed.get("packages"), dict):
        return deployed
    packages = {name: debian.get(name, kept) for name, kept in deployed["packages"].items()}
    runtime = deployed.get("runtime")
    serves = str(runtime).partition(" ")[0]
    if serves in debian and serves in packages:
        runtime = f"{serves} {upstream(debian[serves])}"
    return {**deployed, "runtime": runtime, "packages": packages}


def sysctls() -> dict[str, str | None]:
    values = {name: read("/proc/sys/" + name.replace(".", "/")) for name in SYSCTLS}
    return {name: " ".join(text.split()) if text else text for name, text in values.items()}


def describe(address: str | None, directory: Path, packages: Sequence[str] = ()) -> dict[str, Any]:
    dmi = Path("/sys/class/dmi/id")
    weak = CPU / "vulnerabilities"
    clock = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
    huge = re.search(r"\[(\w+)\]", read("/sys/kernel/mm/transparent_hugepage/enabled") or "")
    systemd = (output("systemctl", "--version") or "").splitlines()
    return {
        "boot_id": read("/proc/sys/kernel/random/boot_id"),
        "hostname": socket.gethostname(),
        "os": os_release(),
        "kernel": platform.release(),
        "kernel_build": platform.version(),
        "kernel_cmdline": parse_cmdline(read("/proc/cmdline") or ""),
        "architecture": platform.machine(),
        "cpu": describe_cpu(),
        "mitigations": {path.name: read(path) for path in sorted(weak.glob("*"))} or None,
        "memory_bytes": parse_meminfo(read("/proc/meminfo") or ""),
        "transparent_hugepages": huge[1] if huge else None,
        "virtualization": output("systemd-detect-virt"),
        "vendor": read(dmi / "sys_vendor"),
        "product": read(dmi / "product_name"),
        "interface": describe_interface(address),
        "sysctl": sysctls(),
        "clocksource": read(clock),
        "systemd": systemd[0] if systemd else None,
        "libc": " ".join(platform.libc_ver()).strip() or None,
        "python": platform.python_version(),
        "wrk": describe_program("wrk", "-v"),
        "h2load": describe_program("h2load", "--version"),
        "iperf3": describe_program("iperf3", "--version"),
        "metadata": metadata(read(dmi / "sys_vendor")),
        "frameworks": describe_frameworks(directory, versions(packages)),
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "address": {"type": "str"},
            "directory": {"type": "path", "default": "/opt/pipeline-bench"},
            "packages": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    words = module.params
    described = describe(words["address"], Path(words["directory"]), words["packages"])
    module.exit_json(changed=False, fingerprint=described)


if __name__ == "__main__":
    main()

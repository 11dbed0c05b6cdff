"""Keep a server's processes and its network interrupts on CPUs of their own, and undo that.

Run in the folder above as `python3 -m host.pinning`. Reads one JSON object from standard input and
prints one:

    {"state": "pinned", "address", "interrupt_cpus": number}
        the first so many CPUs get the interrupts of the interface that has the address, and the
        units of frameworks that are started from then on run on the others
        {"interface", "interrupt_cpus": [...], "server_cpus": [...], "settings": [...]}
    {"state": "looked"}
        the same, with what the kernel holds now; {} if nothing is pinned
    {"state": "released"}
        every value is put back, and the same is printed with what the kernel holds then

A setting is {"path", "before", "wanted", "after", "error"}. Values are runtime ones, which a reboot
undoes. What was there is kept in /run before the first write: whoever comes next can put it back.
{"failed": true, "msg"} if systemd cannot do its part.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypedDict

from host.cgroup import read
from host.sampler import find_interface
from host.transient import TransientError, run

KEPT = Path("/run/pipeline-bench/pinning.json")
DROP_IN = Path("/run/systemd/system/pipeline-bench@.service.d/pinning.conf")


class Setting(TypedDict):
    """One value of the kernel. error: why it could not be written."""

    path: str
    before: str
    wanted: str
    after: str
    error: str | None


class Pinned(TypedDict):
    """What is printed. interface: None if no interface has the address."""

    interface: str | None
    interrupt_cpus: list[int]
    server_cpus: list[int]
    settings: list[Setting]


def pin(address: str, count: int, root: Path = Path("/")) -> Pinned:
    """Write every setting; root: of /proc and /sys."""
    release(root)
    cpus = sorted(os.sched_getaffinity(0))
    interface = find_interface(address)
    pinned: Pinned = {
        "interface": interface,
        "interrupt_cpus": cpus[:count],
        "server_cpus": cpus[count:],
        "settings": list(wanted(root, interface, cpus[:count])) if interface else [],
    }
    KEPT.write_text(json.dumps(pinned))
    for setting in pinned["settings"]:
        write(root, setting, setting["wanted"])
    KEPT.write_text(json.dumps(pinned))  # with what could not be written
    DROP_IN.parent.mkdir(parents=True, exist_ok=True)
    DROP_IN.write_text(f"[Service]\nCPUAffinity={listed(pinned['server_cpus'])}\n")
    reload_systemd()
    return pinned


def wanted(root: Path, interface: str, cpus: Sequence[int]) -> Iterator[Setting]:
    """The interrupts of an interface on these CPUs; without any, the kernel's work for its packets.

    Receive packet steering would take that work from the CPUs of the interrupts, so it is off if
    there are interrupts.
    """
    paths = [f"/proc/irq/{number}/smp_affinity_list" for number in interrupts(root, interface)]
    values = dict.fromkeys(paths, listed(cpus))
    steering = "0" if paths else mask(cpus)
    queues = sorted(under(root, f"/sys/class/net/{interface}/queues").glob("rx-*/rps_cpus"))
    values |= {f"/{queue.relative_to(root)}": steering for queue in queues}
    for path, value in values.items():
        before = read(under(root, path)).strip()
        if normal(path, before) != normal(path, value):
            yield {"path": path, "before": before, "wanted": value, "after": before, "error": None}


def interrupts(root: Path, interface: str) -> list[int]:
    """The numbers of the interrupts of an interface: of its device, or those with its name.

    One without a device has none: in a container, its name may be that of an interface outside.
    """
    device = under(root, f"/sys/class/net/{interface}/device")
    if not device.exists():
        return []
    folders = (device / "msi_irqs", device / ".." / "msi_irqs")
    numbers = {int(path.name) for folder in folders if folder.is_dir() for path in folder.iterdir()}
    for line in read(under(root, "/proc/interrupts")).splitlines():
        number, _, rest = line.strip().partition(":")
        if number.isdigit() and interface in rest.replace("-", " ").split():
            numbers.add(int(number))
    return sorted(n for n in numbers if under(root, f"/proc/irq/{n}/smp_affinity_list").exists())


def under(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def listed(cpus: Sequence[int]) -> str:
    """CPUs as the kernel lists them: `0-1,4`."""
    parts: list[list[int]] = []
    for cpu in sorted(cpus):
        if parts and cpu == parts[-1][-1] + 1:
            parts[-1].append(cpu)
        else:
            parts.append([cpu])
    return ",".join(f"{p[0]}-{p[-1]}" if len(p) > 1 else str(p[0]) for p in parts)


def mask(cpus: Sequence[int]) -> str:
    """CPUs as a mask in hexadecimal, 32 of them between commas."""
    bits = sum(1 << cpu for cpu in cpus)
    words: list[int] = []
    while bits or not words:
        bits, word = bits >> 32, bits & 0xFFFFFFFF
        words.append(word)
    return ",".join([f"{words[-1]:x}", *(f"{word:08x}" for word in reversed(words[:-1]))])


def normal(path: str, value: str) -> str:
    """A value to compare with others of its path: the kernel writes a mask with leading zeros."""
    return value.replace(",", "").lstrip("0") if path.endswith("rps_cpus") else value


def write(root: Path, setting: Setting, value: str) -> None:
    """Write a value, and read what the kernel made of it."""
    path = under(root, setting["path"])
    try:
        path.write_text(value + "\n")
        setting["error"] = None
    except OSError as error:
        setting["error"] = error.strerror or str(error)
    setting["after"] = read(path).strip()


def look(root: Path = Path("/")) -> Pinned | dict[str, Any]:
    """What the kernel holds now."""
    pinned = kept()
    if pinned is None:
        return {}
    for setting in pinned["settings"]:
        setting["after"] = read(under(root, setting["path"])).strip()
    return pinned


def release(root: Path = Path("/")) -> Pinned | dict[str, Any]:
    """Put every value back that was written."""
    if DROP_IN.exists():
        DROP_IN.unlink()
        reload_systemd()
    pinned = kept()
    if pinned is None:
        return {}
    for setting in pinned["settings"]:
        write(root, setting, setting["before"])
    KEPT.unlink()
    return pinned


def kept() -> Pinned | None:
    """What was written down; None if nothing is pinned."""
    text = read(KEPT)
    pinned: Pinned | None = json.loads(text) if text else None
    return pinned


def reload_systemd() -> None:
    """Have systemd read its units anew. Raises TransientError if it does not."""
    done = run("systemctl", "daemon-reload")
    if done.returncode != 0:
        raise TransientError(f"systemctl daemon-reload: {done.stderr.strip()}")


def main() -> int:
    order = json.load(sys.stdin)
    try:
        if order["state"] == "pinned":
            answer: object = pin(order["address"], order["interrupt_cpus"])
        else:
            answer = look() if order["state"] == "looked" else release()
    except (OSError, TransientError) as error:
        answer = {"failed": True, "msg": str(error)}
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Which CPUs work for the packets of an interface: its interrupts, and the kernel's own queues."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from .places import ask, read_text, under


def is_shown(root: Path, interface: str) -> bool:
    """Whether /sys shows this interface: in a container, its name may be that of one outside."""
    shown = read_text(under(root, f"/sys/class/net/{interface}/address"))
    links: list[dict[str, str]] = json.loads(ask("ip", "-json", "link", "show", interface) or "[]")
    return not links or shown == links[0].get("address")


def interrupts(root: Path, interface: str) -> list[str]:
    """The places of an interface's interrupts, of its device or with its name, by their numbers.

    One without a device has none.
    """
    device = under(root, f"/sys/class/net/{interface}/device")
    if not device.exists():
        return []
    folders = (device / "msi_irqs", device / ".." / "msi_irqs")
    numbers = {int(path.name) for folder in folders if folder.is_dir() for path in folder.iterdir()}
    for line in (read_text(under(root, "/proc/interrupts")) or "").splitlines():
        number, _, rest = line.strip().partition(":")
        if number.isdigit() and interface in rest.replace("-", " ").split():
            numbers.add(int(number))
    places = (f"/proc/irq/{number}/smp_affinity_list" for number in sorted(numbers))
    return [place for place in places if under(root, place).exists()]


def queues(root: Path, interface: str, kind: str) -> list[str]:
    """The places of an interface's queues, in their order. kind: `rx` or `tx`.

    A queue that the kernel does not steer (the only one for sending has no choice) is left out.
    """
    name = "rps_cpus" if kind == "rx" else "xps_cpus"
    folder = under(root, f"/sys/class/net/{interface}/queues")
    found = sorted(folder.glob(f"{kind}-*/{name}"), key=lambda path: int(path.parent.name[3:]))
    return [f"/{path.relative_to(root)}" for path in found if read_text(path) is not None]


def one_each(places: Sequence[str], cpus: Sequence[int]) -> dict[str, str]:
    """Interrupts dealt out to CPUs, one CPU each."""
    return {place: str(cpus[number % len(cpus)]) for number, place in enumerate(places)}


def received(places: Sequence[str], cpus: Sequence[int], *, interrupted: bool) -> dict[str, str]:
    """What each queue hands its packets to.

    interrupted: whether the queues have interrupts, enough for all these CPUs. Steering would take
    packets from the CPUs of the interrupts, so it is off then.
    """
    return dict.fromkeys(places, "0" if interrupted else mask(cpus))


def sent(places: Sequence[str], cpus: Sequence[int]) -> dict[str, str]:
    """The CPUs that send through each queue: each CPU has one queue, and each queue some CPUs."""
    shares = {place: cpus[number :: len(places)] for number, place in enumerate(places)}
    return {
        place: mask(share or [cpus[number % len(cpus)]])
        for number, (place, share) in enumerate(shares.items())
    }


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

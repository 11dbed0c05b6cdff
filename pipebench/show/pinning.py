"""Interrupts and servers that a run kept on CPUs of their own, in sentences."""

from collections.abc import Iterable

from pipebench.record.schema import PinningRecord


def pinned_text(record: PinningRecord) -> str:
    """What was pinned on a testbed, and whether it was put back."""
    if not record.server_cpus:
        return f"{record.testbed}: {record.error or 'nothing was pinned'}"
    changed = sum(one.error is None for one in record.settings)
    values = f"{changed} value{'' if changed == 1 else 's'} of the kernel changed"
    back = "all put back" if record.released else "not all put back"
    refused = len(record.settings) - changed
    also = f", {refused} refused by the kernel" if refused else ""
    return (
        f"{record.testbed}: interrupts of {record.interface or 'no interface that was found'} on "
        f"CPUs {_cpus(record.interrupt_cpus)}, servers on {_cpus(record.server_cpus)}; {values}, "
        f"{back}{also}"
    )


def left_behind(records: Iterable[PinningRecord]) -> list[str]:
    """A sentence for each testbed whose host is not as it was, or whose record says nothing."""
    return [
        f"the pinning of the testbed {one.testbed} was not undone: {one.error or 'not yet'}; the "
        "next run or playbooks/teardown.yml undoes it"
        for one in records
        if one.released is None
    ]


def _cpus(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))

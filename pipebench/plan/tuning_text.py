"""Values of hosts that a run sets for its own time, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipebench.record.schema import Setting, Skipped


def setting_lines(settings: Sequence[Setting], skipped: Iterable[Skipped]) -> list[str]:
    """A line for each thing that is set, with its values before and wanted; one for all others."""
    lines = [f"{name}: {text}" for name, text in changes_by_name(settings).items()]
    left: dict[str, list[str]] = {}
    for one in skipped:
        left.setdefault(one.reason, []).append(one.name)
    lines += [f"{', '.join(names)}: not set, {reason}" for reason, names in left.items()]
    return lines


def changes_by_name(settings: Iterable[Setting]) -> dict[str, str]:
    """By the name of what is set: `powersave -> performance (8 values)`, or several of these."""
    found: dict[str, dict[str, list[Setting]]] = {}
    for one in settings:
        change = f"{_short(one.before)} -> {one.wanted}"
        found.setdefault(_name(one), {}).setdefault(change, []).append(one)
    return {
        name: "; ".join(
            _change(change, ones, alone=len(changes) == 1) for change, ones in changes.items()
        )
        for name, changes in found.items()
    }


def _name(setting: Setting) -> str:
    return setting.name or setting.path


def _change(change: str, settings: Sequence[Setting], *, alone: bool) -> str:
    if len(settings) > 1:
        return f"{change} ({len(settings)} values)"
    return change if alone else f"{settings[0].path.rpartition('/')[2]} {change}"


def _short(value: str) -> str:
    """A value on one line, in a few words."""
    return " ".join(value.split())


def failed_text(setting: Setting) -> str | None:
    """That a value could not be set; None if it could."""
    if setting.error is None:
        return None
    return f"{setting.path} could not be set to {setting.wanted}: {setting.error}"


def left_text(setting: Setting, host: str) -> str | None:
    """That a value is not as it was before the run; None if it is, or is not there any more."""
    if setting.restored in (None, setting.before):
        return None
    why = f" ({setting.restore_error})" if setting.restore_error else ""
    return (
        f"{setting.path} on {host} was {_short(setting.before)} and is {_short(setting.restored)} "
        f"after the run{why}"
    )

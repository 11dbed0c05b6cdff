"""Set what a run asks for, and put it back.

Run in the folder above as `python3 -m tuning.hold`, with an order (host/orders.py):

    {"state": "set", "address", "port", "entries", "interrupt_cpus", "pauses"}
        first puts back what an earlier run has left, then sets all that is asked for (plan.py); the
        units of frameworks that are started from then on run on CPUs apart from those of interrupts
    {"state": "restored"}
        puts everything back

    {"state": "lapsed"}
        the same, if no run holds this host

All print {"boot_id", "interface", "interrupt_cpus", "server_cpus", "settings", "skipped",
"released_at", "rebooted", "already", "lapses"}: the classes TuningRecord and Setting of
pipebench/record/schema.py say what these are. `released_at` is unix s, or null while not everything
is put back; `rebooted`: whether the host was booted since, which puts everything back; `already`:
whether all was put back before this order came. It is {} if nothing is asked for, or was ever set.
{"failed": true, "msg"} if systemd cannot do its part.

Whatever becomes of who asks, this host puts everything back within a minute after the run holds it
no longer (host/lease.py): a timer of systemd looks every minute. If that run goes on all the same,
and nobody else has had the host, all is set anew before it measures, and that is kept (`lapses`).
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any, cast

from host import lease
from host.interface import find_interface
from host.orders import obey
from host.transient import TransientError, run, systemctl

from tuning.places import read_place
from tuning.plan import Order, plan
from tuning.settings import (
    Asked,
    Kept,
    Lapse,
    Setting,
    change,
    is_rebooted,
    is_set,
    kept,
    restore,
)
from tuning.steering import listed

DROP_IN = Path("/run/systemd/system/pipeline-bench@.service.d/pinning.conf")
TIMER = "pipeline-bench-tuning"
EVERY_S = 60
RESTORE_LATER = (
    f"cd {Path(__file__).parent.parent} && "
    """echo '{"state": "lapsed"}' | exec /usr/bin/python3 -S -m tuning.hold"""
)


def set_values(
    order: Order, token: str | None = None, lapses: list[Lapse] | None = None
) -> dict[str, Any]:
    """Set everything that is asked for; nothing is there to be put back if that is nothing.

    token: of the lease of who asks. lapses: of the same values, so far.
    """
    put_back()
    if not order["entries"]:
        return {}
    wanted = plan(order, find_interface(order["address"]), sorted(os.sched_getaffinity(0)))
    about = {key: value for key, value in wanted.items() if key not in ("settings", "rewriters")}
    watch()
    asked = Asked(dict(order), token, lapses or [])
    remembered = change(wanted["settings"], about, asked=asked)
    if wanted["server_cpus"]:
        DROP_IN.parent.mkdir(parents=True, exist_ok=True)
        DROP_IN.write_text(f"[Service]\nCPUAffinity={listed(wanted['server_cpus'])}\n")
        systemctl("daemon-reload")
    return shown(remembered)


def set_anew(token: str) -> None:
    """Set again what the run with this lease has set: it was put back while that goes on.

    Raises TransientError if a value cannot be set as it was: what is measured then is not what the
    run says of itself.
    """
    remembered = kept()
    assert remembered
    put_back_at = None if is_rebooted(remembered) else remembered["released_at"]
    lapse: Lapse = {"put_back_at": put_back_at, "set_anew_at": time.time()}
    order = cast("Order", remembered["order"])
    set_values(order, token, [*remembered["lapses"], lapse])
    failed = [one for one in remembered["settings"] if not is_as_before(one)]
    if failed:
        raise TransientError(
            f"{failed[0]['path']} was put back while this run went on, and could not be set to "
            f"{failed[0]['wanted']} anew"
        )


def is_as_before(one: Setting, root: Path = Path("/")) -> bool:
    """Whether a value is as it was set, unless it could not be, or is not there any more."""
    shown = read_place(root, one["path"])
    return one["error"] is not None or shown in (None, one["after"])


def put_back() -> dict[str, Any]:
    """Put back whatever is set; {} if nothing ever was."""
    remembered = restore()
    if DROP_IN.exists():
        DROP_IN.unlink()
        systemctl("daemon-reload")
    if remembered is None:
        return {}
    if not is_set(remembered):
        run("systemctl", "stop", f"{TIMER}.timer")
    return shown(remembered)


def put_back_if_lapsed() -> dict[str, Any]:
    """The same unless a run holds this host; while it is done, none begins to, nor goes on."""
    with lease.locked() as there:
        return {} if there and there.held() else put_back()


def shown(remembered: Kept) -> dict[str, Any]:
    """What is printed."""
    own = ("about", "order", "token")
    rest = {key: value for key, value in remembered.items() if key not in own}
    return {**remembered["about"], **rest, "rebooted": is_rebooted(remembered)}


def watch() -> None:
    """Have systemd look every minute whether the run still holds this host."""
    run("systemctl", "stop", f"{TIMER}.timer")
    done = run(
        "systemd-run",
        "--quiet",
        f"--unit={TIMER}",
        f"--on-active={EVERY_S}",
        f"--on-unit-active={EVERY_S}",
        "--timer-property=AccuracySec=5s",
        "sh",
        "-c",
        RESTORE_LATER,
    )
    if done.returncode != 0:
        raise TransientError(f"{TIMER}.timer could not be started: {done.stderr.strip()}")


def answer_to(order: Any) -> dict[str, Any]:
    """Do what was read; what is printed."""
    if order["state"] == "set":
        holder = lease.held()
        return set_values(order, holder["token"] if holder else None)
    return put_back_if_lapsed() if order["state"] == "lapsed" else put_back()


if __name__ == "__main__":
    sys.exit(obey(answer_to, measures=False))

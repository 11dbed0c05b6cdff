"""Set what a run asks for, and put it back.

Run in the folder above as `python3 -m tuning.hold`, with an order (host/orders.py):

    {"state": "set", "address", "port", "entries", "interrupt_cpus", "pauses"}
        first puts back what an earlier run has left, then sets all that is asked for (plan.py); the
        units of frameworks that are started from then on run on CPUs apart from those of interrupts
    {"state": "restored"}
        puts everything back

Both print {"boot_id", "interface", "interrupt_cpus", "server_cpus", "settings", "skipped",
"released_at", "rebooted"}: the classes TuningRecord and Setting of pipebench/record/schema.py say
what these are. `released_at` is unix s, or null while not everything is put back; `rebooted`:
whether the host was booted since, which puts everything back. It is {} if nothing is asked for, or
was ever set. {"failed": true, "msg"} if systemd cannot do its part.

Whatever becomes of who asks, this host puts everything back within a minute after the run holds it
no longer (host/lease.py): a timer of systemd looks every minute.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from host.interface import find_interface
from host.lease import FILE as LEASE
from host.orders import obey
from host.transient import TransientError, run, systemctl

from tuning.plan import Order, plan
from tuning.settings import Kept, change, is_rebooted, is_set, restore
from tuning.steering import listed

DROP_IN = Path("/run/systemd/system/pipeline-bench@.service.d/pinning.conf")
TIMER = "pipeline-bench-tuning"
EVERY_S = 60
# The modification time of the lease is when it ends.
RESTORE_LATER = (
    f'[ "$(stat -c %Y {LEASE} 2>/dev/null || echo 0)" -gt "$(date +%s)" ] || '
    f"""{{ cd {Path(__file__).parent.parent} && """
    """echo '{"state": "restored"}' | exec /usr/bin/python3 -S -m tuning.hold; }"""
)


def set_values(order: Order) -> dict[str, Any]:
    """Set everything that is asked for; nothing is there to be put back if that is nothing."""
    put_back()
    if not order["entries"]:
        return {}
    wanted = plan(order, find_interface(order["address"]), sorted(os.sched_getaffinity(0)))
    about = {key: value for key, value in wanted.items() if key not in ("settings", "rewriters")}
    watch()
    remembered = change(wanted["settings"], about)
    if wanted["server_cpus"]:
        DROP_IN.parent.mkdir(parents=True, exist_ok=True)
        DROP_IN.write_text(f"[Service]\nCPUAffinity={listed(wanted['server_cpus'])}\n")
        systemctl("daemon-reload")
    return shown(remembered)


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


def shown(remembered: Kept) -> dict[str, Any]:
    """What is printed."""
    rest = {key: value for key, value in remembered.items() if key != "about"}
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
    return set_values(order) if order["state"] == "set" else put_back()


if __name__ == "__main__":
    sys.exit(obey(answer_to))

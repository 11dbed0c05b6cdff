#!/usr/bin/python
"""Start one framework's systemd unit, or stop it and write down how it fared; judge nothing."""

from __future__ import annotations

DOCUMENTATION = r"""
module: framework_unit
short_description: Start or stop the systemd unit of one framework, with evidence
description:
  - With I(state=started), ends whatever framework is still running, writes the unit's environment,
    starts the unit and its sampler, and asks until the server answers.
  - With I(state=stopped), reads the unit's state, memory and samples, stops both, and returns the
    journal where anything is off.
  - A framework that does not start, or has crashed, is data, not an error. The module fails only
    where systemd cannot do its part (the unit is not deployed, for one).
options:
  name: {type: str, required: true, description: The framework.}
  state: {type: str, required: true, choices: [started, stopped], description: What to do.}
  address: {type: str, description: IP address to serve on; for I(state=started).}
  port: {type: int, description: Port to serve on; for I(state=started).}
  workers: {type: int, description: Processes; for I(state=started).}
  since: {type: float, description: Where its journal begins, s since the epoch; I(state=stopped).}
  patience: {type: float, default: 30.0, description: How long to ask for the first answer, s.}
author: [async-pipeline-bench]
"""

RETURN = r"""
unit: {type: str, returned: always, description: Name of the unit.}
started_at: {type: float, returned: started, description: This host's clock before the start.}
ready: {type: bool, returned: started, description: Whether it answered.}
ready_s: {type: float, returned: started, description: From the start to the first answer, s.}
ready_error: {type: str, returned: started, description: Why it did not answer, or null.}
started_pid: {type: int, returned: started, description: Main process once it answered.}
cpus: {type: int, returned: started, description: CPUs that the unit may use, or null.}
state: {type: dict, returned: stopped, description: Properties of the unit before it was stopped.}
exited_at: {type: float, returned: stopped, description: When it ended by itself, or null.}
rss_peak_bytes: {type: int, returned: stopped, description: Peak resident memory, or null.}
samples: {type: str, returned: stopped, description: SAMPLES of docs/architecture.md, as JSON.}
journal: {type: str, returned: stopped, description: Its journal where anything is off, or null.}
"""

import os
import time
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.plain_http import ASK_EVERY_S, ask_once
from ansible.module_utils.samples import columns

RUN = Path("/run/pipeline-bench")
PROPERTIES = (
    "ActiveState", "SubState", "Result", "NRestarts", "ExecMainPID", "ExecMainCode",
    "ExecMainStatus", "ExecMainExitTimestampMonotonic", "InvocationID",
)  # fmt: skip
# Enough for any traceback; a server that writes a line a request must not fill the results.
JOURNAL_LINES = 400


class Unit:
    """One framework's unit on this host, through systemctl."""

    def __init__(self, module: AnsibleModule, name: str) -> None:
        self.module = module
        self.unit = f"pipeline-bench@{name}.service"
        self.sampler = f"pipeline-bench-sampler@{name}.service"
        self.samples = RUN / f"{name}.samples.jsonl"
        self.environment = RUN / f"{name}.env"

    def systemctl(self, *arguments: str, check: bool = True) -> str:
        status, out, err = self.module.run_command(["systemctl", *arguments])
        if check and status != 0:
            self.module.fail_json(msg=f"systemctl {' '.join(arguments)}: {(err or out).strip()}")
        return out

    def properties(self) -> dict[str, Any]:
        """The unit's state; numbers as numbers."""
        shown = self.systemctl("show", f"--property={','.join(PROPERTIES)}", self.unit)
        pairs = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
        return {key: int(value) if value.isdigit() else value for key, value in pairs.items()}

    def start(self, address: str, port: int, workers: int, patience: float) -> dict[str, Any]:
        # One framework at a time, whatever an earlier run has left.
        self.systemctl("stop", "pipeline-bench@*.service", "pipeline-bench-sampler@*.service")
        self.systemctl("reset-failed", self.unit, check=False)
        self.samples.unlink(missing_ok=True)
        self.environment.write_text(
            f"BENCH_ADDRESS={address}\nBENCH_PORT={port}\nBENCH_WORKERS={workers}\n"
        )
        started_at = time.time()
        self.systemctl("start", self.unit, self.sampler)
        error = self.wait(address, port, patience)
        ready_s = time.time() - started_at
        state = self.properties()
        pid = state["ExecMainPID"]
        return {
            "unit": self.unit,
            "started_at": started_at,
            "ready": error is None,
            "ready_s": round(ready_s, 3) if error is None else None,
            "ready_error": error,
            "started_pid": pid if error is None else None,
            "cpus": len(os.sched_getaffinity(pid)) if error is None else None,
        }

    def wait(self, address: str, port: int, patience: float) -> str | None:
        """Ask until it answers, it ends or patience does: None, or a sentence."""
        deadline = time.monotonic() + patience
        while True:
            seen = ask_once(address, port, 1.0)
            if seen is None:
                return None
            state = self.properties()
            if state["ActiveState"] not in ("active", "activating"):
                how = f"{state['Result']}, status {state['ExecMainStatus']}"
                return f"ended before it answered ({how})"
            if time.monotonic() > deadline:
                return f"did not answer within {patience:g} s: {seen}"
            time.sleep(ASK_EVERY_S)

    def stop(self, since: float | None) -> dict[str, Any]:
        state = self.properties()
        exit_us = state.pop("ExecMainExitTimestampMonotonic", 0)
        exited_at = time.time() - time.monotonic() + exit_us / 1e6 if exit_us else None
        rss_peak = self.rss_peak_bytes()
        # Also where it has failed already: the sampler runs on.
        self.systemctl("stop", self.sampler, self.unit)
        return {
            "unit": self.unit,
            "state": state,
            "exited_at": exited_at,
            "rss_peak_bytes": rss_peak,
            "samples": columns(self.samples),
            "journal": self.journal(since, state),
        }

    def rss_peak_bytes(self) -> int | None:
        """Sum of the peaks (VmHWM) of the unit's processes, or None when they are gone."""
        group = self.systemctl("show", "--property=ControlGroup", "--value", self.unit).strip()
        total = None
        for root in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified"):
            try:
                pids = Path(root + group, "cgroup.procs").read_text().split() if group else []
            except OSError:
                continue
            for pid in pids:
                try:
                    status = Path("/proc", pid, "status").read_text()
                except OSError:
                    continue
                for line in status.splitlines():
                    if line.startswith("VmHWM:"):
                        total = (total or 0) + int(line.split()[1]) * 1024
            break
        return total

    def journal(self, since: float | None, state: dict[str, Any]) -> str | None:
        """What the unit and systemd said of it, if it said anything or is not running."""
        ask = ["journalctl", "--no-pager", "--quiet", f"--lines={JOURNAL_LINES}"]
        ask += [f"--since=@{since:.6f}"] if since else []
        own = [*ask, "--output=cat", f"_SYSTEMD_INVOCATION_ID={state.get('InvocationID')}"]
        said = self.module.run_command(own)[1].strip() if state.get("InvocationID") else ""
        if not said and state["ActiveState"] == "active":
            return None
        return self.module.run_command([*ask, "--output=short-precise", "--unit", self.unit])[1]


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "required": True, "choices": ["started", "stopped"]},
            "address": {"type": "str"},
            "port": {"type": "int"},
            "workers": {"type": "int"},
            "since": {"type": "float"},
            "patience": {"type": "float", "default": 30.0},
        },
        required_if=[("state", "started", ("address", "port", "workers"))],
    )
    wanted = module.params
    unit = Unit(module, wanted["name"])
    if wanted["state"] == "started":
        start = (wanted["address"], wanted["port"], wanted["workers"], wanted["patience"])
        module.exit_json(changed=False, **unit.start(*start))
    module.exit_json(changed=False, **unit.stop(wanted["since"]))


if __name__ == "__main__":
    main()

"""Carry out one phase of a run on one testbed: every execution, one after the other.

Arguments: `phase`, of PHASES in pipebench/harness/phases.py; `run`, the fact `bench_run`;
`testbed`, its name; `unavailable`, the frameworks that could not be deployed, `{name: {reason,
log}}`; `recovery`, the fact `harness_recovery` of the phase before; `pauses_s`, see
pipebench/harness/recovery.py; `keeper`, the fact `harness_keeper` of the phase before.

The task is the server's. The load generators are reached with the variables that the inventory has
for them. One task, because a task of Ansible costs 0.2 s of the controller's CPU, and a measurement
is three calls: the logic is in pipebench/harness/. Lines are displayed as they come. Returns the
facts `harness_recovery` and `harness_keeper` (pipebench/harness/keeper.py), of the last phase the
former only, and of the phase `measure` `harness_measured`: `{rounds_taken,
controller_cpu_s}`, what phases.measure returned and what this process and its ssh used.
"""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.plugins.connection import ConnectionBase
from ansible.utils.display import Display

from pipebench.documents.declared import plain
from pipebench.harness.execution import Hosts
from pipebench.harness.host_program import Call
from pipebench.harness.interrupt import Interrupted, end_everything, interruptible, let_go
from pipebench.harness.keeper import keep
from pipebench.harness.lines import SILENCE_S, Lines
from pipebench.harness.phases import LAST, PHASES
from pipebench.harness.recovery import Recovery
from pipebench.harness.testbed_run import TestbedRun
from pipebench.harness.tuning import put_back
from pipebench.hosts.owner import parsed
from pipebench.plan.run_plan import RunPlan
from pipebench.plan.variables import RESUME
from pipebench.record.assemble import Answer


class ActionModule(ActionBase):
    """The action `testbed_phase`, and the way to run a command on one host."""

    _VALID_ARGS = frozenset(
        {"phase", "run", "testbed", "unavailable", "recovery", "pauses_s", "keeper"}
    )

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        answer: dict[str, Any] = super().run(tmp, task_vars)
        given, known = plain(self._task.args), task_vars or {}
        run = RunPlan.from_fact(given["run"])
        testbed = next(one for one in run.testbeds if one.name == given["testbed"])
        # a phase before may have been given none
        pauses = {"pauses_s": given["pauses_s"]} if "pauses_s" in given else {}
        display = Display()
        testbed_run = TestbedRun(
            run,
            testbed,
            Hosts(
                AnsibleHost(testbed.server, self),
                [AnsibleHost(name, self._of_host(name, known)) for name in testbed.generators],
            ),
            Lines(
                lambda text, trouble: display.display(
                    text, color=constants.COLOR_ERROR if trouble else None
                ),
                every=display.verbosity > 0 or "BENCH_ON_TERMINAL" in os.environ,
                silence_s=SILENCE_S * len(run.testbeds),
            ),
            unavailable=given.get("unavailable") or {},
            recovery=Recovery(**(given.get("recovery") or {}) | pauses),
        )
        if given.get("keeper"):
            parsed(given["keeper"]).end()
        used_s = cpu_s()
        try:
            with interruptible():
                taken = PHASES[given["phase"]](testbed_run)
        except Interrupted:
            end_everything(testbed_run.hosts, run)
            put_back(testbed_run)
            let_go(testbed_run.hosts, run)
            os._exit(1)  # as Ansible's own worker does: nobody waits for a result
        except OSError as error:
            end_everything(testbed_run.hosts, run)
            with suppress(OSError):  # the hosts are put back first, and then that is recorded
                put_back(testbed_run)
            let_go(testbed_run.hosts, run)
            raise AnsibleActionFail(
                f"{run.results_dir} cannot be written: {error.strerror}. What was recorded before "
                f"is whole; once that is mended, -e {RESUME}={run.run_id} measures the rest."
            ) from error
        if testbed_run.recovery.faults_in_a_row:  # what the last execution started may still run
            end_everything(testbed_run.hosts, run)
        facts: dict[str, Any] = {"harness_recovery": asdict(testbed_run.recovery)}
        if given["phase"] != LAST:
            facts["harness_keeper"] = keep(testbed_run.hosts, run)
        if taken is not None:
            used_s = round(cpu_s() - used_s, 3)
            facts["harness_measured"] = {"rounds_taken": taken, "controller_cpu_s": used_s}
        return answer | {"ansible_facts": facts}

    def _of_host(self, host: str, known: dict[str, Any]) -> ActionModule:
        """The same action with a connection to another host, as `delegate_to` makes it."""
        variables = known["hostvars"][host]
        connection = self._connection_to(variables)
        return type(self)(
            self._task,
            connection,
            self._play_context,
            self._loader,
            self._templar,
            self._shared_loader_obj,
        )

    def _connection_to(self, variables: dict[str, Any]) -> ConnectionBase:
        """Connection, shell and `become` with the options of a host's variables and of the task."""
        context = self._play_context.copy()
        context.remote_addr = variables.get("ansible_host", variables["inventory_hostname"])
        keywords = self._task.dump_attrs() | {"timeout": context.timeout}
        del keywords["retries"]  # of the task, not of the connection
        keywords |= {"password": context.password} if context.password else {}
        loaders = self._shared_loader_obj
        connection = loaders.connection_loader.get(
            variables.get("ansible_connection", self._task.connection), context
        )
        _set_options(connection, "connection", variables, keywords)
        _set_options(connection._shell, "shell", variables, keywords)  # noqa: SLF001
        if variables.get("ansible_become", self._task.become):
            method = variables.get("ansible_become_method", self._task.become_method)
            become = loaders.become_loader.get(method)
            keywords |= {"become_pass": context.become_pass} if context.become_pass else {}
            _set_options(become, "become", variables, keywords)
            connection.set_become_plugin(become)
        return connection

    def execute(self, call: Call) -> Answer:
        """Run a program on this action's host; see pipebench/harness/host_program.py."""
        try:
            done = self._low_level_execute_command(call.command, in_data=call.input)
        except AnsibleConnectionFailure as error:
            return {"unreachable": True, "msg": str(error)}
        except (AnsibleError, OSError, ValueError) as error:
            return {"failed": True, "msg": str(error)}
        return call.answer(done)


class AnsibleHost:
    """A host that Ansible reaches."""

    def __init__(self, name: str, action: ActionModule) -> None:
        self.name, self._action = name, action

    def run(self, call: Call) -> Answer:
        return self._action.execute(call)


def cpu_s() -> float:
    """CPU time of this process and of its children that have ended, s."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def _set_options(
    plugin: Any, kind: str, variables: dict[str, Any], keywords: dict[str, Any]
) -> None:
    """Give a plugin those of a host's variables that it declares."""
    declared = constants.config.get_plugin_vars(kind, plugin._load_name)  # noqa: SLF001
    options = {name: variables[name] for name in declared if name in variables}
    plugin.set_options(task_keys=keywords, var_options=options)

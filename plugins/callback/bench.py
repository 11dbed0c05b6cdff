"""What a person sees of a run: what changes hosts, as Ansible shows it, and a line a measurement.

Tasks of roles, which change hosts, are shown as Ansible shows them. Those of playbooks, which look
and measure, are shown only if they change something or fail, or with -vv. What a task returns as
`progress` is printed as a line at once; what it returns as `closing` is printed last of all, under
the recap.

The lines of a testbed's executions come from the action itself, while it goes on. Whether a person
looks on at a terminal, it is told by the environment: a worker of Ansible has none.

What refuses a run before a host is changed is shown as its sentences alone, without the recap.
With --check, of what a run would do only what is done then is shown: the look at plan and hosts.

An interrupted run ends here, too: at Ctrl-C, SIGTERM or the end of the terminal, Ansible tells its
workers, each of which leaves its hosts clean (testbed_phase), and gives up. Then the report is made
of what was measured, and the exit status is 130.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from ansible import constants
from ansible import context as command_line
from ansible.plugins.callback.default import CallbackModule as Default

from pipebench.alone.status import Status
from pipebench.door.choice import Choice, choice_mistakes
from pipebench.hosts.login import vault_text

DOCUMENTATION = r"""
name: bench
type: stdout
short_description: The default output, with a line a measurement and the summary at the end
extends_documentation_fragment: [default_callback, result_format_callback]
"""


COLLECT = Path(__file__).resolve().parents[2] / "collect.py"
REFUSING = ("bench_plan", "bench_resolve")
"""Actions that refuse a run; so does this playbook, which judges all hosts at its end."""
LOOKING = "/playbooks/preflight_hosts.yml:"
RUN = "bench.yml"
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# So long the workers may take to leave their hosts clean.
CLEAN_S = 8


class CallbackModule(Default):
    """The callback `bench`."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "bench"

    def __init__(self) -> None:
        super().__init__()
        self._closing: list[str] = []
        self._verbose = self._display.verbosity > 1
        if sys.stdout.isatty():
            os.environ["BENCH_ON_TERMINAL"] = "1"
        self._check = bool(command_line.CLIARGS.get("check"))
        self._play_to_show: Any = None
        self._is_first_play = True
        self._is_refused = False
        self._results: str | None = None
        self._told = signal.getsignal(signal.SIGINT)
        for number in ENDINGS:
            signal.signal(number, self._interrupt)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        """Let Ansible give up as it does at Ctrl-C; a second signal ends it at once."""
        for one in ENDINGS:
            signal.signal(one, signal.SIG_DFL)
        atexit.register(self._end, shown=number != signal.SIGHUP)
        if callable(self._told):
            self._told(signal.SIGINT, frame)
        raise KeyboardInterrupt

    def _end(self, *, shown: bool) -> None:
        """Wait for the workers, and report what was measured. shown: somebody looks on."""
        for worker in multiprocessing.active_children():
            worker.join(CLEAN_S)
        if self._results and Path(self._results, "run.json").exists():
            output = None if shown else subprocess.DEVNULL
            subprocess.run(
                [sys.executable, COLLECT, self._results], stdout=output, stderr=output, check=False
            )
        shutil.rmtree(constants.DEFAULT_LOCAL_TMP, ignore_errors=True)
        os._exit(Status.INTERRUPTED)

    def _is_shown(self, task: Any) -> bool:
        """Whether a task is shown also if it changes nothing."""
        return self._verbose or task._role is not None  # noqa: SLF001 (the interface of callbacks)

    def _print_lines(self, data: dict[str, Any]) -> None:
        """Print the progress that a task returned, and keep what is to be printed last."""
        closing = data.pop("closing", None)
        if closing:
            self._closing.append(closing)
        line = data.get("progress")
        if line:
            self._display.display(line)

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Refuse options with which not even the plan could be looked at."""
        super().v2_playbook_on_start(playbook)
        if Path(playbook._file_name).name == RUN:  # noqa: SLF001
            mistakes = choice_mistakes(Choice.from_options(command_line.CLIARGS))
            for mistake in mistakes:
                self._display.display(mistake, color=constants.COLOR_ERROR)
            if mistakes:
                sys.exit(Status.REFUSED)

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._play = play
        if self._check or self._is_first_play:
            # Most plays only skip then: the name is printed with the first task that does not.
            if self._check:
                self.set_option("display_skipped_hosts", False)
            self._play_to_show = play
            self._is_first_play = False
        else:
            super().v2_playbook_on_play_start(play)

    def _print_task_banner(self, task: Any) -> None:
        if self._play_to_show:
            super().v2_playbook_on_play_start(self._play_to_show)
            self._play_to_show = None
        super()._print_task_banner(task)

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        if self._is_shown(task):
            super().v2_playbook_on_task_start(task, is_conditional)

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        if self._is_shown(task):
            super().v2_runner_on_start(host, task)

    def v2_runner_on_ok(self, result: Any) -> None:
        self._print_lines(result._result)  # noqa: SLF001
        if result._task.action == "bench_plan":  # noqa: SLF001
            self._results = result._result["run"]["results_dir"]  # noqa: SLF001
        if result._result.get("changed") or self._is_shown(result._task):  # noqa: SLF001
            super().v2_runner_on_ok(result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        if result._result.get("changed") or self._is_shown(result._task):  # noqa: SLF001
            super().v2_runner_item_on_ok(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._print_lines(result._result)  # noqa: SLF001
        if ignore_errors and self._is_look(result):
            return
        if not self._verbose and (result._task.action in REFUSING or self._is_look(result)):  # noqa: SLF001
            self._is_refused = True
            message = str(result._result.get("msg", ""))  # noqa: SLF001
            encrypted = vault_text(message)
            lines = [f"A{encrypted[1:]}"] if encrypted else message.splitlines()
            for line in lines:
                self._display.display(line, color=constants.COLOR_ERROR)
            return
        super().v2_runner_on_failed(result, ignore_errors)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        if not self._is_look(result):
            super().v2_runner_on_unreachable(result)

    def _is_look(self, result: Any) -> bool:
        """Whether it is a task that only looks: what it finds is judged for all hosts together."""
        return not self._verbose and LOOKING in str(result._task.get_path())  # noqa: SLF001

    def v2_runner_on_skipped(self, result: Any) -> None:
        if self._is_shown(result._task):  # noqa: SLF001
            super().v2_runner_on_skipped(result)

    def v2_runner_item_on_skipped(self, result: Any) -> None:
        if self._is_shown(result._task):  # noqa: SLF001
            super().v2_runner_item_on_skipped(result)

    def v2_playbook_on_include(self, included_file: Any) -> None:
        if self._is_shown(included_file._task):  # noqa: SLF001
            super().v2_playbook_on_include(included_file)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        if not self._is_refused:
            super().v2_playbook_on_stats(stats)
        for text in self._closing:
            self._display.display(text)

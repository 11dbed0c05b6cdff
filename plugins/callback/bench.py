"""What a person sees of a run: what changes hosts, as Ansible shows it, and a line a measurement.

Tasks of roles, which change hosts, are shown as Ansible shows them. Those of playbooks, which look
and measure, are shown only if they change something or fail, or with -vv. What a task returns as
`progress` is printed as a line at once; what it returns as `closing` is printed last of all, under
the recap.

The lines of a testbed's executions come from the action itself, while it goes on. Whether a person
looks on at a terminal, it is told by the environment: a worker of Ansible has none.

With --check, of what a run would do only what is done then is shown: the look at plan and hosts.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from ansible import context as command_line
from ansible.plugins.callback.default import CallbackModule as Default

DOCUMENTATION = r"""
name: bench
type: stdout
short_description: The default output, with a line a measurement and the summary at the end
extends_documentation_fragment: [default_callback, result_format_callback]
"""


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

    def v2_playbook_on_play_start(self, play: Any) -> None:
        self._play = play
        if self._check:
            # Most plays only skip then: the name is printed with the first task that does not.
            self.set_option("display_skipped_hosts", False)
            self._play_to_show = play
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
        if result._result.get("changed") or self._is_shown(result._task):  # noqa: SLF001
            super().v2_runner_on_ok(result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        if result._result.get("changed") or self._is_shown(result._task):  # noqa: SLF001
            super().v2_runner_item_on_ok(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._print_lines(result._result)  # noqa: SLF001
        super().v2_runner_on_failed(result, ignore_errors)

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
        super().v2_playbook_on_stats(stats)
        for text in self._closing:
            self._display.display(text)

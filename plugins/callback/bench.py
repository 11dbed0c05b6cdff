"""What a person sees of a run: Ansible's own output, but a measurement is one line.

A task with the tag `quiet` is shown only when it fails. What a task returns as `progress` is
printed as a line at once; what it returns as `closing` is printed last of all, under the recap.
"""

from __future__ import annotations

from typing import Any

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

    @staticmethod
    def _is_quiet(task: Any) -> bool:
        return "quiet" in task.tags

    def _keep_closing(self, data: dict[str, Any]) -> None:
        closing = data.pop("closing", None)
        if closing:
            self._closing.append(closing)

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        if not self._is_quiet(task):
            super().v2_playbook_on_task_start(task, is_conditional)

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        if not self._is_quiet(task):
            super().v2_runner_on_start(host, task)

    def v2_runner_on_ok(self, result: Any) -> None:
        data = result._result  # noqa: SLF001 (the callback interface of ansible-core)
        if data.get("progress"):
            self._display.display(data["progress"])
        self._keep_closing(data)
        if not self._is_quiet(result._task):  # noqa: SLF001
            super().v2_runner_on_ok(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._keep_closing(result._result)  # noqa: SLF001
        super().v2_runner_on_failed(result, ignore_errors)

    def v2_runner_on_skipped(self, result: Any) -> None:
        if not self._is_quiet(result._task):  # noqa: SLF001
            super().v2_runner_on_skipped(result)

    def v2_runner_item_on_skipped(self, result: Any) -> None:
        if not self._is_quiet(result._task):  # noqa: SLF001
            super().v2_runner_item_on_skipped(result)

    def v2_playbook_on_include(self, included_file: Any) -> None:
        if not self._is_quiet(included_file._task):  # noqa: SLF001
            super().v2_playbook_on_include(included_file)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        super().v2_playbook_on_stats(stats)
        for text in self._closing:
            self._display.display(text)

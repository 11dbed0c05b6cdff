"""The controller's half of framework_deploy: read the files, and send the program if need be."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from pipebench.plan.variants import contents

# A framework is a few files of code: more is a mistake, such as an environment left in the folder.
MOST_BYTES = 1_000_000


def read_contents(folder: Path, variant: str) -> dict[str, str]:
    """What a variant of a framework consists of, by relative path, in base64."""
    files = contents(folder, variant)
    size = sum(path.stat().st_size for path in files.values())
    if size > MOST_BYTES:
        raise AnsibleActionFail(
            f"{folder} holds {size} bytes; a framework has at most {MOST_BYTES}"
        )
    return {name: base64.b64encode(path.read_bytes()).decode() for name, path in files.items()}


class ActionModule(ActionBase):
    _requires_connection = True

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        super().run(tmp, task_vars)
        words = self._task.args.copy()
        binary = words.pop("binary", None)
        if words["runtime"] == "go":
            words["binary_sha256"] = hashlib.sha256(Path(binary).read_bytes()).hexdigest()
        else:
            words["files"] = read_contents(Path(words["folder"]), words.pop("variant", ""))
        first: dict[str, Any] = self._execute_module(module_args=words, task_vars=task_vars)
        if first.get("failed") or not first.get("needs_binary"):
            return first

        self._connection._shell.tmpdir or self._make_tmp_path()  # noqa: SLF001 - as in copy
        folder = self._connection._shell.tmpdir  # noqa: SLF001
        remote = self._connection._shell.join_path(folder, "server")  # noqa: SLF001
        self._transfer_file(str(binary), remote)
        self._fixup_perms2((folder, remote))
        second: dict[str, Any] = self._execute_module(
            module_args={**words, "binary": remote}, task_vars=task_vars
        )
        self._remove_tmp_path(folder)
        return {**second, "changed": True} if not second.get("failed") else second

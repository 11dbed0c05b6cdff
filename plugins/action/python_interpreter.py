"""The controller's half of python_interpreter: bring a copy of an interpreter made by pyenv.

Only when the host itself finds none is anything packed and sent.
"""

from __future__ import annotations

import platform
import re
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

THROUGH = "bench_via_controller: true would let it come through the controller"
UNUSED = {"test", "idlelib", "turtledemo", "ensurepip", "site-packages", "__pycache__"}


def candidates(wanted: str, versions: Path) -> list[Path]:
    """What pyenv has of this version, newest first."""
    found = [
        path
        for path in versions.glob("*")
        if path.name == wanted or path.name.startswith(wanted + ".")
    ]
    return sorted(found, key=lambda path: [int(n) for n in re.findall(r"\d+", path.name)])[::-1]


def wanted_member(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out of the archive what serving never needs."""
    parts = set(Path(member.name).parts)
    if parts & UNUSED or member.name.endswith(".a") or "/config-" in member.name:
        return None
    return member


class ActionModule(ActionBase):
    _requires_connection = True

    def run(
        self, tmp: str | None = None, task_vars: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        super().run(tmp, task_vars)
        words = self._task.args.copy()
        first: dict[str, Any] = self._execute_module(module_args=words, task_vars=task_vars)
        if first.get("failed") or first.get("found"):
            return first
        if "controller" not in words["sources"]:
            return {**first, "tried": [*first["tried"], THROUGH]}

        version = words["version"]
        mine = candidates(str(version), Path.home() / ".pyenv" / "versions")
        if not mine:
            note = (
                f"the controller's pyenv has no CPython {version}, which `pyenv install {version}` "
                "there would change"
            )
        elif first["architecture"] != platform.machine():
            note = f"the controller's CPython is for {platform.machine()}"
        elif mine[0].name in first["copies"] or self._task.check_mode:
            return first
        else:
            return self.send(mine[0], {**words, "sources": ["controller"]}, first, task_vars)
        return {**first, "tried": [*first["tried"], note]}

    def send(
        self,
        tree: Path,
        words: dict[str, Any],
        first: dict[str, Any],
        task_vars: dict[str, Any] | None,
    ) -> dict[str, Any]:
        """Pack, send, and let the module unpack and try it."""
        self._connection._shell.tmpdir or self._make_tmp_path()  # noqa: SLF001 - as in copy
        folder = self._connection._shell.tmpdir  # noqa: SLF001
        remote = self._connection._shell.join_path(folder, "python.tar.gz")  # noqa: SLF001
        with tempfile.TemporaryDirectory() as scratch:
            local = Path(scratch) / "python.tar.gz"
            with tarfile.open(local, "w:gz", compresslevel=1) as archive:
                archive.add(tree.resolve(), arcname=tree.name, filter=wanted_member)
            self._transfer_file(str(local), remote)
        self._fixup_perms2((folder, remote))
        second: dict[str, Any] = self._execute_module(
            module_args={**words, "archive": remote}, task_vars=task_vars
        )
        self._remove_tmp_path(folder)
        return {
            **second,
            "changed": bool(first["changed"] or second.get("changed")),
            "tried": [*first["tried"], *second.get("tried", [])],
        }

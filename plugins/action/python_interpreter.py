"""The controller's half of python_interpreter: bring an interpreter that the controller has.

A copy of one that pyenv made, or a build of Maven's central repository. Only if the host itself
finds none is anything fetched, packed or sent.
"""

from __future__ import annotations

import platform
import re
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase

from pipebench.hosts.python_builds import NoBuildError, build_for, fetched, listed

THROUGH = "bench_via_controller: true would let it come through the controller"
UNUSED = {"test", "idlelib", "turtledemo", "ensurepip", "site-packages", "__pycache__"}

Answer = dict[str, Any]


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
    """The action `python_interpreter`; its answer is the module's, with all that was tried."""

    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Answer:
        super().run(tmp, task_vars)
        self._task_vars = task_vars
        sources = self._task.args["sources"]
        answer = self._module(sources=[one for one in sources if one != "maven"])
        if "controller" in sources:
            answer = self._or_else(answer, self._copied)
        if "maven" in sources:
            answer = self._or_else(answer, self._built)
        if "controller" not in sources:
            answer = self._or_else(answer, lambda _: _none(THROUGH))
        return answer

    @staticmethod
    def _or_else(answer: Answer, source: Callable[[Answer], Answer]) -> Answer:
        """An answer so far, or that of another source if there is no interpreter in it."""
        if answer.get("failed") or answer.get("found"):
            return answer
        other = source(answer)
        return {
            **answer,
            **other,
            "changed": bool(answer["changed"] or other.get("changed")),
            "tried": [*answer["tried"], *other.get("tried", [])],
        }

    def _copied(self, answer: Answer) -> Answer:
        """A copy of one that pyenv made here."""
        version = str(self._task.args["version"])
        mine = candidates(version, Path.home() / ".pyenv" / "versions")
        if not mine:
            return _none(
                f"the controller's pyenv has no CPython {version}, which `pyenv install {version}` "
                "there would change"
            )
        if answer["architecture"] != platform.machine():
            return _none(f"the controller's CPython is for {platform.machine()}")
        tree = mine[0]
        if tree.name in answer["copies"] or self._task.check_mode:
            return {}
        with tempfile.TemporaryDirectory() as scratch:
            local = Path(scratch) / "python.tar.gz"
            with tarfile.open(local, "w:gz", compresslevel=1) as archive:
                archive.add(tree.resolve(), arcname=tree.name, filter=wanted_member)
            return self._sent(local, "controller", tree.name)

    def _built(self, answer: Answer) -> Answer:
        """A build of Maven's central repository."""
        args = self._task.args
        try:
            build = build_for(
                str(args["version"]), answer["architecture"], answer["glibc"], listed()
            )
            if build.release in answer["copies"]:
                return self._module(sources=["maven"], release=build.release)
            if self._task.check_mode:
                return {}
            return self._sent(fetched(build, Path(args["cache"])), "maven", build.release)
        except NoBuildError as error:
            return _none(str(error))

    def _sent(self, local: Path, source: str, release: str) -> Answer:
        """Send an archive, and let the module unpack and try it."""
        shell = self._connection._shell  # noqa: SLF001 - as in copy
        shell.tmpdir or self._make_tmp_path()
        remote = shell.join_path(shell.tmpdir, local.name)
        try:
            self._transfer_file(str(local), remote)
        except AnsibleConnectionFailure:
            raise
        except AnsibleError as error:
            return _none(f"CPython {release} could not be sent to the server: {error}")
        self._fixup_perms2((shell.tmpdir, remote))
        answer = self._module(sources=[source], archive=remote, release=release)
        self._remove_tmp_path(shell.tmpdir)
        return answer

    def _module(self, **words: Any) -> Answer:
        """Execute the module with its own arguments, and these in their place."""
        own = {name: value for name, value in self._task.args.items() if name != "cache"}
        answer: Answer = self._execute_module(module_args=own | words, task_vars=self._task_vars)
        return answer


def _none(why: str) -> Answer:
    return {"tried": [why]}

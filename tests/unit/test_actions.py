"""What Ansible's actions do beside calling the package: arguments in, answers out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from action import collect, controller_file

ROOT = Path(__file__).resolve().parents[2]


def act(plugin: Any, **arguments: Any) -> dict[str, Any]:
    """Run an action as Ansible does, with what it needs of a task and nothing else."""
    task = SimpleNamespace(args=arguments, async_val=0, check_mode=False, diff=False)
    nothing = SimpleNamespace()
    action = plugin.ActionModule(task, nothing, nothing, nothing, nothing, nothing)
    action._connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))  # noqa: SLF001
    return action.run(task_vars={})


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "new" / "file.json"
    act(controller_file, path=str(target), data={"a": 1})
    assert json.loads(target.read_text()) == {"a": 1}
    with pytest.raises(TypeError):
        act(controller_file, path=str(target), data={"a": object()})
    assert json.loads(target.read_text()) == {"a": 1}
    assert [path.name for path in target.parent.iterdir()] == ["file.json"]


@pytest.mark.parametrize("priced", [True, False])
def test_the_end_of_a_run_keeps_the_prices_of_its_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, priced: bool
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pipebench").symlink_to(ROOT / "pipebench")
    shutil.copy(ROOT / "collect.py", project)
    monkeypatch.setattr(collect, "COLLECT", project / "collect.py")
    host = "lab-server" if priced else "another"
    said = "{currency: EUR, date: 2026-11-01, source: a list, hosts: {%s: {per_hour: 1}}}"
    (project / "prices.yml").write_text(said % host)
    run = tmp_path / "run"
    shutil.copytree(ROOT / "tests" / "data" / "run", run)
    answer = act(collect, run_dir=str(run))
    assert "Report: " in answer["closing"]
    assert (run / "prices.yml").exists() == priced
    assert ("## Cost" in (run / "report.md").read_text()) == priced

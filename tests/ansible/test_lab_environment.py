"""What the lab's machines know of this computer's environment: the way out, and no password."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ansible.test_callback import ROOT

pytestmark = pytest.mark.ansible

ROLE = ROOT / "lab" / "roles" / "lab"
INDEX = "https://me:hunter2@index.example/simple"
SET = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX", "GOPROXY")
PLAY: list[dict[str, Any]] = [
    {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"__lab_machines": {"a": "198.18.0.11"}},
        "vars_files": [
            str(ROLE / "defaults" / "main.yml"),
            str(ROOT / "lab" / "inventory" / "group_vars" / "lab.yml"),
        ],
        "tasks": [
            {
                "ansible.builtin.copy": {"dest": "{{ kept }}/" + name, "content": content},
                "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
            }
            for name, content in (
                ("environment", "{{ lookup('ansible.builtin.template', '%s') }}"),
                ("installers", "{{ server_environment | to_json }}"),
            )
        ],
    }
]


def test_the_password_of_an_index_is_in_no_file_of_a_machine(tmp_path: Path) -> None:
    play = tmp_path / "play.yml"
    template = str(ROLE / "templates" / "environment.j2")
    play.write_text(json.dumps(PLAY).replace("%s", template))
    proxies = {"http_proxy": "http://192.0.2.1:3128", "UV_INDEX": ""}
    subprocess.run(
        ["ansible-playbook", "-i", "localhost,", "-e", f"kept={tmp_path}", str(play)],
        env=os.environ | dict.fromkeys(SET, INDEX) | proxies, cwd=ROOT, check=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    text = (tmp_path / "environment").read_text()
    assert "http_proxy=http://192.0.2.1:3128\n" in text
    assert "hunter2" not in text
    installers = json.loads((tmp_path / "installers").read_text())
    assert installers == dict.fromkeys(
        ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX"), INDEX
    )


def test_only_root_reads_the_password_of_a_proxy() -> None:
    tasks = yaml.safe_load((ROLE / "tasks" / "main.yml").read_text(encoding="utf-8"))
    (task,) = [task for task in tasks if "lab_machines" in task]
    files = {file["path"]: file for file in task["lab_machines"]["files"]}
    assert files["/etc/environment"]["mode"] == "0600"

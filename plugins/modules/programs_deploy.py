"""Put the programs of a measurement on a host, all in one step."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.host import lease

DOCUMENTATION = """
---
module: programs_deploy
short_description: Put the programs of a measurement on a host
description:
  - Makes folders of O(path) hold exactly the Python programs of the same folders of O(source), and
    changes nothing if they already do. Other files are left alone.
  - A host that another run holds is refused, as it measures with these programs.
  - The action plugin of the same name reads O(source) on the controller. A task of copying would
    ask the host twice for each of the files.
options:
  path:
    description: Where the folders belong on the host.
    type: path
    required: true
  source:
    description: Where they are on the controller; for the action plugin.
    type: path
    required: true
  folders:
    description: Their names.
    type: list
    elements: str
    required: true
  files:
    description: The programs by relative path; made by the action plugin.
    type: dict
  token:
    description: Of the lease of the run that asks; without it no run may hold the host.
    type: str
author: async-pipeline-bench
"""

EXAMPLES = """
- name: Put the driver of the load tools there
  programs_deploy:
    path: /opt/pipeline-bench
    source: "{{ playbook_dir }}/../files"
    folders: [generator]
"""

RETURN = """
written:
  description: The programs that were not there, or not so.
  type: list
  returned: success
removed:
  description: The programs that were there and are not any more.
  type: list
  returned: success
"""


PYTHON = Path("/usr/bin/python3")
"""Which runs them (pipebench/harness/host_program.py)."""


def is_so(path: Path, text: str) -> bool:
    return (
        path.is_file()
        and not path.is_symlink()
        and path.read_bytes() == text.encode()
        and path.stat().st_mode & 0o7777 == 0o644
    )


def write(path: Path, text: str) -> None:
    """Write a file atomically, readable by all, in folders that are so, too."""
    missing = [folder for folder in path.parents if not folder.is_dir()]
    for folder in reversed(missing):
        folder.mkdir()
        folder.chmod(0o755)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(text.encode())
    part.chmod(0o644)
    part.replace(path)


def compile_all(folders: list[Path]) -> None:
    """Compile the programs for the Python that runs them: a user who may not write there cannot.

    They run also if it fails, only later.
    """
    if PYTHON.exists():
        words = [str(PYTHON), "-m", "compileall", "-q", *map(str, folders)]
        subprocess.run(words, capture_output=True, check=False, umask=0o022)


def deploy(params: dict[str, Any], *, check_mode: bool) -> dict[str, Any]:
    """Make the folders hold these programs; what had to change for that.

    Raises lease.HeldError if another run holds the host.
    """
    lease.refuse_others(params.get("token"))
    root = Path(params["path"])
    files = {root / name: text for name, text in params["files"].items()}
    written = [path for path, text in files.items() if not is_so(path, text)]
    there = {path for folder in params["folders"] for path in (root / folder).rglob("*.py")}
    removed = sorted(there - files.keys())
    if not check_mode:
        for path in written:
            write(path, files[path])
        for path in removed:
            path.unlink()
        if written:
            compile_all([root / folder for folder in params["folders"]])
    return {
        "changed": bool(written or removed),
        "written": [str(path.relative_to(root)) for path in written],
        "removed": [str(path.relative_to(root)) for path in removed],
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "source": {"type": "path", "required": True},
            "folders": {"type": "list", "elements": "str", "required": True},
            "files": {"type": "dict"},
            "token": {"type": "str", "no_log": False},
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**deploy(module.params, check_mode=module.check_mode))
    except lease.HeldError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename} could not be changed: {error.strerror}")


if __name__ == "__main__":
    main()

"""Know a host again that an earlier provisioning has left as it is wanted."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.host.debian import versions

DOCUMENTATION = """
---
module: provision_stamp
short_description: Know a host again that an earlier provisioning has left as it is wanted
description:
  - A provisioning that changes nothing takes half a minute. This looks at the host once instead. It
    compares what is wanted, and the state of everything that was put there, with the stamp.
  - Of files it compares names, modes, sizes, moments of change and targets of links. It compares
    which Debian packages there are by dpkg's own list of them.
  - What differs is left to the roles, which compare contents.
  - The action plugin of the same name makes O(base) for V(read), and returns it.
options:
  state:
    description:
      - V(read) answers what is not as the stamp says.
      - V(written) writes the stamp, of a host that the roles have just provisioned.
    type: str
    choices: [read, written]
    required: true
  directory:
    description: Where everything is kept on the host.
    type: path
    required: true
  base:
    description:
      - A digest of what provisions the host, without the frameworks.
      - For V(written) it is what V(read) has returned, before the roles registered anything.
    type: str
    default: ""
  tools:
    description: The load tools of the run; for the action plugin.
    type: list
    elements: str
    default: []
  frameworks:
    description: The frameworks by name, each with C(digest) of its files and C(packages) of Debian.
    type: dict
    default: {}
author: async-pipeline-bench
"""

EXAMPLES = """
- name: See what the host has
  provision_stamp:
    state: read
    directory: /opt/pipeline-bench
    frameworks: "{{ bench_run.frameworks }}"
"""

RETURN = """
base:
  description: A digest of what provisions the host, without the frameworks.
  type: str
  returned: always
base_is_there:
  description: Whether the host is as wanted but for the frameworks.
  type: bool
  returned: success
missing:
  description: The frameworks that are not there as wanted, sorted; all of them without a base.
  type: list
  elements: str
  returned: success
"""

STAMP = "provisioned.json"
# below the directory: what a run changes, and what is compared by itself
APART = {STAMP, "cache", "frameworks", "lease.json", "packages", "tuning.json"}
ELSEWHERE = ("etc/systemd/system/pipeline-bench*", "etc/tmpfiles.d/pipeline-bench*")
DPKG_STATUS = "var/lib/dpkg/status"


def digest(parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def look(path: Path) -> list[Any]:
    """What is compared of one file, or link, or of nothing."""
    try:
        entry = path.lstat()
    except OSError:
        return [str(path)]
    target = str(path.readlink()) if path.is_symlink() else ""
    return [str(path), entry.st_mode, entry.st_size, entry.st_mtime_ns, target]


def files_below(folder: Path) -> Iterator[Path]:
    """Every file and link; not what Python compiles when it runs something."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]  # noqa: PTH114, PTH118 - a venv has thousands
        yield from (Path(place, name) for name in sorted([*names, *links]))


class Host:
    """What is on a host. root: of its file system, another one in tests."""

    def __init__(self, directory: Path, root: Path = Path("/")) -> None:
        self.directory = directory
        self.root = root

    def base(self) -> str:
        """The state of everything but the frameworks."""
        top = sorted(self.directory.iterdir()) if self.directory.is_dir() else []
        below = [path for path in top if path.name not in APART]
        elsewhere = [path for pattern in ELSEWHERE for path in sorted(self.root.glob(pattern))]
        paths = [self.root / DPKG_STATUS, *elsewhere, *below]
        return digest(
            [look(path) for each in paths for path in (each, *files_below(each)) if is_leaf(path)]
        )

    def framework(self, name: str, packages: list[str]) -> str:
        """The state of one framework, with the interpreter and the packages that it runs on."""
        folder = self.directory / "frameworks" / name
        interpreter = folder / "venv" / "bin" / "python"
        files = [*files_below(folder), Path(os.path.realpath(interpreter))]
        return digest([[look(path) for path in files], versions(packages)])


def is_leaf(path: Path) -> bool:
    return path.is_symlink() or not path.is_dir()


def read_stamp(path: Path) -> dict[str, Any]:
    """The stamp; one that cannot be read is none."""
    try:
        stamp = json.loads(path.read_bytes())
        return {"base": list(stamp["base"]), "frameworks": dict(stamp["frameworks"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {"base": None, "frameworks": {}}


def wanted(base: str, framework: dict[str, Any]) -> str:
    """Another way of deploying makes another framework."""
    return digest([base, framework["digest"]])


def read(host: Host, base: str, frameworks: dict[str, Any]) -> dict[str, Any]:
    stamp = read_stamp(host.directory / STAMP)
    if stamp["base"] != [base, host.base()]:
        return {"base_is_there": False, "missing": sorted(frameworks)}
    there = stamp["frameworks"]
    missing = [
        name
        for name, framework in sorted(frameworks.items())
        if there.get(name)
        != [wanted(base, framework), host.framework(name, framework.get("packages", []))]
    ]
    return {"base_is_there": True, "missing": missing}


def write(host: Host, base: str, frameworks: dict[str, Any]) -> dict[str, Any]:
    """Write it whole; what it says of other frameworks stays, since each has a state of its own."""
    path = host.directory / STAMP
    stamp = read_stamp(path)
    stamp["base"] = [base, host.base()]
    for name, framework in frameworks.items():
        state = host.framework(name, framework.get("packages", []))
        stamp["frameworks"][name] = [wanted(base, framework), state]
    part = path.with_name(f".{STAMP}.part")
    part.write_text(json.dumps(stamp, indent=1, sort_keys=True) + "\n")
    part.replace(path)
    return {"base_is_there": True, "missing": []}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["read", "written"], "required": True},
            "directory": {"type": "path", "required": True},
            "base": {"type": "str", "default": ""},
            "frameworks": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    host = Host(Path(module.params["directory"]))
    act = write if module.params["state"] == "written" and not module.check_mode else read
    try:
        answer = act(host, module.params["base"], module.params["frameworks"])
    except OSError as error:
        module.fail_json(msg=f"{error.filename}: {error.strerror}")
    module.exit_json(changed=False, **answer)


if __name__ == "__main__":
    main()

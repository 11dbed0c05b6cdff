#!/usr/bin/python
"""The lab's folder on the controller, and the keys in it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lab_keys
short_description: Make the lab's folder, its ssh key, and a host key for each machine
description:
  - What is there stays. Everything in the folder of the keys belongs to the one who runs this.
options:
  folder: {description: The lab's folder., type: path, required: true}
  machines: {description: Addresses of the machines by name., type: dict, required: true}
  owner: {description: Whose all this is., type: int, required: true}
  group: {description: The group of that., type: int, required: true}
"""

EXAMPLES = r"""
- name: Make the keys
  lab_keys:
    folder: /home/me/project/.lab
    machines: {lab-server: 198.18.0.11, lab-loadgen: 198.18.0.21}
    owner: 1000
    group: 1000
"""

RETURN = r"""
done: {description: What was changed., returned: always, type: list, elements: str}
"""

import os
import pathlib

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.lab import LabError, run

LOGIN = "id_ed25519"


class Keys:
    def __init__(self, folder: str, owner: int, group: int) -> None:
        self.folder = pathlib.Path(folder)
        self.owner = owner
        self.group = group
        self.done: list[str] = []

    def present(self, machines: dict[str, str]) -> None:
        ssh = self.folder / "ssh"
        for folder in (self.folder, self.folder / "image", ssh):
            if not folder.is_dir():
                folder.mkdir(mode=0o755, parents=True)
                self.done.append(f"made {folder}")
            self.own(folder)
        for name in (LOGIN, *machines):
            key = ssh / name
            if not key.with_suffix(".pub").exists():
                key.unlink(missing_ok=True)  # ssh-keygen would ask
                made = ("-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(key))
                run("ssh-keygen", *made)
                self.done.append(f"made the key {name}")
        known = "".join(
            f"{address} {(ssh / name).with_suffix('.pub').read_text(errors='replace')}"
            for name, address in machines.items()
        )
        path = ssh / "known_hosts"
        if not path.exists() or path.read_text(errors="replace") != known:
            path.write_text(known)
            self.done.append(f"wrote {path.name}")
        for path in ssh.iterdir():
            self.own(path)

    def own(self, path: pathlib.Path) -> None:
        there = path.lstat()
        if (there.st_uid, there.st_gid) != (self.owner, self.group):
            os.chown(path, self.owner, self.group, follow_symlinks=False)
            self.done.append(f"gave away {path.name}")


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "folder": {"type": "path", "required": True},
            "machines": {"type": "dict", "required": True},
            "owner": {"type": "int", "required": True},
            "group": {"type": "int", "required": True},
        },
    )
    keys = Keys(module.params["folder"], module.params["owner"], module.params["group"])
    try:
        keys.present(module.params["machines"])
    except LabError as error:
        module.fail_json(msg=str(error), done=keys.done)
    module.exit_json(changed=bool(keys.done), done=keys.done)


if __name__ == "__main__":
    main()

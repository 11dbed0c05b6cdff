"""Connect to no host: answer the programs of files/ as the inventory says."""

from __future__ import annotations

import json
import re
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = r"""
name: canned
short_description: Answers programs as the inventory says
description: For tests of what happens between Ansible and the programs of files/.
options:
  answers:
    description: >-
      What programs print, by their name and, if there is one, their state. Of a list each call
      gets the next one. The text C(gone) is a host that does not answer.
    type: dict
    vars: [{name: canned_answers}]
  words:
    description: What every command must hold, as the user that it is run for.
    type: list
    elements: str
    vars: [{name: canned_words}]
"""


class Connection(ConnectionBase):
    """The connection `canned`."""

    transport = "canned"
    has_pipelining = True

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._calls: dict[str, int] = {}

    def _connect(self) -> Connection:
        return self

    def exec_command(
        self, cmd: str, in_data: bytes | None = None, sudoable: bool = True
    ) -> tuple[int, bytes, bytes]:
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        missing = [word for word in self.get_option("words") if word not in cmd]
        if missing:
            raise AnsibleConnectionFailure(f"the command lacks {missing}: {cmd}")
        (program,) = re.findall(r"-m ([a-z.]+)", cmd)
        order = json.loads(in_data or b"{}")
        key = " ".join([program, *([order["state"]] if "state" in order else [])])
        answer = self.get_option("answers")[key]
        if isinstance(answer, list):
            number = self._calls[key] = self._calls.get(key, -1) + 1
            answer = answer[number]
        if answer == "gone":
            raise AnsibleConnectionFailure("no route")
        return 0, json.dumps(answer).encode(), b""

    def put_file(self, in_path: str, out_path: str) -> None:
        raise NotImplementedError

    def fetch_file(self, in_path: str, out_path: str) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self._connected = False

"""Hold a host for a run, keep it, let it go, or see that nobody holds it."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.host import lease

DOCUMENTATION = """
---
module: host_lease
short_description: Hold a host for a run, keep it, let it go
description:
  - C(taken) holds the host unless another run does, C(kept) only if this run has it already,
    C(released) lets it go if this run has it.
  - The action plugin of the same name fills in whose lease it is, and takes the host of a run that
    is known to be dead. files/host/lease.py says what a lease is.
options:
  state:
    description: What is done.
    type: str
    choices: [taken, kept, released]
    required: true
  token:
    description: The word that the lease is known by.
    type: str
    required: true
  run:
    description: The id of the run; of C(taken).
    type: str
    default: ""
  owner:
    description: The process that makes it; of C(taken).
    type: str
    default: ""
  seconds:
    description: For so long from now on, in seconds; not of C(released).
    type: float
    default: 0
  over:
    description: The token of a run that is known to be dead; of C(taken).
    type: str
author: async-pipeline-bench
"""

EXAMPLES = """
- name: Hold the host
  host_lease:
    state: taken
    run: "{{ bench_run.run_id }}"
    token: "{{ bench_run.lease }}"
    seconds: 1800
"""

RETURN = """
lease:
  description: The lease of another run that holds the host; the module has failed then.
  type: dict
  returned: if another run holds the host
"""


def do(params: dict[str, Any]) -> None:
    """Do what the state says. Raises lease.HeldError."""
    token, seconds = params["token"], params["seconds"]
    if params["state"] == "taken":
        make_folder()
        lease.take(params["run"], params["owner"], token, seconds, params["over"])
    elif params["state"] == "kept":
        lease.keep(token, seconds)
    else:
        lease.release(token)


def make_folder() -> None:
    """The folder of the lease may be the first thing that this project makes on a host."""
    folder = lease.FILE.parent
    if not folder.is_dir():
        folder.mkdir(parents=True)
        folder.chmod(0o755)


def main() -> None:
    text: dict[str, Any] = {"type": "str"}
    module = AnsibleModule(
        argument_spec={
            "state": text | {"choices": ["taken", "kept", "released"], "required": True},
            "token": text | {"required": True, "no_log": False},
            "run": text | {"default": ""},
            "owner": text | {"default": ""},
            "seconds": {"type": "float", "default": 0},
            "over": text,
        },
    )
    try:
        do(module.params)
    except lease.HeldError as error:
        module.fail_json(msg=str(error), lease=lease.held())
    except OSError as error:
        module.fail_json(msg=f"{error.filename} could not be written: {error.strerror}")
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()

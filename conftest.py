"""What more than one folder of tests needs: a lab that is up, for all of them the same one."""

import sys

import host.debian
import host.interface
import host.lease
import host.metadata
import host.os_release
import host.port
import server.wheels
import tuning.plan
import tuning.settings

from pipebench.locks import requirements_lock

# as Ansible names them for its modules (ansible.cfg)
for module in (
    host, host.debian, host.interface, host.lease, host.metadata, host.os_release,
    host.port, server, server.wheels, tuning, tuning.plan, tuning.settings,
):  # fmt: skip
    sys.modules[f"ansible.module_utils.{module.__name__}"] = module

sys.modules["ansible.module_utils.requirements_lock"] = requirements_lock

pytest_plugins = ["lab.tests.fixture"]

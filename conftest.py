"""What more than one folder of tests needs: a lab that is up, for all of them the same one."""

import sys

import host.lease
import host.metadata
import host.port

# as Ansible names them for its modules (ansible.cfg)
sys.modules["ansible.module_utils.host"] = host
sys.modules["ansible.module_utils.host.lease"] = host.lease
sys.modules["ansible.module_utils.host.metadata"] = host.metadata
sys.modules["ansible.module_utils.host.port"] = host.port

pytest_plugins = ["lab.tests.fixture"]

"""Variables of the user's environment that a run must not depend on.

Ansible prefers ANSIBLE_... in the environment to ansible.cfg. Some of them break the playbooks, and
some change what is measured. Those about ssh, users, keys, vaults and colours stay the user's.
"""

from __future__ import annotations

from collections.abc import MutableMapping

OF_THE_PROJECT = (
    # what is shown, and the report after an interruption
    "ANSIBLE_STDOUT_CALLBACK", "ANSIBLE_CALLBACK_PLUGINS", "ANSIBLE_CALLBACK_RESULT_FORMAT",
    "ANSIBLE_DISPLAY_OK_HOSTS", "ANSIBLE_DISPLAY_SKIPPED_HOSTS", "ANSIBLE_DISPLAY_FAILED_STDERR",
    # where the project's own parts are
    "ANSIBLE_LIBRARY", "ANSIBLE_MODULE_UTILS", "ANSIBLE_ROLES_PATH", "ANSIBLE_ACTION_PLUGINS",
    "ANSIBLE_FILTER_PLUGINS", "ANSIBLE_INVENTORY_PLUGINS", "ANSIBLE_TEST_PLUGINS",
    "ANSIBLE_BECOME_PLUGINS", "ANSIBLE_SHELL_PLUGINS", "ANSIBLE_INVENTORY", "ANSIBLE_PLAYBOOK_DIR",
    # testbeds are measured at the same time, and tasks are carried out in their order
    "ANSIBLE_FORKS", "ANSIBLE_STRATEGY", "ANSIBLE_STRATEGY_PLUGINS", "ANSIBLE_TASK_TIMEOUT",
    # which phases there are, and what ends a run
    "ANSIBLE_RUN_TAGS", "ANSIBLE_SKIP_TAGS", "ANSIBLE_ANY_ERRORS_FATAL", "ANSIBLE_FORCE_HANDLERS",
    "ANSIBLE_MAX_FAIL_PERCENTAGE", "ANSIBLE_IGNORE_UNREACHABLE",
    # how variables are put together
    "ANSIBLE_HASH_BEHAVIOUR", "ANSIBLE_PRECEDENCE", "ANSIBLE_INJECT_FACT_VARS",
    "ANSIBLE_GATHERING", "ANSIBLE_CACHE_PLUGIN", "ANSIBLE_JINJA2_NATIVE",
    "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED", "ANSIBLE_INVENTORY_ENABLED",
    "ANSIBLE_RUN_VARS_PLUGINS", "ANSIBLE_VARS_ENABLED", "ANSIBLE_VARS_PLUGINS",
    "ANSIBLE_INVENTORY_IGNORE", "ANSIBLE_INVENTORY_IGNORE_REGEX", "ANSIBLE_PLAYBOOK_VARS_ROOT",
    "ANSIBLE_INVENTORY_UNPARSED_FAILED", "ANSIBLE_HOST_PATTERN_MISMATCH",
    "ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS",
    "ANSIBLE_LOOKUP_PLUGINS", "ANSIBLE_CONNECTION_PLUGINS", "ANSIBLE_CHECK_MODE_MARKERS",
    "ANSIBLE_DUPLICATE_YAML_DICT_KEY",
    # how Ansible asks hosts: `local` makes this computer of each, and a pseudo-terminal, or no
    # pipelining, makes it slower
    "ANSIBLE_TRANSPORT", "ANSIBLE_PIPELINING", "ANSIBLE_SSH_PIPELINING",
    "ANSIBLE_ENABLE_TASK_DEBUGGER", "ANSIBLE_RETRY_FILES_ENABLED",
)  # fmt: skip


def set_apart(environment: MutableMapping[str, str]) -> str:
    """Remove them from an environment. Returns a sentence that names them, or nothing."""
    names = [name for name in OF_THE_PROJECT if environment.pop(name, None) is not None]
    if not names:
        return ""
    *first, last = names
    listed = f"{', '.join(first)} and {last}" if first else last
    are, they, them = ("are", "they", "them") if first else ("is", "it", "it")
    return (
        f"{listed} {are} set in your environment; {they} would change or break a run, so bench "
        f"does not use {them}."
    )

"""Which values of ANSIBLE_... are refused: those that Ansible itself cannot use."""

import pytest

from pipebench.door.settings import setting_mistakes


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("ANSIBLE_TIMEOUT", "abc", "a whole number"),
        ("ANSIBLE_TIMEOUT", "1.5", "a whole number"),
        ("ANSIBLE_VERBOSITY", "x", "a whole number"),
        ("ANSIBLE_REMOTE_PORT", "ssh", "a whole number"),
        ("ANSIBLE_HOST_KEY_CHECKING", "maybe", "true or false"),
        ("ANSIBLE_BECOME", "perhaps", "true or false"),
        ("ANSIBLE_COLLECTIONS_ON_ANSIBLE_VERSION_MISMATCH", "eror",
         "error, warning or ignore (did you mean error?)"),
        # of the plugins with which a run asks hosts
        ("ANSIBLE_SSH_RETRIES", "x", "a whole number"),
        ("ANSIBLE_SSH_TRANSFER_METHOD", "foo", "sftp, scp, piped or smart"),
    ],
)  # fmt: skip
def test_a_value_that_ansible_cannot_use_is_named(name: str, value: str, right: str) -> None:
    assert setting_mistakes({name: value}) == [
        f"{name} is {value!r} in your environment; it must be {right}, or be unset."
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ANSIBLE_TIMEOUT", "30"),
        ("ANSIBLE_TIMEOUT", "1e1"),
        ("ANSIBLE_TIMEOUT", ""),  # which Ansible takes for unset
        ("ANSIBLE_NOCOLOR", "Yes"),
        ("ANSIBLE_REMOTE_USER", "joe"),
        ("ANSIBLE_DISPLAY_TRACEBACK", "error, warning"),
        ("ANSIBLE_NOT_KNOWN", "x"),
        ("ANSIBLE_CONFIG", "/somewhere/ansible.cfg"),
    ],
)
def test_what_ansible_can_use_is_taken(name: str, value: str) -> None:
    assert setting_mistakes({name: value}) == []


def test_all_are_named_at_once() -> None:
    wrong = {"ANSIBLE_TIMEOUT": "abc", "ANSIBLE_VERBOSITY": "x", "PATH": "/usr/bin"}
    assert len(setting_mistakes(wrong)) == 2


def test_a_folder_that_ansible_could_not_make() -> None:
    assert setting_mistakes({"ANSIBLE_HOME": "/proc/x"}) == [
        (
            "/proc/x cannot be created: no folder can be made in /proc (it keeps no files). Set "
            "ANSIBLE_HOME to a folder that you may write to."
        )
    ]

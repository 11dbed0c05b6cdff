"""What ssh, shells and sudo were seen to answer, and the one sentence that is made of it."""

from __future__ import annotations

from typing import Any

import pytest

from pipebench.hosts.login import login_of, no_module_text, no_python_text, unreachable_text

S = "s (192.0.2.1)"
AT = {"ansible_host": "192.0.2.1", "ansible_port": 2222, "ansible_user": "me"}
VIA = "Task failed: Failed to connect to the host via ssh: "
CHANGED = f"""\
{VIA}{"@" * 59}\r
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r
{"@" * 59}\r
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\r
The fingerprint for the ED25519 key sent by the remote host is\r
SHA256:AfbsPUDgk7zPe0JYJMMUPd8z5nV/jLSyG5BkdPX7Xdc.\r
Please contact your system administrator.\r
Add correct host key in /home/me/known hosts to get rid of this message.\r
Offending ED25519 key in /home/me/known hosts:1\r
  remove with:\r
  ssh-keygen -f "/home/me/known hosts" -R "[192.0.2.1]:2222"\r
Host key for [192.0.2.1]:2222 has changed and you have requested strict checking.\r
Host key verification failed."""
BY_JUMP = (
    "\r\nkex_exchange_identification: Connection closed by remote host\r\n"
    "Connection closed by UNKNOWN port 65535"
)
OPEN_KEY = f"""\
{VIA}{"@" * 59}\r
@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @\r
Permissions 0644 for '/home/me/key' are too open.\r
This private key will be ignored.\r
Load key "/home/me/key": bad permissions\r
me@192.0.2.1: Permission denied (publickey)."""
SHARED = "Shared connection to 192.0.2.1 closed.\r\n"
NO_JSON = "Module result deserialization failed: No start of json char found"


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (
            CHANGED,
            (
                ": the host key of [192.0.2.1]:2222 is another one than this computer "
                "knows; if that machine was installed again, or another one has its address now, "
                'remove the old key with ssh-keygen -f "/home/me/known hosts" -R '
                '"[192.0.2.1]:2222", then fetch the new one with ssh-keyscan; if not, do not '
                "connect."
            ),
        ),
        (
            f"{VIA}Host key verification failed.",
            (
                ": this computer does not know its host key; fetch it with "
                "ssh-keyscan -p 2222 192.0.2.1 >> ~/.ssh/known_hosts, and compare it"
            ),
        ),
        (
            (
                f"{VIA}No ED25519 host key is known for 192.0.2.9 and you have requested strict "
                "checking.\r\nHost key verification failed."
            ),
            (
                ": this computer does not know the host key of 192.0.2.9; fetch it with "
                "ssh-keyscan 192.0.2.9 >> ~/.ssh/known_hosts, and compare it"
            ),
        ),
        (
            f"{VIA}ControlPath too long ('/home/x/9a7e98026a' >= 108 bytes)",
            (
                ": the path of the socket that ssh makes on this computer is too long; "
                "add -e ansible_control_path_dir=FOLDER"
            ),
        ),
        (
            f"{VIA}ssh: connect to host 192.0.2.9 port 22: Connection refused{BY_JUMP}",
            (
                ": its jump host does not let ssh through (ssh: connect to host "
                "192.0.2.9 port 22: Connection refused); check ProxyJump"
            ),
        ),
        (
            f"{VIA}ops@192.0.2.9: Permission denied (publickey).{BY_JUMP}",
            (
                ": its jump host does not let ssh through (ops@192.0.2.9: Permission "
                "denied (publickey)); check ProxyJump"
            ),
        ),
        (
            f"{VIA}Host key verification failed.{BY_JUMP}",
            ": this computer does not know the host key of its jump host; log in",
        ),
        (
            (
                f"{VIA}channel 0: open failed: administratively prohibited: open failed\r\n"
                f"stdio forwarding failed{BY_JUMP}"
            ),
            ": its jump host does not allow forwarding; set AllowTcpForwarding yes",
        ),
        (
            (
                f"{VIA}channel 0: open failed: connect failed: Connection refused\r\n"
                f"stdio forwarding failed{BY_JUMP}"
            ),
            ": its jump host cannot connect to it (Connection refused); check",
        ),
        (
            (
                f"{VIA}no such identity: /home/me/none: No such file or directory\r\n"
                "me@192.0.2.1: Permission denied (publickey)."
            ),
            ": the key /home/me/none does not exist on this computer; correct",
        ),
        (
            OPEN_KEY,
            (
                ": ssh does not use the key /home/me/key, because other users can read "
                'it; run chmod 600 "/home/me/key".'
            ),
        ),
        (
            f"{VIA}me@192.0.2.1: Permission denied (publickey,keyboard-interactive).",
            (
                " does not let the user me log in (permission denied; it accepts "
                "publickey,keyboard-interactive); check ansible_user"
            ),
        ),
        (
            f"{VIA}command-line: line 0: Bad configuration option: frobnicate",
            ": ssh does not know the option frobnicate; correct",
        ),
        (
            f"{VIA}ssh: connect to host 192.0.2.1 port 2222: Connection refused",
            (
                " does not answer over ssh: connect to host 192.0.2.1 port 2222: "
                "Connection refused; check ansible_host and ansible_port"
            ),
        ),
        (
            f"{VIA}ssh: connect to host 192.0.2.1 port 2222: Connection timed out",
            (
                " does not answer over ssh: connect to host 192.0.2.1 port 2222: "
                "Connection timed out; check whether it is up"
            ),
        ),
        (
            f"{VIA}ssh: connect to host 192.0.2.1 port 2222: No route to host",
            (
                " does not answer over ssh: connect to host 192.0.2.1 port 2222: No "
                "route to host; check whether it is up"
            ),
        ),
        (
            f"{VIA}ssh: Could not resolve hostname s.example: Name or service not known",
            (
                " does not answer over ssh: this computer cannot resolve the name "
                "s.example; set ansible_host"
            ),
        ),
        (
            (
                f"{VIA}kex_exchange_identification: read: Connection reset by peer\r\n"
                "Connection reset by 192.0.2.1 port 2222"
            ),
            (
                " does not answer over ssh: kex_exchange_identification: read: Connection reset by "
                "peer; check whether ansible_port is that of its sshd"
            ),
        ),
        (
            (
                f"{VIA}Connection timed out during banner exchange\r\n"
                "Connection to 192.0.2.1 port 2222 timed out"
            ),
            (
                " does not answer over ssh: Connection timed out during banner exchange; check "
                "whether ansible_port is that of its sshd"
            ),
        ),
        (
            f"{VIA}\x1b[2Jsomething that is new\r\n",
            " does not answer over ssh: something that is new.",
        ),
    ],
)
def test_what_ssh_says_is_one_sentence_with_its_remedy(message: str, says: str) -> None:
    sentence = unreachable_text(login_of("s", AT), message)
    assert sentence.startswith(f"{S}{says}")
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_a_key_is_fetched_into_the_file_that_ssh_is_told_to_read() -> None:
    options = {"ansible_ssh_common_args": '-F none -o UserKnownHostsFile="/srv/known"'}
    sentence = unreachable_text(login_of("s", AT | options), "Host key verification failed.")
    assert "ssh-keyscan -p 2222 192.0.2.1 >> /srv/known, " in sentence


@pytest.mark.parametrize(
    ("status", "printed", "says"),
    [
        (
            142,
            (
                'Connection to 192.0.2.1 closed.\r\n\nPlease login as the user "admin" rather than '
                'the user "root".\r\n\r\n'
            ),
            (
                ' does not let the user me log in: it answered "Please login as the '
                "user 'admin' rather than the user 'root'\"; set ansible_user to admin."
            ),
        ),
        (
            1,
            f"{SHARED}This account is currently not available.\r\n",
            (
                ': the user me has no shell there: it answered "This account is currently '
                'not available"; set ansible_user to one that has a shell.'
            ),
        ),
        (
            1,
            SHARED,
            " ran nothing for the user me (exit status 1, and no word); set",
        ),
        (
            1,
            "Password change required but no TTY available.\r\n",
            ": the password of the user me has expired: it answered ",
        ),
        (
            127,
            "bash: line 1: python3: command not found\r\n",
            " has no python3; install it there (apt-get install python3).",
        ),
        (
            126,
            "bash: line 1: /usr/bin/python3: Permission denied\r\n",
            (
                ' did not run python3 for the user me: it answered "bash: line 1: '
                '/usr/bin/python3: Permission denied" (exit status 126); '
            ),
        ),
        (
            0,
            "This server accepts git commands only.\r\n",
            (
                ' did not run python3 for the user me: it answered "This server accepts '
                'git commands only" (exit status 0); ansible_user must be an account'
            ),
        ),
    ],
)
def test_what_a_login_answers_is_quoted_with_its_remedy(
    status: int, printed: str, says: str
) -> None:
    assert no_python_text(login_of("s", AT), status, printed, "").startswith(f"{S}{says}")


def test_an_interpreter_that_is_named_and_not_there_is_named() -> None:
    login = login_of("s", AT | {"ansible_python_interpreter": "/usr/bin/python3.12"})
    printed = "bash: line 1: /usr/bin/python3.12: No such file or directory\r\n"
    assert no_python_text(login, 127, printed, "") == (
        f"{S} has no /usr/bin/python3.12, which ansible_python_interpreter names; name "
        "one that it has, or leave that variable out."
    )


@pytest.mark.parametrize(
    "message",
    [
        (
            "Task failed: Error processing keyword 'become_pass': Error rendering template: "
            "Attempt to use undecryptable variable: Attempting to decrypt but no vault secrets "
            "found."
        ),
        "Decryption failed (no vault secrets were found that could decrypt).",
        "A vault password must be specified to decrypt data",
    ],
)
def test_a_vault_without_its_password(message: str) -> None:
    sentence = no_python_text(login_of("s", AT), None, "", message)
    assert sentence == (
        f"{S}: a variable is encrypted, and no vault password fits; add "
        "--ask-vault-pass or --vault-password-file FILE."
    )


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (
            {"printed": "/bin/sh: 1: sudo: not found\n", "message": NO_JSON},
            " has no sudo, and the user me is not root; install it there, or set",
        ),
        (
            {"printed": "", "message": "Task failed: Missing sudo password"},
            ": sudo asks the user me for a password; add --ask-become-pass",
        ),
        (
            {
                "printed": "",
                "message": "Task failed: Timeout (12s) waiting for privilege escalation prompt:",
                "unreachable": True,
            },
            ": sudo asks the user me for a password; add --ask-become-pass",
        ),
        (
            {"printed": "", "message": "Task failed: Incorrect sudo password"},
            ": sudo refuses the password of the user me; correct it",
        ),
        (
            {"printed": "me is not in the sudoers file.\n", "message": NO_JSON},
            (': sudo does not make the user me root: it answered "me is not in the '
            'sudoers file"; add that user to the group sudo'),
        ),
        (
            {"printed": "pyenv: python3.13: command not found\n\nSee pyenv help global.\n",
             "message": NO_JSON, "discovered": "/home/me/.pyenv/shims/python3.13"},
            (": /home/me/.pyenv/shims/python3.13, which Ansible found there, does not "
            'run: it answered "pyenv: python3.13: command not found"; set '
            "ansible_python_interpreter to one that runs"),
        ),
        (
            {"printed": "Killed\n", "message": NO_JSON},
            ' could not be examined as root: it answered "Killed".',
        ),
        (
            {"printed": "", "message": f"{VIA}Connection closed by 192.0.2.1 port 2222",
             "unreachable": True},
            " does not answer over ssh: Connection closed by 192.0.2.1 port 2222.",
        ),
    ],
)  # fmt: skip
def test_why_a_host_was_not_examined_as_root(answer: dict[str, Any], says: str) -> None:
    given = {"discovered": None} | answer
    assert no_module_text(login_of("s", AT), **given).startswith(f"{S}{says}")

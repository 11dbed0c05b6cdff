"""Why a host cannot be used as the inventory says: what ssh or the host answered, with its remedy.

ssh, sudo and shells have words, no codes; these are theirs. Each sentence is one line about a host.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pipebench.record.values import harmless

LONGEST_ANSWER = 200
"""Characters of what a host answered."""
CLOSED = re.compile(r"(?:Shared c|C)onnection to \S+ closed\.|Warning: Permanently added .*")
"""What ssh adds to what the host answered."""
KNOWN_HOSTS = "~/.ssh/known_hosts"
VAULT = re.compile(r"vault secrets|vault password|decryption failed|undecrypt", re.IGNORECASE)


class Login(NamedTuple):
    """How Ansible logs in to a host. user: None if it is left to ssh. interpreter: None if Ansible
    looks for one. known_hosts: the file that ssh is told to use.
    """

    name: str
    address: str
    port: str
    user: str | None
    interpreter: str | None
    become_method: str
    known_hosts: str

    @property
    def where(self) -> str:
        return f"{self.name} ({self.address})"

    @property
    def account(self) -> str:
        return f"the user {self.user}" if self.user else "the user"

    @property
    def key(self) -> str:
        """What ssh calls the key of the host."""
        return self.address if self.port == "22" else f"[{self.address}]:{self.port}"

    def key_scan(self, key: str) -> str:
        """The command that fetches a key; ssh calls it so. That of a jump host has no options."""
        found = re.fullmatch(r"\[(.+)\]:(\d+)", key)
        address, port = found.groups() if found else (key, "22")
        words = ["ssh-keyscan", *(["-p", port] if port != "22" else []), address]
        into = self.known_hosts if address == self.address else KNOWN_HOSTS
        return f"{shlex.join(words)} >> {into}"

    @property
    def python(self) -> str:
        return self.interpreter or "python3"


class Answer(NamedTuple):
    """Words that are known, and what they mean.

    sentence: what follows after the name of the host; it may have the properties of Login as
    {host.NAME}, the groups of the pattern, {line}, that group or all that was matched, and
    {key_scan}, the command that fetches the key.
    """

    words: str
    sentence: str


FROM_SSH = (
    Answer(
        r"IDENTIFICATION HAS CHANGED(?s:.*)Offending \S+ key in (?P<file>[^\n]+):\d+"
        r"(?s:.*)ost key for (?P<key>\S+) has changed",
        ": the host key of {key} is another one than this computer knows; if that machine was "
        "installed again, or another one has its address now, remove the old key with "
        'ssh-keygen -f "{file}" -R "{key}", then fetch the new one with ssh-keyscan; if not, do '
        "not connect.",
    ),
    Answer(
        r"No \S+ host key is known for (?P<key>\S+) and",
        ": this computer does not know the host key of {key}; fetch it with {key_scan}, and "
        "compare it with the one that the machine shows at its console.",
    ),
    Answer(
        r"ControlPath too long|path \S+ too long for Unix domain socket",
        ": the path of the socket that ssh makes on this computer is too long; add "
        "-e ansible_control_path_dir=FOLDER, with a short path that only you can write to.",
    ),
    Answer(
        r"open failed: connect failed: (?P<why>[^\n]+)",
        ": its jump host cannot connect to it ({why}); check ansible_host and ansible_port, which "
        "must be as the jump host sees them.",
    ),
    Answer(
        r"administratively prohibited",
        ": its jump host does not allow forwarding; set AllowTcpForwarding yes in sshd_config "
        "there, and use a key that is not restricted.",
    ),
    Answer(
        r"\AHost key verification failed(?s:.*)UNKNOWN port 65535",
        ": this computer does not know the host key of its jump host; log in to the jump host by "
        "hand once, and compare its key.",
    ),
    Answer(
        r"\A(?P<line>[^\n]+)(?s:.*)UNKNOWN port 65535",
        ": its jump host does not let ssh through ({line}); check ProxyJump or ProxyCommand in "
        "ansible_ssh_common_args and in ~/.ssh/config.",
    ),
    Answer(
        r"Host key verification failed",
        ": this computer does not know its host key; fetch it with {key_scan}, and compare "
        "it with the one that the machine shows at its console.",
    ),
    Answer(
        r"[Nn]o such identity: (?P<file>[^\n]+): No such file",
        ": the key {file} does not exist on this computer; correct ansible_ssh_private_key_file.",
    ),
    Answer(
        r"Permissions \d+ for '(?P<file>[^\n]+)' are too open",
        ": ssh does not use the key {file}, because other users can read it; run "
        'chmod 600 "{file}".',
    ),
    Answer(
        r"Load key \"(?P<file>[^\n\"]+)\": (?P<why>[^\n]+)",
        ": ssh cannot use the key {file} ({why}); correct ansible_ssh_private_key_file.",
    ),
    Answer(
        r"Too many authentication failures",
        " refused this computer after too many keys; add -o IdentitiesOnly=yes to "
        "ansible_ssh_common_args.",
    ),
    Answer(
        r"(?P<user>[^\s@]+)@\S+: Permission denied \((?P<methods>[^)\n]*)\)",
        " does not let the user {user} log in (permission denied; it accepts {methods}); check "
        "ansible_user, and ansible_ssh_private_key_file or the keys of ssh-agent.",
    ),
    Answer(
        r"[Bb]ad configuration option: (?P<option>\S+)",
        ": ssh does not know the option {option}; correct ansible_ssh_common_args or "
        "~/.ssh/config.",
    ),
    Answer(
        r"(?P<line>connect to host [^\n]*Connection refused)",
        " does not answer over ssh: {line}; check ansible_host and ansible_port, and whether sshd "
        "runs there.",
    ),
    Answer(
        r"(?P<line>kex_exchange_identification: [^\n]+|[^\n]+ during banner exchange)",
        " does not answer over ssh: {line}; check whether ansible_port is that of its sshd, and "
        "whether that refuses this computer (MaxStartups, fail2ban).",
    ),
    Answer(
        r"^(?:ssh: )?(?P<line>[^\n]*timed out[^\n]*)",
        " does not answer over ssh: {line}; check whether it is up, ansible_host, and whether a "
        "firewall or a security group drops the packets.",
    ),
    Answer(
        r"(?P<line>connect to host [^\n]*(?:No route to host|Network is unreachable))",
        " does not answer over ssh: {line}; check whether it is up, ansible_host, and the routes "
        "of this computer.",
    ),
    Answer(
        r"Could not resolve hostname (?P<name>\S+):",
        " does not answer over ssh: this computer cannot resolve the name {name}; set "
        "ansible_host to its address.",
    ),
)
FROM_SHELL = (
    Answer(
        r'(?i)[^\n]*please log ?in as the user "?(?P<other>[\w.-]+)"? rather than[^\n]*',
        ' does not let {host.account} log in: it answered "{line}"; set ansible_user to {other}.',
    ),
    Answer(
        r"(?i)[^\n]*account is (?:currently )?not available[^\n]*",
        ': {host.account} has no shell there: it answered "{line}"; set ansible_user to one that '
        "has a shell.",
    ),
    Answer(
        r"(?i)[^\n]*(?:password has expired|change your password|password change required)[^\n]*",
        ': the password of {host.account} has expired: it answered "{line}"; log in by hand, and '
        "change it.",
    ),
)
FROM_ROOT = (
    Answer(
        r"Missing \w+ password|password is required|waiting for privilege escalation prompt",
        ": {host.become_method} asks {host.account} for a password; add --ask-become-pass, or let "
        "that user become root without one (for sudo: NOPASSWD in sudoers).",
    ),
    Answer(
        r"Incorrect \w+ password|incorrect password attempt",
        ": {host.become_method} refuses the password of {host.account}; correct it, or let that "
        "user become root without one (for sudo: NOPASSWD in sudoers).",
    ),
    Answer(
        r"[^\n]*(?:not in the sudoers file|is not allowed to|may not run sudo)[^\n]*",
        ': sudo does not make {host.account} root: it answered "{line}"; add that user to the '
        "group sudo, or set ansible_user to another one.",
    ),
    Answer(
        r"(?:^|: )(?:sudo|su|doas|dzdo|pfexec|pbrun): (?:command )?not found",
        " has no {host.become_method}, and {host.account} is not root; install it there, or set "
        "ansible_user to root.",
    ),
    Answer(
        r"[^\n]*(?:must have a tty|setuid bit set|no new privileges)[^\n]*",
        ': sudo does not make {host.account} root: it answered "{line}"; correct that on the host.',
    ),
)


def login_of(name: str, variables: Mapping[str, Any]) -> Login:
    """From the variables of a host of the inventory."""

    def given(*names: str, default: str = "") -> str:
        return str(next((variables[one] for one in names if variables.get(one)), default))

    options = " ".join(given(f"ansible_ssh_{kind}args") for kind in ("common_", "extra_", ""))
    known = re.search(r"UserKnownHostsFile[= ]\"?([^\s\"']+)", options)
    interpreter = given("ansible_python_interpreter", default="auto")
    return Login(
        name=name,
        address=given("ansible_host", "ansible_ssh_host", default=name),
        port=given("ansible_port", "ansible_ssh_port", default="22"),
        user=given("ansible_user", "ansible_ssh_user") or None,
        interpreter=None if interpreter.startswith("auto") else interpreter,
        become_method=given("ansible_become_method", default="sudo"),
        known_hosts=known[1] if known else KNOWN_HOSTS,
    )


def unreachable_text(host: Login, message: str) -> str:
    """Why ssh did not come through; message: that of the task, which has what ssh printed."""
    text = _cleaned(re.split(r"(?:via|over) ssh: ", message, maxsplit=1)[-1])
    return (
        _vault_text(host, text)
        or _known_text(FROM_SSH, host, text)
        or f"{host.where} does not answer over ssh: {last_line(text)}."
    )


def no_python_text(host: Login, status: int | None, printed: str, message: str) -> str:
    """Why no Python said its version.

    status: with which the command ended, None if none was run. printed: on stdout and stderr.
    """
    text = _cleaned(printed)
    if status is None:
        return _vault_text(host, message) or f"{host.where}: {last_line(message)}."
    known = _known_text(FROM_SHELL, host, text)
    if known:
        return known
    if status == 127:
        if host.interpreter:
            return (
                f"{host.where} has no {host.interpreter}, which ansible_python_interpreter names; "
                "name one that it has, or leave that variable out."
            )
        return f"{host.where} has no python3; install it there (apt-get install python3)."
    if not text:
        return (
            f"{host.where} ran nothing for {host.account} (exit status {status}, and no word); "
            "set ansible_user to an account that has a shell."
        )
    return (
        f"{host.where} did not run {host.python} for {host.account}: it answered "
        f'"{last_line(text)}" (exit status {status}); ansible_user must be an account that runs '
        "commands, and ansible_python_interpreter a Python that runs."
    )


def no_module_text(
    host: Login, printed: str, message: str, discovered: str | None, *, unreachable: bool = False
) -> str:
    """Why the look at the host did not run as root.

    printed: by what was to run it, on stdout and stderr. message: that of the task. discovered: the
    Python that Ansible has chosen, None if the inventory names one. unreachable: Ansible says so.
    """
    text = _cleaned(printed)
    known = _vault_text(host, message) or _known_text(FROM_ROOT, host, f"{text}\n{message}")
    if known:
        return known
    if unreachable:
        return unreachable_text(host, message)
    own = [one for one in text.splitlines() if discovered and discovered.split("/")[-1] in one]
    if own:
        return (
            f"{host.where}: {discovered}, which Ansible found there, does not run: it answered "
            f'"{last_line(own[0])}"; set ansible_python_interpreter to one that runs, for example '
            "/usr/bin/python3."
        )
    answered = f'it answered "{last_line(text)}"' if text else last_line(message)
    return f"{host.where} could not be examined as root: {answered}."


def last_line(text: str) -> str:
    """The last line that has any text, without its full stop; not longer than a terminal's two."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1].rstrip(".")[:LONGEST_ANSWER].replace('"', "'") if lines else "no message"


def _cleaned(text: str) -> str:
    """The lines of an answer, without those that ssh adds and without what moves a cursor."""
    lines = (harmless(line).strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not CLOSED.fullmatch(line))


def _known_text(answers: Sequence[Answer], host: Login, text: str) -> str | None:
    for answer in answers:
        found = re.search(answer.words, text, re.MULTILINE)
        if found:
            words = {"line": found[0], "key": host.key, **found.groupdict()}
            words |= {"line": last_line(words["line"]), "key_scan": host.key_scan(words["key"])}
            return host.where + answer.sentence.format(host=host, **words)
    return None


def vault_text(message: str) -> str | None:
    """What is missing if a message of Ansible says that it cannot decrypt a value."""
    if not VAULT.search(message):
        return None
    return (
        "a variable is encrypted, and no vault password fits; add --ask-vault-pass or "
        "--vault-password-file FILE."
    )


def _vault_text(host: Login, message: str) -> str | None:
    sentence = vault_text(message)
    return f"{host.where}: {sentence}" if sentence else None

"""Build a wheel of a package's sources: offline, by a user that exists for it alone.

Whoever wrote a package decides what its build does. It may read what everybody may read, and write
into a /tmp of its own; it has no network, no privilege, and nothing of the environment. What it
made comes back as bytes.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

LONGEST_S = 1800
MOST_BYTES = 256 * 1024**2
"""Of each file that a build writes, and so of what it answers."""
SANDBOX = (
    "DynamicUser=yes", "PrivateNetwork=yes", "PrivateTmp=yes", "PrivateDevices=yes",
    "PrivateUsers=yes", "PrivateIPC=yes", "ProtectSystem=strict", "ProtectHome=yes",
    "ProtectProc=invisible", "ProtectClock=yes", "ProtectControlGroups=yes", "ProtectHostname=yes",
    "ProtectKernelLogs=yes", "ProtectKernelModules=yes", "ProtectKernelTunables=yes",
    "NoNewPrivileges=yes", "CapabilityBoundingSet=", "AmbientCapabilities=",
    "RestrictAddressFamilies=AF_UNIX", "RestrictNamespaces=yes", "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes", "LockPersonality=yes", "RemoveIPC=yes", "UMask=0077", "LimitCORE=0",
    f"LimitFSIZE={MOST_BYTES}", f"RuntimeMaxSec={LONGEST_S}", "WorkingDirectory=/tmp",
)  # fmt: skip
BUILD = """\
set -eu
export HOME="$PWD" TMPDIR="$PWD" LANG=C.UTF-8
cat >"$1"
shift
"$@" >&2
set -- wheels/*.whl
echo "${1##*/}"
exec cat "$1"
"""
"""Gets the name of the file with the sources, which are its input, and then the command."""
WHEEL = re.compile(rb"([A-Za-z0-9_.]+)-([A-Za-z0-9_.!+]+)-[A-Za-z0-9_.-]+\.whl\n", re.ASCII)


class BuildError(Exception):
    """What is wrong, in a sentence without a full stop, and what was printed."""

    def __init__(self, reason: str, log: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.log = log


class Wheel(NamedTuple):
    """file: its name. content: all its bytes."""

    file: str
    content: bytes


def build(
    uv: str, python: Path, file: str, sources: bytes, environment: Mapping[str, str]
) -> Wheel:
    """The wheel of a package. BuildError: there is none.

    python: of the environment that has what builds it. file: what the sources are called, as
    aiohttp-2.3.3.tar.gz. environment: variables that the build gets, and no others.
    """
    command = [uv, "--no-config", "--offline", "--no-cache", "build", "--wheel"]
    command += ["--no-build-isolation", "--python", str(python), "--out-dir", "wheels"]
    name = Path(file).name
    words = ["/bin/sh", "-c", BUILD, "sh", name, *command, name]
    answer = in_sandbox(words, sources, environment)
    head = WHEEL.match(answer)
    if head is None:
        raise BuildError("its build made no wheel", "")
    return Wheel(head[0].decode(errors="replace").strip(), answer[head.end() :])


def in_sandbox(words: Sequence[str], given: bytes, environment: Mapping[str, str]) -> bytes:
    """What a command printed that a throw-away user ran, without a network. BuildError: it failed.

    given: its input.
    """
    run = ["systemd-run", "--quiet", "--collect", "--wait", "--pipe", "--service-type=exec"]
    run += [f"--property={one}" for one in SANDBOX]
    run += [f"--setenv={name}={value}" for name, value in environment.items()]
    run += ["--", *(word.replace("$", "$$") for word in words)]  # systemd expands variables itself
    # files, and not pipes: LimitFSIZE bounds what is written to them
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as log:
        with tempfile.TemporaryFile() as source:
            source.write(given)
            source.seek(0)
            try:
                done = subprocess.run(run, stdin=source, stdout=said, stderr=log, check=False)
            except OSError as error:
                raise BuildError(f"systemd-run cannot be started: {error.strerror}", "") from error
        log.seek(0)
        printed = log.read(1_000_000).decode(errors="replace")
        if done.returncode != 0:
            raise BuildError(f"its build ended with status {done.returncode}", printed)
        said.seek(0)
        return said.read()

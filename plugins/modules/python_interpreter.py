"""Find or install one version of CPython on a host."""

from __future__ import annotations

import json
import os
import platform
import pwd
import re
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from fnmatch import fnmatch
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = """
---
module: python_interpreter
short_description: Find or install one version of CPython on a host
description:
  - Tries the given sources in their order and answers with the first interpreter that starts,
    is of the wanted version and can C(import ssl).
  - Having none is not a failure of this module, see RV(found) and RV(tried).
options:
  version:
    description: The wanted version, C(3.13) or C(3.13.5).
    type: str
    required: true
  sources:
    description:
      - V(managed) is a standalone build that uv downloads and checks against a pinned SHA-256.
      - V(system) is one that the host has, below O(directory), on PATH, or made by pyenv in a home
        directory; the last is copied, since a service cannot read home directories.
      - V(controller) is a copy of one that pyenv made on the controller.
      - V(maven) is a build from Maven's central repository, which the controller fetches and checks
        against a pinned SHA-256. It is tried last, wherever it stands in the list.
    type: list
    elements: str
    choices: [managed, system, controller, maven]
    required: true
  directory:
    description: Where interpreters that the distribution does not have are installed.
    type: path
    required: true
  uv:
    description: The uv command.
    type: path
    required: true
  downloads:
    description: A file in the format of uv's list of downloads, for versions which that list lacks.
    type: path
  cache:
    description: Where the controller keeps what it fetched from Maven; for the action plugin.
    type: path
  archive:
    description: An archive that the action plugin has brought from the controller.
    type: path
  release:
    description:
      - The version of what is brought, or of a build from Maven that may be there already.
      - Made by the action plugin.
    type: str
author: async-pipeline-bench
"""

EXAMPLES = """
- name: A Python for old frameworks
  python_interpreter:
    version: "3.7"
    sources: [system, managed, controller, maven]
    directory: /opt/pipeline-bench/python
    uv: /opt/pipeline-bench/uv/bin/uv
    cache: ~/.cache/async-pipeline-bench/python
"""

RETURN = """
found:
  description: Whether there is one.
  type: bool
  returned: always
python:
  description: C(executable), C(version), C(implementation), C(source), C(library_path).
  type: dict
  returned: when found
tried:
  description:
    - For each source without success, what was tried and why it did not do.
    - If there is none, the action plugin adds what would help.
  type: list
  returned: always
copies:
  description:
    - Copied interpreters that are there already, by their full versions.
    - For those from Maven, these are Maven's versions.
  type: list
  returned: always
glibc:
  description: The version of the host's glibc; empty if it has another C library.
  type: str
  returned: always
architecture:
  description: The host's machine type.
  type: str
  returned: always
"""

ORIGIN = "copied-from"
FROM_SERVER = "copy of the server's pyenv"
FROM_CONTROLLER = "copy of the controller's pyenv"
FROM_MAVEN = "maven"
BUILD = ("org", "bytedeco", "cpython")
UNUSED = (
    *("test", "idlelib", "turtledemo", "ensurepip", "site-packages", "__pycache__"),
    *("config-*", "*.a"),
)
PROBE = (
    "import json, platform, ssl, sys; "
    "print(json.dumps([platform.python_implementation(), platform.python_version()]))"
)
PRIVATE = ("/root", "/home", "/run/user")


def matches(wanted: str, version: str) -> bool:
    """Whether a full version is the wanted one: 3.7 takes 3.7.16, and not 3.70.1."""
    return version == wanted or version.startswith(wanted + ".")


def last_line(text: str) -> str:
    """Return the last line that says something; of uv's chain of causes, the innermost."""
    causes = re.findall(r"^ *cause: (.*)$", text, re.MULTILINE)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (causes or lines or ["no message"])[-1].removeprefix("error: ")


def what_is(error: OSError) -> str:
    """The cause of an error, without what it happened to; of several, that of the last."""
    if isinstance(error, shutil.Error):
        return str(error.args[0][-1][-1])
    return error.strerror or str(error)


def cannot_start(program: str | Path, error: OSError) -> str:
    """Why a program could not be executed."""
    try:
        if os.statvfs(program).f_flag & os.ST_NOEXEC:
            return f"{program}: its file system is mounted noexec, so that nothing on it starts"
    except OSError:
        pass
    return f"{program}: {what_is(error)}"


def glibc() -> str:
    """The version of this host's C library, C(2.36); nothing if it is not glibc."""
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").rpartition(" ")[2]
    except (OSError, ValueError):
        return ""


def library_path(executable: Path) -> str:
    """Where a moved interpreter finds its libpython, or nothing for one that needs no help."""
    folder = executable.parent.parent / "lib"
    moved = (folder.parent / ORIGIN).exists()
    return str(folder) if moved and list(folder.glob("libpython*.so*")) else ""


def is_private(path: Path) -> bool:
    """Whether a service with ProtectHome= could not execute this."""
    return str(path.resolve()).startswith(tuple(folder + "/" for folder in PRIVATE))


def probe(executable: Path, wanted: str) -> tuple[dict[str, str] | None, str]:
    """Start an interpreter; what it is, or else why it will not do."""
    libraries = library_path(executable)
    env = {"PATH": os.environ.get("PATH", "")}
    if libraries:
        env["LD_LIBRARY_PATH"] = libraries
    try:
        done = subprocess.run(
            [str(executable), "-I", "-c", PROBE],
            capture_output=True,
            errors="replace",
            timeout=20,
            check=False,
            env=env,
        )
    except OSError as error:
        return None, cannot_start(executable, error)
    except subprocess.TimeoutExpired as error:
        return None, f"{executable}: {error}"
    if done.returncode != 0:
        return None, f"{executable}: {last_line(done.stderr)}"
    implementation, version = json.loads(done.stdout)
    if implementation != "CPython" or not matches(wanted, version):
        return None, f"{executable}: is {implementation} {version}"
    return {
        "executable": str(executable),
        "version": version,
        "implementation": implementation,
        "library_path": libraries,
    }, ""


def homes() -> list[Path]:
    """The home directories of root and of who became root."""
    names = {"root", os.environ.get("SUDO_USER") or "root"}
    return sorted({Path(user.pw_dir) for user in pwd.getpwall() if user.pw_name in names})


def pyenv_roots(wanted: str, among: list[Path]) -> list[Path]:
    """Versions made by pyenv, newest first."""
    found = [path for home in among for path in (home / ".pyenv" / "versions").glob("*")]
    found = [path for path in found if matches(wanted, path.name)]
    return sorted(found, key=lambda path: [int(n) for n in re.findall(r"\d+", path.name)])[::-1]


def copy_tree(source: Path, folder: Path) -> None:
    """Copy an interpreter's tree, leaving out what serving never needs."""
    unused = shutil.ignore_patterns(*UNUSED)
    shutil.copytree(source, folder, symlinks=True, dirs_exist_ok=True, ignore=unused)


def unpack_tree(archive: Path, folder: Path) -> None:
    """Unpack what the action plugin packed of an interpreter that pyenv made."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        with tarfile.open(archive) as packed:
            packed.extractall(scratch)  # noqa: S202 - made by the action plugin
        (tree,) = Path(scratch).iterdir()
        copy_tree(tree, folder)


def unpack_build(archive: Path, folder: Path) -> None:
    """Unpack a build from Maven as a tree like any other, leaving out what serving never needs.

    In C(org/bytedeco/cpython/PLATFORM/) it has C(bin), C(lib), C(include), and beside them the
    shared libraries, which move to C(lib). No link and no executable bit survived in it.
    """
    with zipfile.ZipFile(archive) as packed:
        for member in packed.infolist():
            place = place_in_tree(PurePosixPath(member.filename))
            if place is None or member.is_dir():
                continue
            path = folder / place
            path.parent.mkdir(parents=True, exist_ok=True)
            with packed.open(member) as content, path.open("wb") as file:
                shutil.copyfileobj(content, file)
            if path.parent.name == "bin":
                path.chmod(0o755)
    for library in list((folder / "lib").glob("libpython*.so.*")):
        # by this name it is found by what is linked with it
        library.with_name(library.name.partition(".so.")[0] + ".so").symlink_to(library.name)


def place_in_tree(member: PurePosixPath) -> Path | None:
    """Where a file of a build from Maven belongs in the tree; None if serving never needs it."""
    parts = member.parts[len(BUILD) + 1 :]
    unused = any(fnmatch(part, pattern) for part in parts for pattern in UNUSED)
    if member.parts[: len(BUILD)] != BUILD or not parts or unused:
        return None
    if len(parts) == 1:
        return Path("lib", *parts) if fnmatch(parts[0], "lib*.so.*") else None
    if parts[0] == "bin" and not fnmatch(parts[1], "python*"):
        return None
    return Path(*parts) if parts[0] in ("bin", "lib", "include") else None


def keep(directory: Path, name: str, origin: str, fill: Callable[[Path], None]) -> Path:
    """Put an interpreter into a folder of this name, readable by everybody; atomically.

    fill: writes it into a folder that is given.
    """
    target = directory / name
    directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=directory))
    try:
        fill(staging)
        (staging / ORIGIN).write_text(origin + "\n")
        for path in [staging, *staging.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o111 else 0o644)
        shutil.rmtree(target, ignore_errors=True)
        staging.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return target


class Host:
    """The sources of one host; each answers with an interpreter or says why it has none."""

    def __init__(self, params: dict[str, Any], *, check_mode: bool) -> None:
        self.wanted = params["version"]
        self.directory = Path(params["directory"])
        self.uv = params["uv"]
        self.downloads = params["downloads"]
        self.archive = params["archive"]
        self.release = params["release"]
        self.check_mode = check_mode
        self.changed = False
        self.tried: list[str] = []

    @property
    def short(self) -> str:
        return ".".join(self.wanted.split(".")[:2])

    def accept(self, executable: Path, source: str) -> dict[str, str] | None:
        found, why = probe(executable, self.wanted)
        if found is None:
            self.tried.append(why)
            return None
        return {**found, "source": source}

    def put(self, name: str, origin: str, fill: Callable[[Path], None]) -> dict[str, str] | None:
        """One that is put into the directory, by `keep`."""
        try:
            copy = keep(self.directory, name, origin, fill)
        except OSError as error:
            self.tried.append(f"CPython {name} could not be put on the server: {what_is(error)}")
            return None
        self.changed = True
        return self.accept(copy / "bin" / f"python{self.short}", origin)

    def installed(self) -> dict[str, str] | None:
        """One from an earlier provisioning; of those from Maven, none is better than any other."""
        for executable in sorted(self.directory.glob(f"*/bin/python{self.short}"), reverse=True):
            origin = executable.parent.parent / ORIGIN
            source = origin.read_text(errors="replace").strip() if origin.exists() else "managed"
            if source == FROM_MAVEN:
                continue
            if found := self.accept(executable.parent.resolve() / executable.name, source):
                return found
        return None

    def system(self) -> dict[str, str] | None:
        if found := self.installed():
            return found
        search = os.environ.get("PATH", "").split(":")
        for folder in dict.fromkeys([*search, "/usr/local/bin", "/usr/bin"]):
            executable = Path(folder) / f"python{self.short}"
            if not os.access(executable, os.X_OK) or is_private(executable):
                continue
            if found := self.accept(executable, "system"):
                return found
        for root in pyenv_roots(self.wanted, homes()):
            # A copy which is there already, and was not accepted above, gets no better by another.
            if self.check_mode or (self.directory / root.name).exists():
                continue
            if found := self.put(root.name, FROM_SERVER, partial(copy_tree, root)):
                return found
        self.tried.append(f"the server has no CPython {self.wanted}")
        return None

    def managed(self) -> dict[str, str] | None:
        env = {
            **os.environ,
            "UV_PYTHON_INSTALL_DIR": str(self.directory),
            "UV_PYTHON_INSTALL_BIN": "0",
            # A host without a way out should say so now, and again at every provisioning.
            "UV_HTTP_CONNECT_TIMEOUT": os.environ.get("UV_HTTP_CONNECT_TIMEOUT", "5"),
            "UV_HTTP_RETRIES": os.environ.get("UV_HTTP_RETRIES", "1"),
        }
        if self.downloads and any(
            matches(self.wanted, f"{entry['major']}.{entry['minor']}.{entry['patch']}")
            for entry in json.loads(Path(self.downloads).read_text(errors="replace")).values()
        ):
            env["UV_PYTHON_DOWNLOADS_JSON_URL"] = self.downloads
        if not self.check_mode:
            before = set(self.directory.glob("cpython-*"))
            self.directory.mkdir(mode=0o755, parents=True, exist_ok=True)
            done = self.run_uv(["python", "install", self.wanted], env)
            if done.returncode != 0:
                why = last_line(done.stderr)
                self.tried.append(f"uv could not download CPython {self.wanted}: {why}")
                return None
            self.changed |= set(self.directory.glob("cpython-*")) != before
        done = self.run_uv(["python", "find", "--managed-python", "--no-project", self.wanted], env)
        if done.returncode != 0:
            self.tried.append(f"uv has not installed CPython {self.wanted}")
            return None
        executable = Path(done.stdout.strip())
        return self.accept(executable.parent.resolve() / executable.name, "managed")

    def run_uv(self, words: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
        command = [self.uv, "--no-config", *words]
        try:
            return subprocess.run(
                command, capture_output=True, errors="replace", check=False, env=env
            )
        except OSError as error:
            return subprocess.CompletedProcess(command, 126, "", cannot_start(self.uv, error))

    def controller(self) -> dict[str, str] | None:
        """Unpack what the action plugin brings; until it does, only an earlier copy will do."""
        if self.archive is None:
            return self.installed()
        return self.put(self.release, FROM_CONTROLLER, partial(unpack_tree, self.archive))

    def maven(self) -> dict[str, str] | None:
        """Unpack the build that the action plugin brings; or take it, if it is there already."""
        if self.archive is not None:
            return self.put(self.release, FROM_MAVEN, partial(unpack_build, self.archive))
        if not self.release:
            return None
        return self.accept(
            self.directory / self.release / "bin" / f"python{self.short}", FROM_MAVEN
        )


SOURCES = {
    "managed": Host.managed,
    "system": Host.system,
    "controller": Host.controller,
    "maven": Host.maven,
}


def find(params: dict[str, Any], *, check_mode: bool) -> dict[str, Any]:
    """The module's answer."""
    host = Host(params, check_mode=check_mode)
    found = None
    for source in params["sources"]:
        if found := SOURCES[source](host):
            break
    answer = {"found": True, "python": found} if found else {"found": False}
    return {
        **answer,
        "changed": host.changed,
        "copies": [path.parent.name for path in host.directory.glob(f"*/{ORIGIN}")],
        "tried": list(dict.fromkeys(host.tried)),
        "architecture": platform.machine(),
        "glibc": glibc(),
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "version": {"type": "str", "required": True},
            "sources": {
                "type": "list",
                "elements": "str",
                "choices": list(SOURCES),
                "required": True,
            },
            "directory": {"type": "path", "required": True},
            "uv": {"type": "path", "required": True},
            "downloads": {"type": "path"},
            "cache": {"type": "path"},  # of the action plugin
            "archive": {"type": "path"},
            "release": {"type": "str"},
        },
        supports_check_mode=True,
    )
    os.umask(0o022)
    module.exit_json(**find(module.params, check_mode=module.check_mode))


if __name__ == "__main__":
    main()

"""Put one framework on a server host: its folder, environment, start file and versions."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import importlib.metadata
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.host.debian import upstream
from ansible.module_utils.requirements_lock import LockError, Pinned, normal, read_lock
from ansible.module_utils.server.wheels import MOST_BYTES, BuildError, build

DOCUMENTATION = """
---
module: framework_deploy
short_description: Put one framework on a server host
description:
  - Makes O(path) hold exactly this framework, and changes nothing where it already does.
  - The action plugin of the same name reads O(folder) on the controller and hands its files on.
options:
  name:
    description: The framework's name.
    type: str
    required: true
  path:
    description: Where it belongs on the host.
    type: path
    required: true
  runtime:
    description: What runs it.
    type: str
    choices: [python, go, debian]
    required: true
  folder:
    description: Its folder on the controller; for the action plugin.
    type: path
  variant:
    description: Which variant of that folder it is; none for the plain one; for the action plugin.
    type: str
  env:
    description: What its process has in the environment beside BENCH_*.
    type: dict
    default: {}
  loop:
    description: The event loop that its process is asked to use, as BENCH_LOOP.
    type: str
  files:
    description: What C(app/) is to hold, by relative path, in base64; made by the action plugin.
    type: dict
    default: {}
  packages:
    description:
      - The Debian packages that it needs, which are installed already.
      - Of runtime V(debian) the first is what serves.
    type: list
    elements: str
    default: []
  python:
    description: The interpreter, as M(python_interpreter) returns it.
    type: dict
  tried:
    description: Why there is no interpreter, as M(python_interpreter) returns it.
    type: list
    elements: str
    default: []
  uv:
    description: The uv command.
    type: path
  built:
    description: Where wheels are kept that were built here; in O(path) without it.
    type: path
  binary:
    description: The built program; on the controller for the action plugin, then on the host.
    type: path
  binary_sha256:
    description: What that program must be; made by the action plugin.
    type: str
  build_info:
    description: What C(go version -m) says of that program.
    type: str
author: async-pipeline-bench
"""

EXAMPLES = """
- name: Deploy a framework
  framework_deploy:
    name: aiohttp
    path: /opt/pipeline-bench/frameworks/aiohttp
    runtime: python
    folder: "{{ playbook_dir }}/../servers/aiohttp"
    python: "{{ found.python }}"
    uv: /opt/pipeline-bench/uv/bin/uv
"""

RETURN = """
versions:
  description: What C(versions.json) holds.
  type: dict
  returned: success
needs_binary:
  description: Whether the action plugin must bring the program.
  type: bool
  returned: success
reason:
  description: Why it could not be deployed, in one sentence.
  type: str
  returned: failure
log:
  description: What was printed.
  type: str
  returned: failure
"""

PYTHON_START = """\
#!/bin/sh
# Started by pipeline-bench@{name}.service, with BENCH_* in the environment.
cd {app}
export LANG=C.UTF-8 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1{env}
exec {venv}/bin/python server.py
"""

PROGRAM_START = """\
#!/bin/sh
# Started by pipeline-bench@{name}.service, with BENCH_* in the environment.
cd {app}
export LANG=C.UTF-8{env}
exec {app}/server
"""


APT_HELPER = "/usr/lib/apt/apt-helper"


class CannotDeployError(Exception):
    """What is wrong, in a sentence, and what was printed."""

    def __init__(self, reason: str, log: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.log = log


def start_text(
    name: str, path: Path, runtime: str, python: dict[str, str] | None, env: dict[str, str]
) -> str:
    """Write the start file: address, port and workers come with each measurement."""
    libraries = (python or {}).get("library_path")
    if runtime == "python" and libraries:
        env = {"LD_LIBRARY_PATH": libraries, **env}
    text = "".join(f" {key}={shlex.quote(value)}" for key, value in sorted(env.items()))
    form = PYTHON_START if runtime == "python" else PROGRAM_START
    return form.format(name=name, app=path / "app", venv=path / "venv", env=text)


def go_versions(build_info: str) -> dict[str, Any]:
    """Read what C(go version -m) prints: the toolchain, and the modules in the binary."""
    first = re.search(r":\s*(go\S+)", build_info)
    modules = re.findall(r"^\s*(?:dep|=>)\s+(\S+)\s+(\S+)", build_info, re.MULTILINE)
    return {"runtime": first[1] if first else None, "packages": dict(modules)}


def says_changed(stderr: str) -> bool:
    """Whether uv pip sync installed or removed something."""
    return bool(re.search(r"^ [+~-] \S", stderr, re.MULTILINE))


def reason_of(what: str, text: str) -> str:
    """Draw one sentence from what was printed: its error, the innermost cause, a compiler's."""
    errors = re.findall(r"^(?:error|E): (.*)$", text, re.MULTILINE)[:1]
    causes = re.findall(r"^ *cause: (.*)$", text, re.MULTILINE)[-1:]
    last = [line.strip() for line in text.splitlines() if line.strip()][-1:]
    building = re.findall(r"^ +error: (.*)$", text, re.MULTILINE)[-1:]
    return ": ".join([what, *((errors + causes) or last or ["no message"]), *building])


class Source(NamedTuple):
    """The sources of a package: from which URL they are fetched. sha256: in hex."""

    name: str
    version: str
    url: str
    sha256: str


def sources_in(pylock: str) -> list[Source]:
    """The packages that have no wheel in a pylock.toml, as uv writes it."""
    found = []
    for package in pylock.split("[[packages]]\n")[1:]:
        name, version, sources = (
            re.search(pattern, package, re.MULTILINE)
            for pattern in (
                r'^name = "([^"]+)"',
                r'^version = "([^"]+)"',
                r'^sdist = \{ url = "([^"]+)".*sha256 = "([0-9a-f]{64})"',
            )
        )
        if re.search(r"^wheels = ", package, re.MULTILINE):
            continue
        if not (name and version and sources):
            raise CannotDeployError("uv did not say where a package's sources are", package)
        found.append(Source(name[1], version[1], sources[1], sources[2]))
    return found


def wheel_line(package: Pinned, wheel: Path) -> str:
    """A line for uv that names a wheel by its path and content."""
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f"{package.name}{package.extras} @ {wheel.as_uri()} --hash=sha256:{digest}"


class Deployment:
    """The framework's folder on the host, and what of it had to change."""

    def __init__(self, params: dict[str, Any], *, check_mode: bool) -> None:
        self.params = params
        self.path = Path(params["path"])
        self.check_mode = check_mode
        self.changed = False

    def write(self, path: Path, content: bytes, mode: int) -> None:
        """Write a file that is not yet so, atomically, readable by the unit's own user."""
        same = path.is_file() and not path.is_symlink() and path.read_bytes() == content
        if same and path.stat().st_mode & 0o7777 == mode:
            return
        self.changed = True
        if self.check_mode:
            return
        self.folder(path.parent)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(content)
        part.chmod(mode)
        part.replace(path)

    def folder(self, path: Path) -> None:
        missing = [folder for folder in [path, *path.parents] if not folder.is_dir()]
        for folder in reversed(missing):
            if folder.exists() or folder.is_symlink():
                folder.unlink()
            folder.mkdir()
            folder.chmod(0o755)
            self.changed = True

    def remove(self, path: Path) -> None:
        self.changed = True
        if self.check_mode:
            return
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()

    def mirror(self, files: dict[str, str]) -> None:
        """Make app/ hold these files and nothing else."""
        app = self.path / "app"
        if not self.check_mode:
            self.folder(app)
        for name, content in sorted(files.items()):
            program = self.params["runtime"] == "debian" and name == "server"
            self.write(app / name, base64.b64decode(content), 0o755 if program else 0o644)
        wanted = {app / name for name in files}
        folders = {parent for path in wanted for parent in path.parents}
        if self.params["runtime"] == "go":
            wanted.add(app / "server")
        for path in sorted(app.rglob("*"), reverse=True):
            if path not in wanted | folders:
                self.remove(path)

    def libraries(self) -> dict[str, str]:
        """Variables to run an interpreter where it was moved to, and link what is built for it."""
        path = (self.params["python"] or {}).get("library_path")
        return {"LD_LIBRARY_PATH": path, "LIBRARY_PATH": path} if path else {}

    def run(
        self, argv: list[str], what: str, given: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """given: the command's input."""
        env = {**os.environ, **self.libraries()}
        done = subprocess.run(
            argv, input=given, capture_output=True, errors="replace", check=False,
            env=env,
        )  # fmt: skip
        if done.returncode != 0:
            log = f"$ {shlex.join(argv)}\n{done.stdout}{done.stderr}"
            raise CannotDeployError(reason_of(what, done.stderr or done.stdout), log)
        return done

    def environment(self) -> dict[str, str]:
        """Bring venv/ to what requirements.txt says; what is in it then."""
        python, uv = self.params["python"], self.params["uv"]
        venv = self.path / "venv"
        if not python:
            raise CannotDeployError("; ".join(self.params["tried"]), "")
        if "requirements.txt" not in self.params["files"]:
            raise CannotDeployError("its folder has no requirements.txt", "")
        mark = venv / ".interpreter"
        made_of = json.dumps(python, sort_keys=True) + "\n"
        if not mark.is_file() or mark.read_text(errors="replace") != made_of:
            self.changed = True
            if self.check_mode:
                return {}
            shutil.rmtree(venv, ignore_errors=True)
            self.run(
                [
                    uv,
                    "--no-config",
                    "venv",
                    "--no-project",
                    "--python",
                    python["executable"],
                    str(venv),
                ],
                "its environment could not be made",
            )
            mark.write_text(made_of)
        lock = self.lock("requirements.txt")
        built = self.built(lock)
        if built is None:
            self.changed = True
            return {}
        # by the interpreter that the environment was made with: the environment's own obeys what
        # packages put there (*.pth), and this is root
        sync = [uv, "--no-config", "pip", "sync", "--require-hashes", "--no-build"]
        # one that needs the standard library alone has an empty lock
        sync += ["--compile-bytecode", "--allow-empty-requirements"]
        sync += ["--python", python["executable"], "--prefix", str(venv)]
        if self.check_mode:
            sync.append("--dry-run")
        lines = "".join(f"{built.get(one) or one.line}\n" for one in lock)
        done = self.run([*sync, "-"], "its packages could not be installed", lines)
        self.changed |= says_changed(done.stderr)
        folders = [str(folder) for folder in venv.glob("lib/python*/site-packages")]
        found = importlib.metadata.distributions(path=folders)
        return {normal(one.metadata["Name"]): one.version for one in found}

    def lock(self, name: str) -> list[Pinned]:
        """The packages of a lock in the folder."""
        text = base64.b64decode(self.params["files"][name]).decode(errors="replace")
        try:
            packages: list[Pinned] = read_lock(text, name)
        except LockError as error:
            raise CannotDeployError(f"its lock cannot be used: {error}", "") from error
        return packages

    def built(self, lock: list[Pinned]) -> dict[Pinned, str] | None:
        """The lines of those packages that are installed from a wheel that was built here.

        None if one had to be built, and nothing may be. Only a folder that locks what builds its
        packages may have any.
        """
        if "requirements-build.txt" not in self.params["files"]:
            return {}
        tools = self.lock("requirements-build.txt")
        sources = self.sources(lock)
        places = {one: self.place(source, tools) for one, source in sources.items()}
        missing = [one for one, place in places.items() if not list(place.glob("*.whl"))]
        if missing and self.check_mode:
            return None
        if missing:
            with self.tools(tools) as interpreter:
                for one in missing:
                    self.build(sources[one], interpreter, places[one])
        return {one: wheel_line(one, next(place.glob("*.whl"))) for one, place in places.items()}

    def sources(self, lock: list[Pinned]) -> dict[Pinned, Source]:
        """Where the sources are of those packages that have no wheel for this host.

        uv asks the index, and neither fetches nor builds anything.
        """
        compiling = [self.params["uv"], "--no-config", "pip", "compile", "--no-deps", "--no-header"]
        compiling += ["--python", self.params["python"]["executable"], "--format", "pylock.toml"]
        lines = "".join(f"{one.line}\n" for one in lock)
        done = self.run([*compiling, "-"], "its packages could not be found", lines)
        by_name = {(one.normal_name, one.version): one for one in lock}
        found = {}
        for source in sources_in(done.stdout):
            one = by_name.get((normal(source.name), source.version))
            if one is None or source.sha256 not in one.hashes:
                raise CannotDeployError(
                    f"its lock has no hash for the sources of {source.name}", ""
                )
            found[one] = source
        return found

    def place(self, source: Source, tools: list[Pinned]) -> Path:
        """The folder for the wheel of these sources: another one if what builds it is another."""
        made_of = [source.sha256, [one.line for one in tools], self.params["python"]]
        key = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()
        return Path(self.params.get("built") or self.path / "built") / key[:20]

    @contextlib.contextmanager
    def tools(self, lock: list[Pinned]) -> Iterator[Path]:
        """The interpreter of an environment that has what packages are built with, and no more."""
        above = Path(self.params.get("built") or self.path / "built")
        self.folder(above)
        with tempfile.TemporaryDirectory(prefix=".tools-", dir=above) as name:
            folder, uv = Path(name), [self.params["uv"], "--no-config"]
            folder.chmod(0o755)  # whoever builds reads it
            python = self.params["python"]["executable"]
            failed = "what its packages are built with could not be installed"
            self.run([*uv, "venv", "--no-project", "--python", python, f"{folder}/venv"], failed)
            install = ["pip", "install", "--require-hashes", "--no-build", "--python", python]
            lines = "".join(f"{one.line}\n" for one in lock)
            words = [*uv, *install, "--prefix", f"{folder}/venv", "--requirement", "-"]
            self.run(words, failed, lines)
            yield folder / "venv" / "bin" / "python"

    def fetched(self, source: Source) -> bytes:
        """The sources of a package, which have its hash."""
        failed = f"{source.name} {source.version} could not be fetched"
        if urlsplit(source.url).scheme not in ("http", "https"):
            raise CannotDeployError(f"{failed}: its address is neither http nor https", "")
        with tempfile.TemporaryDirectory() as name:
            with contextlib.suppress(LookupError, PermissionError):
                shutil.chown(name, "_apt")  # whom apt downloads as
            # it goes the way that packages of Debian come, also through a proxy of SOCKS
            file = Path(name) / "sources"
            fetch = [APT_HELPER, "download-file", source.url, str(file), f"SHA256:{source.sha256}"]
            self.run(fetch, failed)
            with file.open("rb") as handle:
                content = handle.read(MOST_BYTES + 1)
        if hashlib.sha256(content).hexdigest() != source.sha256:
            raise CannotDeployError(f"{failed}: what came has another hash than the lock", "")
        return content

    def build(self, source: Source, interpreter: Path, place: Path) -> None:
        """Fetch the sources by their hash, and then keep the wheel that is built of them."""
        self.changed = True
        file = urlsplit(source.url).path.rpartition("/")[2]
        failed = f"{source.name} {source.version} could not be built"
        try:
            wheel = build(
                self.params["uv"], interpreter, file, self.fetched(source), self.libraries()
            )
        except BuildError as error:
            raise CannotDeployError(
                reason_of(failed, error.log or error.reason), error.log
            ) from error
        name, version = wheel.file.split("-")[:2]
        if normal(name) != normal(source.name):
            raise CannotDeployError(f"{failed}: its build made {name} {version}", "")
        self.write(place / wheel.file, wheel.content, 0o644)

    def program(self) -> bool:
        """Put the built program in its place; whether it must be brought first."""
        target = self.path / "app" / "server"
        if target.is_file():
            digest = hashlib.sha256(target.read_bytes()).hexdigest()
            if digest == self.params["binary_sha256"] and target.stat().st_mode & 0o7777 == 0o755:
                return False
        self.changed = True
        if self.check_mode:
            return False
        if not self.params["binary"]:
            return True
        self.write(target, Path(self.params["binary"]).read_bytes(), 0o755)
        return False

    def env(self) -> dict[str, str]:
        """What the process has in its environment because of its variant."""
        loop = self.params["loop"]
        return {**self.params["env"], **({"BENCH_LOOP": loop} if loop else {})}

    def installed(self) -> dict[str, str]:
        """The versions of its Debian packages, by name."""
        names = self.params["packages"]
        if not names:
            return {}
        query = ["dpkg-query", "--show", "--showformat=${Package} ${Version}\\n", *names]
        try:
            listed = self.run(query, "its Debian packages are not installed")
        except CannotDeployError:
            if not self.check_mode:
                raise
            self.changed = True
            return dict.fromkeys(names, "")
        return dict(line.split(" ", 1) for line in listed.stdout.splitlines())

    def check_that_it_can_start(self) -> None:
        """The unit executes files of its folder, whatever the runtime is."""
        if self.path.is_dir() and os.statvfs(self.path).f_flag & os.ST_NOEXEC:
            why = f"the file system of {self.path} is mounted noexec, so that nothing on it starts"
            raise CannotDeployError("; ".join([why, *self.params["tried"]]), "")

    def deploy(self) -> dict[str, Any]:
        runtime, python = self.params["runtime"], self.params["python"]
        self.mirror(self.params["files"])
        self.check_that_it_can_start()
        needs_binary = False
        if runtime == "python":
            packages = self.environment()
            runtime_text = f"{python['implementation']} {python['version']} ({python['source']})"
            versions = {"runtime": runtime_text, "packages": {**packages, **self.installed()}}
            versions["interpreter"] = {name: python[name] for name in ("version", "source")}
        elif runtime == "debian":
            if "server" not in self.params["files"]:
                raise CannotDeployError("its folder has no server", "")
            packages = self.installed()
            first = self.params["packages"][0]
            runtime_text = f"{first} {upstream(packages[first])}"
            versions = {"runtime": runtime_text, "packages": packages}
        else:
            needs_binary = self.program()
            versions = go_versions(self.params["build_info"] or "")
        text = json.dumps(versions, indent=1, sort_keys=True) + "\n"
        self.write(self.path / "versions.json", text.encode(), 0o644)
        start = start_text(self.params["name"], self.path, runtime, python, self.env())
        self.write(self.path / "start", start.encode(), 0o755)
        return {"changed": self.changed, "versions": versions, "needs_binary": needs_binary}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "path": {"type": "path", "required": True},
            "runtime": {"type": "str", "choices": ["python", "go", "debian"], "required": True},
            "folder": {"type": "path"},
            "variant": {"type": "str"},
            "env": {"type": "dict", "default": {}},
            "loop": {"type": "str"},
            "files": {"type": "dict", "default": {}},
            "packages": {"type": "list", "elements": "str", "default": []},
            "python": {"type": "dict"},
            "tried": {"type": "list", "elements": "str", "default": []},
            "uv": {"type": "path"},
            "built": {"type": "path"},
            "binary": {"type": "path"},
            "binary_sha256": {"type": "str"},
            "build_info": {"type": "str"},
        },
        required_if=[
            ("runtime", "python", ("uv",)),
            ("runtime", "go", ("binary_sha256", "build_info")),
            ("runtime", "debian", ("packages",)),
        ],
        supports_check_mode=True,
    )
    deployment = Deployment(module.params, check_mode=module.check_mode)
    os.umask(0o022)
    try:
        answer = deployment.deploy()
    except CannotDeployError as error:
        module.fail_json(msg=error.reason, reason=error.reason, log=error.log)
    except OSError as error:
        reason = f"its files could not be written: {error}"
        module.fail_json(msg=reason, reason=reason, log="")
    module.exit_json(**answer)


if __name__ == "__main__":
    main()

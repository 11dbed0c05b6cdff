"""Where an interpreter comes from: the action and the module as they work together, on one host."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from action import python_interpreter as action
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from modules import framework_deploy as deploy
from modules import python_interpreter as module

from pipebench.hosts import maven_fetch, python_builds
from pipebench.hosts.python_builds import Build
from tests.namespace import in_namespace

PROGRAM = """\
#!/bin/sh
[ "$LD_LIBRARY_PATH" = "$(dirname "$(dirname "$0")")/lib" ] || exit 1
echo '["CPython", "9.9.1"]'
"""
FILES = {
    "bin/python9.9": PROGRAM,
    "bin/python9.9-config": "#!/bin/sh\n",
    "bin/pip3": "#!/bin/sh\n",
    "include/python9.9/Python.h": "",
    "lib/python9.9/os.py": "",
    "lib/python9.9/test/big.py": "",
    "lib/python9.9/site-packages/pip/x.py": "",
    "lib/python9.9/config-9.9/x": "",
    "libpython9.9.so.1.0": "",
    "libffi.so.8": "",
    "libffi.so": "",
    "libjnipython.so": "",
    "share/man/x.1": "",
}
KEPT = [
    "bin/python9.9",
    "bin/python9.9-config",
    "copied-from",
    "include/python9.9/Python.h",
    "lib/libffi.so.8",
    "lib/libpython9.9.so",
    "lib/libpython9.9.so.1.0",
    "lib/python9.9/os.py",
]
MAVENS = "9.9.1-1.5.99"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A build as Maven has them: a zip without links and executable bits."""
    path = tmp_path / "build.jar"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("META-INF/native-image/linux-x86_64/jnipython/x.json", "")
        made.writestr("org/bytedeco/cpython/linux-x86_64/bin/", "")
        for name, text in FILES.items():
            made.writestr(f"org/bytedeco/cpython/linux-x86_64/{name}", text)
    return path


class Host:
    """A host that is this computer, and the action that works on it, without Ansible's way there.

    sources: what the module was asked for, each time. sent: the files that were sent to it.
    """

    def __init__(self, folder: Path, *sources: str) -> None:
        self.folder = folder
        self.asked: list[list[str]] = []
        self.sent: list[str] = []
        self.error: Exception | None = None
        self.arguments = {
            "version": "9.9",
            "sources": list(sources),
            "directory": str(folder / "python"),
            "uv": str(folder / "uv"),
            "cache": str(folder / "cache"),
        }

    def run(self, **facts: Any) -> dict[str, Any]:
        """What the action answers. facts: what of the module's answers is another."""
        task = SimpleNamespace(args=self.arguments, async_val=0, check_mode=False, diff=False)
        acting = action.ActionModule(task, *[SimpleNamespace()] * 5)
        temporary = self.folder / "temporary"
        temporary.mkdir(exist_ok=True)
        shell = SimpleNamespace(tmpdir=str(temporary), join_path=os.path.join)
        acting._connection = SimpleNamespace(_shell=shell)  # noqa: SLF001

        def execute(module_args: dict[str, Any], task_vars: object) -> dict[str, Any]:
            assert task_vars == {}
            assert "cache" not in module_args
            self.asked.append(module_args["sources"])
            absent = dict.fromkeys(("downloads", "archive", "release"))
            return module.find({**absent, **module_args}, check_mode=False) | facts

        def transfer(local: str, remote: str) -> None:
            self.sent.append(Path(local).name)
            if self.error:
                raise self.error
            shutil.copy(local, remote)

        acting._execute_module = execute  # noqa: SLF001
        acting._transfer_file = transfer  # noqa: SLF001
        acting._fixup_perms2 = lambda _: None  # noqa: SLF001
        acting._remove_tmp_path = lambda _: None  # noqa: SLF001
        answer: dict[str, Any] = acting.run(task_vars={})
        return answer


@pytest.fixture
def pinned(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """The build as the only one that is pinned, and already in the controller's cache."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv(maven_fetch.MIRROR, "http://127.0.0.1:1")
    build = Build(
        version="9.9.1",
        architecture=platform.machine(),
        glibc="2.10",
        artifact=f"org.bytedeco:cpython:jar:linux-x86_64:{MAVENS}",
        sha256=hashlib.sha256(archive.read_bytes()).hexdigest(),
    )
    listed = tmp_path / "listed.json"
    listed.write_bytes(msgspec.json.encode([build]))
    monkeypatch.setattr(action, "listed", lambda: python_builds.listed(listed))
    (tmp_path / "cache").mkdir()
    shutil.copy(archive, tmp_path / "cache" / build.file)
    return build


@pytest.mark.usefixtures("pinned")
def test_a_build_is_brought_if_nothing_else_is_there(tmp_path: Path) -> None:
    host = Host(tmp_path, "maven", "system", "managed", "controller")
    answer = host.run()
    tree = tmp_path / "python" / MAVENS
    assert answer["found"]
    assert answer["changed"]
    assert answer["python"] == {
        "executable": str(tree / "bin" / "python9.9"),
        "version": "9.9.1",
        "implementation": "CPython",
        "library_path": str(tree / "lib"),
        "source": "maven",
    }
    assert host.asked == [["system", "managed", "controller"], ["maven"]]
    found = sorted(str(one.relative_to(tree)) for one in tree.rglob("*") if not one.is_dir())
    assert found == KEPT
    assert str((tree / "lib" / "libpython9.9.so").readlink()) == "libpython9.9.so.1.0"
    assert stat.S_IMODE((tree / "bin" / "python9.9").stat().st_mode) == 0o755
    assert stat.S_IMODE((tree / "lib" / "python9.9" / "os.py").stat().st_mode) == 0o644

    again = host.run()
    assert again["python"] == answer["python"]
    assert not again["changed"]
    assert len(host.sent) == 1


@pytest.mark.usefixtures("pinned")
def test_any_other_source_comes_first(tmp_path: Path) -> None:
    host = Host(tmp_path, "system", "controller", "maven")
    assert host.run()["python"]["source"] == "maven"
    kept = tmp_path / "home" / ".pyenv" / "versions" / "9.9.0" / "bin" / "python9.9"
    kept.parent.mkdir(parents=True)
    kept.write_text('#!/bin/sh\necho \'["CPython", "9.9.0"]\'\n')
    kept.chmod(0o755)
    answer = host.run()
    assert answer["python"]["source"] == module.FROM_CONTROLLER
    assert answer["python"]["version"] == "9.9.0"


def test_without_one_all_that_was_tried_is_said(pinned: Build, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "cache")
    tried = Host(tmp_path, "system", "managed", "controller", "maven").run()["tried"]
    assert tried == [
        "the server has no CPython 9.9",
        f"uv could not download CPython 9.9: {tmp_path / 'uv'}: No such file or directory",
        "the controller's pyenv has no CPython 9.9, which `pyenv install 9.9` there would change",
        f"127.0.0.1:1 does not answer: Connection refused ({pinned.artifact})",
    ]


@pytest.mark.usefixtures("pinned")
@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"architecture": "riscv64"}, ", and the server is riscv64"),
        ({"glibc": "2.5"}, "requires glibc 2.10 or newer, and the server has glibc 2.5"),
        ({"glibc": ""}, "requires glibc 2.10 or newer, and the server has another C library"),
    ],
)
def test_a_host_that_cannot_run_the_build_is_sent_nothing(
    tmp_path: Path, facts: dict[str, str], why: str
) -> None:
    host = Host(tmp_path, "maven")
    answer = host.run(**facts)
    assert not answer["found"]
    assert answer["tried"][0].endswith(why)
    assert host.sent == []


@pytest.mark.usefixtures("pinned")
def test_a_host_without_space_for_the_archive(tmp_path: Path) -> None:
    host = Host(tmp_path, "maven")
    host.error = AnsibleError("failed to transfer file to /tmp/x: No space left on device")
    answer = host.run()
    assert not answer["found"]
    assert answer["tried"][0] == (
        f"CPython {MAVENS} could not be sent to the server: "
        "failed to transfer file to /tmp/x: No space left on device"
    )
    host.error = AnsibleConnectionFailure("gone")
    with pytest.raises(AnsibleConnectionFailure):  # which says nothing about interpreters
        host.run()


ASKED = """
import json
from modules import python_interpreter as module
answer = module.find(json.loads({words!r}), check_mode=False)
import os
print(json.dumps([answer["found"], answer["tried"], os.listdir({directory!r})]))
"""


def asked_in(place: Path, options: str, archive: Path) -> list[Any]:
    """Whether there is one, what was tried and what is left, on a file system with options."""
    directory = str(place / "python")
    words = {
        "version": "9.9", "sources": ["maven"], "directory": directory, "uv": "uv",
        "downloads": None, "archive": str(archive), "release": MAVENS,
    }  # fmt: skip
    program = ASKED.format(words=json.dumps(words), directory=directory)
    answer: list[Any] = json.loads(in_namespace(place, options, program))
    return answer


def test_a_host_without_space_for_the_interpreter(archive: Path, tmp_path: Path) -> None:
    place = tmp_path / "opt"
    place.mkdir()
    found, tried, left = asked_in(place, "nr_inodes=12", archive)
    assert not found
    assert tried == [f"CPython {MAVENS} could not be put on the server: No space left on device"]
    assert left == []


def test_a_host_whose_file_system_is_mounted_noexec(archive: Path, tmp_path: Path) -> None:
    place = tmp_path / "opt"
    place.mkdir()
    found, tried, _ = asked_in(place, "noexec", archive)
    assert not found
    program = f"{place}/python/{MAVENS}/bin/python9.9"
    assert tried == [f"{program}: its file system is mounted noexec, so that nothing on it starts"]


def test_a_framework_on_a_file_system_that_is_mounted_noexec(tmp_path: Path) -> None:
    words: dict[str, Any] = {
        "name": "some", "path": str(tmp_path / "some"), "runtime": "go", "files": {},
        "python": None, "uv": None, "binary": None, "tried": ["no a", "no b"], "packages": [],
        "env": {}, "loop": None,
    }  # fmt: skip
    program = f"""
from modules import framework_deploy as deploy
try:
    deploy.Deployment({words!r}, check_mode=False).deploy()
except deploy.CannotDeployError as error:
    print(error.reason)
"""
    assert in_namespace(tmp_path, "noexec", program) == (
        f"the file system of {tmp_path}/some is mounted noexec, so that nothing on it starts; "
        "no a; no b"
    )


def test_a_build_that_the_host_cannot_start_says_its_own_last_words(tmp_path: Path) -> None:
    program = tmp_path / "python9.9"
    program.write_text(
        '#!/bin/sh\necho "python9.9: /lib/libc.so.6: version \\`GLIBC_2.35\' not found" >&2\n'
        "exit 1\n"
    )
    program.chmod(0o755)
    why = f"{program}: python9.9: /lib/libc.so.6: version `GLIBC_2.35' not found"
    assert module.probe(program, "9.9") == (None, why)


def test_what_is_known_of_the_c_library_is_what_it_says_itself() -> None:
    printed = subprocess.run(["ldd", "--version"], capture_output=True, text=True, check=False)
    assert module.glibc() == printed.stdout.splitlines()[0].split()[-1]


def test_where_an_interpreter_came_from_is_recorded(tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    uv.write_text(
        '#!/bin/sh\nfor last; do :; done\n[ "$2" != venv ] || mkdir -p "$last"\n'
        '[ "$3" != list ] || echo "[]"\n'
    )
    uv.chmod(0o755)
    python = {
        "executable": sys.executable, "version": "9.9.1", "implementation": "CPython",
        "library_path": "", "source": "maven",
    }  # fmt: skip
    words: dict[str, Any] = {
        "name": "some", "path": str(tmp_path / "some"), "runtime": "python", "packages": [],
        "files": {"requirements.txt": ""}, "python": python, "uv": str(uv), "binary": None,
        "tried": [], "env": {}, "loop": None,
    }  # fmt: skip
    deploy.Deployment(words, check_mode=False).deploy()
    assert json.loads((tmp_path / "some" / "versions.json").read_text()) == {
        "runtime": "CPython 9.9.1 (maven)",
        "interpreter": {"version": "9.9.1", "source": "maven"},
        "packages": {},
    }


@pytest.mark.parametrize(
    ("sources", "helps"),
    [
        (["managed", "system"], "bench_via_controller: true would let it come through the"),
        (["managed", "controller"], "has no CPython 9.9, which `pyenv install 9.9` there would"),
    ],
)
def test_without_an_interpreter_it_is_said_what_would_help(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sources: list[str], helps: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    tried = Host(tmp_path, *sources).run()["tried"]
    assert tried[0].startswith("uv could not download CPython 9.9")
    assert helps in tried[-1]

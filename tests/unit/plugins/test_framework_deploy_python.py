"""An environment is exactly what the lock says, and no code of a package runs as who deploys.

With uv as it is, and an index of packages that are made here. Only systemd is missing: a program in
its place starts what it is told. tests/lab/test_building.py has the real one.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import os
import re
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from modules import framework_deploy as deploy
from server import wheels

UV = Path(sys.executable).with_name("uv")
PYTHON = {
    "executable": os.path.realpath(sys.executable),
    "version": "3",
    "implementation": "CPython",
    "source": "system",
    "library_path": "",
}
BACKEND = """
import os, pathlib, zipfile
def build_wheel(folder, settings=None, metadata=None):
    pathlib.Path({mark!r}).write_text(" ".join(sorted(os.environ)))
    name = "{wheel}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as made:
        about = "{wheel}-1.0.dist-info/"
        made.writestr("{wheel}.py", "")
        made.writestr(about + "METADATA", "Metadata-Version: 2.1\\nName: {wheel}\\nVersion: 1.0\\n")
        tags = "Root-Is-Purelib: true\\nTag: py3-none-any\\n"
        made.writestr(about + "WHEEL", "Wheel-Version: 1.0\\n" + tags)
        made.writestr(about + "RECORD", "")
    return name
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "sketchy"
version = "1.0"
"""
IN_PLACE_OF_SYSTEMD = """\
#!@python@ -IS
# starts the command after --, in a folder of its own, with the variables that it is given
import os, re, shutil, sys
from pathlib import Path

folder, end = Path("@folder@"), sys.argv.index("--")
given = dict(word[9:].split("=", 1) for word in sys.argv[1:end] if word.startswith("--setenv="))
asked = [word[11:] for word in sys.argv[1:end] if word.startswith("--property=")]
(folder / "properties").write_text("\\n".join(asked))
shutil.rmtree(folder / "work", ignore_errors=True)
(folder / "work").mkdir()
os.chdir(folder / "work")
# as systemd does it: $$ is $, and a variable that it does not know is nothing
known = {"$$": "$"}
words = [re.sub(r"[$][$]|[$][{][^}]*[}]", lambda one: known.get(one[0], ""), word)
         for word in sys.argv[end + 1:]]
os.execvpe(words[0], words, {"PATH": os.environ["PATH"], **given})
"""


def sources(mark: Path, wheel: str = "sketchy") -> bytes:
    """A package without a wheel, whose build writes a file."""
    packed = io.BytesIO()
    files = {
        "pyproject.toml": PROJECT,
        "backend.py": BACKEND.format(mark=str(mark), wheel=wheel),
        "PKG-INFO": "Metadata-Version: 2.1\nName: sketchy\nVersion: 1.0\n",
    }
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"sketchy-1.0/{name}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


def wheel_with(files: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    about = "startup-1.0.dist-info/"
    files = files | {
        f"{about}METADATA": "Metadata-Version: 2.1\nName: Startup\nVersion: 1.0\n",
        f"{about}WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{about}RECORD"])
    with zipfile.ZipFile(packed, "w") as made:
        for name, text in files.items():
            made.writestr(name, text)
    return packed.getvalue()


@contextlib.contextmanager
def index(files: dict[str, bytes]) -> Iterator[list[str]]:
    """An index with these files, which is the only one for uv; yields what was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            name = self.path.rpartition("/")[2]
            body, kind = files.get(name), "application/octet-stream"
            if body is None:
                project = self.path.strip("/").rpartition("/")[2]
                links = [
                    f'<a href="/{file}#sha256={hashlib.sha256(content).hexdigest()}">{file}</a>'
                    for file, content in files.items()
                    if file.startswith(f"{project}-")
                ]
                body, kind = "".join(links).encode(), "text/html"
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("UV_DEFAULT_INDEX", f"http://127.0.0.1:{server.server_port}/simple")
            yield asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the module is given, without files; a cache of its own."""
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    return {
        "name": "some", "path": str(tmp_path / "some"), "runtime": "python", "packages": [],
        "python": PYTHON, "tried": [], "uv": str(UV), "built": str(tmp_path / "built"),
        "binary": None, "build_info": None, "env": {}, "loop": None,
    }  # fmt: skip


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in the place of systemd-run; its folder."""
    folder = tmp_path / "stand-in"
    folder.mkdir()
    program = folder / "systemd-run"
    program.write_text(
        IN_PLACE_OF_SYSTEMD.replace("@folder@", str(folder)).replace(
            "@python@", PYTHON["executable"]
        )
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def folder_of(lock: str, build_lock: str | None = None) -> dict[str, str]:
    files = {"server.py": "", "requirements.txt": lock}
    if build_lock is not None:
        files["requirements-build.txt"] = build_lock
    return {name: base64.b64encode(text.encode()).decode() for name, text in files.items()}


def lock_line(name: str, content: bytes) -> str:
    return f"{name}==1.0 --hash=sha256:{hashlib.sha256(content).hexdigest()}\n"


def deployed(words: dict[str, Any], *, check_mode: bool = False, **more: Any) -> dict[str, Any]:
    return deploy.Deployment({**words, **more}, check_mode=check_mode).deploy()


def test_a_package_without_a_wheel_is_built_once_and_only_in_the_sandbox(
    words: dict[str, Any], stand_in: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "built-by"
    content = sources(mark)
    files = folder_of(lock_line("sketchy", content), "")
    monkeypatch.setenv("SECRET_OF_WHO_DEPLOYS", "x")
    with index({"sketchy-1.0.tar.gz": content}) as asked:
        answer = deployed(words, files=files)
        assert answer["versions"]["packages"] == {"sketchy": "1.0"}
        assert answer["changed"]
        seen = mark.read_text().split()
        assert {"HOME", "LANG", "PATH"} <= set(seen)
        assert "SECRET_OF_WHO_DEPLOYS" not in seen
        properties = (stand_in / "properties").read_text().split("\n")
        assert {"DynamicUser=yes", "PrivateNetwork=yes", "NoNewPrivileges=yes"} <= set(properties)
        (wheel,) = (tmp_path / "built").glob("*/*")
        assert wheel.name == "sketchy-1.0-py3-none-any.whl"

        mark.unlink()
        asked.clear()
        again = deployed(words, files=files)
        assert not again["changed"]
        other = deployed(words, files=files, name="other", path=str(tmp_path / "other"))
        assert other["versions"]["packages"] == {"sketchy": "1.0"}
        assert not mark.exists()
        assert not [path for path in asked if path.endswith(".tar.gz")]


def test_without_a_sandbox_nothing_is_built(
    words: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "built-by"
    content = sources(mark)
    files = folder_of(lock_line("sketchy", content), "")
    monkeypatch.setenv("PATH", str(tmp_path))
    with index({"sketchy-1.0.tar.gz": content}):
        assert deployed(words, files=files, check_mode=True)["changed"]
        with pytest.raises(deploy.CannotDeployError, match=r"could not be built: systemd-run"):
            deployed(words, files=files)
        # and not without a lock of what builds it
        with pytest.raises(deploy.CannotDeployError, match="no usable wheels"):
            deployed(words, files=folder_of(lock_line("sketchy", content)))
    assert not mark.exists()


@pytest.mark.usefixtures("stand_in")
def test_sources_with_another_hash_are_not_built(words: dict[str, Any], tmp_path: Path) -> None:
    mark = tmp_path / "built-by"
    content = sources(mark)
    files = folder_of(lock_line("sketchy", b"others"), "")
    with index({"sketchy-1.0.tar.gz": content}), pytest.raises(deploy.CannotDeployError):
        deployed(words, files=files)
    source = deploy.Source("sketchy", "1.0", "http://127.0.0.1/x", "0" * 64)
    fetched = deploy.Deployment({**words, "files": files}, check_mode=False).fetched
    for url in ("file:///etc/passwd", "/etc/passwd", "ftp://127.0.0.1/x"):
        with pytest.raises(deploy.CannotDeployError, match="neither http nor https"):
            fetched(source._replace(url=url))
    with index({"sketchy-1.0.tar.gz": content}):
        base = re.sub("/simple$", "", os.environ["UV_DEFAULT_INDEX"])
        with pytest.raises(
            deploy.CannotDeployError, match=r"could not be fetched: .*Hash Sum mismatch"
        ):
            fetched(source._replace(url=f"{base}/sketchy-1.0.tar.gz"))
    assert not mark.exists()


@pytest.mark.usefixtures("stand_in")
def test_a_build_that_makes_another_package_is_not_installed(
    words: dict[str, Any], tmp_path: Path
) -> None:
    content = sources(tmp_path / "built-by", wheel="pip")
    files = folder_of(lock_line("sketchy", content), "")
    with (
        index({"sketchy-1.0.tar.gz": content}),
        pytest.raises(deploy.CannotDeployError, match="could not be built"),
    ):
        deployed(words, files=files)
    assert not list((tmp_path / "built").glob("*/*.whl"))


def test_what_a_package_runs_at_the_start_of_python_is_not_run_while_deploying(
    words: dict[str, Any], tmp_path: Path
) -> None:
    mark = tmp_path / "started"
    line = f"import pathlib; pathlib.Path({str(mark)!r}).write_text('')\n"
    content = wheel_with({"startup.pth": line, "startup.py": ""})
    with index({"startup-1.0-py3-none-any.whl": content}):
        for _ in range(2):
            answer = deployed(words, files=folder_of(lock_line("startup", content)))
            assert answer["versions"]["packages"] == {"startup": "1.0"}
        assert not mark.exists()
        # what the lock has no more goes
        assert deployed(words, files=folder_of(""))["versions"]["packages"] == {}
    assert not list((tmp_path / "some").rglob("site-packages/startup*"))


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-build.txt"])
def test_a_lock_with_an_option_is_not_obeyed(words: dict[str, Any], name: str) -> None:
    content = wheel_with({"startup.py": ""})
    with index({"startup-1.0-py3-none-any.whl": content}) as asked:
        option = f"--index-url {os.environ['UV_DEFAULT_INDEX']}\n"
        os.environ["UV_DEFAULT_INDEX"] = "http://127.0.0.1:1/simple"
        locks = {"requirements.txt": "", "requirements-build.txt": ""}
        locks[name] = option + lock_line("startup", content)
        files = folder_of(locks["requirements.txt"], locks["requirements-build.txt"])
        with pytest.raises(deploy.CannotDeployError, match=f"lock cannot be used: {name} is not"):
            deployed(words, files=files)
        assert asked == []


def test_a_wheel_has_the_name_of_one() -> None:
    assert wheels.WHEEL.match(b"a_b-1.0+x-cp37-cp37m-linux_x86_64.whl\nPK")
    for name in (
        b"../a-1.0-x.whl\n",
        b"a-1.0-x.whl",
        b"a.whl\n",
        b"\n",
        b"a-1-x.tar.gz\n",
        b"a /-1-x.whl\n",
    ):
        assert wheels.WHEEL.match(name) is None

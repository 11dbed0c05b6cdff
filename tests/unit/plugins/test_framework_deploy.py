"""A framework's folder on a host holds exactly what it should, and says why where it cannot."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from action import framework_deploy as controller
from action import python_interpreter as finder
from ansible.errors import AnsibleActionFail
from host import debian
from modules import framework_deploy as deploy
from modules import python_interpreter as interpreter

BUILD_INFO = """\
/home/me/server: go1.27.3
\tpath\tasync-pipeline-bench/fasthttp
\tmod\tasync-pipeline-bench/fasthttp\t(devel)
\tdep\tgithub.com/valyala/bytebufferpool\tv1.0.0\th1:abc=
\tdep\tgithub.com/valyala/fasthttp\tv1.60.0\th1:def=
\tbuild\t-trimpath=true
"""
MISMATCH = """\
Resolved 10 packages in 211ms
error: Failed to download `aiosignal==1.4.0`
  cause: Hash mismatch for `aiosignal==1.4.0`
         Expected:
           sha256:0000
"""


NOT_BUILT = """\
error: Failed to build `httptools==0.0.10`
  cause: Call to `setuptools.build_meta:__legacy__.build_wheel` failed (exit status: 1)

         [stderr]
         unable to execute 'gcc': No such file or directory
         error: command 'gcc' failed: No such file or directory

hint: Build failures usually indicate a problem with the package or the build environment
"""


DECLARED = """\
title: Some
stack: current
language: Python
runtime: python
"""


def encoded(**files: str) -> dict[str, str]:
    return {name: base64.b64encode(text.encode()).decode() for name, text in files.items()}


def go_words(path: Path, **more: Any) -> dict[str, Any]:
    return {
        "name": "some", "path": str(path), "runtime": "go", "files": {}, "python": None,
        "uv": None, "binary": None, "build_info": BUILD_INFO, "tried": [], "packages": [],
        "env": {}, "loop": None,
    } | more  # fmt: skip


def test_versions_of_a_go_program() -> None:
    assert deploy.go_versions(BUILD_INFO) == {
        "runtime": "go1.27.3",
        "packages": {
            "github.com/valyala/bytebufferpool": "v1.0.0",
            "github.com/valyala/fasthttp": "v1.60.0",
        },
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            MISMATCH,
            "x: Failed to download `aiosignal==1.4.0`: Hash mismatch for `aiosignal==1.4.0`",
        ),
        (
            NOT_BUILT,
            (
                "x: Failed to build `httptools==0.0.10`: Call to "
                "`setuptools.build_meta:__legacy__.build_wheel` failed (exit status: 1): "
                "command 'gcc' failed: No such file or directory"
            ),
        ),
        ("error: no such file\n", "x: no such file"),
        ("something else\n", "x: something else"),
        ("", "x: no message"),
    ],
)
def test_a_reason_is_one_sentence(text: str, reason: str) -> None:
    assert deploy.reason_of("x", text) == reason


def test_a_moved_interpreter_is_told_where_its_library_is() -> None:
    path = Path("/opt/some place/frameworks/some")
    python = {"library_path": "/opt/some place/lib"}
    text = deploy.start_text("some", path, "python", python, {})
    assert " LD_LIBRARY_PATH='/opt/some place/lib'\n" in text
    text = deploy.start_text("some", path, "python", {"library_path": ""}, {})
    assert "LD_LIBRARY_PATH" not in text


@pytest.mark.parametrize("runtime", ["python", "go", "debian"])
def test_a_start_file_is_valid_shell(runtime: str) -> None:
    text = deploy.start_text("some", Path("/opt/some place"), runtime, None, {"A": "it's; $HOME"})
    assert text.startswith("#!/bin/sh\n")
    subprocess.run(["sh", "-n"], input=text, text=True, check=True)


def test_a_program_has_the_environment_of_its_variant(tmp_path: Path) -> None:
    given = {"A": "it's; $HOME `id`", "LANG": "de", "B": ""}
    words = go_words(tmp_path / "some", binary_sha256="0", env=given, loop="asyncio")
    deploy.Deployment(words, check_mode=False).deploy()
    program = tmp_path / "some" / "app" / "server"
    program.write_text('#!/bin/sh\nprintf "%s|%s|%s|%s" "$A" "$LANG" "$B" "$BENCH_LOOP"\n')
    program.chmod(0o755)
    start = tmp_path / "some" / "start"
    done = subprocess.run([start], capture_output=True, text=True, check=True)
    assert done.stdout == "it's; $HOME `id`|de||asyncio"


def test_a_program_is_asked_for_brought_and_kept(tmp_path: Path) -> None:
    program = tmp_path / "built"
    program.write_bytes(b"\x7fELF")
    target = tmp_path / "host" / "some"
    words = go_words(target, binary_sha256=hashlib.sha256(b"\x7fELF").hexdigest())

    assert deploy.Deployment(words, check_mode=False).deploy()["needs_binary"]
    brought = deploy.Deployment({**words, "binary": str(program)}, check_mode=False).deploy()
    assert brought["changed"]
    again = deploy.Deployment(words, check_mode=False).deploy()
    assert not again["changed"]
    assert not again["needs_binary"]
    assert stat.S_IMODE((target / "app" / "server").stat().st_mode) == 0o755
    assert stat.S_IMODE((target / "start").stat().st_mode) == 0o755
    assert json.loads((target / "versions.json").read_text())["runtime"] == "go1.27.3"


@pytest.fixture
def dpkg_query(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that has nginx and nothing else, by dpkg-query's own words."""
    if shutil.which("dpkg-query") is None:
        pytest.skip("dpkg-query is not installed")
    database = tmp_path / "dpkg"
    (database / "info").mkdir(parents=True)
    (database / "status").write_text(
        "Package: nginx\nStatus: install ok installed\nMaintainer: me\nArchitecture: all\n"
        "Version: 1.26.3-3+deb13u1\nDescription: a server\n"
    )
    monkeypatch.setenv("DPKG_ADMINDIR", str(database))


@pytest.mark.usefixtures("dpkg_query")
def test_what_debian_has_is_started_by_its_folder_and_known_by_its_version(tmp_path: Path) -> None:
    target = tmp_path / "some"
    words = {**go_words(target), "runtime": "debian", "packages": ["nginx"]}
    words["files"] = encoded(server="#!/bin/sh\n", **{"nginx.conf": "daemon off;\n"})
    answer = deploy.Deployment(words, check_mode=False).deploy()
    assert answer["changed"]
    assert answer["versions"] == {
        "runtime": "nginx 1.26.3",
        "packages": {"nginx": "1.26.3-3+deb13u1"},
    }
    assert stat.S_IMODE((target / "app" / "server").stat().st_mode) == 0o755
    assert stat.S_IMODE((target / "app" / "nginx.conf").stat().st_mode) == 0o644
    assert f"exec {target}/app/server\n" in (target / "start").read_text()
    assert not deploy.Deployment(words, check_mode=False).deploy()["changed"]


@pytest.mark.usefixtures("dpkg_query")
def test_without_its_debian_package_the_reason_names_it(tmp_path: Path) -> None:
    words = {**go_words(tmp_path / "some"), "runtime": "debian", "packages": ["nothing-like-it"]}
    words["files"] = encoded(server="#!/bin/sh\n")
    assert deploy.Deployment(words, check_mode=True).deploy()["changed"]
    with pytest.raises(deploy.CannotDeployError, match=r"are not installed: .*nothing-like"):
        deploy.Deployment(words, check_mode=False).deploy()


def test_what_debian_has_needs_a_program_that_starts_it(tmp_path: Path) -> None:
    words = {**go_words(tmp_path / "some"), "runtime": "debian", "packages": ["nginx"]}
    with pytest.raises(deploy.CannotDeployError, match="its folder has no server"):
        deploy.Deployment(words, check_mode=False).deploy()


@pytest.mark.parametrize(
    ("version", "upstream"),
    [
        ("1.26.3-3+deb13u1", "1.26.3"),
        ("1:1.22.1-9+deb12u2", "1.22.1"),
        ("2.4-rc1-1", "2.4-rc1"),
        ("20240101", "20240101"),
        ("1:3.0", "3.0"),
    ],
)
def test_a_version_is_that_of_the_program_not_of_its_package(version: str, upstream: str) -> None:
    assert debian.upstream(version) == upstream


def test_what_is_no_longer_in_the_folder_goes(tmp_path: Path) -> None:
    target = tmp_path / "some"
    first = {"files": encoded(**{"server.py": "1", "old/part.py": "2", "gone.py": "3"})}
    words = {**go_words(target), **first, "runtime": "python"}
    deploy.Deployment(words, check_mode=False).mirror(first["files"])
    assert (target / "app" / "old" / "part.py").read_text() == "2"

    second = deploy.Deployment(words, check_mode=False)
    second.mirror(encoded(**{"server.py": "4", "old": "a file now"}))
    assert second.changed
    assert sorted(path.name for path in (target / "app").iterdir()) == ["old", "server.py"]
    assert (target / "app" / "old").read_text() == "a file now"

    third = deploy.Deployment(words, check_mode=False)
    third.mirror(encoded(**{"server.py": "4", "old": "a file now"}))
    assert not third.changed


def test_check_mode_writes_nothing(tmp_path: Path) -> None:
    words = go_words(tmp_path / "some", binary_sha256="0")
    assert deploy.Deployment(words, check_mode=True).deploy()["changed"]
    assert not (tmp_path / "some").exists()


def test_without_an_interpreter_the_reason_says_what_was_tried(tmp_path: Path) -> None:
    words = {**go_words(tmp_path / "some"), "runtime": "python", "tried": ["no a", "no b"]}
    with pytest.raises(deploy.CannotDeployError, match="no a; no b"):
        deploy.Deployment(words, check_mode=False).deploy()


def test_links_are_followed_when_a_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("1")
    folder = tmp_path / "linked"
    folder.mkdir()
    (folder / "framework.yml").write_text(DECLARED)
    (folder / "server.py").symlink_to("../other.py")
    assert controller.read_contents(folder, "") == encoded(**{"server.py": "1"})


def test_what_servers_share_is_a_plain_file_on_the_host(tmp_path: Path) -> None:
    servers = Path(__file__).resolve().parents[3] / "servers"
    assert (servers / "tornado" / "launch.py").is_symlink()
    files = controller.read_contents(servers / "tornado", "")
    words = {**go_words(tmp_path / "some"), "runtime": "python", "files": files}
    deploy.Deployment(words, check_mode=False).mirror(files)
    deployed = tmp_path / "some" / "app" / "launch.py"
    assert not deployed.is_symlink()
    assert deployed.read_text() == (servers / "_shared" / "launch.py").read_text()


def test_a_folder_is_read_without_what_editors_leave(tmp_path: Path) -> None:
    for name in ("server.py", "part/more.py", ".hidden", "__pycache__/x.pyc", ".venv/a"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("1")
    (tmp_path / "framework.yml").write_text(DECLARED)
    assert set(controller.read_contents(tmp_path, "")) == {"server.py", "part/more.py"}


def test_a_folder_with_an_environment_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "framework.yml").write_text(DECLARED)
    (tmp_path / "big").write_bytes(bytes(controller.MOST_BYTES + 1))
    with pytest.raises(AnsibleActionFail, match="at most"):
        controller.read_contents(tmp_path, "")


@pytest.mark.parametrize(
    ("wanted", "version", "yes"),
    [("3.7", "3.7.16", True), ("3.7", "3.70.1", False), ("3.7.9", "3.7.9", True)],
)
def test_a_version_is_matched_by_its_parts(wanted: str, version: str, yes: bool) -> None:
    assert interpreter.matches(wanted, version) is yes


def test_why_uv_installed_nothing() -> None:
    assert interpreter.last_line(MISMATCH) == "Hash mismatch for `aiosignal==1.4.0`"
    assert interpreter.last_line("warning: x\nerror: No download found\n") == "No download found"
    assert interpreter.last_line("") == "no message"


def test_the_newest_of_pyenv_comes_first(tmp_path: Path) -> None:
    for name in ("3.7.9", "3.7.16", "3.70.1", "3.6.15"):
        (tmp_path / ".pyenv" / "versions" / name).mkdir(parents=True)
    theirs = interpreter.pyenv_roots("3.7", [tmp_path])
    ours = finder.candidates("3.7", tmp_path / ".pyenv" / "versions")
    assert [path.name for path in theirs] == ["3.7.16", "3.7.9"]
    assert theirs == ours


def test_an_interpreter_is_started_before_it_is_taken(tmp_path: Path) -> None:
    this = f"{sys.version_info[0]}.{sys.version_info[1]}"
    found, why = interpreter.probe(Path(sys.executable), this)
    assert found is not None, why
    assert found["implementation"] == "CPython"
    assert interpreter.probe(Path(sys.executable), "2.9")[0] is None
    broken = tmp_path / "python3.13"
    broken.write_text("#!/bin/sh\necho 'no libpython' >&2\nexit 127\n")
    broken.chmod(0o755)
    assert interpreter.probe(broken, "3.13") == (None, f"{broken}: no libpython")


def test_a_copy_can_be_read_by_everybody_and_lacks_the_tests(tmp_path: Path) -> None:
    source = tmp_path / "3.7.16"
    for name in ("bin/python3.7", "lib/python3.7/os.py", "lib/python3.7/test/big.py"):
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1")
        path.chmod(0o700 if name.startswith("bin") else 0o600)
    os.chmod(source, 0o700)  # noqa: PTH101 - as pyenv of a careful user has it
    fill = partial(interpreter.copy_tree, source)
    copy = interpreter.keep(tmp_path / "python", "3.7.16", "here", fill)
    assert stat.S_IMODE((copy / "bin" / "python3.7").stat().st_mode) == 0o755
    assert stat.S_IMODE((copy / "lib" / "python3.7" / "os.py").stat().st_mode) == 0o644
    assert stat.S_IMODE(copy.stat().st_mode) == 0o755
    assert not (copy / "lib" / "python3.7" / "test").exists()
    assert (copy / interpreter.ORIGIN).read_text() == "here\n"

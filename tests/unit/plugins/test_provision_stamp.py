"""A host is known again if it is as a provisioning left it, and only then."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from action import provision_stamp as controller
from host.debian import versions
from modules import provision_stamp as stamp

FRAMEWORKS = {"some": {"digest": "a"}, "other": {"digest": "b"}}


def write(path: Path, text: str = "text") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def host(tmp_path: Path) -> stamp.Host:
    """A host that has just been provisioned with two frameworks."""
    directory = tmp_path / "opt" / "bench"
    for name in FRAMEWORKS:
        write(directory / "frameworks" / name / "start")
        write(directory / "frameworks" / name / "venv" / "lib" / "package.py")
        write(tmp_path / "usr" / "bin" / "python3")
        (directory / "frameworks" / name / "venv" / "bin").mkdir()
        (directory / "frameworks" / name / "venv" / "bin" / "python").symlink_to(
            tmp_path / "usr" / "bin" / "python3"
        )
    write(directory / "host" / "lease.py")
    write(directory / "python" / "3.7.9" / "bin" / "python3.7")
    (directory / "python" / "cpython-3.7").symlink_to("3.7.9")
    write(directory / "packages")
    write(tmp_path / stamp.DPKG_STATUS)
    write(tmp_path / "etc" / "systemd" / "system" / "pipeline-bench@.service")
    provisioned = stamp.Host(directory, tmp_path)
    stamp.write(provisioned, "base", FRAMEWORKS)
    return provisioned


def test_what_was_provisioned_is_there(host: stamp.Host) -> None:
    there = {"base_is_there": True, "missing": []}
    assert stamp.read(host, "base", FRAMEWORKS) == there
    assert stamp.read(host, "base", {"some": FRAMEWORKS["some"]}) == there
    assert stamp.read(host, "base", {}) == there


def test_of_a_new_host_everything_is_missing(tmp_path: Path) -> None:
    new = stamp.Host(tmp_path / "nothing", tmp_path)
    assert stamp.read(new, "base", FRAMEWORKS) == {
        "base_is_there": False,
        "missing": ["other", "some"],
    }


def test_what_was_not_deployed_is_missing(host: stamp.Host) -> None:
    more = FRAMEWORKS | {"third": {"digest": "c"}}
    assert stamp.read(host, "base", more) == {"base_is_there": True, "missing": ["third"]}


def test_what_runs_leave_behind_is_no_difference(host: stamp.Host) -> None:
    write(host.directory / "host" / "__pycache__" / "lease.pyc")
    write(host.directory / "frameworks" / "some" / "venv" / "lib" / "__pycache__" / "package.pyc")
    write(host.directory / "tuning.json")
    write(host.directory / "lease.json")
    write(host.directory / "cache" / "wheel")
    assert stamp.read(host, "base", FRAMEWORKS) == {"base_is_there": True, "missing": []}


def change(path: str) -> Callable[[stamp.Host], None]:
    def act(host: stamp.Host) -> None:
        write(host.directory / path, "else")

    return act


def at_the_same_size(host: stamp.Host) -> None:
    path = host.directory / "frameworks" / "some" / "start"
    path.write_text("next")
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))


def another_interpreter(host: stamp.Host) -> None:
    write(host.root / "usr" / "bin" / "python3", "a newer one")


def another_link(host: stamp.Host) -> None:
    link = host.directory / "python" / "cpython-3.7"
    link.unlink()
    link.symlink_to("3.7.16")


Act = Callable[[stamp.Host], object]

OF_ONE: dict[str, Act] = {
    "a file is changed": at_the_same_size,
    "a file is more": change("frameworks/some/venv/lib/more.py"),
    "a file is gone": lambda host: (host.directory / "frameworks" / "some" / "start").unlink(),
    "all is gone": lambda host: shutil.rmtree(host.directory / "frameworks" / "some"),
    "a mode is changed": lambda host: (host.directory / "frameworks/some/start").chmod(0o700),
}
OF_ALL: dict[str, Act] = {
    "a program is changed": change("host/lease.py"),
    "a package was installed": lambda host: write(host.root / stamp.DPKG_STATUS, "more"),
    "a unit is gone": lambda host: next(host.root.glob(stamp.ELSEWHERE[0])).unlink(),
    "an interpreter is more": change("python/3.13.1/bin/python3.13"),
    "a link leads elsewhere": another_link,
    "the stamp is cut": lambda host: write(host.directory / stamp.STAMP, '{"base": ['),
    "the stamp is something else": lambda host: write(host.directory / stamp.STAMP, "[]"),
}


@pytest.mark.parametrize("what", OF_ONE)
def test_a_framework_that_was_changed_is_missing(host: stamp.Host, what: str) -> None:
    OF_ONE[what](host)
    assert stamp.read(host, "base", FRAMEWORKS) == {"base_is_there": True, "missing": ["some"]}


@pytest.mark.parametrize("what", OF_ALL)
def test_of_a_host_that_was_changed_everything_is_missing(host: stamp.Host, what: str) -> None:
    OF_ALL[what](host)
    found = stamp.read(host, "base", FRAMEWORKS)
    assert found == {"base_is_there": False, "missing": ["other", "some"]}


def test_an_interpreter_that_was_updated_is_another(host: stamp.Host) -> None:
    another_interpreter(host)
    assert stamp.read(host, "base", FRAMEWORKS)["missing"] == ["other", "some"]


def test_another_way_of_deploying_makes_other_frameworks(host: stamp.Host) -> None:
    """Also those that the provisioning which brought that way did not deploy."""
    assert not stamp.read(host, "new base", FRAMEWORKS)["base_is_there"]
    stamp.write(host, "new base", {"some": FRAMEWORKS["some"]})
    assert stamp.read(host, "new base", FRAMEWORKS)["missing"] == ["other"]


def test_other_files_of_a_framework_make_another(host: stamp.Host) -> None:
    newer = FRAMEWORKS | {"some": {"digest": "newer"}}
    assert stamp.read(host, "base", newer)["missing"] == ["some"]


def test_a_debian_package_that_was_updated_is_seen(
    host: stamp.Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by a run that comes after one which provisioned the host without this framework."""
    nginx = {"nginx": {"digest": "n", "packages": ["nginx"]}}
    monkeypatch.setattr(stamp, "versions", lambda names: dict.fromkeys(names, "1.26"))
    stamp.write(host, "base", nginx)
    assert stamp.read(host, "base", nginx)["missing"] == []
    monkeypatch.setattr(stamp, "versions", lambda names: dict.fromkeys(names, "1.28"))
    assert stamp.read(host, "base", nginx)["missing"] == ["nginx"]


def test_dpkg_is_asked_for_versions() -> None:
    assert versions([]) == {}
    assert versions(["dpkg"]).keys() == {"dpkg"}
    assert versions(["dpkg"])["dpkg"].startswith("1.")


def test_a_variable_of_a_role_makes_another_base() -> None:
    one, same, other = (
        controller.digest_of_base(variables)
        for variables in ({"tools": ["wrk"]}, {"tools": ["wrk"]}, {"tools": ["wrk", "h2load"]})
    )
    assert one == same != other

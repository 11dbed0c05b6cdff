"""A lock is data: it has packages by version and hash, and nothing that an installer obeys."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pipebench.locks.requirements_lock import LOCKS, LockError, Pinned, read_lock
from pipebench.plan.errors import PlanError
from pipebench.plan.frameworks import read_framework
from pipebench.plan.project import ROOT

HASH = f"--hash=sha256:{'0' * 64}"
OTHER = f"--hash=sha256:{'1' * 64}"
OURS = sorted(ROOT.glob("servers/**/requirements*.txt"))


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_lock_of_the_project_is_one(path: Path) -> None:
    text = path.read_text()
    lines = [line for line in text.splitlines() if "==" in line and not line.startswith(" ")]
    assert len(read_lock(text, path.name)) == len(lines)


@pytest.mark.parametrize(
    ("text", "packages"),
    [
        ("", []),
        ("# nothing but this\n\n   # and this", []),
        (f"a==1 {HASH}", [Pinned("a", "", "1", "", ("0" * 64,))]),
        (
            f"Foo_b.c[d, e]==1!2.0+x.1 ; python_version < '3' \\\n    {HASH} \\\n    {OTHER}\n"
            "    # via something\nb==2 \\\r\n " + HASH,
            [
                Pinned(
                    "Foo_b.c", "[d, e]", "1!2.0+x.1", "python_version < '3'",
                    ("0" * 64, "1" * 64),
                ),
                Pinned("b", "", "2", "", ("0" * 64,)),
            ],
        ),
        (
            f'a==1;(os_name == "nt" or "x" in sys_platform) and extra not in \'y\' {HASH}  # why',
            [
                Pinned(
                    "a", "", "1",
                    '(os_name == "nt" or "x" in sys_platform) and extra not in \'y\'', ("0" * 64,),
                )
            ],
        ),
    ],
)  # fmt: skip
def test_what_a_lock_may_have(text: str, packages: list[Pinned]) -> None:
    assert read_lock(text, "lock") == packages
    again = "".join(f"{one.line}\n" for one in packages)
    assert read_lock(again, "lock") == packages


NO_PACKAGE = [
    "--index-url http://evil.example/simple",
    "--extra-index-url=http://evil.example",
    "-r other.txt",
    "-c other.txt",
    "-e .",
    "--find-links /tmp",
    "--pre",
    "./here",
    "/etc/passwd",
    "here.whl",
    f"a @ http://evil.example/a-1.tar.gz {HASH}",
    f"a@file:///tmp/a.whl {HASH}",
    f"git+https://evil.example/a#egg=a==1 {HASH}",
    f"https://evil.example/a-1.tar.gz#egg=a==1 {HASH}",
    f"a>=1 {HASH}",
    f"a===1 {HASH}",
    f"a==1.* {HASH}",
    f"a==1,==2 {HASH}",
    f"a {HASH}",
    "a==1",
    f"a==1 --hash=md5:{'0' * 32}",
    "a==1 --hash=sha256:00",
    f"a==1 {HASH} --config-settings=x=y",
    f"a==1 {HASH} --global-option=x",
    f"a==1 --find-links x {HASH}",
    f"a==1 ; python_version < '3' --find-links x {HASH}",
    f"a==1 ; extra == 'x' @ file:///tmp/a.whl {HASH}",
    f"a==1 ; os_name == 'it\\'s' {HASH}",
    f"a==${{VERSION}} {HASH}",
    f"{{a}}==1 {HASH}",
    f"../a==1 {HASH}",
    f"a-==1 {HASH}",
    f"ä==1 {HASH}",
    f"\ufeffa==1 {HASH}",
    f"a==1 {HASH}\0",
]


@pytest.mark.parametrize("line", NO_PACKAGE)
def test_what_a_lock_may_not_have(line: str) -> None:
    with pytest.raises(LockError, match=r"^lock (is not a lock|has no hash for a) in line 2: it"):
        read_lock(f"# a comment\n{line}\nb==1 {HASH}\n", "lock")


@pytest.mark.parametrize(
    "end", ["\\\n", "\\\n\\\n", "\\\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028"]
)
def test_no_end_of_a_line_hides_an_option(end: str) -> None:
    for text in (f"a==1 {HASH} {end}--pre", f"a==1 {end}--index-url http://evil.example {HASH}"):
        with pytest.raises(LockError):
            read_lock(text, "lock")
    # a comment does not reach an installer, whatever that counts as the end of a line
    found = read_lock(f"# c {end.strip(chr(92) + chr(10))}--pre\na==1 {HASH}", "lock")
    assert [one.line for one in found] == [f"a==1 {HASH}"]


def test_a_long_line_takes_no_time() -> None:
    begun = time.monotonic()
    for text in (
        "a==1 ; " + "(" * 90_000,
        f"a==1 ; {'os_name == os_name and ' * 4000}",
        "a" * 10**6,
    ):
        with pytest.raises(LockError):
            read_lock(text, "lock")
    assert time.monotonic() - begun < 60  # far more than it is; what grows by powers takes hours


def test_a_framework_with_another_lock_is_refused_before_anything_is_touched(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "framework.yml").write_text(
        "title: Mine\nstack: current\nlanguage: Python\nruntime: python\n"
    )
    for name in LOCKS:
        (folder / name).write_text("--index-url http://evil.example/simple\n")
    with pytest.raises(PlanError) as refused:
        read_framework(folder)
    assert [
        one.partition(" is not a lock in line 1: it may")[0] for one in refused.value.sentences
    ] == [str(folder / name) for name in LOCKS]

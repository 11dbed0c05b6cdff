"""Variants: a framework's folder with differences, each named, or refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipebench.plan.choice import choose_frameworks, choose_reference
from pipebench.plan.errors import PlanError
from pipebench.plan.frameworks import PlannedFramework, find_frameworks, read_frameworks
from pipebench.plan.variants import contents

PLAIN = """\
title: Mine
stack: current
language: Python
runtime: python
note: plain
loops: [uvloop, asyncio]
"""
HASH = "0" * 64
LOCK = f"one==1.0 --hash=sha256:{HASH}\ntwo==2.0 --hash=sha256:{HASH}\n"


def made(top: Path, variants: str = "", *, name: str = "mine", plain: str = PLAIN) -> Path:
    """A framework's folder with these variants, indented as they stand below `variants:`."""
    folder = top / name
    folder.mkdir(parents=True)
    text = plain + (f"variants:\n{variants}" if variants else "")
    (folder / "framework.yml").write_text(text)
    (folder / "requirements.txt").write_text(LOCK)
    (folder / "server.py").write_text("print('plain')\n")
    (folder / "launch.py").write_text("launch = 1\n")
    return folder


def added(folder: Path, file: str, text: str) -> None:
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(text)


def refusal(folder: Path) -> str:
    with pytest.raises(PlanError) as caught:
        read_frameworks(folder)
    return "\n".join(caught.value.sentences)


ALL_KINDS = """\
  "2017":
    stack: 2017
    python: "3.7"
    files: 2017
    note: years ago
  asyncio:
    loop: asyncio
  two.one:
    title: Mine with another two
    with: {two: "2.1"}
  eager:
    env: {EAGER: "1", WORD: "it's one; $HOME"}
"""


def with_all_kinds(top: Path, more: str = "") -> Path:
    folder = made(top, ALL_KINDS + more)
    added(folder, "2017/server.py", "print('2017')\n")
    added(folder, "2017/old.py", "old = 1\n")
    added(folder, "requirements@two.one.txt", LOCK.replace("two==2.0", "two==2.1"))
    return folder


def test_a_variant_is_the_framework_with_what_differs(tmp_path: Path) -> None:
    frameworks = read_frameworks(with_all_kinds(tmp_path))
    assert list(frameworks) == ["mine", "mine@2017", "mine@asyncio", "mine@two.one", "mine@eager"]
    assert {one.folder for one in frameworks.values()} == {"mine"}
    variants = [one.variant for one in frameworks.values()]
    assert variants == ["", "2017", "asyncio", "two.one", "eager"]
    old = frameworks["mine@2017"]
    assert (old.title, old.stack, old.python, old.note) == (
        "Mine, 2017",
        "2017",
        "3.7",
        "years ago",
    )
    assert (old.runtime, old.language, old.files) == ("python", "Python", "2017")
    assert frameworks["mine@asyncio"].loop == "asyncio"
    assert (frameworks["mine@asyncio"].stack, frameworks["mine@asyncio"].note) == (
        "current",
        "plain",
    )
    assert frameworks["mine@two.one"].title == "Mine with another two"
    assert frameworks["mine@two.one"].overrides == {"two": "2.1"}
    assert frameworks["mine@eager"].env == {"EAGER": "1", "WORD": "it's one; $HOME"}


def test_what_a_variant_consists_of(tmp_path: Path) -> None:
    folder = with_all_kinds(tmp_path)
    shared = {"launch.py", "requirements.txt", "server.py"}
    assert contents(folder, "").keys() == shared
    assert contents(folder, "2017").keys() == shared | {"old.py"}
    assert contents(folder, "2017")["server.py"] == folder / "2017" / "server.py"
    assert contents(folder, "two.one").keys() == shared
    assert contents(folder, "two.one")["requirements.txt"].name == "requirements@two.one.txt"
    assert contents(folder, "again") == contents(folder, "")
    assert contents(folder, "2017-again") == contents(folder, "2017")
    with pytest.raises(PlanError, match="has no variant '2018'; did you mean 2017"):
        contents(folder, "2018")


def digests(folder: Path) -> dict[str, str]:
    return {name: one.digest for name, one in read_frameworks(folder).items()}


def test_each_variant_is_told_from_the_others_by_its_digest(tmp_path: Path) -> None:
    found = digests(with_all_kinds(tmp_path))
    assert len(set(found.values())) == len(found)


def test_another_variant_changes_no_other_digest(tmp_path: Path) -> None:
    before = digests(with_all_kinds(tmp_path / "a"))
    more = '  later:\n    files: later\n  three:\n    with: {one: "3"}\n'
    folder = with_all_kinds(tmp_path / "b", more)
    added(folder, "later/server.py", "print('later')\n")
    added(folder, "requirements@three.txt", LOCK.replace("one==1.0", "one==3"))
    after = digests(folder)
    assert {name: after[name] for name in before} == before
    assert after.keys() - before.keys() == {"mine@later", "mine@three"}


def test_a_digest_covers_what_acts_and_no_words(tmp_path: Path) -> None:
    folder = with_all_kinds(tmp_path)
    before = digests(folder)
    file = folder / "framework.yml"
    text = file.read_text()
    file.write_text(text.replace("note: plain", "note: other words"))
    assert digests(folder) == before
    file.write_text(text.replace('python: "3.7"', 'python: "3.8"'))
    assert {name for name, one in digests(folder).items() if one != before[name]} == {"mine@2017"}
    file.write_text(text)
    added(folder, "2017/server.py", "print('2018')\n")
    assert {name for name, one in digests(folder).items() if one != before[name]} == {"mine@2017"}
    added(folder, "launch.py", "launch = 2\n")
    assert all(one != before[name] for name, one in digests(folder).items())


GO = PLAIN.replace("runtime: python", "runtime: go").replace("loops: [uvloop, asyncio]\n", "")
DEBIAN = GO.replace("runtime: go", "runtime: debian\npackages: [nginx]")


@pytest.mark.parametrize(
    ("variants", "sentence"),
    [
        ("  x: 5\n", "the variant x is 5; it must be a mapping of what differs"),
        ("  3.10: {}\n", "the variant 3.1 must be a text; put its name in quotes"),
        ("  Old: {}\n", "the variant Old must have a name of a-z, 0-9, . and -"),
        ("  a+b: {}\n", "the variant a+b must have a name"),
        ("  again: {}\n", "again is the name of a control"),
        ("  x-again: {}\n", "x-again is the name of a control"),
        ("  x: {}\n  x: {}\n", "it has x twice, in the lines 8 and 9"),
        ("  x: {lop: asyncio}\n", "the variant x: 'lop' is not a known key; did you mean loop?"),
        ("  x: {loop: rloop}\n", "has the loop rloop; its server knows uvloop and asyncio"),
        ("  x: {files: x}\n", "has files x, which is not a folder in"),
        ("  x: {files: ../other}\n", "it must be the name of a folder in the framework's own"),
        ("  x: {env: {BENCH_PORT: '1'}}\n", "which do not begin with BENCH_"),
        ("  x: {env: {A: 1}}\n", "in quotes if they are numbers"),
        ('  x: {env: {A: "1\\n2"}}\n', "texts of one line"),
        ("  x: {with: {one: 1.5}}\n", "a mapping from packages to versions, in quotes"),
        ("  x: {with: {three: '1'}}\n", "has three, which the framework does not use; it uses one"),
        ("  x: {with: {one: '2'}}\n", "which requires the lock"),
        ("  x: {}\n", "the variant x differs in nothing that acts"),
        ("  x: {title: Other, note: other}\n", "the variant x differs in nothing that acts"),
        (f"  {'x' * 65}: {{loop: asyncio}}\n", "must have a name"),
        (f"  x: {{env: {{A: {'y' * 5000}}}}}\n", "of at most 4096 characters"),
        ('  x: {title: ""}\n', "title is ''; it must be a text of one line"),
        ("  x: {python: banana}\n", "python is 'banana'; it must be a version of CPython"),
        ("  x: {build: [gcc]}\n", "the variant x has build, which requires a file requirements-b"),
        ("  x: {python: 3.13}\n", "in quotes if it is a number"),
    ],
)
def test_a_wrong_variant_is_named(tmp_path: Path, variants: str, sentence: str) -> None:
    assert sentence in refusal(made(tmp_path, variants))


def test_overrides_are_of_packages_that_the_framework_uses(tmp_path: Path) -> None:
    folder = made(tmp_path, "  x: {with: {three: '1', one: '1.5'}}\n")
    added(folder, "requirements@x.txt", LOCK)
    found = refusal(folder)
    assert "has three, which the framework does not use; it uses one and two" in found
    assert f"has one 1.5, and {folder}/requirements@x.txt has 1.0" in found


def test_a_lock_of_a_variant_has_packages_alone(tmp_path: Path) -> None:
    folder = made(tmp_path, "  x: {with: {one: '1.5'}}\n")
    added(folder, "requirements@x.txt", "--index-url=elsewhere\n")
    assert "requirements@x.txt" in refusal(folder)
    folder = made(tmp_path / "b", "  x: {files: x}\n")
    added(folder, "x/requirements.txt", "./here\n")
    assert "x/requirements.txt" in refusal(folder)


def test_two_locks_of_one_variant_are_refused(tmp_path: Path) -> None:
    folder = made(tmp_path, "  x: {with: {one: '1.5'}, files: x}\n")
    added(folder, "x/requirements.txt", LOCK)
    assert "has `with` and a requirements.txt in its files; remove one" in refusal(folder)
    folder = made(tmp_path / "b", "  x: {loop: asyncio}\n")
    added(folder, "requirements@x.txt", LOCK)
    assert "the variant x has no `with`" in refusal(folder)


@pytest.mark.parametrize(
    ("plain", "sentence"),
    [
        (GO, "which is for packages of Python; give it `files`, a folder with its go.mod and go.s"),
        (DEBIAN, "has `with`, and Debian has one version of each of its packages; remove it"),
    ],
)
def test_only_packages_of_python_have_other_versions(
    tmp_path: Path, plain: str, sentence: str
) -> None:
    assert sentence in refusal(made(tmp_path, "  x: {with: {one: '1'}}\n", plain=plain))
    loop = made(tmp_path / "b", "  x: {loop: asyncio}\n", plain=plain)
    assert "has the loop asyncio; its server knows no choice" in refusal(loop)


def test_files_of_a_variant_are_files_in_a_folder_of_its_own(tmp_path: Path) -> None:
    folder = made(tmp_path, "  x: {files: x}\n")
    (folder / "x").symlink_to("/etc")
    assert "has files x, which is not a folder in" in refusal(folder)
    (folder / "x").unlink()
    (folder / "x").mkdir()
    assert "has files x, in which there is no file" in refusal(folder)
    (folder / "x" / "server.py").symlink_to("gone")
    assert "x/server.py is a link, and gone is not a file" in refusal(folder)
    (folder / "x" / "server.py").unlink()
    added(folder, "x/more.py", "")
    (folder / "x" / "server.py").symlink_to("more.py")
    assert read_frameworks(folder).keys() == {"mine", "mine@x"}


def test_a_file_is_not_a_folder_in_the_same_place(tmp_path: Path) -> None:
    folder = made(tmp_path, "  x: {files: x}\n")
    (folder / "x" / "server.py").mkdir(parents=True)
    added(folder, "x/server.py/more.py", "")
    assert "the variant x has a file server.py and a folder of that name" in refusal(folder)


def test_a_lock_of_no_variant_is_named(tmp_path: Path) -> None:
    folder = made(tmp_path, "  x: {loop: asyncio}\n")
    added(folder, "requirements@y.txt", LOCK)
    found = refusal(folder)
    assert "requirements@y.txt is the lock of a variant" in found
    assert "does not declare the variant y; it has x" in found


@pytest.mark.parametrize("plain", [GO, DEBIAN])
def test_only_python_has_a_version_of_python(tmp_path: Path, plain: str) -> None:
    folder = made(tmp_path, plain=plain + 'python: "3.13"\n')
    assert "has python, which runtime" in refusal(folder)


def available(top: Path) -> dict[str, PlannedFramework]:
    with_all_kinds(top)
    made(top, name="other")
    return find_frameworks([str(top)], top)


def test_variants_are_chosen_by_name_and_never_by_default(tmp_path: Path) -> None:
    here = available(tmp_path)
    assert list(choose_frameworks([], here)) == ["mine", "other"]
    assert list(choose_frameworks(["mine@2017", "other"], here)) == ["mine@2017", "other"]
    every = ["mine@2017", "mine@asyncio", "mine@two.one", "mine@eager"]
    assert list(choose_frameworks(["mine@*"], here)) == every
    assert list(choose_frameworks(["*", "mine@2017"], here)) == ["mine", "other", "mine@2017"]
    assert list(choose_frameworks(["mine@eager", "mine@*"], here)) == [every[-1], *every[:-1]]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("mine@2018", "'mine@2018', and mine has no variant '2018'; did you mean 2017?"),
        ("other@2017", "'other@2017', and other has no variants"),
        ("other@*", "'other@*', and other has no variants"),
        ("mine@again", "which is the control that bench_controls adds to a run"),
        ("mne@2017", "'mne@2017', which does not exist; did you mean mine@2017?"),
        ("mine@", "'mine@', and mine has no variant"),
        ("@2017", "'@2017', which lacks the name of a framework before the @"),
    ],
)
def test_a_variant_that_does_not_exist_is_named(tmp_path: Path, name: str, sentence: str) -> None:
    with pytest.raises(PlanError) as caught:
        choose_frameworks([name], available(tmp_path))
    assert sentence in str(caught.value)


def test_a_name_of_an_older_run_is_told_its_new_one(tmp_path: Path) -> None:
    folder = made(tmp_path, '  "2017": {files: x}\n', name="aiohttp")
    added(folder, "x/server.py", "")
    here = find_frameworks([str(tmp_path)], tmp_path)
    with pytest.raises(PlanError, match="'aiohttp-2017', which is aiohttp@2017 now"):
        choose_frameworks(["aiohttp-2017"], here)
    with pytest.raises(PlanError, match="'aiohttp-2017', which is aiohttp@2017 now"):
        choose_reference("aiohttp-2017", here)
    assert choose_reference("aiohttp@2017", here) == "aiohttp@2017"

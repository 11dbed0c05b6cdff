"""What bash and zsh complete: of the parsers, so that no word of it can be an old one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipebench.alone.commands import COMMANDS, OTHER_NAMES
from pipebench.commands.completion import SHELLS, script
from pipebench.commands.export import FORMATS
from tests import commands
from tests.unit.command import collect

ASK = """
{script}
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_pipeline_bench_{program}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(*words: str, cwd: Path | None = None, called: str = "collect.py") -> set[str]:
    """What bash offers for the last of the words."""
    text = ASK.format(
        script=script("bash", called),
        words=" ".join(f"'{word}'" for word in words),
        program=words[0].removeprefix("./").partition(".")[0],
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", text], capture_output=True, text=True, check=True, cwd=cwd
    )
    assert done.stderr == ""
    return set(done.stdout.split("\n")) - {""}


def test_commands_and_runs(tmp_path: Path) -> None:
    (tmp_path / "my run").mkdir()
    assert completed("collect.py", "", cwd=tmp_path) == {*COMMANDS, *OTHER_NAMES, "my run"}
    assert completed("collect.py", "com", cwd=tmp_path) == {"compare", "completion"}
    assert completed("collect.py", "show", "m", cwd=tmp_path) == {"my run"}


def test_options_and_their_values(tmp_path: Path) -> None:
    (tmp_path / "prices.yml").touch()
    assert completed("collect.py", "compare", "a", "--fail") == {"--fail-if-slower"}
    assert completed("collect.py", "export", "--format", "", cwd=tmp_path) == set(FORMATS)
    assert completed("collect.py", "export", "--format", "=", "p", cwd=tmp_path) == {"parquet"}
    assert completed("collect.py", "render", "--prices", "", cwd=tmp_path) == {"prices.yml"}
    assert completed("collect.py", "--v") == {"--version"}
    assert completed("collect.py", "completion", "") == set(SHELLS)


def test_an_installed_package_has_its_own_commands(tmp_path: Path) -> None:
    offered = completed("pipebench", "", called="pipebench", cwd=tmp_path)
    assert offered == {*COMMANDS, *OTHER_NAMES} - {"calibrate"}
    assert "_pipeline_bench_bench" not in script("bash", "pipebench")


def test_bench_has_plans_inventories_and_frameworks(tmp_path: Path) -> None:
    assert "@plans/sweep.yml" in completed("./bench", "-e", "")
    assert completed("./bench", "-i", "inventory/c", cwd=tmp_path) == {"inventory/cloud"}
    assert completed("./bench", "--ch") == {"--check"}
    assert completed("./bench", "try", "aio") == {"aiohttp"}
    assert completed("./bench", "try", "aiohttp", "--wor") == {"--workers"}


def test_it_is_read_as_the_page_says_and_bash_knows_both() -> None:
    (typed,) = [one for one in commands.of_pages() if "completion bash" in one]
    assert typed == "source <(./collect.py completion bash)"
    done = commands.run(
        f"{typed} && complete -p collect.py bench",
        first=Path(sys.executable).parent,
    )
    assert done.returncode == 0, done.stderr
    assert [line.split()[-1] for line in done.stdout.splitlines()] == ["collect.py", "bench"]


def test_another_shell_is_refused() -> None:
    done = collect("completion", "fish")
    assert done.returncode == 2
    assert done.stderr == "collect.py: SHELL is 'fish'; choose from bash, zsh\n"


@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
def test_zsh_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "completion.zsh"
    file.write_text(script("zsh", "collect.py"))
    asked = f"source {file} && print $_comps[collect.py] $_comps[bench]"
    done = subprocess.run(
        ["zsh", "-f", "-c", asked], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("_bash_complete") == 2

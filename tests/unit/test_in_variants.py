"""What is checked in every folder of a framework is checked in its variants, too."""

from __future__ import annotations

import pytest

from tests import in_variants


def test_a_command_runs_in_each_variant_that_has_files(capfd: pytest.CaptureFixture[str]) -> None:
    shown = "echo ${PWD##*/} $(grep -o uvloop==[0-9.]* requirements.txt) $(ls)"
    assert in_variants.main(["python", "sh", "-c", shown]) == 0
    lines = dict(line.split(" ", 1) for line in capfd.readouterr().out.splitlines())
    of_2017 = "launch.py requirements-build.in requirements-build.txt requirements.in"
    assert lines["tornado@2017"] == f"uvloop==0.11.3 {of_2017} requirements.txt server.py"
    closing = {"uvloop-httptools@2017", "uvloop-httptools@2017-closing"}
    assert {"granian@asgi", "japronto@2017"} | closing <= set(lines)
    assert in_variants.main(["go", "grep", "-q", "fasthttp v1.0.0", "go.mod"]) == 0


def test_a_command_that_fails_in_one_variant_fails() -> None:
    assert in_variants.main(["python", "grep", "-q", "uvloop==0.11.3", "requirements.txt"]) == 1

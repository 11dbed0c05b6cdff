"""The end that every unit on a server carries, whatever becomes of who started it."""

from __future__ import annotations

from pathlib import Path
from subprocess import CompletedProcess

import pytest
from host import transient, units
from server import unit


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What systemctl was asked."""
    asked: list[str] = []

    def systemctl(*words: str) -> str:
        asked.append(" ".join(words))
        return ""

    monkeypatch.setattr(unit, "SYSTEMD", tmp_path)
    monkeypatch.setattr(unit.Unit, "systemctl", staticmethod(systemctl))
    return asked


def test_systemd_reads_a_limit_once(tmp_path: Path, calls: list[str]) -> None:
    unit.limit(57)
    unit.limit(57.0)
    for name in ("pipeline-bench@", "pipeline-bench-sampler@"):
        text = (tmp_path / f"{name}.service.d" / "limit.conf").read_text()
        assert text == "[Service]\nRuntimeMaxSec=57\n"
    assert calls == ["daemon-reload"]
    unit.limit(110)
    assert calls == ["daemon-reload"] * 2


def test_everything_is_ended_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def run(*words: str, timeout: float) -> CompletedProcess[str]:
        assert timeout
        asked.append(list(words))
        return CompletedProcess(words, 0, "", "")

    monkeypatch.setattr(transient, "run", run)
    assert unit.answer_to({"state": "ended", "owner": "o"}) == {}
    assert asked == [["systemctl", "stop", *units.PATTERNS]]
    assert all(pattern.startswith("pipeline-bench") for pattern in units.PATTERNS)

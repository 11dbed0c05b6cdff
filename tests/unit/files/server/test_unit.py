"""The end that every unit on a server carries, whatever becomes of who started it."""

from __future__ import annotations

from pathlib import Path
from subprocess import CompletedProcess

import pytest
from host import transient, units
from host.transient import TransientError
from server import unit

PAIR = ("pipeline-bench@x.service", "pipeline-bench-sampler@x.service")


class Systemd:
    """What systemd knows of units, and what it was asked: it reads their files at a reload."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.reloads, self.fails, self.deaf = folder, 0, False, False
        self.known = "infinity"

    def files(self) -> str:
        """The limit that the files have, as systemd shows a time."""
        texts = {file.read_text() for file in self.folder.glob("*.d/limit.conf")}
        assert len(texts) < 2
        number = "".join(texts).rpartition("=")[2].strip()
        return f"{number}s" if number else "infinity"

    def __call__(self, *words: str) -> str:
        if words == ("daemon-reload",):
            self.reloads += 1
            if self.fails:
                raise TransientError("systemctl daemon-reload: Transport endpoint is not connected")
            self.known = self.known if self.deaf else self.files()
            return ""
        assert words[0] == "show"
        assert words[2:] == PAIR
        old = "no" if self.known == self.files() else "yes"
        return "\n".join(f"RuntimeMaxUSec={self.known}\nNeedDaemonReload={old}\n" for _ in PAIR)


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Systemd:
    known = Systemd(tmp_path)
    monkeypatch.setattr(unit, "SYSTEMD", tmp_path)
    monkeypatch.setattr(unit.Unit, "systemctl", staticmethod(known))
    return known


def test_systemd_reads_a_limit_once(tmp_path: Path, systemd: Systemd) -> None:
    unit.limit(57, *PAIR)
    unit.limit(57.0, *PAIR)
    for name in ("pipeline-bench@", "pipeline-bench-sampler@"):
        text = (tmp_path / f"{name}.service.d" / "limit.conf").read_text()
        assert text == "[Service]\nRuntimeMaxSec=57\n"
    assert systemd.reloads == 1
    unit.limit(110, *PAIR)
    assert (systemd.reloads, systemd.known) == (2, "110s")


def test_a_reload_that_failed_is_made_up_for_at_the_next_start(systemd: Systemd) -> None:
    systemd.fails = True
    with pytest.raises(TransientError, match="daemon-reload: Transport endpoint"):
        unit.limit(42, *PAIR)
    systemd.fails = False
    unit.limit(42, *PAIR)
    assert (systemd.reloads, systemd.known) == (2, "42s")
    unit.limit(42, *PAIR)
    assert systemd.reloads == 2


def test_a_unit_of_whose_end_systemd_does_not_know_is_not_started(systemd: Systemd) -> None:
    systemd.deaf = True
    with pytest.raises(TransientError, match=r"systemd has not read the files of pipeline-bench@x"):
        unit.limit(42, *PAIR)


def test_any_other_file_of_a_unit_that_was_not_read_is_read(
    systemd: Systemd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As that of its CPUs, or the unit itself: systemd says so."""
    unit.limit(42, *PAIR)
    answers = [
        "RuntimeMaxUSec=42s\nNeedDaemonReload=no\n\nRuntimeMaxUSec=42s\nNeedDaemonReload=yes"
    ]

    def changed(*words: str) -> str:
        return answers.pop() if words[0] == "show" and answers else systemd(*words)

    monkeypatch.setattr(unit.Unit, "systemctl", staticmethod(changed))
    unit.limit(42, *PAIR)
    assert systemd.reloads == 2


@pytest.mark.parametrize(
    ("shown", "seconds"),
    [
        ("57s", 57), ("1min 50s", 110), ("43.500s", 43.5), ("1d 3h 46min 40s", 100000),
        ("1w 500ms", 604800.5), ("1month", 2629800), ("infinity", None), ("", None), ("5", None),
    ],
)  # fmt: skip
def test_a_time_as_systemd_shows_it(shown: str, seconds: float | None) -> None:
    assert unit.seconds_of(shown) == seconds


def test_everything_is_ended_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def run(*words: str, timeout: float) -> CompletedProcess[str]:
        assert timeout
        asked.append(list(words))
        return CompletedProcess(words, 0, "", "")

    monkeypatch.setattr(transient, "run", run)
    assert unit.answer_to({"state": "ended"}) == {}
    assert asked == [["systemctl", "stop", *units.PATTERNS]]
    assert all(pattern.startswith("pipeline-bench") for pattern in units.PATTERNS)

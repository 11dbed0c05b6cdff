"""The counters of a cloud's network card, from a card that is a stand-in."""

from __future__ import annotations

from pathlib import Path

import pytest
from host import allowance

ETHTOOL = """\
NIC statistics:
     tx_timeout: 0
     bw_in_allowance_exceeded: {bw_in}
     bw_out_allowance_exceeded: 7
     pps_allowance_exceeded: 0
     conntrack_allowance_exceeded: 0
     conntrack_allowance_available: 136812
     linklocal_allowance_exceeded: 3
"""


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ethtool whose counters are in a file."""
    counters = tmp_path / "counters"
    counters.write_text(ETHTOOL.format(bw_in=5))
    program = tmp_path / "ethtool"
    program.write_text(f'#!/bin/sh\n[ "$1 $2" = "-S ens5" ] && cat {counters}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return counters


def test_what_grew_between_two_reads(card: Path) -> None:
    before = allowance.exceeded(["ens5"])
    assert before == {
        "bw_in_allowance_exceeded": 5, "bw_out_allowance_exceeded": 7,
        "pps_allowance_exceeded": 0, "conntrack_allowance_exceeded": 0,
    }  # fmt: skip
    card.write_text(ETHTOOL.format(bw_in=12))
    grown = allowance.growth(before, allowance.exceeded(["ens5"]))
    assert grown is not None
    assert {name: count for name, count in grown.items() if count} == {
        "bw_in_allowance_exceeded": 7
    }


def test_a_card_without_such_counters_is_not_known(card: Path) -> None:
    assert allowance.exceeded([]) is None
    assert allowance.exceeded(["eth0"]) is None
    assert allowance.growth(None, {"pps_allowance_exceeded": 1}) is None
    card.write_text("NIC statistics:\n     rx_packets: 5\n")
    assert allowance.exceeded(["ens5"]) is None


def test_only_cards_that_count_are_asked(tmp_path: Path) -> None:
    for name, driver in (("ens5", "ena"), ("eth0", "virtio_net")):
        (tmp_path / "drivers" / driver).mkdir(parents=True)
        (tmp_path / "net" / name / "device").mkdir(parents=True)
        (tmp_path / "net" / name / "device" / "driver").symlink_to(tmp_path / "drivers" / driver)
    (tmp_path / "net" / "lo").mkdir()
    assert allowance.cards(tmp_path / "net") == ["ens5"]

"""h2load's command lines, and its log reduced on the host; on a log that h2load wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from generator.tool import Order
from generator.tools import h2load

DATA = Path(__file__).parents[3] / "data" / "h2load"
replace = Order._replace
ORDER = Order(
    address="::1", port=80, depth=5, connections=200, threads=10, duration=3, warmup=2, patience=1
)


def log_lines() -> list[bytes]:
    with (DATA / "closed.log").open("rb") as lines:
        return list(lines)


def test_a_closed_loop_has_as_much_under_way_as_wrk() -> None:
    tool = h2load.Tool(ORDER)
    assert tool.measurement(Path("/files")) == [
        "h2load", "--h1", "-t10", "-c200", "-m5", "-D3", "--log-file=/files/log", "http://[::1]:80/",
    ]  # fmt: skip
    assert "-D2" in tool.warm_up(Path("/files"))


def test_a_rate_is_shared_and_the_connections_begin_within_a_tick() -> None:
    tool = h2load.Tool(replace(ORDER, rate=60_000.0, duration=5))
    argv = tool.measurement(Path("/files"))
    assert {"-t1", "-c200", "-n300000", "--rps=300.000000", "--rate-period=1ms"} <= set(argv)
    assert "-r20" in argv  # 200 connections in 10 ms
    assert "-m5" in tool.warm_up(Path("/files"))  # a warm-up has no rate


@pytest.mark.parametrize(
    ("rate", "begin"),
    [
        (2000.0, "-r2"),  # 10/s each: one request in 100 ms
        (10.0, "-r1"),  # slower than the second that is enough
    ],
)
def test_rare_requests_make_the_connections_begin_slower(rate: float, begin: str) -> None:
    argv = h2load.Tool(replace(ORDER, rate=rate, duration=1)).measurement(Path("/files"))
    assert begin in argv
    assert f"-n{max(200, int(rate))}" in argv  # h2load wants a request for every connection


def test_a_log_is_counted_by_latency() -> None:
    counts = h2load.histogram(log_lines())
    assert counts["responses"] == 120
    assert counts["statuses"] == {"200": 120}
    assert sum(count for _, count in counts["histogram"]) == 120
    assert counts["histogram"] == sorted(counts["histogram"])


def test_a_failed_request_is_kept_as_such() -> None:
    counts = h2load.histogram([b"1\t200\t7\n", b"2\t-1\t9\n"])
    assert counts["statuses"] == {"-1": 1, "200": 1}


def test_at_a_rate_the_first_moments_are_not_in_the_histogram_but_in_the_counts() -> None:
    settle = h2load.SETTLE_US
    log = [b"12000\t200\t5\n", b"1000\t200\t20000\n", b"%d\t200\t9\n" % (1000 + settle)]
    counts = h2load.paced_histogram(lambda: log)
    assert counts["histogram"] == [(9, 1)]
    assert counts["responses"] == 3
    assert counts["sent"][:3] == [1, 1, 0]
    assert counts["answered"][:3] == [0, 1, 1]
    assert sum(counts["sent"]) == sum(counts["answered"]) == 3


def test_an_empty_log_is_no_error() -> None:
    counts = h2load.paced_histogram(list)
    assert (counts["responses"], counts["sent"]) == (0, [])


def test_a_line_that_was_cut_short_is_left_out(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"1\t200\t7\n2\t200\t8\n3\t20")
    assert h2load.histogram(h2load.whole_lines(log))["responses"] == 2


@pytest.mark.parametrize(("rate", "counts_slots"), [(None, False), (100.0, True)])
def test_the_result_is_that_of_the_log(
    tmp_path: Path, rate: float | None, counts_slots: bool
) -> None:
    tool = h2load.Tool(replace(ORDER, rate=rate))
    assert tool.result(tmp_path) is None
    (tmp_path / "log").write_bytes(b"".join(log_lines()))
    result = json.loads(tool.result(tmp_path) or "")
    assert result["responses"] == 120
    assert ("sent" in result) is counts_slots
    assert tool.warm_up_result(tmp_path) is None

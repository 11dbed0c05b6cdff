"""h2load's command lines, and its log reduced on the host; on a log that h2load wrote."""

from __future__ import annotations

from pathlib import Path

import h2load
import pytest

DATA = Path(__file__).parents[1] / "data" / "h2load"
WANTED = {"depth": 5, "connections": 200, "threads": 10, "rate": None}


def log_lines() -> list[bytes]:
    with (DATA / "closed.log").open("rb") as lines:
        return list(lines)


def test_a_closed_loop_has_as_much_under_way_as_wrk() -> None:
    assert h2load.closed_argv(WANTED, 3) == ["h2load", "--h1", "-t10", "-c200", "-m5", "-D3"]


def test_a_rate_is_shared_and_the_connections_begin_within_a_tick() -> None:
    argv = h2load.paced_argv(WANTED | {"rate": 60_000.0}, 5)
    assert {"-t1", "-c200", "-n300000", "--rps=300.000000", "--rate-period=1ms"} <= set(argv)
    assert "-r20" in argv  # 200 connections in 10 ms


@pytest.mark.parametrize(
    ("rate", "begin"),
    [
        (2000.0, "-r2"),  # 10/s each: one request in 100 ms
        (10.0, "-r1"),  # slower than the second that is enough
    ],
)
def test_rare_requests_make_the_connections_begin_slower(rate: float, begin: str) -> None:
    argv = h2load.paced_argv(WANTED | {"rate": rate}, 1)
    assert begin in argv
    assert f"-n{max(200, int(rate))}" in argv  # h2load wants a request for every connection


def test_a_server_that_does_not_answer_is_not_loaded() -> None:
    nobody = {"address": "127.0.0.1", "port": 1, "patience": 0.2, "warmup": 1, "duration": 1}
    answer = h2load.measure(WANTED | nobody)
    assert "refused" in answer.pop("ready_error").lower()
    assert answer.pop("cpus") >= 1
    assert answer == {"samples": "{}", "warmup": None, "measured": None}


def test_a_log_is_counted_by_latency() -> None:
    found = h2load.histogram(log_lines())
    assert found["responses"] == 120
    assert found["statuses"] == {"200": 120}
    assert sum(count for _, count in found["histogram"]) == 120
    assert found["histogram"] == sorted(found["histogram"])


def test_a_failed_request_is_kept_as_such() -> None:
    found = h2load.histogram([b"1\t200\t7\n", b"2\t-1\t9\n"])
    assert found["statuses"] == {"-1": 1, "200": 1}


def test_at_a_rate_the_first_moments_are_not_in_the_histogram_but_in_the_counts() -> None:
    settle = h2load.SETTLE_US
    log = [b"12000\t200\t5\n", b"1000\t200\t20000\n", b"%d\t200\t9\n" % (1000 + settle)]
    found = h2load.paced_histogram(lambda: log)
    assert found["histogram"] == [(9, 1)]
    assert found["responses"] == 3
    assert found["sent"][:3] == [1, 1, 0]
    assert found["answered"][:3] == [0, 1, 1]
    assert sum(found["sent"]) == sum(found["answered"]) == 3


def test_an_empty_log_is_no_error() -> None:
    found = h2load.paced_histogram(list)
    assert (found["responses"], found["sent"]) == (0, [])


def test_a_line_that_was_cut_short_is_left_out(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"1\t200\t7\n2\t200\t8\n3\t20")
    assert h2load.histogram(h2load.whole_lines(log))["responses"] == 2


def test_h2load_that_waits_for_ever_is_ended_and_that_is_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(h2load, "GRACE_S", 0)
    monkeypatch.setattr(h2load, "LOG_FOLDER", tmp_path)
    found = h2load.run_h2load(["sh", "-c", "exec sleep 60"], "url", 0, paced=True)
    assert (found["exit_status"], found["cpu_s"]) == (-9, None)

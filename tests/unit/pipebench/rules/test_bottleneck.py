"""Each limit and each disturbance on usage that shows it, and on usage that does not."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipebench.measure.measurement import GeneratorLoad, Measurement
from pipebench.measure.usage import Usage, usage_of
from pipebench.record.columns import Samples
from pipebench.record.schema import PathRecord
from pipebench.rules import bottleneck as limits
from pipebench.rules.bottleneck import LimitedBy, bottleneck_of
from pipebench.rules.path_capacity import (
    Capacity,
    PathCapacity,
    capacity_of,
    read_path_capacities,
)
from pipebench.run.judge import judge_run
from tests.unit.pipebench.factory import measurement_of, record, run_document, typed, write_run
from tests.unit.pipebench.rendering import render

MBIT = 1e6 / 8
QUIET = Usage(
    host="lab-server",
    measured_cores=0.03,
    other_cores=0.03,
    steal_cores=0.0,
    waiting_share=0.01,
    throttled_share=None,
    rx_bytes_per_s=1 * MBIT,
    tx_bytes_per_s=2 * MBIT,
    rx_packets_per_s=1000,
    tx_packets_per_s=1000,
    segments=10_000,
    retransmits=0,
    listen_drops=0,
    softnet_drops=0,
    nic_drops=0,
    allowance={},
    backwards=(),
)
CARRIES = PathCapacity(
    "main",
    bytes={"to_server": Capacity(50 * MBIT, False), "from_server": Capacity(50 * MBIT, False)},
    packets={"to_server": Capacity(90_000, True), "from_server": Capacity(90_000, True)},
)
BASE = measurement_of(record())


def measurement(
    cores: float | None = 0.02,
    wrk: float | None = 0.03,
    *,
    generator: Usage | None = None,
    threads: int = 2,
    **server: Any,
) -> Measurement:
    """One worker on two CPUs that took `cores` in a window of 5 s, and a wrk."""
    assert BASE.totals is not None
    return replace(
        BASE,
        server_cpu_us=None if cores is None else cores * BASE.totals.duration_s * 1e6,
        server_usage=replace(QUIET, **server),
        loads=[GeneratorLoad("lab-loadgen", wrk, threads, 2)],
        generator_usages=[generator or replace(QUIET, host="lab-loadgen")],
    )


@pytest.mark.parametrize(
    ("seen", "limit", "said"),
    [
        (measurement(0.99), LimitedBy.SERVER, "the server's process used 0.99 of 1 core"),
        (measurement(0.61, 1.98), LimitedBy.GENERATOR, "wrk used 1.98 of 2 cores"),
        (measurement(0.3, 0.95, threads=1), LimitedBy.GENERATOR, "wrk used 0.95 of 1 core"),
        (
            measurement(0.3, tx_bytes_per_s=49.1 * MBIT),
            LimitedBy.NETWORK,
            "the path carried 49.1 Mbit/s of 50.0 Mbit/s from the server",
        ),
        (measurement(), LimitedBy.WAITING, "the 200 connections waited"),
        (measurement(other_cores=1.4), LimitedBy.WAITING, "the 200 connections waited"),
        (
            measurement(0.7),
            LimitedBy.UNKNOWN,
            "nothing was at its limit: the server's process used 0.70",
        ),
        (measurement(None), LimitedBy.UNKNOWN, "CPU time of the server's process is not known"),
        (measurement(wrk=None), LimitedBy.UNKNOWN, "CPU time of wrk on lab-loadgen is not known"),
        (
            measurement(tx_bytes_per_s=None),
            LimitedBy.UNKNOWN,
            "the bytes from the server are not known",
        ),
        (measurement(other_cores=None), LimitedBy.UNKNOWN, "nothing was at its limit"),
        # the hosts could not send more packets before: that many are not a limit of the path
        (measurement(rx_packets_per_s=89_000), LimitedBy.UNKNOWN, "so its limit is not known"),
        # somebody else took the CPU that the server could have had
        (measurement(0.4, other_cores=1.5), LimitedBy.UNKNOWN, "nothing was at its limit"),
        (measurement(throttled_share=0.5), LimitedBy.UNKNOWN, "nothing was at its limit"),
    ],
)
def test_what_limited_it(seen: Measurement, limit: LimitedBy, said: str) -> None:
    found = bottleneck_of(seen, CARRIES)
    assert found.limit == limit
    assert said in found.sentence


def test_without_a_baseline_nothing_is_called_waiting() -> None:
    found = bottleneck_of(measurement(), None)
    assert found.limit == LimitedBy.UNKNOWN
    assert "the path capacity was not measured" in found.sentence
    part = replace(CARRIES, packets={})
    assert "the capacity of the path for packets" in bottleneck_of(measurement(), part).sentence


def test_of_two_limits_the_nearer_is_taken_and_the_other_named() -> None:
    found = bottleneck_of(measurement(0.92, 1.99), CARRIES)
    assert found.limit == LimitedBy.GENERATOR
    assert "(also at its limit: the server's process used 0.92 of 1 core)" in found.sentence
    assert bottleneck_of(measurement(1.01, 2.03), CARRIES).limit == LimitedBy.SERVER


def one_core(wrk: float, **generator: Any) -> Measurement:
    """wrk with more threads than the one CPU of its host."""
    used = replace(QUIET, host="lab-loadgen", **generator)
    found = measurement(0.3, wrk, generator=used)
    return replace(found, loads=[GeneratorLoad("lab-loadgen", wrk, 2, 1)])


def test_the_kernels_work_for_the_packets_is_used_up_with_the_program() -> None:
    found = bottleneck_of(one_core(0.88, measured_cores=0.96), CARRIES)
    assert found.limit == LimitedBy.GENERATOR
    said = "wrk used 0.88 of 1 core, and 0.96 with the kernel's work for its packets"
    assert found.sentence == said
    idle = bottleneck_of(one_core(0.8, measured_cores=0.89), CARRIES)
    assert idle.limit == LimitedBy.UNKNOWN
    assert "wrk used 0.80 of 1 core;" in idle.sentence
    # a CPU that wrk's threads cannot take is not a part of its limit
    two = measurement(0.3, 0.88, threads=1, generator=replace(QUIET, measured_cores=1.9))
    assert bottleneck_of(two, CARRIES).limit == LimitedBy.UNKNOWN


@pytest.mark.parametrize(
    ("others", "limit"),
    [
        (0.05, LimitedBy.GENERATOR),
        (0.15, LimitedBy.UNKNOWN),
        (0.45, LimitedBy.UNKNOWN),
        (None, LimitedBy.UNKNOWN),
    ],
)
def test_a_cpu_that_others_share_accuses_nobody(others: float | None, limit: LimitedBy) -> None:
    """The kernel's work counts in part in the program: together they may seem to be more."""
    found = bottleneck_of(one_core(0.8, measured_cores=0.95, other_cores=others), CARRIES)
    assert found.limit == limit
    named = [disturbances.name for disturbances in found.disturbances]
    assert named == (["generator neighbour"] if others and others > 0.1 else [])


def test_a_neighbour_of_one_that_used_all_its_core_hides_nothing() -> None:
    found = bottleneck_of(one_core(0.95, other_cores=0.3), CARRIES)
    assert found.limit == LimitedBy.GENERATOR
    assert [disturbances.name for disturbances in found.disturbances] == ["generator neighbour"]


def test_workers_that_can_take_every_cpu_share_them_with_the_kernel() -> None:
    full = replace(measurement(1.6, measured_cores=1.95), worker_count=2)
    assert bottleneck_of(full, CARRIES).limit == LimitedBy.SERVER
    idle = replace(measurement(1.6, measured_cores=1.7), worker_count=2)
    assert bottleneck_of(idle, CARRIES).limit == LimitedBy.UNKNOWN
    crowded = replace(measurement(1.2, measured_cores=1.95, other_cores=0.43), worker_count=2)
    assert bottleneck_of(crowded, CARRIES).limit == LimitedBy.UNKNOWN


@pytest.mark.parametrize(
    ("seen", "name", "said"),
    [
        (
            measurement(other_cores=0.98),
            "server neighbour",
            "used 0.98 cores of lab-server (something",
        ),
        (
            measurement(generator=replace(QUIET, host="g", other_cores=0.5)),
            "generator neighbour",
            "0.50 cores of g",
        ),
        (measurement(steal_cores=0.04), "steal", "0.04 cores of lab-server stolen"),
        (measurement(throttled_share=0.4), "throttled", "held the server back 40% of the time"),
        (
            measurement(retransmits=100),
            "retransmits",
            "sent 100 of 10000 segments again",
        ),
        (measurement(listen_drops=3), "listen_drops", "dropped 3 new connections"),
        (measurement(softnet_drops=3), "softnet_drops", "3 packets in the kernel"),
        (measurement(nic_drops=3), "nic_drops", "3 packets at the interface"),
        (
            measurement(backwards=("x",)),
            "x backwards",
            "the counter x of lab-server went backwards",
        ),
    ],
)
def test_what_disturbs_is_named(seen: Measurement, name: str, said: str) -> None:
    (disturbances,) = bottleneck_of(seen, CARRIES).disturbances
    assert disturbances.name == name
    assert said in disturbances.sentence


def test_nothing_is_named_on_quiet_hosts() -> None:
    assert bottleneck_of(measurement(retransmits=9), CARRIES).disturbances == ()
    known = ("host", "backwards", "allowance")
    nothing: dict[str, Any] = {name: None for name in Usage.__slots__ if name not in known}
    assert bottleneck_of(measurement(**nothing), CARRIES).disturbances == ()
    assert {rule.__name__ for rule in limits.DISTURBANCE_RULES} == {
        "neighbours", "stolen", "throttled", "lossy", "allowance", "unsteady", "uneven",
        "apart", "backwards", "growing", "wider_than_workers",
    }  # fmt: skip


def test_packets_that_a_cloud_held_back_are_the_limit_if_they_are_many() -> None:
    few = measurement(rx_packets_per_s=50_000, allowance={"pps_allowance_exceeded": 20})
    many = measurement(rx_packets_per_s=50_000, allowance={"bw_out_allowance_exceeded": 9_000})
    (said,) = bottleneck_of(few, CARRIES).disturbances
    assert said.name == "allowance"
    assert said.sentence == (
        "the cloud held back 20 packets of lab-server: allowance for packets a second "
        "(0.01% of its packets)"
    )
    assert bottleneck_of(few, CARRIES).limit != LimitedBy.NETWORK
    assert bottleneck_of(many, CARRIES).limit == LimitedBy.NETWORK
    assert "allowance for bandwidth out" in bottleneck_of(many, None).sentence


def test_more_than_the_baseline_is_said_where_the_baseline_is_known() -> None:
    fast = measurement(tx_bytes_per_s=1.5e9 / 8)
    assert bottleneck_of(fast, CARRIES, {"other": 0.78}).disturbances == ()
    (said,) = bottleneck_of(fast, CARRIES, {"lab-server": 0.78}).disturbances
    assert said.name == "burst"
    assert said.sentence.startswith("lab-server sent 1.50 Gbit/s, and its baseline is 0.78")
    assert bottleneck_of(fast, CARRIES, {"lab-server": 2}).disturbances == ()


def sampled(seconds: float = 7, **per_s: float) -> dict[str, list[float]]:
    """Counters that grow evenly, from 1 s before 100 on."""
    t = [round(99 + tick / 10, 3) for tick in range(round(seconds * 10) + 1)]
    grown = {name: [rate * (at - 99) for at in t] for name, rate in per_s.items()}
    return {"t": t, **grown}


def samples_of(columns: dict[str, list[float]]) -> Samples:
    own = dict(columns)
    return Samples.of(np.array(own.pop("t")), {name: np.array(v) for name, v in own.items()})


def test_usage_is_what_counters_grew_by() -> None:
    columns = sampled(
        cpu0_busy_us=6e5, cpu1_busy_us=5e5, cpu0_softirq_us=1e5, cpu1_softirq_us=0,
        nic_tx_bytes=1e6, psi_cpu_us=1e6,
    )  # fmt: skip
    usage = usage_of("s", samples_of(columns), 5.2e6 * 0.8, (100, 105))
    assert usage.other_cores == pytest.approx(0.3)
    assert usage.measured_cores == pytest.approx((0.8 + 0.1) * 5.2 / 5)
    assert usage.waiting_share == pytest.approx(1)
    assert usage.tx_bytes_per_s == pytest.approx(1e6, rel=0.05)
    assert usage.steal_cores is None
    assert usage.retransmits is None


@pytest.mark.parametrize("seconds", [1, 2, 20])
def test_a_cpu_that_was_never_idle_is_used_up_however_short_the_window(seconds: int) -> None:
    """The load stops at the window's ends; the counters are read beyond them."""
    columns = sampled(seconds + 2, cpu0_busy_us=0, cpu0_softirq_us=0)
    under_load = np.clip(np.array(columns["t"]) - 100, 0, seconds) * 1e6
    columns["cpu0_busy_us"] = list(0.85 * under_load)
    columns["cpu0_softirq_us"] = list(0.13 * under_load)
    usage = usage_of("s", samples_of(columns), 0.9e6 * seconds, (100, 100 + seconds))
    assert usage.measured_cores == pytest.approx(0.98)
    assert usage.other_cores == 0


def test_a_counter_that_went_backwards_is_not_known_and_named() -> None:
    columns = sampled(cpu0_steal_us=1e5, cpu1_steal_us=0)
    columns["cpu0_steal_us"][30] = 0
    usage = usage_of("s", samples_of(columns), None, (100, 105))
    assert usage.steal_cores is None
    assert usage.backwards == ("cpu0_steal_us",)


def baseline_document(**changes: Any) -> dict[str, Any]:
    """What playbooks/baseline.yml writes: 6 MB/s to the server, twice that from it."""
    idle = {"cpu_utilization_percent": {"host_total": 20, "remote_total": 10}}
    arrived = {"sum_received": {"packets": 50_500, "lost_packets": 500, "seconds": 1}}
    tests = [
        {"protocol": protocol, "direction": direction, "streams": 2, "error": None,
         "started": started, "ended": started + 2, "end": idle | arrived}
        for protocol, direction, started in (
            ("tcp", "to_server", 99.5), ("tcp", "from_server", 101.6),
            ("udp", "to_server", 103.7), ("udp", "from_server", 105),
        )
    ]  # fmt: skip
    counters = sampled(
        8, nic_tx_bytes=6e6, nic_rx_bytes=12e6, nic_tx_packets=5e3, nic_rx_packets=9e4,
        cpu2_busy_us=2e5, cpu2_softirq_us=0, cpu2_steal_us=0,
    )  # fmt: skip
    host = {"version": "3.18", "cpus": 2, "samples": counters}
    return {
        "schema_version": 1,
        "run_id": "20260101T000000Z-abcd",
        "testbed": "main",
        "server": {"host": "lab-server", **host, "samples": {}},
        "generator": {"host": "lab-loadgen", **host},
        "tests": tests,
        "error": None,
    } | changes


def carried(document: dict[str, Any]) -> PathCapacity:
    return capacity_of(typed(document, PathRecord), "main")


def test_a_baseline_is_the_best_second_and_the_most_packets() -> None:
    found = carried(baseline_document())
    assert found.problems == []
    assert found.bytes["to_server"].per_s == pytest.approx(6e6)
    assert found.bytes["from_server"].per_s == pytest.approx(12e6)
    assert found.packets["to_server"].per_s == pytest.approx(50_000)
    assert found.packets["from_server"].per_s == pytest.approx(9e4)
    assert not any(one.at_least for one in (*found.bytes.values(), *found.packets.values()))


@pytest.mark.parametrize(
    ("host", "remote", "lost", "version", "at_least"),
    [
        (190, 10, 0, "3.18", True),
        (99, 10, 0, "3.18", False),
        (99, 10, 0, "3.12", True),  # all of its streams in one thread
        (190, 10, 5000, "3.18", False),  # busy sending what did not arrive
        (20, 190, 5000, "3.18", True),  # lost where it was to be received
    ],
)
def test_a_host_that_had_no_cpu_left_makes_a_lower_bound(
    host: float, remote: float, lost: int, version: str, at_least: bool
) -> None:
    document = baseline_document()
    document["generator"]["version"] = version
    received = {"packets": 100_000, "lost_packets": lost, "seconds": 1}
    used = {"host_total": host, "remote_total": remote}
    document["tests"][2]["end"] = {"sum_received": received, "cpu_utilization_percent": used}
    assert carried(document).packets["to_server"].at_least is at_least


def test_the_cpus_of_a_host_count_and_not_only_iperf3() -> None:
    document = baseline_document()
    document["server"]["samples"] = sampled(
        8, cpu0_busy_us=4e5, cpu0_softirq_us=5e5, cpu0_steal_us=0
    )
    assert carried(document).bytes["to_server"].at_least


def test_a_test_that_failed_leaves_its_direction_unknown() -> None:
    document = baseline_document()
    document["tests"][0] |= {"error": "iperf3: unable to connect", "end": None}
    document["tests"][2] |= {"error": "iperf3: unable to connect", "end": None}
    found = carried(document)
    assert list(found.bytes) == ["from_server"]
    assert found.problems[0] == "tcp to server: iperf3: unable to connect"


@pytest.mark.parametrize(
    "text", ["", "[]", '{"schema_version": 2}', '{"schema_version": 1}', '{"schema_version": 1,']
)
def test_a_baseline_that_cannot_be_used_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "baseline").mkdir()
    (tmp_path / "baseline" / "main.json").write_text(text)
    found = read_path_capacities(tmp_path)["main"]
    assert "baseline/main.json cannot be used" in found.problems[0]
    assert (found.bytes, found.packets) == ({}, {})


def test_the_report_says_it_where_the_number_stands(tmp_path: Path) -> None:
    made = record(framework="alpha")
    made["server"]["samples"] |= {
        f"cpu{cpu}_busy_us": made["server"]["samples"]["unit_cpu_us"] for cpu in (0, 1)
    }
    write_run(tmp_path, run_document(["alpha"], 1), {"a.json": made})
    (tmp_path / "baseline").mkdir()
    document = json.dumps(baseline_document())
    (tmp_path / "baseline" / "main.json").write_text(document)
    report = render(judge_run(tmp_path)).files["report.md"]
    (row,) = [line for line in report.splitlines() if line.startswith("| Alpha")]
    assert "[1] |" in row
    assert "- [1] Alpha: a neighbour: other programs used 0.93 cores of lab-server" in report
    assert "- Alpha: server: the server's process used 0.97 of 1 core." in report
    assert "carried 48 Mbit/s to the server, 96 Mbit/s from the server" in report

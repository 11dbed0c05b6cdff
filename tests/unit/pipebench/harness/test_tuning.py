"""What a run sets on the hosts of a testbed, and puts back: what is asked, recorded and said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipebench.earlier.complete import is_mended
from pipebench.harness.tuning import put_back, tune
from pipebench.measure.moments import Moments
from pipebench.record.run_record import read_tunings
from pipebench.show.tuning import left_behind, tuned_lines, tuning_remarks, untuned
from tests.unit.pipebench.harness.answers import RESTORED, SETTING, TUNED, hosts, on_testbed, run_of


def record_of(folder: Path, host: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((folder / "tuning" / f"{host}.json").read_text())
    return record


def faults(folder: Path) -> list[str]:
    path = folder / "progress.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    events = map(json.loads, lines)
    return [event["reason"] for event in events if event["event"] == "harness_fault"]


def tuned(folder: Path, on: Any, said: list[str], **variables: Any) -> Any:
    testbed_run = on_testbed(run_of(folder, bench_tuning="turbo", **variables), on, said)
    tune(testbed_run)
    return testbed_run


def test_a_run_that_sets_nothing_has_leftovers_put_back_and_no_record(tmp_path: Path) -> None:
    on, said = hosts(), list[str]()
    testbed_run = on_testbed(run_of(tmp_path), on, said)
    tune(testbed_run)
    put_back(testbed_run)
    (call,) = on.server.asked
    assert (call.program, call.order["state"], call.order["entries"]) == ("tuning.hold", "set", [])
    assert not (tmp_path / "tuning").exists()
    assert said == []


def test_a_host_that_nothing_is_set_on_and_does_not_answer_is_said_and_no_fault(
    tmp_path: Path,
) -> None:
    on, said = hosts(), list[str]()
    on.server.answers["tuning.hold set"] = {"unreachable": True, "msg": "no route"}
    tune(on_testbed(run_of(tmp_path), on, said))
    assert said == ["tuning s: host did not answer: no route"]
    assert faults(tmp_path) == []


def test_a_fault_is_mended_once_all_is_set_and_put_back(tmp_path: Path) -> None:
    on = hosts()
    on.server.answers["tuning.hold set"] = [{"failed": True, "msg": "no"}, TUNED]
    testbed_run = tuned(tmp_path, on, [])
    assert not is_mended(tmp_path, "tuning/s.json")
    tune(testbed_run)  # the run goes on
    put_back(testbed_run)
    assert is_mended(tmp_path, "tuning/s.json")


def test_every_host_is_tuned_and_put_back(tmp_path: Path) -> None:
    on, said = hosts(("g", "h")), list[str]()
    testbed_run = tuned(tmp_path, on, said)
    assert not record_of(tmp_path, "s")["released"]
    put_back(testbed_run)
    for host in ("s", "g", "h"):
        record = record_of(tmp_path, host)
        (setting,) = record["settings"]
        values = [setting[word] for word in ("before", "wanted", "after", "held", "restored")]
        assert values == ["1", "0", "0", "0", "1"]
        assert record["released"] == "1970-01-01T00:16:40.000000Z"
        assert (record["host"], record["testbed"], record["error"]) == (host, "main", None)
    (entry,) = on.generators[1].asked[0].order["entries"]
    assert entry["name"] == "turbo"
    assert (said, faults(tmp_path)) == ([], [])
    records = list(read_tunings(tmp_path, "r"))
    assert tuned_lines(records)[0] == (
        "g",
        ["turbo: 1 -> 0", "governor: not set, none", "all put back"],
    )
    assert left_behind(records) == tuning_remarks(records) == []


def test_a_host_is_put_back_also_if_its_record_could_not_be_written(tmp_path: Path) -> None:
    on = hosts()
    testbed_run = on_testbed(run_of(tmp_path, bench_tuning="turbo"), on, [])
    put_back(testbed_run)
    for host in (on.server, *on.generators):
        assert [call.order["state"] for call in host.asked] == ["restored"]
    assert not (tmp_path / "tuning").exists()


def test_only_the_server_has_cpus_for_its_interrupts(tmp_path: Path) -> None:
    on = hosts()
    tune(on_testbed(run_of(tmp_path, bench_interrupt_cpus=1), on, []))
    orders = [host.asked[0].order for host in (on.server, on.generators[0])]
    names = [[entry["name"] for entry in order["entries"]] for order in orders]
    assert names == [["interrupts", "steering"], []]
    assert [order["interrupt_cpus"] for order in orders] == [1, 0]


def test_what_is_not_as_it_was_is_a_fault_and_named(tmp_path: Path) -> None:
    on, said = hosts(), list[str]()
    left = SETTING | {"after": "0", "held": "0", "restored": "0", "restore_error": "busy"}
    on.server.answers["tuning.hold restored"] = TUNED | {"settings": [left]}
    put_back(tuned(tmp_path, on, said))
    sentence = "/sys/boost on s was 1 and is 0 after the run (busy)"
    assert said == [sentence]
    assert faults(tmp_path) == [sentence]
    record = record_of(tmp_path, "s")
    assert (record["released"], record["error"]) == (None, sentence)
    (problem,) = left_behind(read_tunings(tmp_path, "r"))
    assert problem.startswith(f"what was set on s was not put back: {sentence}; ")


def test_a_value_that_the_kernel_refuses_is_said_and_no_fault(tmp_path: Path) -> None:
    on, said = hosts(), list[str]()
    refused = SETTING | {"after": "1", "error": "Device or resource busy"}
    on.server.answers["tuning.hold set"] = TUNED | {"settings": [refused]}
    tuned(tmp_path, on, said)
    assert said == ["s: /sys/boost could not be set to 0: Device or resource busy"]
    assert faults(tmp_path) == []


def test_a_host_that_does_not_answer_is_a_fault(tmp_path: Path) -> None:
    on, said = hosts(), list[str]()
    on.generators[0].answers["tuning.hold set"] = {"unreachable": True, "msg": "no route"}
    testbed_run = tuned(tmp_path, on, said)
    assert said == ["tuning g: host did not answer: no route"]
    assert faults(tmp_path) == said
    assert record_of(tmp_path, "g")["error"] == said[0]
    on.server.answers["tuning.hold restored"] = {"unreachable": True, "msg": "gone"}
    put_back(testbed_run)
    assert said[1] == "putting s back: host did not answer: gone"
    assert not record_of(tmp_path, "s")["released"]


def test_a_reboot_in_between_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    on, said = hosts(), list[str]()
    on.server.answers["tuning.hold restored"] = TUNED | {"rebooted": True}
    put_back(tuned(tmp_path, on, said))
    assert (said, faults(tmp_path)) == ([], [])
    records = list(read_tunings(tmp_path, "r"))
    sentence = "s was booted again, so that nothing of this was set from then on"
    assert left_behind(records) == []
    assert tuning_remarks(records) == [sentence]
    assert sentence in dict(tuned_lines(records))["s"]


def test_what_was_put_back_and_set_anew_is_recorded_and_said(tmp_path: Path) -> None:
    on = hosts()
    lapses = [
        {"put_back_at": 900.0, "set_anew_at": 960.0}, {"put_back_at": None, "set_anew_at": 970.0},
    ]  # fmt: skip
    on.server.answers["tuning.hold restored"] = RESTORED | {"lapses": lapses, "already": False}
    put_back(tuned(tmp_path, on, []))
    records = list(read_tunings(tmp_path, "r"))
    assert record_of(tmp_path, "s")["lapses"] == lapses
    lines = dict(tuned_lines(records))["s"]
    assert lines[-3:] == [
        (
            "put back by the host at 1970-01-01 00:15:00 UTC, as the run held it no longer; "
            "all set anew at 1970-01-01 00:16:00 UTC"
        ),
        "the host was booted again; all set anew at 1970-01-01 00:16:10 UTC",
        "all put back",
    ]
    assert tuning_remarks(records) == []
    assert untuned(records, [("main", window(890, 895)), ("main", window(961, 966))]) == []
    assert untuned(records, [("main", window(961, 966)), ("main", window(895, 901.5))]) == [
        (
            "what was set on s had been put back at 1970-01-01 00:15:00 UTC, and 1 of the "
            "measurements of main were made after that"
        )
    ]


def window(opened: float, closed: float) -> Moments:
    """A measured window."""
    none = dict.fromkeys(("started", "ready", "loaded", "warmed", "ended"))
    return Moments(**none, opened=opened, closed=closed)


def test_that_the_host_put_all_back_before_the_end_is_said(tmp_path: Path) -> None:
    on = hosts()
    on.server.answers["tuning.hold restored"] = RESTORED | {"already": True}
    put_back(tuned(tmp_path, on, []))
    records = list(read_tunings(tmp_path, "r"))
    assert tuning_remarks(records) == [
        "s put everything back by itself at 1970-01-01T00:16:40Z, before the run's end"
    ]
    late = [("main", window(at, at + 5)) for at in (900, 1001, 1010)]
    assert untuned(records, late) == [  # g put all back at the same moment, by its own clock
        f"what was set on {host} had been put back at 1970-01-01 00:16:40 UTC, and 2 of the "
        "measurements of main were made after that"
        for host in ("g", "s")
    ]
    assert untuned(records, [("other", late[-1][1])]) == untuned(records, late[:1]) == []


def test_a_value_that_something_else_has_written_is_said(tmp_path: Path) -> None:
    on = hosts()
    drifted = SETTING | {"after": "0", "held": "1", "restored": "1"}
    on.server.answers["tuning.hold restored"] = RESTORED | {"settings": [drifted]}
    put_back(tuned(tmp_path, on, []))
    (remark,) = tuning_remarks(read_tunings(tmp_path, "r"))
    assert remark == (
        "s: /sys/boost was 0 at first and 1 at the end: something else on the host has written it"
    )


@pytest.mark.parametrize("folder", ["tuning", "pinning"])
def test_a_record_that_cannot_be_read_is_one_that_was_not_put_back(
    tmp_path: Path, folder: str
) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "main.json").write_text("{")
    (problem,) = left_behind(read_tunings(tmp_path, "r"))
    assert "it is truncated" in problem


def test_a_record_of_an_older_version_is_read(tmp_path: Path) -> None:
    (tmp_path / "pinning").mkdir()
    path = "/proc/irq/30/smp_affinity_list"
    setting = {"path": path, "before": "0-3", "wanted": "0", "after": "0", "restored": "0-3"}
    pinned = {
        "schema_version": 2, "run_id": "20260101T000000Z-abcd", "testbed": "main", "host": "s",
        "interface": "eth0", "interrupt_cpus": [0], "server_cpus": [1, 2],
        "settings": [setting], "released": "2026-01-01T00:07:00Z",
    }  # fmt: skip
    (tmp_path / "pinning" / "main.json").write_text(json.dumps(pinned))
    assert tuned_lines(read_tunings(tmp_path, "r")) == [
        (
            "s",
            [
                "interrupts of eth0 on CPUs 0, servers on 1, 2",
                f"{path}: 0-3 -> 0",
                "all put back",
            ],
        )
    ]

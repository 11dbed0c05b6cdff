"""A run is planned whole or refused with sentences, before any host is touched."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
from controller.run_plan import (
    PlanError,
    choose_frameworks,
    find_frameworks,
    find_testbeds,
    plan_run,
    read_framework,
    read_variables,
    shuffled_rounds,
)

ROOT = Path(__file__).resolve().parents[2]
SEED_PLAN: dict[str, Any] = {
    "bench_frameworks": [],
    "bench_framework_dirs": ["servers", "fasthttp"],
    "bench_depths": [5],
    "bench_connections": [200],
    "bench_threads": 10,
    "bench_duration": 5,
    "bench_warmup": 2,
    "bench_rounds": 6,
    "bench_workers": [1],
    "bench_order_seed": None,
    "bench_run_id": None,
    "bench_results_dir": "results",
    "bench_port": 8080,
    "bench_baseline": True,
}
HOSTS = {"s": {"ansible_host": "198.18.0.11"}, "g": {"ansible_host": "198.18.0.21"}}


def mistakes(**given: Any) -> str:
    return "\n".join(read_variables(given, SEED_PLAN)[1])


def test_the_default_plan_is_the_command_of_2017() -> None:
    run = plan_run({}, (["s"], ["g"], HOSTS), ROOT)
    variables = run["variables"]
    assert (variables["bench_threads"], variables["bench_duration"]) == (10, 5)
    assert (variables["bench_warmup"], variables["bench_rounds"]) == (2, 6)
    assert {(cell["depth"], cell["connections"]) for cell in run["rounds"][0]} == {(5, 200)}
    assert len(run["rounds"]) == 6
    assert run["testbeds"] == [
        {
            "name": "main",
            "server": "s",
            "generators": ["g"],
            "address": "198.18.0.11",
            "port": 8080,
        }
    ]


def test_every_default_is_accepted_and_known() -> None:
    values, sentences = read_variables({}, SEED_PLAN)
    assert sentences == []
    assert values.keys() == SEED_PLAN.keys()


@pytest.mark.parametrize(
    "value", [0, "0", -5, "-5", "abc", "", [], [5, 0], 1.5, True, None, "5,5"], ids=repr
)
def test_a_wrong_depth_is_refused_by_name(value: Any) -> None:
    assert f"bench_depths is {value!r}; it takes" in mistakes(bench_depths=value)


@pytest.mark.parametrize(
    ("value", "depths"),
    [(5, [5]), ("5", [5]), ("1,5,16", [1, 5, 16]), ([1, "2"], [1, 2])],
    ids=repr,
)
def test_depths_come_from_yaml_and_from_the_command_line(value: Any, depths: list[int]) -> None:
    assert read_variables({"bench_depths": value}, SEED_PLAN)[0]["bench_depths"] == depths


@pytest.mark.parametrize(
    ("value", "wanted"), [(True, True), ("false", False), ("Yes", True), ("no", False)], ids=repr
)
def test_the_baseline_is_wanted_or_not(value: Any, wanted: bool) -> None:
    assert read_variables({"bench_baseline": value}, SEED_PLAN)[0]["bench_baseline"] is wanted


@pytest.mark.parametrize("value", [None, "", "maybe", 2, []], ids=repr)
def test_a_baseline_that_is_neither_is_refused(value: Any) -> None:
    assert "bench_baseline is" in mistakes(bench_baseline=value)


def test_more_threads_than_connections_is_refused() -> None:
    assert "bench_threads is 10, more than the 4" in mistakes(bench_connections=4)


def test_connections_that_wrk_would_round_down_are_refused() -> None:
    assert "wrk would open only 200" in mistakes(bench_connections=205)


def test_a_misspelt_variable_is_refused_with_the_right_one() -> None:
    assert "did you mean bench_depths?" in mistakes(bench_depth=5)


def test_all_mistakes_are_said_at_once() -> None:
    with pytest.raises(PlanError) as caught:
        plan_run(
            {"bench_depths": 0, "bench_frameworks": "nothing-like-it"},
            ([], [], {}),
            ROOT,
        )
    said = str(caught.value)
    assert "bench_depths is 0" in said
    assert "bench_frameworks has 'nothing-like-it'; there are aiohttp" in said
    assert "no host in the group servers" in said
    assert "no host in the group loadgens" in said


def test_a_run_does_not_overwrite_another(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    given = {"bench_results_dir": str(tmp_path), "bench_run_id": "mine"}
    with pytest.raises(PlanError, match="exists already"):
        plan_run(given, (["s"], ["g"], HOSTS), ROOT)


@pytest.mark.parametrize("value", ["../up", "a/b", ".hidden", "x" * 65])
def test_a_run_id_stays_inside_the_results(value: str) -> None:
    assert "bench_run_id is" in mistakes(bench_run_id=value)


def test_rounds_hold_every_cell_once_in_an_order_that_the_seed_gives() -> None:
    cells = [{"framework": name} for name in "abcdefgh"]
    rounds = shuffled_rounds(cells, 5, 42)
    assert all(sorted(map(str, one)) == sorted(map(str, cells)) for one in rounds)
    assert len({str(one) for one in rounds}) > 1
    assert rounds == shuffled_rounds(cells, 5, 42)
    assert rounds != shuffled_rounds(cells, 5, 43)


def test_testbeds_are_paired_by_name() -> None:
    hosts = {
        "s1": {"ansible_host": "198.18.0.1", "bench_testbed": "a"},
        "s2": {"ansible_host": "198.18.0.2", "bench_testbed": "b", "bench_address": "198.18.9.2"},
        "g1": {"ansible_host": "198.18.0.3", "bench_testbed": "a"},
        "g2": {"ansible_host": "198.18.0.4", "bench_testbed": "b"},
    }
    testbeds = find_testbeds(["s1", "s2"], ["g2", "g1"], hosts, 8080)
    assert [(t["server"], t["generators"], t["address"]) for t in testbeds] == [
        ("s1", ["g1"], "198.18.0.1"),
        ("s2", ["g2"], "198.18.9.2"),
    ]


@pytest.mark.parametrize(
    ("servers", "loadgens", "hosts", "sentence"),
    [
        (["s"], [], HOSTS, "no host in the group loadgens"),
        (["s"], ["s"], HOSTS, "s is in servers and in loadgens"),
        (["s"], ["g"], {"s": HOSTS["s"], "g": HOSTS["s"]}, "have the same address"),
        (["s", "g"], ["s"], HOSTS, "two servers|in servers and in loadgens"),
        (["s"], ["g"], HOSTS | {"g": {"bench_testbed": "b"}}, "no server is in that testbed"),
        (["s"], ["g"], HOSTS | {"s": {"bench_testbed": "A B"}}, "it takes a-z, 0-9"),
        (["s"], ["g"], HOSTS | {"s": {"bench_address": "no.such.invalid"}}, "set bench_address"),
        (["s"], ["g", "h"], HOSTS | {"h": {}}, "takes one so far"),
    ],
)
def test_an_inventory_that_cannot_work_is_refused(
    servers: list[str], loadgens: list[str], hosts: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(PlanError, match=sentence):
        find_testbeds(servers, loadgens, hosts, 8080)


def framework_folder(tmp_path: Path, text: str, name: str = "mine") -> Path:
    folder = tmp_path / name
    folder.mkdir()
    (folder / "framework.yml").write_text(textwrap.dedent(text))
    return folder


GOOD = """\
    title: Mine
    stack: current
    language: Python
    runtime: python
"""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "holds no keys"),
        ("title: [", "cannot be read"),
        (GOOD.replace("title: Mine", "note: x"), "has no title"),
        (GOOD + "    pythn: '3.13'\n", "'pythn', which is none of"),
        (GOOD.replace("runtime: python", "runtime: ruby"), "runtime is 'ruby'; it takes"),
        (GOOD + "    python: 3.13\n", "in quotes if it is a number"),
    ],
)
def test_a_wrong_framework_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(PlanError, match=sentence):
        read_framework(framework_folder(tmp_path, text))


def test_a_framework_is_a_folder_and_nothing_else(tmp_path: Path) -> None:
    folder = framework_folder(tmp_path, GOOD)
    (tmp_path / "not-one").mkdir()
    assert list(find_frameworks([str(tmp_path)], ROOT)) == ["mine"]
    assert list(find_frameworks([str(folder)], ROOT)) == ["mine"]


def test_two_frameworks_of_one_name_are_refused(tmp_path: Path) -> None:
    for half in ("a", "b"):
        (tmp_path / half).mkdir()
        framework_folder(tmp_path / half, GOOD)
    with pytest.raises(PlanError, match="have the same name"):
        find_frameworks(["a", "b"], tmp_path)


def test_an_old_stack_is_measured_only_when_named() -> None:
    found = {"new": {"stack": "current"}, "old": {"stack": "2017"}}
    assert list(choose_frameworks([], found)) == ["new"]
    assert list(choose_frameworks(["old"], found)) == ["old"]

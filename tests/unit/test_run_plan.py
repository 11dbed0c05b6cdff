"""A run is planned whole or refused with sentences, before any host is touched."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml
from command_line import DEEPEST

from pipebench.plan.estimate import estimate_s
from pipebench.plan.run_plan import (
    PlanError,
    choose_frameworks,
    find_frameworks,
    find_testbeds,
    plan_run,
    read_framework,
    read_variables,
    settle_threads,
    shuffled_rounds,
    threads_for,
)

ROOT = Path(__file__).resolve().parents[2]
SEED_PLAN: dict[str, Any] = {
    "bench_frameworks": ["uvloop-httptools", "aiohttp"],
    "bench_framework_dirs": ["servers", "fasthttp"],
    "bench_depths": [5],
    "bench_connections": [200],
    "bench_threads": 10,
    "bench_duration": 5,
    "bench_warmup": 2,
    "bench_rounds": 6,
    "bench_workers": [1],
    "bench_tools": ["wrk"],
    "bench_rate_share": None,
    "bench_order_seed": None,
    "bench_run_id": None,
    "bench_results_dir": "results",
    "bench_port": 8080,
    "bench_probe": True,
    "bench_controls": True,
    "bench_reference": None,
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
            "threads": 10,
        }
    ]


def test_the_default_plan_has_the_six_of_2017_and_the_plan_of_the_field_all() -> None:
    six = {"uvloop-httptools", "aiohttp", "tornado", "sanic", "japronto", "fasthttp"}
    assert set(planned(bench_controls=False)["frameworks"]) == six
    field = yaml.safe_load((ROOT / "plans" / "field.yml").read_text(encoding="utf-8"))
    everything = set(planned(**field, bench_controls=False)["frameworks"])
    assert everything > six | {"uvicorn", "nginx"}
    found = find_frameworks(SEED_PLAN["bench_framework_dirs"], ROOT)
    assert {found[name]["stack"] for name in everything} == {"current"}


def test_every_default_is_accepted_and_known() -> None:
    values, sentences = read_variables({}, SEED_PLAN)
    assert sentences == []
    assert values.keys() == SEED_PLAN.keys()


@pytest.mark.parametrize(
    "value", [0, "0", -5, "-5", "abc", "", [], [5, 0], 1.5, True, None, "5,5"], ids=repr
)
def test_a_wrong_depth_is_refused_by_name(value: Any) -> None:
    assert f"bench_depths is {value!r}; it takes" in mistakes(bench_depths=value)


def test_the_deepest_plan_is_the_deepest_that_can_be_probed() -> None:
    assert mistakes(bench_depths=DEEPEST) == ""
    assert f"bench_depths is {DEEPEST + 1}; it takes" in mistakes(bench_depths=DEEPEST + 1)


@pytest.mark.parametrize(
    ("value", "depths"),
    [(5, [5]), ("5", [5]), ("1,5,16", [1, 5, 16]), ([1, "2"], [1, 2])],
    ids=repr,
)
def test_depths_come_from_yaml_and_from_the_command_line(value: Any, depths: list[int]) -> None:
    assert read_variables({"bench_depths": value}, SEED_PLAN)[0]["bench_depths"] == depths


@pytest.mark.parametrize("name", ["bench_probe", "bench_baseline", "bench_controls"])
@pytest.mark.parametrize(
    ("value", "wanted"), [(True, True), ("false", False), ("No", False), ("true", True)], ids=repr
)
def test_a_part_is_wanted_or_not(name: str, value: Any, wanted: bool) -> None:
    assert read_variables({name: value}, SEED_PLAN)[0][name] is wanted


@pytest.mark.parametrize("value", ["maybe", "", 2, None, []], ids=repr)
def test_what_is_neither_true_nor_false_is_refused(value: Any) -> None:
    assert f"bench_probe is {value!r}; it takes true or false" in mistakes(bench_probe=value)


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
        (GOOD + "    role: floor\n", "role is 'floor'; it takes framework or ceiling"),
        (GOOD + "    python: 3.13\n", "in quotes if it is a number"),
        (GOOD.replace("runtime: python", "runtime: debian"), "has no packages; runtime debian"),
        (GOOD + "    packages: nginx\n", "packages is 'nginx'; it takes a list of Debian packages"),
        (GOOD + "    packages: [nginx, -y]\n", "packages is .*-y.*; it takes a list"),
        (GOOD + "    build: gcc\n", "build is 'gcc'; it takes a list of Debian packages"),
        (GOOD + "    build: [--force]\n", "it takes a list of Debian packages"),
        (GOOD + "    build: [1]\n", "it takes a list of Debian packages"),
        (GOOD + "    build: [gcc]\n", "needs requirements-build.txt as well"),
    ],
)
def test_a_wrong_framework_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(PlanError, match=sentence):
        read_framework(framework_folder(tmp_path, text))


def test_what_debian_has_is_named_by_its_packages(tmp_path: Path) -> None:
    text = GOOD.replace("runtime: python", "runtime: debian") + "    packages: [nginx]\n"
    assert read_framework(framework_folder(tmp_path, text))["packages"] == ["nginx"]
    assert read_framework(framework_folder(tmp_path, GOOD, "other"))["packages"] == []


def test_a_framework_may_be_built_from_sources(tmp_path: Path) -> None:
    folder = framework_folder(tmp_path, GOOD + "    build: [gcc, libc6-dev]\n")
    (folder / "requirements-build.txt").write_text("")
    assert read_framework(folder)["build"] == ["gcc", "libc6-dev"]


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
    found = {
        "new": {"stack": "current", "role": "framework"},
        "old": {"stack": "2017", "role": "framework"},
        "top": {"stack": "current", "role": "ceiling"},
    }
    assert list(choose_frameworks([], found)) == ["new"]
    assert list(choose_frameworks(["old", "top"], found)) == ["old", "top"]


@pytest.mark.parametrize("value", ["h2load", [], ["wrk", "ab"], "wrk,wrk"])
def test_only_tools_that_are_known_beside_wrk_are_taken(value: Any) -> None:
    assert "bench_tools is" in mistakes(bench_tools=value)


@pytest.mark.parametrize("value", [0, 1, "0.0", -0.5, 1.5, "most", True, [0.6], "nan"])
def test_a_rate_share_is_between_0_and_1(value: Any) -> None:
    assert "bench_rate_share is" in mistakes(bench_tools="wrk,h2load", bench_rate_share=value)


def test_a_rate_share_comes_from_the_command_line_too_and_needs_h2load() -> None:
    values, sentences = read_variables(
        {"bench_tools": "wrk,h2load", "bench_rate_share": "0.6"}, SEED_PLAN
    )
    assert (values["bench_tools"], values["bench_rate_share"]) == (["wrk", "h2load"], 0.6)
    assert not sentences
    assert "no h2load" in mistakes(bench_rate_share=0.6)


@pytest.mark.parametrize("value", [0, 1025, "many", True, [2], 1.5], ids=repr)
def test_threads_are_a_number_or_auto(value: Any) -> None:
    said = mistakes(bench_threads=value)
    assert f"bench_threads is {value!r}; it takes a whole number from 1 to 1024, or auto" in said


@pytest.mark.parametrize(
    ("cpus", "connections", "threads"),
    [
        (2, [16, 64, 256, 1024], 2),
        (6, [16, 64, 256, 1024], 4),
        (64, [16, 64, 256, 1024], 16),
        (12, [200], 10),
        (8, [199], 1),
        (1, [200], 1),
        (9, [12, 18], 6),
    ],
)
def test_threads_from_cpus_divide_every_number_of_connections(
    cpus: int, connections: list[int], threads: int
) -> None:
    assert threads_for(cpus, connections) == threads


@pytest.mark.parametrize("value", ["auto", None])
def test_the_threads_of_a_run_are_those_of_its_generator(value: Any) -> None:
    run = planned(bench_threads=value, bench_connections="16,1024")
    assert run["testbeds"][0]["threads"] is None
    settled = settle_threads(run, {"g": 4})
    assert settled["testbeds"][0]["threads"] == settled["variables"]["bench_threads"] == 4


def test_threads_that_are_given_are_those_of_any_generator() -> None:
    run = planned()
    assert settle_threads(run, {"g": 2}) == run


def test_generators_that_differ_have_threads_of_their_own() -> None:
    hosts = {
        "s": {"ansible_host": "198.18.0.1"},
        "g": {"ansible_host": "198.18.0.2"},
        "s2": {"ansible_host": "198.18.0.3", "bench_testbed": "b"},
        "g2": {"ansible_host": "198.18.0.4", "bench_testbed": "b"},
    }
    run = plan_run({"bench_threads": "auto"}, (["s", "s2"], ["g", "g2"], hosts), ROOT)
    settled = settle_threads(run, {"g": 2, "g2": 8})
    assert [testbed["threads"] for testbed in settled["testbeds"]] == [2, 8]
    assert settled["variables"]["bench_threads"] == "auto"


PLANS = sorted((ROOT / "plans").glob("*.yml"))


@pytest.mark.parametrize("path", PLANS, ids=[path.stem for path in PLANS])
def test_every_plan_can_be_run(path: Path) -> None:
    plan = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert planned(**plan)["rounds"][0]


@pytest.mark.parametrize(
    ("name", "cells", "longest"),
    [("quick", 8, 120), ("depths", 56, 3600), ("sweep", 224, 2.5 * 3600)],
)
def test_a_plan_takes_as_long_as_it_says(name: str, cells: int, longest: float) -> None:
    plan = yaml.safe_load((ROOT / "plans" / f"{name}.yml").read_text(encoding="utf-8"))
    six = ["aiohttp", "fasthttp", "japronto", "sanic", "tornado", "uvloop-httptools"]
    run = planned(**{"bench_frameworks": six} | plan)
    assert len(run["rounds"][0]) == cells
    assert estimate_s(run) < longest


def planned(**given: Any) -> dict[str, Any]:
    return plan_run(given, (["s"], ["g"], HOSTS), ROOT)


def test_the_controls_are_in_every_round() -> None:
    run = planned(bench_frameworks="aiohttp,uvloop-httptools")
    names = ["aiohttp", "ceiling", "uvloop-httptools", "uvloop-httptools-again"]
    assert all(sorted(cell["framework"] for cell in one) == names for one in run["rounds"])
    again = run["frameworks"]["uvloop-httptools-again"]
    assert again["control_of"] == "uvloop-httptools"
    assert again["path"] == run["frameworks"]["uvloop-httptools"]["path"]
    assert run["frameworks"]["ceiling"]["role"] == "ceiling"
    # what one would give to have the same again
    assert run["variables"]["bench_frameworks"] == ["aiohttp", "uvloop-httptools"]
    assert run["variables"]["bench_reference"] == "uvloop-httptools"


def test_the_reference_is_of_the_run() -> None:
    run = planned(bench_frameworks="tornado,aiohttp", bench_reference="aiohttp")
    assert list(run["frameworks"]) == ["tornado", "aiohttp", "ceiling", "aiohttp-again"]
    run = planned(bench_frameworks="tornado,aiohttp")
    assert run["variables"]["bench_reference"] == "tornado"
    with pytest.raises(PlanError, match="bench_reference is 'sanic'; it takes one of this run"):
        planned(bench_frameworks="tornado,aiohttp", bench_reference="sanic")


def test_a_ceiling_that_is_named_is_measured_once_and_is_no_reference() -> None:
    run = planned(bench_frameworks="ceiling")
    assert list(run["frameworks"]) == ["ceiling"]
    assert run["variables"]["bench_reference"] is None


@pytest.mark.parametrize("off", [False, "false", "no"])
def test_without_controls_there_are_the_frameworks_alone(off: Any) -> None:
    run = planned(bench_frameworks="tornado,aiohttp", bench_controls=off)
    assert list(run["frameworks"]) == ["tornado", "aiohttp"]
    assert run["variables"]["bench_controls"] is False


def test_the_ceiling_is_there_where_frameworks_are_elsewhere(tmp_path: Path) -> None:
    framework_folder(tmp_path, GOOD)
    run = planned(bench_framework_dirs=[str(tmp_path)])  # and all of those are wanted
    assert list(run["frameworks"]) == ["mine", "ceiling", "mine-again"]


def test_a_framework_that_is_called_like_a_control_is_refused(tmp_path: Path) -> None:
    for name in ("mine", "mine-again"):
        framework_folder(tmp_path, GOOD, name)
    with pytest.raises(PlanError, match="mine-again is what a control of this run is called"):
        planned(bench_framework_dirs=[str(tmp_path)])


EXTENDED = {"min": 6, "max": 20, "until_relative_width": 0.05}


@pytest.mark.parametrize(
    ("value", "read"),
    [(7, 7), ("7", 7), (EXTENDED, EXTENDED), (str(EXTENDED).replace("'", '"'), EXTENDED),
     ({"min": "6", "max": "8", "until_relative_width": "0.1"},
      {"min": 6, "max": 8, "until_relative_width": 0.1})],
    ids=repr,
)  # fmt: skip
def test_rounds_are_a_number_or_extended(value: Any, read: Any) -> None:
    assert read_variables({"bench_rounds": value}, SEED_PLAN)[0]["bench_rounds"] == read


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (0, "it takes a whole number from 1 to 1000, or {min"),
        ("{min", "it takes a whole number from 1 to 1000, or {min"),
        ({"min": 6, "max": 20}, "with these three keys and no other"),
        (EXTENDED | {"more": 1}, "with these three keys and no other"),
        (EXTENDED | {"min": 5}, "a min of 6 or more"),
        (EXTENDED | {"max": 5}, "a max from its min"),
        (EXTENDED | {"until_relative_width": 0}, "above 0 and below 1"),
        (EXTENDED | {"until_relative_width": True}, "above 0 and below 1"),
        (EXTENDED | {"until_relative_width": "narrow"}, "above 0 and below 1"),
    ],
    ids=repr,
)
def test_wrong_rounds_are_refused_with_what_is_right(value: Any, sentence: str) -> None:
    said = mistakes(bench_rounds=value)
    assert said.startswith("bench_rounds is")
    assert sentence in said


def test_the_schedule_has_as_many_rounds_as_there_may_be() -> None:
    assert len(planned(bench_rounds=EXTENDED)["rounds"]) == 20

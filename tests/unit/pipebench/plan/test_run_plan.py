"""A run is planned whole or refused with sentences, before any host is touched."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
import yaml
from command_line import DEEPEST
from msgspec import inspect

from pipebench.documents.declared import fields_of
from pipebench.hosts.via_controller import hosts_via_controller
from pipebench.plan.choice import choose_frameworks
from pipebench.plan.errors import PlanError
from pipebench.plan.estimate import estimate_s
from pipebench.plan.frameworks import PlannedFramework, find_frameworks, read_framework
from pipebench.plan.phases import MEASURE, is_run
from pipebench.plan.project import ROOT, Project, read_project
from pipebench.plan.resolve import (
    few_connections_text,
    resolve,
    single_worker_text,
    small_generators_text,
    threads_for,
    unequal_generators_text,
)
from pipebench.plan.run_plan import RunPlan, plan_run, results_mistakes
from pipebench.plan.schedule import shuffled_rounds
from pipebench.plan.testbeds import Inventory, base_mistakes, find_testbeds
from pipebench.plan.validation import read_variables
from pipebench.plan.variables import (
    RENAMED,
    ExtendedRounds,
    Variables,
    current_names,
)
from pipebench.record.assemble import deployment
from pipebench.record.factors import ALL

SEED = ROOT / "plans" / "seed.yml"
SEED_PLAN: dict[str, Any] = yaml.safe_load(SEED.read_text(encoding="utf-8"))
BEHIND_NAT: dict[str, Any] = {"ansible_host": "192.0.2.7"}
HOSTS = {"s": {"ansible_host": "198.18.0.11"}, "g": {"ansible_host": "198.18.0.21"}}
INVENTORY = Inventory(["s"], ["g"], HOSTS)
PROJECT = Project(ROOT, "0", None, dirty=False, command=[])


def mistakes(**given: Any) -> str:
    found = read_variables(given, SEED_PLAN).mistakes
    return "\n".join(sentence for about in found.values() for sentence in about)


def right(**given: Any) -> Variables:
    """The variables, of which none is wrong."""
    assert mistakes(**given) == ""
    return read_variables(given, SEED_PLAN).variables


def planned(**given: Any) -> RunPlan:
    return plan_run(given, INVENTORY, PROJECT)


def test_the_default_plan_is_the_command_of_2017() -> None:
    run = planned()
    variables = run.variables
    assert (variables.threads, variables.duration) == (10, 5)
    assert (variables.warmup, variables.rounds) == (2, 6)
    assert {(cell.depth, cell.connections) for cell in run.rounds[0]} == {(5, 200)}
    assert len(run.rounds) == 6
    assert run.to_fact()["testbeds"] == [
        {
            "name": "main",
            "server": "s",
            "generators": ["g"],
            "address": "198.18.0.11",
            "port": 8080,
            "threads": 10,
            "all_workers": None,
            "machine": None,
        }
    ]


def test_the_default_plan_has_the_six_of_2017_and_the_plan_of_the_field_all() -> None:
    six = {"uvloop-httptools", "aiohttp", "tornado", "sanic", "japronto", "fasthttp"}
    assert set(planned(bench_controls=False).frameworks) == six
    field = yaml.safe_load((ROOT / "plans" / "field.yml").read_text(encoding="utf-8"))
    everything = set(planned(**field, bench_controls=False).frameworks)
    assert everything > six | {"uvicorn", "nginx", "granian", "granian@asgi"}
    available = find_frameworks(SEED_PLAN["bench_framework_dirs"], ROOT)
    assert {available[name].stack for name in everything} == {"current"}
    assert (ROOT / "servers" / "_shared").is_dir()
    assert "_shared" not in available


def test_the_default_plan_has_every_variable_with_its_meaning_and_nothing_else() -> None:
    """plans/seed.yml is what people read; what is declared is what is checked."""
    lines = re.findall(r"^(bench_\w+): .*? # (.*)$", SEED.read_text("utf-8"), re.MULTILINE)
    declared = {
        name: field.kind.extra_json_schema["description"]
        for name, field in fields_of(Variables).items()
        if isinstance(field.kind, inspect.Metadata) and field.kind.extra_json_schema
    }
    assert dict(lines) == declared
    assert list(SEED_PLAN) == list(declared) == list(fields_of(Variables))
    assert mistakes() == ""


@pytest.mark.parametrize(
    "value", [0, "0", -5, "-5", "abc", "", [], [5, 0], 1.5, True, None, "5,5"], ids=repr
)
def test_a_wrong_depth_is_refused_by_name(value: Any) -> None:
    assert f"bench_depths is {value!r}; it must" in mistakes(bench_depths=value)


def test_the_deepest_plan_is_the_deepest_that_can_be_probed() -> None:
    assert mistakes(bench_depths=DEEPEST) == ""
    assert f"bench_depths is {DEEPEST + 1}; it must be" in mistakes(bench_depths=DEEPEST + 1)


@pytest.mark.parametrize(
    ("value", "depths"),
    [(5, [5]), ("5", [5]), ("1,5,16", [1, 5, 16]), ([1, "2"], [1, 2])],
    ids=repr,
)
def test_depths_come_from_yaml_and_from_the_command_line(value: Any, depths: list[int]) -> None:
    assert right(bench_depths=value).depths == depths


@pytest.mark.parametrize("name", ["probe", "path_capacity", "controls"])
@pytest.mark.parametrize(
    ("value", "meant"), [(True, True), ("false", False), ("No", False), ("true", True)], ids=repr
)
def test_a_part_is_on_or_off(name: str, value: Any, meant: bool) -> None:
    assert getattr(right(**{f"bench_{name}": value}), name) is meant


@pytest.mark.parametrize("value", ["maybe", "", 2, None, []], ids=repr)
def test_what_is_neither_true_nor_false_is_refused(value: Any) -> None:
    assert f"bench_probe is {value!r}; it must be true or false" in mistakes(bench_probe=value)


def test_tuning_is_none_full_or_names() -> None:
    assert right().tuning == ["none"]
    assert right(bench_tuning="governor,turbo").tuning == ["governor", "turbo"]
    assert right(bench_tuning="full").tuning == ["full"]
    sentence = "it must be none, full, or some of governor, turbo, c_states, huge_pages, "
    assert sentence in mistakes(bench_tuning="gouvernor")
    assert mistakes(bench_tuning="full,turbo") == (
        "bench_tuning is full, turbo; full must stand alone."
    )


def test_more_threads_than_connections_is_refused() -> None:
    assert "bench_threads is 10, more than the 4" in mistakes(bench_connections=4)


def test_connections_that_wrk_would_round_down_are_refused() -> None:
    assert "wrk would open only 200" in mistakes(bench_connections=205)


def test_a_misspelt_variable_is_refused_with_the_right_one() -> None:
    assert "did you mean bench_depths?" in mistakes(bench_depth=5)


def test_an_old_name_is_refused_with_the_new_one() -> None:
    assert mistakes(bench_baseline=True) == (
        "bench_baseline is an old name; the variable is called bench_path_capacity now."
    )
    assert set(RENAMED.values()) <= SEED_PLAN.keys()
    assert current_names({"bench_baseline": False, "bench_port": 1}) == {
        "bench_path_capacity": False, "bench_port": 1,
    }  # fmt: skip


def test_all_mistakes_are_reported_at_once() -> None:
    given = {"bench_depths": 0, "bench_frameworks": "nothing-like-it", "bench_prot": 80}
    with pytest.raises(PlanError) as caught:
        plan_run(given, Inventory([], [], {}), PROJECT)
    assert caught.value.sentences[:2] == [
        "bench_prot is not a variable of this project; did you mean bench_port?",
        "bench_depths is 0; it must be whole numbers from 1 to 1024, for example 5 or 1,5,16.",
    ]
    text = str(caught.value)
    assert "'nothing-like-it', which does not exist; choose from aiohttp, " in text
    assert "no host in the group servers" in text
    assert "no host in the group loadgens" in text


def test_a_wrong_variable_is_not_reported_again_by_what_depends_on_it() -> None:
    assert mistakes(bench_threads=0, bench_connections=3).count("\n") == 0
    with pytest.raises(PlanError) as caught:
        planned(bench_framework_dirs=5, bench_frameworks="mine")
    assert len(caught.value.sentences) == 1


def test_a_run_does_not_overwrite_another(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    given = {"bench_results_dir": str(tmp_path), "bench_run_id": "mine"}
    with pytest.raises(PlanError, match="exists already"):
        planned(**given)


def test_a_full_disk_is_refused(tmp_path: Path) -> None:
    (sentence,) = results_mistakes(tmp_path / "a" / "b", least_free=2**60)
    assert sentence.startswith(f"{tmp_path} has ")
    assert sentence.endswith("MiB free; the results require at least 1099511627776 MiB.")
    assert results_mistakes(tmp_path / "a" / "b", least_free=1) == []


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
    testbeds = find_testbeds(Inventory(["s1", "s2"], ["g2", "g1"], hosts), 8080)
    assert [(one.server, one.generators, one.address) for one in testbeds] == [
        ("s1", ["g1"], "198.18.0.1"),
        ("s2", ["g2"], "198.18.9.2"),
    ]


def test_a_testbed_knows_its_kind_of_machine() -> None:
    hosts = HOSTS | {"s": HOSTS["s"] | {"bench_machine": "c7i.large"}}
    (testbed,) = find_testbeds(Inventory(["s"], ["g"], hosts), 8080)
    assert testbed.machine == "c7i.large"
    (testbed,) = find_testbeds(Inventory(["s"], ["g"], HOSTS), 8080)
    assert testbed.machine is None


def test_a_base_testbed_that_does_not_exist_is_named_with_those_that_do() -> None:
    testbeds = find_testbeds(Inventory(["s"], ["g"], HOSTS), 8080)
    assert base_mistakes(None, testbeds) == base_mistakes("main", testbeds) == []
    (sentence,) = base_mistakes("other", testbeds)
    assert "'other'" in sentence
    assert "use main" in sentence


@pytest.mark.parametrize(
    ("servers", "loadgens", "hosts", "sentence"),
    [
        (["s"], [], HOSTS, "no host in the group loadgens"),
        (["s"], ["s"], HOSTS, "s is in both groups"),
        (
            ["s"],
            ["g"],
            {"s": HOSTS["s"], "g": HOSTS["s"]},
            "have the same address .*must be different hosts",
        ),
        (
            ["s"],
            ["g"],
            {
                "s": BEHIND_NAT | {"ansible_port": 2222},
                "g": {"ansible_ssh_host": "192.0.2.7", "ansible_ssh_port": "2222"},
            },
            "g and s have the same address .192.0.2.7.; .*must be different hosts",
        ),
        (
            ["s"],
            ["g"],
            {"s": {"ansible_host": "192.0.2.7", "ansible_port": 2222}, "g": BEHIND_NAT},
            "s and g are behind one address .192.0.2.7., .* set bench_address of s to the address",
        ),
        (
            ["me@192.0.2.1"],
            ["g"],
            {"me@192.0.2.1": {}, "g": {"ansible_host": "you@192.0.2.2"}},
            (
                "(?s)'me@192.0.2.1' has a user in it; write 192.0.2.1 with ansible_user=me[.]\n"
                "g: 'you@192.0.2.2' has a user in it; write 192.0.2.2 with ansible_user=you[.]\\Z"
            ),
        ),
        (["s", "g"], ["s"], HOSTS, "in both groups, servers and loadgens"),
        (["s"], ["g"], HOSTS | {"g": {"bench_testbed": "b"}}, "that testbed has no server"),
        (["s"], ["g"], HOSTS | {"s": {"bench_testbed": "A B"}}, "must be a name of a-z, 0-9"),
        (["s"], ["g"], HOSTS | {"s": {"bench_address": "no.such.invalid"}}, "set bench_address"),
        (["s"], ["g"], HOSTS | {"s": {"bench_machine": "a b"}}, "name of a kind of machine"),
    ],
)
def test_an_inventory_that_cannot_work_is_refused(
    servers: list[str], loadgens: list[str], hosts: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(PlanError, match=sentence):
        find_testbeds(Inventory(servers, loadgens, hosts), 8080)


def test_hosts_behind_one_address_are_different_ones_by_their_ports() -> None:
    hosts = {
        "s": BEHIND_NAT | {"ansible_port": 2222, "bench_address": "198.18.0.1"},
        "g": BEHIND_NAT | {"ansible_port": 2200},
    }
    (testbed,) = find_testbeds(Inventory(["s"], ["g"], hosts), 8080)
    assert testbed.address == "198.18.0.1"


@pytest.mark.parametrize(
    ("generators", "connections", "threads", "sentence"),
    [
        (2, 200, None, None),
        (2, 200, 10, None),
        (3, 200, None, "load generators of the testbed 'main' cannot share equally; use 198 or"),
        (3, 200, 10, "with 10 threads each cannot share equally; use 180 or 210."),
        (3, 2, None, "has 3 load generators, more than the 2 of bench_connections; use 3."),
    ],
)  # fmt: skip
def test_several_generators_share_the_connections(
    generators: int, connections: int, threads: int | None, sentence: str | None
) -> None:
    names = [f"g{number}" for number in range(generators)]
    hosts = {"s": HOSTS["s"]} | {name: {"ansible_host": name} for name in names}
    given = {"bench_connections": connections, "bench_threads": threads or "auto"}
    inventory = Inventory(["s"], names, hosts)
    if sentence is None:
        run = plan_run(given, inventory, PROJECT)
        assert run.testbeds[0].generators == names
        return
    with pytest.raises(PlanError, match=re.escape(sentence)):
        plan_run(given, inventory, PROJECT)


def test_threads_divide_the_share_of_each_generator() -> None:
    hosts = {"s": HOSTS["s"], "g": {"ansible_host": "g"}, "h": {"ansible_host": "h"}}
    given = {"bench_threads": "auto", "bench_connections": 200}
    run = plan_run(given, Inventory(["s"], ["g", "h"], hosts), PROJECT)
    assert resolve(run, {"s": 4, "g": 8, "h": 16}).testbeds[0].threads == 5  # of 100 connections


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
        ("", "is not a mapping"),
        ("title: [", "cannot be read"),
        (GOOD.replace("title: Mine", "note: x"), "title is missing"),
        (GOOD + "    pythn: '3.13'\n", "'pythn' is not a known key; did you mean python?"),
        (
            GOOD.replace("runtime: python", "runtime: ruby"),
            "'ruby'; it must be debian, go or python",
        ),
        (GOOD + "    role: floor\n", "role is 'floor'; it must be ceiling or framework"),
        (GOOD + "    python: 3.13\n", "in quotes if it is a number"),
        (GOOD.replace("runtime: python", "runtime: debian"), "has no packages; runtime debian"),
        (GOOD + "    packages: nginx\n", "packages is 'nginx'; it must be a list of Debian packa"),
        (GOOD + "    packages: [nginx, -y]\n", "packages is .*-y.*; it must be a list"),
        (GOOD + "    build: gcc\n", "build is 'gcc'; it must be a list of Debian packages"),
        (GOOD + "    build: [--force]\n", "it must be a list of Debian packages"),
        (GOOD + "    build: [1]\n", "it must be a list of Debian packages"),
        (GOOD + "    build: [gcc]\n", "requires a file requirements-build.txt"),
    ],
)
def test_a_wrong_framework_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(PlanError, match=sentence):
        read_framework(framework_folder(tmp_path, text))


def test_what_debian_has_is_named_by_its_packages(tmp_path: Path) -> None:
    text = GOOD.replace("runtime: python", "runtime: debian") + "    packages: [nginx]\n"
    assert read_framework(framework_folder(tmp_path, text)).packages == ["nginx"]
    assert read_framework(framework_folder(tmp_path, GOOD, "other")).packages == []


def test_a_framework_may_be_built_from_sources(tmp_path: Path) -> None:
    folder = framework_folder(tmp_path, GOOD + "    build: [gcc, libc6-dev]\n")
    (folder / "requirements-build.txt").write_text("")
    assert read_framework(folder).build == ["gcc", "libc6-dev"]


def test_all_mistakes_of_all_frameworks_are_reported_at_once(tmp_path: Path) -> None:
    framework_folder(tmp_path, GOOD.replace("stack: current", "stack: 2017"), "right")
    framework_folder(tmp_path, "title: 5\nruntime: ruby\n", "wrong")
    framework_folder(tmp_path, GOOD, "-not")
    with pytest.raises(PlanError) as caught:
        find_frameworks([str(tmp_path), "nowhere"], ROOT)
    starts = [f"{tmp_path}/-not must have a name of a-z", "title is", "runtime is", "stack is"]
    starts += ["language is missing", "'nowhere', which is not a folder"]
    assert len(caught.value.sentences) == len(starts)
    assert all(any(start in one for one in caught.value.sentences) for start in starts)


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
    parts: dict[str, Any] = {
        "title": "", "language": "", "runtime": "go", "path": "", "digest": "",
    }  # fmt: skip
    named: list[tuple[str, str, Literal["framework", "ceiling"]]] = [
        ("new", "current", "framework"), ("old", "2017", "framework"),
        ("top", "current", "ceiling"),
    ]  # fmt: skip
    available = {
        name: PlannedFramework(stack=stack, role=role, **parts) for name, stack, role in named
    }
    assert list(choose_frameworks([], available)) == ["new"]
    assert list(choose_frameworks(["old", "top"], available)) == ["old", "top"]


@pytest.mark.parametrize("value", ["h2load", [], ["wrk", "ab"], "wrk,wrk"])
def test_only_tools_that_are_known_beside_wrk_are_taken(value: Any) -> None:
    assert "bench_tools is" in mistakes(bench_tools=value)


@pytest.mark.parametrize("value", [0, 1, "0.0", -0.5, 1.5, "most", True, [0.6], "nan"])
def test_a_rate_share_is_between_0_and_1(value: Any) -> None:
    assert "bench_rate_share is" in mistakes(bench_tools="wrk,h2load", bench_rate_share=value)


def test_a_rate_share_comes_from_the_command_line_too_and_needs_h2load() -> None:
    variables = right(bench_tools="wrk,h2load", bench_rate_share="0.6")
    assert (variables.tools, variables.rate_share) == (["wrk", "h2load"], 0.6)
    assert "requires h2load" in mistakes(bench_rate_share=0.6)


@pytest.mark.parametrize("value", [0, 1025, "many", True, [2], 1.5], ids=repr)
def test_threads_are_a_number_or_auto(value: Any) -> None:
    text = mistakes(bench_threads=value)
    assert f"bench_threads is {value!r}; it must be a whole number from 1 to 1024, or auto" in text


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
    assert run.testbeds[0].threads is None
    settled = resolve(run, {"s": 2, "g": 4})
    assert settled.testbeds[0].threads == settled.variables.threads == 4


def test_threads_that_are_given_are_those_of_any_generator() -> None:
    run = planned()
    assert resolve(run, {"s": 2, "g": 2}) == run


def test_generators_that_differ_have_threads_of_their_own() -> None:
    hosts = {
        "s": {"ansible_host": "198.18.0.1"},
        "g": {"ansible_host": "198.18.0.2"},
        "s2": {"ansible_host": "198.18.0.3", "bench_testbed": "b"},
        "g2": {"ansible_host": "198.18.0.4", "bench_testbed": "b"},
    }
    two = Inventory(["s", "s2"], ["g", "g2"], hosts)
    run = plan_run({"bench_threads": "auto"}, two, PROJECT)
    settled = resolve(run, {"s": 2, "g": 2, "s2": 4, "g2": 8})
    assert [testbed.threads for testbed in settled.testbeds] == [2, 8]
    assert settled.variables.threads == "auto"


def test_all_workers_are_the_cpus_of_each_server() -> None:
    hosts = {
        "s": {"ansible_host": "198.18.0.1"},
        "g": {"ansible_host": "198.18.0.2"},
        "s2": {"ansible_host": "198.18.0.3", "bench_testbed": "b"},
        "g2": {"ansible_host": "198.18.0.4", "bench_testbed": "b"},
    }
    given = {"bench_workers": "1,all", "bench_frameworks": "aiohttp", "bench_controls": False}
    run = plan_run(given, Inventory(["s", "s2"], ["g", "g2"], hosts), PROJECT)
    assert {cell.workers for cell in run.rounds[0]} == {1, ALL}
    run = RunPlan.from_fact(resolve(run, {"s": 16, "g": 2, "s2": 32, "g2": 2}).to_fact())
    assert [testbed.worker_count(ALL) for testbed in run.testbeds] == [16, 32]
    assert [testbed.worker_count(1) for testbed in run.testbeds] == [1, 1]


@pytest.mark.parametrize(
    ("cpus", "said"),
    [
        (12, ""),
        (13, "200 connections are 15.4 for each of the 13 workers on the testbed main."),
        (1, ""),
    ],
)
def test_few_connections_for_each_worker_are_said_beforehand(cpus: int, said: str) -> None:
    run = resolve(planned(bench_workers="1,all"), {"s": cpus, "g": 2})
    assert few_connections_text(run).startswith(said)
    assert bool(few_connections_text(run)) == bool(said)
    if said:
        assert few_connections_text(run).endswith("use bench_connections of at least 208.")


def test_all_workers_leave_the_cpus_for_interrupts() -> None:
    run = planned(bench_workers="all", bench_interrupt_cpus=2)
    assert resolve(run, {"s": 8, "g": 2}).testbeds[0].worker_count(ALL) == 6


def test_a_server_without_a_cpu_beside_those_for_interrupts_is_refused() -> None:
    sentence = "bench_interrupt_cpus is 2, and s has 2 CPUs; it must be less than that."
    with pytest.raises(PlanError, match=sentence):
        resolve(planned(bench_interrupt_cpus=2), {"s": 2, "g": 2})


def test_that_all_is_one_worker_is_said_beforehand() -> None:
    both = planned(bench_workers="1,all")
    assert single_worker_text(resolve(both, {"s": 1, "g": 2})) == (
        "The server of the testbed main has 1 CPU: `all` is one worker there, so each of its cells "
        "is measured twice."
    )
    assert single_worker_text(resolve(both, {"s": 2, "g": 2})) == ""
    assert single_worker_text(resolve(planned(bench_workers="all"), {"s": 1, "g": 2})) == ""


@pytest.mark.parametrize("value", [0, 1025, "some", "1,every", [1, "all", "all"], True])
def test_a_wrong_number_of_workers_is_refused_by_name(value: Any) -> None:
    assert f"bench_workers is {value!r}; it must" in mistakes(bench_workers=value)


PLANS = sorted((ROOT / "plans").glob("*.yml"))


@pytest.mark.parametrize("path", PLANS, ids=[path.stem for path in PLANS])
def test_every_plan_can_be_run(path: Path) -> None:
    plan = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert planned(**plan).rounds[0]


@pytest.mark.parametrize(
    ("name", "cells", "longest"),
    [("quick", 8, 120), ("depths", 56, 3600), ("sweep", 224, 2.5 * 3600)],
)
def test_a_plan_takes_as_long_as_it_says(name: str, cells: int, longest: float) -> None:
    plan = yaml.safe_load((ROOT / "plans" / f"{name}.yml").read_text(encoding="utf-8"))
    six = ["aiohttp", "fasthttp", "japronto", "sanic", "tornado", "uvloop-httptools"]
    run = planned(**{"bench_frameworks": six} | plan)
    assert len(run.rounds[0]) == cells
    assert estimate_s(run) < longest


def test_the_controls_are_in_every_round() -> None:
    run = planned(bench_frameworks="aiohttp,uvloop-httptools")
    names = ["aiohttp", "ceiling", "uvloop-httptools", "uvloop-httptools@again"]
    assert all(sorted(cell.framework for cell in one) == names for one in run.rounds)
    again = run.frameworks["uvloop-httptools@again"]
    assert again.control_of == "uvloop-httptools"
    assert again.path == run.frameworks["uvloop-httptools"].path
    assert run.frameworks["ceiling"].role == "ceiling"
    # what one would give to reproduce it
    assert run.variables.frameworks == ["aiohttp", "uvloop-httptools"]
    assert run.variables.reference == "uvloop-httptools"


def test_the_reference_is_of_the_run() -> None:
    run = planned(bench_frameworks="tornado,aiohttp", bench_reference="aiohttp")
    assert list(run.frameworks) == ["tornado", "aiohttp", "ceiling", "aiohttp@again"]
    run = planned(bench_frameworks="tornado,aiohttp")
    assert run.variables.reference == "tornado"
    with pytest.raises(PlanError, match="bench_reference is 'sanic'; it must be one of this run"):
        planned(bench_frameworks="tornado,aiohttp", bench_reference="sanic")


def test_a_ceiling_that_is_named_is_measured_once_and_is_no_reference() -> None:
    run = planned(bench_frameworks="ceiling")
    assert list(run.frameworks) == ["ceiling"]
    assert run.variables.reference is None


@pytest.mark.parametrize("off", [False, "false", "no"])
def test_without_controls_there_are_the_frameworks_alone(off: Any) -> None:
    run = planned(bench_frameworks="tornado,aiohttp", bench_controls=off)
    assert list(run.frameworks) == ["tornado", "aiohttp"]
    assert run.variables.controls is False


def test_the_ceiling_is_there_where_frameworks_are_elsewhere(tmp_path: Path) -> None:
    framework_folder(tmp_path, GOOD)
    run = planned(bench_framework_dirs=[str(tmp_path)])  # and all of those are wanted
    assert list(run.frameworks) == ["mine", "ceiling", "mine@again"]


def test_a_framework_that_is_called_like_a_control_is_refused(tmp_path: Path) -> None:
    for name in ("mine", "mine-again"):
        framework_folder(tmp_path, GOOD, name)
    with pytest.raises(PlanError, match="mine-again has the name that mine@again has in older"):
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
    assert msgspec.to_builtins(right(bench_rounds=value))["bench_rounds"] == read


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (0, "it must be a whole number from 1 to 1000, or {min: 6, max: 20, until"),
        ("{min", "it must be a whole number from 1 to 1000, or {min: 6, max: 20, until"),
        ({"min": 6, "max": 20}, "have the keys min, max and until_relative_width, and no other"),
        (EXTENDED | {"more": 1}, "have the keys min, max and until_relative_width, and no other"),
        (EXTENDED | {"min": 5}, "its min must be a whole number from 6 to 1000 (fewer give no 95"),
        (EXTENDED | {"max": 7, "min": 8}, "its max must not be below its min, 8"),
        (EXTENDED | {"max": 5}, "its max must be a whole number from 6 to 1000"),
        (EXTENDED | {"until_relative_width": 0}, "a number above 0 and below 1"),
        (EXTENDED | {"until_relative_width": True}, "a number above 0 and below 1"),
        (EXTENDED | {"until_relative_width": "narrow"}, "a number above 0 and below 1"),
    ],
    ids=repr,
)
def test_wrong_rounds_are_refused_with_what_is_right(value: Any, sentence: str) -> None:
    text = mistakes(bench_rounds=value)
    assert text.startswith(f"bench_rounds is {value!r}; it")
    assert sentence in text


def test_the_schedule_has_as_many_rounds_as_there_may_be() -> None:
    assert len(planned(bench_rounds=EXTENDED).rounds) == 20


class Tagged(str):
    """A text that knows more than its letters, as those of Ansible know where they come from."""

    __slots__ = ()


def tagged(value: Any) -> Any:
    if isinstance(value, dict):
        return {tagged(key): tagged(item) for key, item in value.items()}
    if isinstance(value, list):
        return [tagged(item) for item in value]
    return Tagged(value) if isinstance(value, str) else value


def test_the_plan_that_ansible_hands_on_is_the_plan() -> None:
    run = plan_run(tagged({"bench_frameworks": "aiohttp", "bench_rounds": EXTENDED}), INVENTORY,
                   PROJECT)  # fmt: skip
    fact = run.to_fact()
    assert json.loads(json.dumps(fact)) == fact
    assert fact["variables"]["bench_rounds"] == EXTENDED
    assert fact["variables"].keys() == SEED_PLAN.keys()
    assert "control_of" not in fact["frameworks"]["aiohttp"]
    assert fact["frameworks"]["aiohttp"]["python"] is None
    assert RunPlan.from_fact(tagged(fact)) == run
    assert isinstance(RunPlan.from_fact(tagged(fact)).variables.rounds, ExtendedRounds)


def test_the_state_of_the_project_is_noted() -> None:
    project = read_project(["/x/ansible-playbook", f"{ROOT}/bench.yml", "-e", "a=b"])
    assert project.command == ["ansible-playbook", "bench.yml", "-e", "a=b"]
    assert project.version


def test_a_folder_that_is_not_a_repository_has_no_commit(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1"\n')
    project = read_project(["x"], tmp_path)
    assert (project.version, project.commit, project.dirty) == ("1", None, False)


@pytest.mark.parametrize(
    ("tags", "skipped", "measures"),
    [
        (["all"], [], True),
        (["measure"], [], True),
        (["provision", "measure"], [], True),
        (["provision"], [], False),
        (["all"], ["probe"], True),
        (["all"], ["measure"], False),
    ],
)
def test_phases_are_chosen_by_tags(tags: list[str], skipped: list[str], measures: bool) -> None:
    assert is_run(MEASURE, tags, skipped) is measures


def test_generators_of_different_architectures_are_said() -> None:
    hosts = {"s": HOSTS["s"], "g": {"ansible_host": "g"}, "h": {"ansible_host": "h"}}
    run = plan_run({}, Inventory(["s"], ["g", "h"], hosts), PROJECT)
    assert unequal_generators_text(run, {"g": "x86_64", "h": "x86_64"}) == ""
    text = unequal_generators_text(run, {"g": "x86_64", "h": "aarch64"})
    assert "testbed main have different architectures (aarch64, x86_64)" in text


def test_a_generator_with_one_cpu_is_named_beforehand() -> None:
    run = planned()
    assert small_generators_text(run, {"g": 2}) == ""
    text = small_generators_text(run, {"g": 1})
    assert text.startswith("g has 1 CPU, so the load generator is the likely limit")
    assert "limited_by: generator" in text


@pytest.mark.parametrize(
    "typed",
    [
        "ansible_become_password=hunter2",
        "ansible_become_password=hun,ter2",
        "a=1 ansible_password='hun ter2' b=2",
        "ansible_password='hun'\"ter\"2",
        'ansible_password="hun\\"ter2"',
        '{"ansible_ssh_pass": "hunter2", "b": 1}',
        '{"ansible_ssh_pass": ["hunter2", "x"]}',
        "{ansible_password: hun ter2, b: 1}",
        "ansible_password: |\n  hunter2",
        "--extra-vars=hcloud_token=hunter2",
        "hcloud_token = hunter2",
        "DB_PWD=hunter2",
        "https_proxy=http://me:hunter2@192.0.2.1:3128",
        "{server_environment: {HTTPS_PROXY: 'http://me:hunter2@proxy'}}",
        "server_environment={'UV_DEFAULT_INDEX': 'https://hunter2@index.example/simple'}",
        "proxy=me:hunter2@proxy:3128",
        "proxy=http://me:hun@ter2@proxy:3128",
        "proxy=socks5h://me:hunter2@[2001:db8::1]:1080",
    ],
)
def test_an_argument_that_may_hold_a_secret_is_not_recorded(typed: str) -> None:
    assert read_project(["ansible-playbook", "-e", typed]).command[1:] == ["-e", "NOT-RECORDED"]


@pytest.mark.parametrize(
    "typed",
    [
        "bench_depths=1,5",
        "ansible_ssh_private_key_file=~/.ssh/id",
        "@plans/quick.yml",
        "cpu_passthrough=1",
        "ansible_user=me ansible_host=192.0.2.1",
        "{bench_rounds: {min: 3, max: 9}, at: me@host}",
        "https_proxy=http://192.0.2.1:3128",
        "bench_framework_dirs=/home/me@work/x",
    ],
)
def test_any_other_argument_is_recorded_as_it_was_typed(typed: str) -> None:
    assert read_project(["ansible-playbook", "-e", typed]).command[-1] == typed


def test_credentials_that_an_installer_prints_are_not_recorded() -> None:
    log = "error: Failed to fetch: `https://me:hunter2@index.example/simple/`\n  proxy u:p@h:1"
    kept = deployment({"reason": "https://t0ken@index.example is not reachable", "log": log})
    assert kept.reason == "https://NOT-RECORDED@index.example is not reachable"
    assert kept.log == (
        "error: Failed to fetch: `https://NOT-RECORDED@index.example/simple/`\n"
        "  proxy NOT-RECORDED@h:1"
    )


def test_an_old_stack_is_not_served_to_everybody_unless_that_is_asked_for() -> None:
    public = INVENTORY._replace(hostvars={"s": {"bench_address": "203.0.114.9"}, "g": {}})
    old = {"bench_frameworks": "aiohttp@2017", "bench_controls": False}
    assert plan_run(old, INVENTORY, PROJECT)
    with pytest.raises(PlanError, match=r"s would serve aiohttp@2017, .* of 2017 .* 203\.0\.114"):
        plan_run(old, public, PROJECT)
    assert plan_run(old | {"bench_old_stacks_in_public": "true"}, public, PROJECT)
    with pytest.raises(PlanError, match="bench_old_stacks_in_public is 'x'; it must be true or"):
        plan_run(old | {"bench_old_stacks_in_public": "x"}, public, PROJECT)
    assert plan_run({"bench_frameworks": "aiohttp", "bench_controls": False}, public, PROJECT)


def through(**of_server: Any) -> list[str]:
    """Which hosts are provisioned through the controller, if the server has these variables."""
    return hosts_via_controller(INVENTORY._replace(hostvars=HOSTS | {"s": of_server}))


@pytest.mark.parametrize("value", [True, "true", "yes"])
def test_a_host_may_have_its_way_out_through_the_controller(value: Any) -> None:
    assert through(bench_via_controller=value) == ["s"]
    assert through(bench_via_controller="false") == through() == []


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"bench_via_controller": "maybe"}, "s: bench_via_controller is 'maybe'; it must be true"),
        (
            {"bench_via_controller": True, "ansible_connection": "local"},
            "s: ansible_connection is 'local'; bench_via_controller requires ssh.",
        ),
        (
            {"bench_via_controller": True, "server_environment": {"HTTPS_PROXY": "http://x"}},
            "s: server_environment has HTTPS_PROXY, and bench_via_controller is true; only one",
        ),
    ],
)
def test_a_way_out_that_cannot_work_is_refused(variables: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PlanError) as refused:
        through(**variables)
    assert str(refused.value).startswith(sentence)

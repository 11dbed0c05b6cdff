"""The table of what is varied: whatever has factors has those of the table, and no other list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipebench.documents.declared import fields_of
from pipebench.plan.variables import FRAMEWORK_NAME, PREFIX, Variables
from pipebench.record import schema
from pipebench.record.factors import (
    ALL,
    FACTORS,
    GROUP,
    LOAD,
    PLACE,
    Cell,
    FactorValue,
    PlannedCell,
    ServerFactors,
    factors_in,
    group_of,
    in_order,
    order,
    place_of,
)
from pipebench.record.names import FOLDER_PATTERN, VARIANT_PATTERN
from pipebench.record.schema import ProbeRecord, Record
from pipebench.record.store import BETWEEN, crosscheck_file, probe_file, raw_file
from pipebench.run.cells import in_words, labels, several
from pipebench.tools import tools
from tests.commands import ROOT
from tests.unit.pipebench.factory import record, typed

ONE = Cell(testbed="main", framework="one", workers=1, depth=5, connections=200)
SEED = yaml.safe_load((ROOT / "plans" / "seed.yml").read_text(encoding="utf-8"))


def names(factors: Sequence[Any]) -> list[str]:
    return [factor.name for factor in factors]


def test_the_table_has_every_field_of_a_cell_once() -> None:
    assert sorted(names(FACTORS)) == sorted(Cell.__struct_fields__)
    assert names(FACTORS)[0] == "testbed"
    assert names(GROUP) == [name for name in names(FACTORS) if name != "framework"]
    assert names(PLACE) == names(GROUP)[1:]
    assert names(factors_in(ServerFactors)) + names(LOAD) == names(FACTORS)[1:]


def test_letters_tell_values_apart_and_framework_and_testbed_have_none() -> None:
    letters = [factor.letter for factor in PLACE]
    assert all(re.fullmatch("[a-z]", letter) for letter in letters)
    assert len(set(letters)) == len(letters)
    assert [factor.name for factor in FACTORS if not factor.letter] == ["testbed", "framework"]


@pytest.mark.parametrize("factor", PLACE, ids=lambda factor: factor.name)
def test_a_plan_has_a_list_of_each_factors_values_with_the_usual_one_as_its_default(
    factor: Any,
) -> None:
    assert f"{PREFIX}{factor.variable}" in fields_of(Variables)
    assert factor.usual in SEED[f"{PREFIX}{factor.variable}"]


def test_what_an_older_record_lacks_has_its_usual_value() -> None:
    described = msgspec.inspect.type_info(Cell)
    assert isinstance(described, msgspec.inspect.StructType)
    of_every_record = {"testbed", "framework", "workers", "depth", "connections"}
    assert {one.name for one in described.fields if one.required} == of_every_record
    usual = {factor.name: factor.usual for factor in FACTORS}
    assert all(one.default == usual[one.name] for one in described.fields if not one.required)


def test_every_document_with_a_version_is_checked_for_it() -> None:
    documents = [
        one
        for one in vars(schema).values()
        if isinstance(one, type)
        and issubclass(one, msgspec.Struct)
        and {"schema_version", "run_id"} <= set(one.__struct_fields__)
    ]
    assert Record in documents
    assert [one for one in documents if not issubclass(one, schema.Versioned)] == []


def test_numbers_are_in_order_and_all_is_after_them() -> None:
    values: list[FactorValue] = [ALL, 16, 1, ALL, 2, 1024]
    assert sorted(values, key=in_order) == [1, 2, 16, 1024, ALL, ALL]
    cells = [msgspec.structs.replace(ONE, workers=number) for number in (ALL, 16, 2)]
    assert [cell.workers for cell in sorted(cells, key=order)] == [2, 16, ALL]


@pytest.mark.parametrize("workers", [1, 16, "all"])
def test_workers_are_on_disk_as_a_plan_has_them(workers: Any) -> None:
    made = typed(record(workers=workers, worker_count=16), Record)
    assert made.workers == workers
    assert type(made.workers) is type(workers)
    assert msgspec.json.decode(msgspec.json.encode(made))["workers"] == workers
    assert raw_file(made).endswith(f"_w{workers}_d5_c200.json.gz")


def test_a_cell_is_told_from_others_by_what_differs() -> None:
    deeper = msgspec.structs.replace(ONE, workers=ALL, depth=16)
    assert names(several([ONE, deeper])) == ["workers", "depth"]
    assert labels([ONE, deeper])(deeper) == "all workers, depth 16"
    assert labels([ONE, msgspec.structs.replace(ONE, testbed="b")])(ONE) == "testbed main"
    single = msgspec.structs.replace(ONE, connections=1)
    assert in_words(single, PLACE) == "1 worker, depth 5, 1 connection"


def test_cells_of_one_group_differ_in_their_framework_only() -> None:
    other = msgspec.structs.replace(ONE, framework="two")
    elsewhere = msgspec.structs.replace(other, testbed="b")
    assert group_of(ONE) == group_of(other) != group_of(elsewhere)
    assert place_of(ONE) == place_of(elsewhere)
    planned = PlannedCell(framework="one", workers=1, depth=5, connections=200)
    assert planned.on("main") == ONE


NAME = st.from_regex(FRAMEWORK_NAME.removesuffix(r"\Z"), fullmatch=True)
FRAMEWORK = st.from_regex(rf"{FOLDER_PATTERN}(@{VARIANT_PATTERN})?", fullmatch=True)
"""All that testbeds and frameworks may be called."""
EXECUTION = st.fixed_dictionaries(
    {
        "testbed": NAME,
        "framework": FRAMEWORK,
        "workers": st.integers(1, 1024) | st.just(ALL),
        "depth": st.integers(1, 1024),
        "connections": st.integers(1, 65_536),
        "round": st.integers(1, 1000) | st.none(),
        "position": st.integers(1, 2000),
        "tool": st.sampled_from(sorted(tools())),
    }
)


@st.composite
def executions_alike(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Two whose names look like the parts of a file's name, and any others."""
    one, (first, middle, last) = draw(EXECUTION), draw(st.tuples(NAME, NAME, NAME))
    when = "rate" if one["round"] is None else f"r{one['round']:02}"
    between = f"-{when}-{one['position']:03}-"
    return [
        one | {"testbed": first, "framework": f"{middle}{between}{last}"},
        one | {"testbed": f"{first}{between}{middle}", "framework": last},
        *draw(st.lists(EXECUTION, max_size=4)),
    ]


def files_of(execution: dict[str, Any]) -> tuple[str, str, str]:
    made = typed(record(**execution), Record)
    probe = ProbeRecord(
        schema_version=2,
        run_id="r",
        deployment=made.deployment,
        **{name: execution[name] for name in ("testbed", "framework", "workers")},
    )
    return raw_file(made), crosscheck_file(made), probe_file(probe)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(executions_alike())
def test_two_executions_never_have_one_file(executions: list[dict[str, Any]]) -> None:
    def keys(execution: dict[str, Any]) -> tuple[object, object, object]:
        probed = [execution[name] for name in ("testbed", "framework", "workers")]
        raw = [execution[name] for name in ("depth", "connections", "round", "position")]
        return (*probed, *raw), (*probed, *raw, execution["tool"]), tuple(probed)

    for file, key in zip(
        zip(*map(files_of, executions), strict=True),
        zip(*map(keys, executions), strict=True),
        strict=True,
    ):
        assert len(set(file)) == len(set(key))


@pytest.mark.parametrize("pattern", [FRAMEWORK_NAME, FOLDER_PATTERN, VARIANT_PATTERN])
def test_no_name_has_what_stands_between_the_parts_of_a_files_name(pattern: str) -> None:
    assert not re.match(pattern, BETWEEN)
    assert not re.fullmatch(pattern.removesuffix(r"\Z"), f"a{BETWEEN}b")
    assert not any(BETWEEN in name for name in tools())

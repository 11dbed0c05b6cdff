"""The columns of testbeds.csv: a row per framework and kind of machine."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from pipebench.compare.machines import (
    ALL,
    COMPARED,
    CPU,
    MONEY,
    RATE,
    MachineFigure,
    MachineRow,
    ranking_of,
)
from pipebench.frame.typed import csv_text
from pipebench.record.factors import FACTORS
from pipebench.run.columns import RATIO_DECIMALS, Column, ColumnKind, Form, spread_columns
from pipebench.run.entries import Figure
from pipebench.run.identity import FOLDER, VARIANT, identity

IN_SUMMARY = "as in `summary.csv`"
ENDINGS = {RATE: "", CPU: "_cpu", MONEY: "_money"}


def _of_one(column: Column[MachineRow]) -> Column[MachineRow]:
    """Of all frameworks together there is no folder and no variant."""
    if column.name not in (FOLDER.name, VARIANT.name):
        return column
    return replace(column, value=lambda row: None if row.framework == ALL else column.value(row))


IDENTITY: list[Column[MachineRow]] = [
    Column(
        name="machine",
        value=lambda row: row.kind.name,
        explained="the kind of machine: `bench_machine` of the server, or else the testbed; with "
        "the CPU model if machines of one name differ in it",
    ),
    Column(
        name="base",
        value=lambda row: row.base.name,
        explained="the kind that it is compared with: that of `bench_base_testbed`",
    ),
    Column(
        name="testbeds",
        value=lambda row: " ".join(row.kind.testbeds),
        explained="its instances, by their names",
    ),
    *map(
        _of_one,
        identity(
            lambda row: row.cell,
            IN_SUMMARY,
            factors=[factor for factor in FACTORS if factor.name != "testbed"],
            other={
                "framework": f"{IN_SUMMARY}; `{ALL}`: all that are `ok` on every testbed, which "
                "have neither folder nor variant"
            },
        ),
    ),
    Column(
        name="frameworks",
        unit="frameworks",
        value=lambda row: row.frameworks,
        kind=ColumnKind.INTEGER,
        explained="that the row is made of",
    ),
    Column(
        name="outcome",
        value=lambda row: row.outcome.value if row.outcome else None,
        explained="the worst of its instances",
    ),
    Column(
        name="instances",
        unit="testbeds",
        value=lambda row: row.instances,
        kind=ColumnKind.INTEGER,
        explained="whose outcome is `ok`: only these have figures",
    ),
]


def _of_figure(figure: Figure) -> list[Column[MachineRow]]:
    def own(row: MachineRow) -> MachineFigure:
        return figure.in_row(row)

    ending, ranking = ENDINGS[figure], ranking_of(figure)
    value: Column[MachineRow] = Column(
        name=figure.name,
        unit=figure.unit,
        explained="the median of its instances, each with the median of its rounds"
        + ("; empty if prices are in several currencies" if figure is MONEY else ""),
        value=lambda row: own(row).value,
        kind=ColumnKind.NUMBER,
        decimals=figure.decimals,
        form=figure.form,
    )
    ratio: Column[MachineRow] = Column(
        name=f"ratio{ending}",
        unit="ratio",
        explained=f"of `{figure.name}` to the base's",
        value=lambda row: own(row).ratio.value,
        kind=ColumnKind.NUMBER,
        decimals=RATIO_DECIMALS,
        form=Form.RATIO,
    )
    return [
        value,
        _end(value, "least", lambda row: own(row).low),
        _end(value, "most", lambda row: own(row).high),
        *spread_columns(ratio, lambda row: own(row).ratio),
        Column(
            name=f"basis{ending}",
            explained="what the interval rests on: `ranks of the instances`, `normal spread of the "
            "instances` or `rounds of two machines`; or why there is none: `too few instances`, "
            "`too few rounds`. `no noise floor`: two machines without an A/A control that is `ok`, "
            "which have an interval and no verdict",
            value=lambda row: (
                own(row).basis.value if own(row).ratio.value and not row.is_base else None
            ),
        ),
        Column(
            name=f"verdict{ending}",
            explained=f"`{ranking.better}`, `{ranking.worse}` or `tied`; "
            "empty without an interval, and for the base",
            value=lambda row: verdict_words(figure, own(row)),
        ),
    ]


def _end(
    value: Column[MachineRow], name: str, end: Callable[[MachineRow], float | None]
) -> Column[MachineRow]:
    return Column(
        name=f"{value.name}_{name}",
        unit=value.unit,
        explained=f"the {name} of its instances",
        value=end,
        kind=value.kind,
        decimals=value.decimals,
        form=value.form,
    )


def verdict_words(figure: Figure, own: MachineFigure) -> str | None:
    """The verdict in the words of the figure."""
    return own.verdict.words(ranking_of(figure)) if own.verdict else None


COLUMNS = [*IDENTITY, *(column for figure in COMPARED for column in _of_figure(figure))]


def testbeds_csv(rows: Iterable[MachineRow]) -> str:
    """testbeds.csv."""
    return csv_text(COLUMNS, rows)

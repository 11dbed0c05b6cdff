"""The columns of compare.csv: a row per cell of either run, for each run except the base."""

from collections.abc import Callable, Iterable

from pipebench.compare.cells import COMPARED, ComparedCell, ComparedFigure
from pipebench.frame.typed import csv_text
from pipebench.run.columns import RATIO_DECIMALS, Column, ColumnKind, Form, ordered, spread_columns
from pipebench.run.entries import Figure, Ranking
from pipebench.run.identity import identity, names_of_columns

# ruff: noqa: SIM905 (columns are read better as words)
COMPARE_FIRST = [
    "base_run_id",
    "run_id",
    *names_of_columns("stack"),
    *"""
role
outcome_base outcome rounds_base rounds
requests_per_s_base requests_per_s ratio ratio_low ratio_high noise_floor verdict reason
ratio_to_ceiling ratio_to_ceiling_low ratio_to_ceiling_high verdict_to_ceiling
server_cpu_us_per_request_base server_cpu_us_per_request
ratio_cpu ratio_cpu_low ratio_cpu_high noise_floor_cpu verdict_cpu
batch_latency_p50_us_base batch_latency_p50_us ratio_p50 ratio_p50_low ratio_p50_high
batch_latency_p99_us_base batch_latency_p99_us ratio_p99 ratio_p99_low ratio_p99_high
differs
""".split(),
]
"""The order of the columns in the file. Columns that are not named here follow."""

FigureOf = Callable[[ComparedCell], ComparedFigure]

IN_SUMMARY = "as in `summary.csv`"
BY_THE_BASE = f"{IN_SUMMARY}; the base's if their names differ"
IDENTITY: list[Column[ComparedCell]] = [
    Column(name="base_run_id", value=lambda row: row.base_run_id, explained="the base"),
    Column(
        name="run_id",
        value=lambda row: row.run_id,
        explained="the run that is compared with it",
    ),
    *identity(
        lambda row: row.cell,
        IN_SUMMARY,
        other=dict.fromkeys(("testbed", "framework"), BY_THE_BASE),
    ),
    Column(name="stack", value=lambda row: row.stack, explained=IN_SUMMARY),
    Column(name="role", value=lambda row: row.role, explained=IN_SUMMARY),
    Column(
        name="outcome_base",
        value=lambda row: row.outcome_base.value if row.outcome_base else None,
        explained=f"{IN_SUMMARY}; empty if the base has no result of this cell",
    ),
    Column(
        name="outcome",
        value=lambda row: row.outcome.value if row.outcome else None,
        explained="of the run",
    ),
    Column(
        name="rounds_base",
        unit="rounds",
        value=lambda row: row.rounds_base,
        kind=ColumnKind.INTEGER,
        explained="that were `ok` or `degraded`",
    ),
    Column(
        name="rounds",
        unit="rounds",
        value=lambda row: row.rounds,
        kind=ColumnKind.INTEGER,
        explained="of the run",
    ),
]
DIFFERS: Column[ComparedCell] = Column(
    name="differs",
    value=lambda row: row.differs,
    explained="recorded values that differ between the runs: versions of this framework, then "
    "topics of plan, project and hosts; `compare.md` has the values",
)


def _of_figure(figure: Figure) -> list[Column[ComparedCell]]:
    columns: list[Column[ComparedCell]] = [
        _value(figure, f"{figure.name}_base", lambda row: figure.in_row(row).base),
        _value(figure, figure.name, lambda row: figure.in_row(row).other, "of the run"),
        *_ratio(figure.comparison_name("ratio"), figure.in_row, f"`{figure.name}`"),
    ]
    if figure.ranking:
        columns += [
            _noise_floor(figure, figure.comparison_name("noise_floor")),
            _verdict(figure.comparison_name("verdict"), figure.ranking, figure.in_row),
        ]
        if figure.ranking.ceiling:
            columns += _to_ceiling(figure, figure.ranking)
    return columns


def _value(
    figure: Figure, name: str, value: Callable[[ComparedCell], float | None], explained: str = ""
) -> Column[ComparedCell]:
    whole = "; empty, with its ratio, if a round of either run does not have it"
    over = figure.over_rounds.words if figure.over_rounds else ""
    return Column(
        name=name,
        unit=figure.unit,
        explained=explained or f"{over}, in the base{whole if figure.every_round else ''}",
        value=value,
        kind=ColumnKind.NUMBER,
        decimals=figure.decimals,
        form=figure.form,
    )


def _ratio(name: str, figure_of: FigureOf, explained: str) -> list[Column[ComparedCell]]:
    value: Column[ComparedCell] = Column(
        name=name,
        unit="ratio",
        explained=f"of {explained}: the median of all ratios of a round of the run to one of the "
        "base",
        value=lambda row: figure_of(row).ratio.value,
        kind=ColumnKind.NUMBER,
        decimals=RATIO_DECIMALS,
        form=Form.RATIO,
    )
    return spread_columns(value, lambda row: figure_of(row).ratio)


def _noise_floor(figure: Figure, name: str) -> Column[ComparedCell]:
    return Column(
        name=name,
        unit="share",
        explained="the larger of the two in `summary.csv`; empty if one has none",
        value=lambda row: figure.in_row(row).noise_floor,
        kind=ColumnKind.NUMBER,
        decimals=RATIO_DECIMALS,
    )


def _verdict(name: str, ranking: Ranking, figure_of: FigureOf) -> Column[ComparedCell]:
    return Column(
        name=name,
        explained=f"`{ranking.better}`, `{ranking.worse}`, `tied`, `too few rounds` or "
        "`not comparable`",
        value=lambda row: figure_of(row).words,
    )


def _to_ceiling(figure: Figure, ranking: Ranking) -> list[Column[ComparedCell]]:
    share = f"`{figure.name}` / the ceiling's in the same round (empty unless that is `ok` in both)"
    return [
        Column(
            name=figure.comparison_name("reason"),
            explained="why the verdict is `too few rounds` or `not comparable`",
            value=lambda row: figure.in_row(row).reason,
        ),
        *_ratio("ratio_to_ceiling", lambda row: row.to_ceiling, share),
        _verdict("verdict_to_ceiling", ranking, lambda row: row.to_ceiling),
    ]


COLUMNS = ordered(
    [*IDENTITY, *(column for figure in COMPARED for column in _of_figure(figure)), DIFFERS],
    COMPARE_FIRST,
)


def compare_csv(rows: Iterable[ComparedCell]) -> str:
    """compare.csv."""
    return csv_text(COLUMNS, rows)

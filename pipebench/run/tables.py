"""results.csv (a row a measurement) and summary.csv (a row a cell): which columns, in which order.

All are made from figures.py; docs/columns.md, generated from the same, describes them. What was not
measured is empty, never 0. Rates stand only if the outcome is ok or degraded, so that no failure is
a 0 in an average.
"""

from pipebench.documents.declared import listed
from pipebench.record.factors import GROUP
from pipebench.run.columns import (
    RATIO_DECIMALS,
    Column,
    ColumnKind,
    Form,
    Shown,
    ordered,
    spread_columns,
)
from pipebench.run.entries import Fact, Figure, Ranking
from pipebench.run.figures import CIRCUMSTANCES, FIGURES, IDENTITY, CellSummary
from pipebench.run.identity import names_of_columns
from pipebench.run.judge import JudgedMeasurement
from pipebench.stats.estimate import LEAST_ROUNDS

# ruff: noqa: SIM905 (columns are read better as words)
CELL = names_of_columns("stack")
"""Which cell it is, for people who read a file from the left."""
RESULTS_FIRST = [
    "run_id",
    *CELL,
    *"""
threads round outcome reason limited_by
requests duration_s requests_per_s
batch_latency_mean_us batch_latency_p50_us batch_latency_p75_us batch_latency_p90_us
batch_latency_p99_us batch_latency_max_us
bytes_read connect_errors read_errors write_errors status_errors timeout_errors
server_cpu_us_per_request server_cpu_cores server_rss_peak_bytes generator_cpu_cores
batches batch_slack busy position record server_other_cpu_cores limit noise steadiness
""".split(),
]
SUMMARY_FIRST = [
    "run_id",
    *CELL,
    *"""
outcome reason limited_by rounds
requests_per_s requests_per_s_low requests_per_s_high
relative relative_low relative_high share_of_ceiling batch_latency_p50_us batch_latency_p99_us
server_cpu_us_per_request server_cpu_cores server_rss_peak_bytes generator_cpu_cores
rounds_rated rounds_scheduled role rank verdict noise_floor
server_cpu_us_per_request_low server_cpu_us_per_request_high
relative_cpu relative_cpu_low relative_cpu_high rank_cpu verdict_cpu noise_floor_cpu limit noise
price_per_hour currency requests_per_money requests_per_s_per_core
""".split(),
]
"""The order that readers of the files know. Columns that are not named here follow."""
GROUP_NAMES = listed(factor.name for factor in GROUP)


def measurement_columns(entry: Fact[CellSummary] | Figure) -> list[Column[JudgedMeasurement]]:
    """The column of an entry in results.csv, if it has one."""
    value = entry.of_measurement if isinstance(entry, Fact) else entry.measured and entry.value_in
    if value is None:
        return []
    return [
        Column(
            name=entry.name,
            unit=entry.unit,
            explained=entry.explained,
            value=value,
            kind=entry.kind,
            decimals=entry.decimals,
            form=entry.form,
        )
    ]


def cell_columns(entry: Fact[CellSummary] | Figure) -> list[Column[CellSummary]]:
    """The columns of an entry in summary.csv, in the order in which a report shows them."""
    if isinstance(entry, Fact):
        return _fact(entry)
    if entry.over_rounds is None and entry.of_cell is None:
        return []
    own = spread_columns(_value(entry), lambda row: entry.in_row(row).spread)
    own = own if entry.interval else own[:1]
    ranking = entry.ranking
    if ranking is None:
        return own
    return [_rank(entry, ranking), *own, *_relative(entry, ranking), *_standing(entry, ranking)]


def _fact(fact: Fact[CellSummary]) -> list[Column[CellSummary]]:
    if fact.of_cell is None:
        return []
    return [
        Column(
            name=fact.name,
            unit=fact.unit,
            explained=fact.explained_of_cell,
            value=fact.of_cell,
            kind=fact.kind,
            decimals=fact.decimals,
            form=fact.form,
            shown=fact.shown,
            instead=fact.instead,
        )
    ]


def _value(figure: Figure) -> Column[CellSummary]:
    explained, kind = figure.explained, figure.kind
    if figure.over_rounds:
        explained = figure.over_rounds.words + figure.explained_over_rounds
        kind = figure.over_rounds.kind or kind
    return Column(
        name=figure.name,
        unit=figure.unit,
        explained=explained,
        value=lambda row: figure.in_row(row).value,
        kind=kind,
        decimals=figure.decimals,
        form=figure.form,
        shown=figure.shown,
    )


def _rank(figure: Figure, ranking: Ranking) -> Column[CellSummary]:
    return Column(
        name=figure.comparison_name("rank"),
        explained=f"group by `{figure.name}`, see [ranks](method.md#ranks); empty unless the "
        f"outcome is `ok`, below {LEAST_ROUNDS} rounds, and without a noise floor",
        value=lambda row: figure.in_row(row).rank,
        kind=ColumnKind.INTEGER,
        form=Form.COUNT,
        shown=ranking.rank,
        instead=lambda row: None if row.role == "framework" else row.role,
    )


def _relative(figure: Figure, ranking: Ranking) -> list[Column[CellSummary]]:
    value: Column[CellSummary] = Column(
        name=figure.comparison_name("relative"),
        unit="ratio",
        explained=f"median over rounds of `{figure.name}` by that of the {ranking.best} in the "
        f"same round. The {ranking.best}: of the same {GROUP_NAMES}, and "
        f"`ok`, the one with the {ranking.better_is} median; itself 1. The ceiling and the A/A "
        f"control are never the {ranking.best}. Empty if none is `ok`",
        value=lambda row: figure.in_row(row).relative.value,
        kind=ColumnKind.NUMBER,
        decimals=RATIO_DECIMALS,
        form=Form.RATIO,
        shown=ranking.relative,
    )
    bounds = f"its interval; the {ranking.best} has none"
    return spread_columns(value, lambda row: figure.in_row(row).relative, bounds)


def _standing(figure: Figure, ranking: Ranking) -> list[Column[CellSummary]]:
    columns: list[Column[CellSummary]] = [
        Column(
            name=figure.comparison_name("verdict"),
            explained=f"`{ranking.best}`: alone in rank 1; `tied`: in rank 1 with others; "
            f"`{ranking.worse}`: in a later rank; empty without a rank, or if nothing else has "
            "one. Of the control: `tied` if the interval of its ratio to the reference holds 1, "
            "else `differs`",
            value=lambda row: figure.in_row(row).verdict,
        ),
        Column(
            name=figure.comparison_name("noise_floor"),
            unit="share",
            explained="how far the same server under two names may seem from itself: of the "
            f"control's `{figure.name}` by the reference's, round by round, the bound of the "
            "interval that is farther from 1, as its distance or that of its inverse, whichever is "
            "larger. The same for all rows of a cell group; empty below "
            f"{LEAST_ROUNDS} rounds, or unless both are `ok`",
            value=lambda row: figure.in_row(row).noise_floor,
            kind=ColumnKind.NUMBER,
            decimals=RATIO_DECIMALS,
        ),
    ]
    if ranking.ceiling:
        columns.insert(0, _share_of_ceiling(figure, ranking.ceiling))
    return columns


def _share_of_ceiling(figure: Figure, shown: Shown) -> Column[CellSummary]:
    return Column(
        name=figure.comparison_name("share_of_ceiling"),
        unit="ratio",
        explained=f"median over rounds of `{figure.name}` by that of the ceiling server in the "
        "same round; empty if that was not measured, or has no rate. At 0.9 and above the "
        "generator or the path was measured, not the framework",
        value=lambda row: figure.in_row(row).share_of_ceiling,
        kind=ColumnKind.NUMBER,
        decimals=RATIO_DECIMALS,
        form=Form.RATIO,
        shown=shown,
    )


ENTRIES: list[Fact[CellSummary] | Figure] = [*IDENTITY, *FIGURES, *CIRCUMSTANCES]

RESULTS = ordered(
    (column for entry in ENTRIES for column in measurement_columns(entry)), RESULTS_FIRST
)
"""The columns of results.csv."""
SHOWN = [column for entry in ENTRIES for column in cell_columns(entry)]
"""The columns of a cell, in the order in which readers see those that they see."""
SUMMARY = ordered(SHOWN, SUMMARY_FIRST)
"""The same, as summary.csv has them."""

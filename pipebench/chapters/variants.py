"""Variants of a framework side by side: each relative to the plain one, within the round.

A framework has a table if the run measured it plain and in a variant. The A/A control is not one of
its variants: it differs in nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipebench.compare.cells import Verdict
from pipebench.frame.measured import MeasuredCells
from pipebench.record.factors import GROUP, group_of, order
from pipebench.record.names import OLD_NAMES, parts
from pipebench.record.run_record import Framework
from pipebench.rules.rule import Outcome
from pipebench.run.cells import several
from pipebench.run.entries import Figure, Ranking
from pipebench.run.figures import FIGURES, CellSummary
from pipebench.run.judge import JudgedRun
from pipebench.show import formats
from pipebench.show.cells_table import rate_or_outcome
from pipebench.show.table import FORMS, Field, Head, Table, factor_field, interval_of
from pipebench.stats.estimate import Estimate
from pipebench.stats.ranking import relation

HEADING = "Variants"
PLAIN = "plain"
RANKED = [(figure, figure.ranking) for figure in FIGURES if figure.ranking]


@dataclass(frozen=True, slots=True)
class PlainAndVariants:
    """One framework. title: of the plain one. installed: by variant, the versions that differ."""

    title: str
    table: Table
    installed: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class VariantsChapter:
    """The input of the template."""

    frameworks: list[PlainAndVariants]
    heading: str = HEADING

    @property
    def tables(self) -> list[Table]:
        """In the order of the page."""
        return [framework.table for framework in self.frameworks]


def chapter(judged_run: JudgedRun, rows: Sequence[CellSummary]) -> VariantsChapter | None:
    """The chapter; None if no framework was measured both plain and in a variant.

    rows: those of summary.csv.
    """
    names = list(judged_run.run.frameworks)
    by_folder: dict[str, list[CellSummary]] = {parts(name).folder: [] for name in names}
    for row in rows:
        if row.role == "framework":
            by_folder.setdefault(parts(row.cell.framework).folder, []).append(row)
    shown = []
    for own in by_folder.values():
        own.sort(key=lambda row: (order(row.cell, GROUP), _place(row, names)))
        variants = {parts(row.cell.framework).variant for row in own}
        if "" in variants and len(variants) > 1:
            shown.append(_shown(judged_run, own))
    return VariantsChapter(shown) if shown else None


def _place(row: CellSummary, names: list[str]) -> tuple[bool, int]:
    """The plain one first, then the variants in the order of the run."""
    name = row.cell.framework
    return bool(parts(name).variant), names.index(name) if name in names else len(names)


def _shown(judged_run: JudgedRun, rows: Sequence[CellSummary]) -> PlainAndVariants:
    """rows: of one folder, those of a cell group behind each other."""
    frameworks = judged_run.run.frameworks
    bases = _bases(rows)
    base = next(row for row in rows if not parts(row.cell.framework).variant)
    compared = frameworks.get(base.cell.framework)
    by_cell = judged_run.by_cell
    measured = MeasuredCells.of(
        [by_cell[row.cell] for row in rows], [figure for figure, _ in RANKED]
    )
    ratios = {
        figure: measured.rounds(figure).relative_to(bases).estimates() for figure, _ in RANKED
    }
    factors = several(row.cell for row in rows)
    heads = [
        Head("framework", name="framework"),
        Head("differs in"),
        *(Head(one.column, number=bool(one.unit), name=one.name) for one in factors),
    ]
    for figure, _ in RANKED:
        own = figure.shown.report or figure.name
        heads += [Head(text, number=True) for text in (own, "relative to plain")]
    names = dict.fromkeys(row.cell.framework for row in rows)
    return PlainAndVariants(
        title=base.title,
        table=Table(
            heads,
            [
                [
                    Field(row.cell.framework),
                    Field(_differs(frameworks.get(row.cell.framework), compared)),
                    *(factor_field(one, row.cell) for one in factors),
                    *_figures(
                        row,
                        rows[bases[place]] if place in bases else None,
                        {figure: own.of(place) for figure, own in ratios.items()},
                    ),
                ]
                for place, row in enumerate(rows)
            ],
        ),
        installed=[
            (name, versions)
            for name in names
            if (versions := _installed(frameworks.get(name), compared))
        ],
    )


def _bases(rows: Sequence[CellSummary]) -> dict[int, int]:
    """By the place of each variant, that of the plain one in its cell group."""
    plain = {
        group_of(row.cell): place
        for place, row in enumerate(rows)
        if not parts(row.cell.framework).variant
    }
    return {
        place: plain[group_of(row.cell)]
        for place, row in enumerate(rows)
        if parts(row.cell.framework).variant and group_of(row.cell) in plain
    }


def _figures(
    row: CellSummary, base: CellSummary | None, ratios: Mapping[Figure, Estimate]
) -> list[Field]:
    """Each ranked figure of a row, and its ratio to that of the plain one in the same round."""
    fields = []
    for figure, ranking in RANKED:
        ratio = ratios[figure]
        fields += [_value(figure, row), _ratio(ratio, _verdict(figure, ranking, row, base, ratio))]
    return fields


def _value(figure: Figure, row: CellSummary) -> Field:
    if figure is CellSummary.requests_per_s:
        return rate_or_outcome(row)
    value = figure.in_row(row).value
    return Field(FORMS[figure.form](value), value)


def _verdict(
    figure: Figure,
    ranking: Ranking,
    row: CellSummary,
    base: CellSummary | None,
    ratio: Estimate,
) -> str:
    """In the words of the figure; empty unless both are ok, and without a noise floor."""
    if base is None or not row.outcome == base.outcome == Outcome.OK:
        return ""
    seen = relation(ratio, figure.in_row(row).noise_floor)
    if seen is None:
        return ""
    verdict = Verdict.of(seen, ranking)
    words = verdict.words(ranking)
    return words if verdict == Verdict.TIED else f"**{words}**"


def _ratio(ratio: Estimate, verdict: str) -> Field:
    if ratio.value is None:
        return Field(formats.MISSING)
    return Field(formats.ratio(ratio.value), ratio.value, interval_of(ratio), verdict)


def _differs(variant: Framework | None, plain: Framework | None) -> str:
    """What was declared of a variant and not of the plain one; PLAIN of that itself."""
    if variant is plain or variant is None or plain is None:
        return PLAIN if variant is plain else ""
    declared = [
        variant.stack != plain.stack and f"stack {variant.stack}",
        variant.python and variant.python != plain.python and f"CPython {variant.python}",
        variant.loop != plain.loop and f"loop {variant.loop}",
        *(f"{name} {version}" for name, version in variant.overrides.items()),
        *(f"{name}={value}" for name, value in variant.env.items()),
        *(f"package {name}" for name in variant.packages if name not in plain.packages),
        variant.files != plain.files and "files",
        variant.name in OLD_NAMES and "files",  # it was a folder of its own
    ]
    return ", ".join(words for words in declared if words)


def _installed(variant: Framework | None, plain: Framework | None) -> str:
    """The versions of what both have installed, if they differ: tornado 4.4.2 (plain: 6.5.7)."""
    if variant is None or plain is None:
        return ""
    others = plain.installed
    return ", ".join(
        f"{package} {version} ({PLAIN}: {others[package]})"
        for package, version in variant.installed.items()
        if others.get(package, version) != version
    )

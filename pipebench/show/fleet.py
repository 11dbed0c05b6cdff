"""The machines of several runs compared, for readers: machines.md and .html, and the terminal."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from pipebench.compare.judged_side import JudgedSide
from pipebench.compare.machines import compare_machines_of
from pipebench.compare.provenance import Values, run_differences
from pipebench.run.cells import labels
from pipebench.show import formats, page
from pipebench.show.charts import draw
from pipebench.show.charts.chart import Data, looks
from pipebench.show.charts.drawer import SameProcess
from pipebench.show.charts.machines import machines as forest
from pipebench.show.charts.machines import price
from pipebench.show.claim import Claim
from pipebench.show.machines import chapter, points, table_of, terminal_table
from pipebench.show.templating import markdown_template

DIFFERENCES = "What differs between the runs"
MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class FleetReport:
    """files: texts by name. terminal: the table of kinds. problems: sentences.

    empty: whether no framework is ok on two kinds of machines, so that nothing is compared.
    """

    files: dict[str, str]
    terminal: str
    problems: list[str]
    empty: bool = False


def render(sides: Sequence[JudgedSide], drawer: Executor | None = None) -> FleetReport:
    """Everything made of the machines of several runs; nothing is written."""
    compared, rows = compare_machines_of(sides)
    names = [side.name for side in sides]
    title = f"Machines of {formats.listed(names)}"
    label = labels(row.cell for row in rows)
    data = Data(rows, {}, looks(sides[0].judged_run, rows), label, compared)
    begun = draw.begin(data, drawer or SameProcess(), (forest, price))
    shown = chapter(compared)
    differing = run_differences([side.run for side in sides])
    first_words = [*points(compared), *_not_the_machines(differing)]
    differences = table_of(differing, names)
    drawn, undrawn = begun.finish()
    markdown = markdown_template("fleet.md.j2").render(
        title=title,
        points=first_words,
        charts=[one.chart for one in drawn],
        chapter=shown,
        differences=differences,
    )
    tables = {**shown.tables} | ({DIFFERENCES: [differences]} if differences else {})
    pictures = {one.chart.name: page.Picture(one.svg, one.chart.narrow) for one in drawn}
    files = {
        **{f"charts/{one.chart.name}.svg": one.svg for one in drawn},
        **shown.files,
        "machines.md": markdown,
        "machines.html": page.render(markdown, title, pictures, tables),
    }
    ratios = [row for row in compared.rows if row.requests_per_s.ratio.value and not row.is_base]
    table = terminal_table(compared).aligned(shrink="machine")
    return FleetReport(files, table, undrawn, empty=not ratios)


def _not_the_machines(differing: Sequence[Values]) -> list[Claim]:
    """That the runs differ in more than their machines, if they do."""
    frameworks = list(
        dict.fromkeys(
            part.removeprefix("framework ")
            for part, _, _ in differing
            if part.startswith("framework ")
        )
    )
    plan = [name for part, name, _ in differing if part == "plan"]
    clauses = []
    if frameworks:
        clauses.append(f"other versions of {_listed(frameworks)}")
    if plan:
        clauses.append(f"another plan ({_listed(plan)})")
    if not clauses:
        return []
    return [
        Claim(
            f"**The runs differ in more than their machines**: {' and '.join(clauses)}. That may "
            "be the cause of a difference."
        )
    ]


def _listed(names: Sequence[str]) -> str:
    shown = [formats.text(name) for name in names[:MOST_NAMED]]
    more = len(names) - len(shown)
    return formats.listed([*shown, f"{more} more"] if more else shown)

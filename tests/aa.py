"""How often is one server under two names called two? python -m tests.aa RESULTS/RUN...

The rounds of each run are taken six at a time, as if each six were a run, and the A/A control is
judged against its reference by the interval alone, as the report does: the noise floor is made of
the same figures, and would let everything pass. Prints a line a cell group and figure.
"""

import sys
from pathlib import Path

from pipebench.record.factors import PLACE, Cell, group_of, order
from pipebench.rules.rule import Outcome
from pipebench.run.cells import in_words
from pipebench.run.judge import judge_run
from pipebench.stats.estimate import estimate, ratios

BLOCK = 6

Rounds = dict[int, float]


def tied(again: Rounds, reference: Rounds) -> tuple[int, int]:
    """In how many blocks of consecutive rounds the interval holds 1, and of how many."""
    common = sorted(again.keys() & reference.keys())
    blocks = [common[start : start + BLOCK] for start in range(0, len(common), BLOCK)]
    found = [
        estimate(ratios({number: again[number] for number in block}, reference))
        for block in blocks
        if len(block) == BLOCK
    ]
    return sum(bool(one and one.holds_1) for one in found), len(found)


def figures(folder: Path) -> dict[tuple[Cell, str], dict[str, Rounds]]:
    """Values by cell group and figure, then by what it is ("again", "reference") and round."""
    judged_run = judge_run(folder)
    names = {
        name: role
        for again, framework in judged_run.run.frameworks.items()
        if framework.control_of
        for name, role in ((again, "again"), (framework.control_of, "reference"))
    }
    values: dict[tuple[Cell, str], dict[str, Rounds]] = {}
    for judged in judged_run.measurements:
        measurement = judged.measurement
        role = names.get(measurement.cell.framework)
        if role is None or measurement.totals is None or judged.judgement.outcome != Outcome.OK:
            continue
        cell = measurement.cell
        group = group_of(cell)
        for figure, value in (
            ("requests/s", measurement.totals.requests_per_s),
            ("CPU per request", measurement.server_cpu_us_per_request),
        ):
            if value:
                own = values.setdefault((group, figure), {}).setdefault(role, {})
                own[measurement.round] = value
    return values


def main(folders: list[str]) -> None:
    for folder in folders:
        for (group, figure), of in sorted(
            figures(Path(folder)).items(), key=lambda one: (order(one[0][0]), one[0][1])
        ):
            found, blocks = tied(of.get("again", {}), of.get("reference", {}))
            where = f"{group.testbed}, {in_words(group, PLACE)}"
            print(f"{folder}: {where}: {figure}: tied in {found} of {blocks}")


if __name__ == "__main__":
    main(sys.argv[1:])

"""The first sentences of a report: the fastest framework and its lead, failures and their reasons.

Each point is a claim in short sentences with rounded figures, and the exact figures behind it. A
claim that is true of several frameworks appears once, with their names.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from pipebench.compare.machines import Machines
from pipebench.record.factors import Cell, group_of
from pipebench.rules.bottleneck import LimitedBy
from pipebench.rules.interpreters import unoptimised
from pipebench.rules.rule import Outcome
from pipebench.run.cells import labels
from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedRun
from pipebench.show import formats
from pipebench.show.claim import Claim
from pipebench.show.failures import failures
from pipebench.show.interruptions import interruption_points
from pipebench.show.machines import points as machine_points
from pipebench.stats.estimate import LEAST_ROUNDS, Estimate

NEAR_CEILING = 0.9
MOST_GROUPS = 4
"""Cell groups with a point of their own; the others are in the table."""
MOST_PLACES = 5
"""Places behind the fastest that are named one by one."""
SAME_RATE = 0.95
"""From this ratio on, two rates share one rounded figure."""


@dataclass(frozen=True, slots=True)
class GroupRows:
    """The rows of one cell group. label: its place in Markdown, empty if there is only one."""

    label: str
    rows: list[CellSummary]

    @property
    def ok(self) -> list[CellSummary]:
        """The frameworks that are ok: the fastest first, then those that share a round with it."""
        ok = [row for row in self.rows if row.role == "framework" and row.outcome == Outcome.OK]
        return ok[:1] + [row for row in ok[1:] if row.requests_per_s.relative.value is not None]

    @property
    def ceiling_limit(self) -> LimitedBy | None:
        """What limited the ceiling server; None if that is not known."""
        return next((row.limited_by for row in self.rows if row.role == "ceiling"), None)

    @property
    def place(self) -> str:
        return f"At {self.label}: " if self.label else ""


def answer(
    judged_run: JudgedRun, rows: list[CellSummary], machines: Machines | None = None
) -> list[Claim]:
    """The points of a run's answer, the most important first. rows: all cells.

    machines: the testbeds compared, None if there is only one.
    """
    label = labels(row.cell for row in rows)
    by_group: dict[Cell, list[CellSummary]] = defaultdict(list)
    for row in rows:
        by_group[group_of(row.cell)].append(row)
    groups = [GroupRows(_place(label(members[0].cell)), members) for members in by_group.values()]
    failed = failures(judged_run, rows, label)
    points = machine_points(machines) if machines else []
    points += _rates_on_machines(groups, failed) if machines else _rates(groups, failed)
    points += _cpu_times(groups)
    points += _near_ceiling(groups)
    points += _different_controls(groups)
    points += _limits(rows)
    points += _lower_bounds(groups)
    points += [Claim(f"{formats.text(one)}.") for one in unoptimised(judged_run.run)]
    return [*points, *interruption_points(judged_run.run), *_harness(judged_run)]


def _rates(groups: list[GroupRows], failed: list[str]) -> list[Claim]:
    """The fastest framework of each cell group, and the failures; one sentence for one group."""
    if not groups:
        return [Claim("Nothing was scheduled and nothing was measured.")]
    if len(groups) == 1:
        return [_rate(groups[0], failed)]
    points = [_rate(group, []) for group in groups[:MOST_GROUPS]]
    return points + _rest(len(groups) - MOST_GROUPS, failed)


def _rates_on_machines(groups: list[GroupRows], failed: list[str]) -> list[Claim]:
    """The fastest framework: testbeds with the same one share a point."""
    same: dict[tuple[str, ...], list[GroupRows]] = defaultdict(list)
    for group in groups:
        same[_leaders(group)].append(group)
    points = []
    for leaders, members in list(same.items())[:MOST_GROUPS]:
        where = _on_testbeds(members, groups)
        if leaders:
            rates = [group.ok[0].requests_per_s.value for group in members]
            names = formats.listed([f"**{name}**" for name in leaders])
            most = "share the highest rates" if len(leaders) > 1 else "has the highest rate"
            claim = f"{where}, {names} {most}, {_about(rates, formats.two_figures)} requests/s"
        else:
            claim = f"{where}, no framework is ok"
        points.append(Claim(f"{claim}."))
    return points + _rest(sum(map(len, list(same.values())[MOST_GROUPS:])), failed)


def _rest(more: int, failed: list[str]) -> list[Claim]:
    """How many groups of cells have no point of their own, and the failures."""
    points = []
    if more > 0:
        are = "group of cells is" if more == 1 else "groups of cells are"
        points.append(Claim(f"{more} more {are} in the [table](#results)."))
    return points + ([Claim(f"{'; '.join(failed)}.")] if failed else [])


def _leaders(group: GroupRows) -> tuple[str, ...]:
    """The frameworks of rank 1, or if there are no ranks the one with the highest median."""
    ok = group.ok
    first = [row for row in ok if row.requests_per_s.rank == 1] or ok[:1]
    return tuple(sorted(_titles(first)))


def _on_testbeds(members: list[GroupRows], groups: list[GroupRows]) -> str:
    """Where: on how many testbeds, or at which of the places if a testbed has several."""
    names = list(dict.fromkeys(group.rows[0].cell.testbed for group in members))
    everywhere = list(dict.fromkeys(group.rows[0].cell.testbed for group in groups))
    if len(members) == len(groups):
        return f"On {'both' if len(everywhere) == 2 else f'all {len(everywhere)}'} testbeds"
    if len(groups) > len(everywhere):
        return f"In {len(members)} of {len(groups)} groups of cells"
    if len(names) <= MOST_PLACES:
        return f"On {formats.listed([formats.text(name) for name in names])}"
    return f"On {len(names)} of {len(everywhere)} testbeds"


def _rate(group: GroupRows, failed: list[str]) -> Claim:
    ok = group.ok
    if not ok:
        nothing = "No framework is ok, so none can be called the fastest"
        return Claim(f"{group.place}{'; '.join([nothing, *failed])}.")
    unsure = _unsure(ok)
    if len(ok) == 1:
        first = f"{_bold(ok)} is the only framework that is ok, at {_about_rates(ok)}"
        return _point(group, [first, *failed], ok, "")
    tied = [row for row in ok if row.requests_per_s.rank == 1] if not unsure else []
    if unsure:
        first, behind = f"{_bold(ok[:1])} has the highest median, {_about_rates(ok[:1])}", ok[1:]
    elif len(tied) > 1:
        first = f"{_bold(tied)} tie at {_about_rates(tied)}"
        behind = [row for row in ok if row not in tied]
    else:
        first, behind = f"{_bold(ok[:1])} is the fastest at {_about_rates(ok[:1])}", ok[1:]
    return _point(group, [first, *_places(behind), *failed], ok, unsure)


def _point(group: GroupRows, clauses: list[str], ok: list[CellSummary], unsure: str) -> Claim:
    claim = f"{group.place}{'; '.join(clauses)}."
    if unsure:
        claim += f" No framework can be called the fastest: {unsure}."
    return Claim(claim, _evidence(ok))


def _unsure(ok: list[CellSummary]) -> str:
    """Why no framework is called the fastest; empty if one is."""
    if any(row.requests_per_s.low is None for row in ok):
        return f"not every framework has {LEAST_ROUNDS} rounds, so there are no ranks"
    if ok[0].requests_per_s.noise_floor is None:
        return "the noise floor is not known, because no A/A control was measured and ok"
    if any(row.requests_per_s.rank is None for row in ok):
        return f"the frameworks have fewer than {LEAST_ROUNDS} rounds in common"
    return ""


def _places(behind: list[CellSummary]) -> list[str]:
    """The share of the fastest rate that the others reach; those of one rank together."""

    def place(row: CellSummary) -> object:
        rank = row.requests_per_s.rank
        return formats.percent(row.requests_per_s.relative.value) if rank is None else rank

    places = [list(rows) for _, rows in groupby(behind, key=place)]
    clauses = []
    for number, rows in enumerate(places[:MOST_PLACES]):
        reach = "reaches" if len(rows) == 1 else "reach"
        shares = _range([row.requests_per_s.relative.value for row in rows], formats.percent)
        clauses.append(f"{_names(rows)} {reach} {shares}{' of that' if number == 0 else ''}")
    more = sum(map(len, places[MOST_PLACES:]))
    return clauses + ([f"{more} more {'is' if more == 1 else 'are'} below that"] if more else [])


def _evidence(ok: list[CellSummary]) -> str:
    """The exact rate of the first, the ratios of the others to it, and the rule."""
    first, *others = ok
    rate = first.requests_per_s
    text = f"{_name(first)}: {formats.integer(rate.value)} requests/s"
    if rate.low is not None:
        low, high = formats.integer(rate.low), formats.integer(rate.high)
        text += f" (95 % interval {low} to {high})"
    if not others:
        return f"{text}."
    ratios = [
        f"{_name(row)} {formats.ratio(row.requests_per_s.relative.value)}"
        f"{_interval(row.requests_per_s.relative)}"
        for row in others[: 2 * MOST_PLACES]
    ]
    more = len(others) - 2 * MOST_PLACES
    ratios += [f"{more} more in the table"] if more > 0 else []
    text += f". Ratios to it, round by round: {', '.join(ratios)}."
    if rate.noise_floor is not None and rate.rank is not None:
        text += (
            " A framework is slower if the interval of the ratio excludes 1 and the difference is "
            f"above the noise floor of {_floor(rate.noise_floor)}; if not, it is tied."
        )
    return text


def _cpu_times(groups: list[GroupRows]) -> list[Claim]:
    """The frameworks with the least CPU time per request; groups with the same ones together."""
    same: dict[tuple[str, ...], list[tuple[GroupRows, list[CellSummary]]]] = defaultdict(list)
    for group in groups:
        if sorted_rows := _by_cpu_time(group):
            least = [row for row in sorted_rows if row.server_cpu_us_per_request.rank == 1]
            same[tuple(row.cell.framework for row in least)].append((group, sorted_rows))
    points = []
    for names, members in list(same.items())[:MOST_GROUPS]:
        firsts = [rows[: len(names)] for _, rows in members]
        need = "needs" if len(names) == 1 else "need"
        values = [row.server_cpu_us_per_request.value for rows in firsts for row in rows]
        claim = f"{_bold(firsts[0])} {need} the least CPU time per request, {_about_us(values)}"
        claim += _where([group.label for group, _ in members])
        evidence = [_cpu_evidence(group, rows) for group, rows in members[:MOST_GROUPS]]
        points.append(Claim(f"{claim}.", " ".join(evidence)))
    return points


def _by_cpu_time(group: GroupRows) -> list[CellSummary]:
    """Frameworks that are ok, the cheapest first; empty if they cannot be compared."""

    def relative(row: CellSummary) -> float:
        return row.server_cpu_us_per_request.relative.value or 0

    ok = [row for row in group.rows if row.role == "framework" and row.outcome == Outcome.OK]
    known = sorted((row for row in ok if relative(row)), key=relative)
    ranked = len(known) > 1 and known[0].server_cpu_us_per_request.rank == 1
    return sorted(known, key=lambda row: row.server_cpu_us_per_request.rank != 1) if ranked else []


def _cpu_evidence(group: GroupRows, rows: list[CellSummary]) -> str:
    """rows: the cheapest first."""
    first, *others = rows
    cpu_time = first.server_cpu_us_per_request
    place = f"{group.label}: " if group.label else ""
    least = [row for row in others if row.server_cpu_us_per_request.rank == 1]
    ratios = [
        f"{_name(row)} {formats.ratio(row.server_cpu_us_per_request.relative.value)}"
        f"{_interval(row.server_cpu_us_per_request.relative)} times that"
        for row in (least or others[:1])[:MOST_PLACES]
    ]
    known_floor = cpu_time.noise_floor
    floor = "" if known_floor is None else f"; noise floor {_floor(known_floor)}"
    return f"{place}{_name(first)}: {formats.us(cpu_time.value)}; {', '.join(ratios)}{floor}."


def near_ceiling(row: CellSummary) -> bool:
    """Whether the generator or the path was measured, and not the framework."""
    share = row.share_of_ceiling
    return row.role != "ceiling" and share is not None and share >= NEAR_CEILING


def _near_ceiling(groups: list[GroupRows]) -> list[Claim]:
    """Frameworks that nearly reached the most that generator and path can do."""
    near = [
        (group, row)
        for group in groups
        for row in group.rows
        if row.role == "framework" and near_ceiling(row)
    ]
    if not near:
        return []
    rows = [row for _, row in near]
    was = "was" if len({row.cell.framework for row in rows}) == 1 else "were"
    shares = [
        f"{_name(row)}{_where([group.label])} {formats.ratio(row.share_of_ceiling)}"
        for group, row in near[: 2 * MOST_PLACES]
    ]
    limits = {group.ceiling_limit for group, _ in near}
    by_generator = limits == {LimitedBy.GENERATOR}
    ceiling = "the ceiling server, which does no work"
    ceiling += " and was limited by the load generator" if by_generator else ""
    measured = "the load generator" if by_generator else "the generator or the path"
    return [
        Claim(
            f"{_names(rows)} {was} about as fast as {ceiling}: {measured} was measured, not the "
            "framework.",
            f"Share of the ceiling's requests/s, of which {NEAR_CEILING} is too near: "
            f"{', '.join(shares)}.",
        )
    ]


def _different_controls(groups: list[GroupRows]) -> list[Claim]:
    """A/A controls that differ from themselves."""
    controls = [
        (group, row)
        for group in groups
        for row in group.rows
        if row.role == "control" and row.requests_per_s.verdict == "differs"
    ]
    if not controls:
        return []
    ratios = [
        f"{_name(row)}{_where([group.label])} {formats.ratio(row.requests_per_s.relative.value)}"
        f"{_interval(row.requests_per_s.relative)}"
        for group, row in controls[: 2 * MOST_PLACES]
    ]
    return [
        Claim(
            "**The A/A control differs from itself**"
            f"{_where([group.label for group, _ in controls])}: one server was measured under two "
            "names, and the results differ. Differences of that size mean nothing here.",
            f"Ratios of the control to the fastest: {', '.join(ratios)}.",
        )
    ]


def _limits(rows: list[CellSummary]) -> list[Claim]:
    """The bottlenecks of the frameworks, in one point; and whether there were disturbances."""
    limits: dict[LimitedBy, list[CellSummary]] = defaultdict(list)
    for row in rows:
        if row.limited_by:
            limits[row.limited_by].append(row)
    points = []
    if limits:
        claims = _limit_claims(limits)
        claim = "; ".join(claims)
        points.append(Claim(f"{claim[0].upper()}{claim[1:]}."))
    if any(row.disturbed for row in rows):
        points.append(
            Claim(
                "**Something disturbed some of the measurements**: the figures with a mark, [1] "
                "and on, are explained below the [table](#results)."
            )
        )
    return points


def _limit_claims(limits: dict[LimitedBy, list[CellSummary]]) -> list[str]:
    """What limited whom; those that had several limits are named once."""
    often = Counter(
        name for rows in limits.values() for name in {row.cell.framework for row in rows}
    )
    claims, differing = [], []
    for limit, rows in limits.items():
        same = [row for row in rows if often[row.cell.framework] == 1]
        differing += [row for row in rows if often[row.cell.framework] > 1]
        if same:
            claims.append(_limited(limit, same, len(limits) == 1))
    if differing:
        claims.append(
            f"what limited {_names(differing)} differs from cell to cell ([more](#limits))"
        )
    return claims


def _lower_bounds(groups: list[GroupRows]) -> list[Claim]:
    """What it means for a rate, and for its share of the ceiling, that the generator limited it."""
    rows = [
        row
        for group in groups
        for row in group.rows
        if row.role == "framework" and row.limited_by == LimitedBy.GENERATOR
    ]
    if not rows:
        return []
    its = "its" if len(_titles(rows)) == 1 else "their"
    could = f"{_names(rows)} could answer more than was measured"
    return [
        Claim(
            f"{could}: the load generator was at its limit, so {its} requests/s and {its} share of "
            "the ceiling are lower bounds."
        )
    ]


def _limited(limit: LimitedBy, rows: list[CellSummary], all_rows: bool) -> str:
    names = "all" if all_rows else _names(rows)
    if limit == LimitedBy.UNKNOWN:
        return f"the bottleneck of {names} is unknown ([more](#limits))"
    was = "was" if not all_rows and len(_titles(rows)) == 1 else "were"
    if limit == LimitedBy.WAITING:
        return f"{names} {was} limited by waiting, with too few connections for the latency"
    return f"{names} {was} limited by the {limit}"


def _harness(judged_run: JudgedRun) -> list[Claim]:
    """Testbeds that were given up, faults of the harness, and measurements that are missing."""
    run = judged_run.run
    points = [
        Claim(f"**The testbed {formats.text(name)} was given up**: {formats.text(why)}.")
        for name, why in run.given_up.items()
    ]
    faults = len(run.harness_faults)
    if faults:
        first = formats.text(run.harness_faults[0].text)
        claim = f"**The harness failed {_times(faults)}**, which says nothing about a framework"
        points.append(Claim(f"{claim}: {first}{' (the first)' if faults > 1 else ''}."))
    if judged_run.missing or judged_run.unusable or faults or run.problems:
        state = "is still under way, or was ended early" if run.ended is None else "is incomplete"
        points.append(Claim(f"**This run {state}**: see [what is missing](#what-is-missing)."))
    return points


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _name(row: CellSummary) -> str:
    return formats.text(row.title)


def _titles(rows: Iterable[CellSummary]) -> list[str]:
    return list(dict.fromkeys(map(_name, rows)))


def _names(rows: Iterable[CellSummary]) -> str:
    return formats.listed(_titles(rows))


def _bold(rows: Iterable[CellSummary]) -> str:
    return formats.listed([f"**{title}**" for title in _titles(rows)])


def _place(label: str) -> str:
    return formats.text(label) if label else ""


def _where(labels: Sequence[str]) -> str:
    """The places of several groups; empty if the run has only one group."""
    places = [label for label in labels if label]
    if len(places) > MOST_GROUPS:
        return f" in {len(places)} groups of cells"
    return f" at {formats.listed(places)}" if places else ""


def _about_rates(rows: list[CellSummary]) -> str:
    rates = [row.requests_per_s.value for row in rows]
    return f"{_about(rates, formats.two_figures)} requests/s"


def _about_us(values: Sequence[float | None]) -> str:
    return _about(values, formats.about_us)


def _about(values: Sequence[float | None], form: Callable[[float | None], str]) -> str:
    known = [value for value in values if value is not None]
    if min(known) >= SAME_RATE * max(known):
        return f"about {form(known[0])}"
    return f"about {form(min(known))} to {form(max(known))}"


def _range(values: Sequence[float | None], form: Callable[[float | None], str]) -> str:
    known = [value for value in values if value is not None]
    ends = dict.fromkeys([form(min(known)), form(max(known))])
    return " to ".join(ends)


def _interval(ratio: Estimate) -> str:
    if ratio.low is None:
        return ""
    return f" ({formats.ratio(ratio.low)} to {formats.ratio(ratio.high)})"


def _floor(value: float) -> str:
    return f"{formats.number(100 * value)} %"

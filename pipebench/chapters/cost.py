"""The cost of a run's rates: requests per unit of money and per core of the server's host."""

from dataclasses import dataclass

from pipebench.record.factors import PLACE
from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedRun
from pipebench.run.prices import Price, hosts_of
from pipebench.show import formats
from pipebench.show.table import Field, Head, Table, factor_field

HEADING = "Cost"


@dataclass(frozen=True, slots=True)
class Priced:
    """A server's host, for the report. cpus: those that its units may use."""

    testbed: str
    host: str
    price: Price
    cpus: int | None


@dataclass(frozen=True, slots=True)
class CostChapter:
    """The input of the template. problems: of the price file. tables: none without a price.

    whole: what the run itself cost, in a sentence; None if it is not known.
    """

    problems: list[str]
    tables: list[Table]
    whole: str | None = None
    heading: str = HEADING


def priced(judged_run: JudgedRun, rows: list[CellSummary]) -> list[Priced]:
    """The servers' hosts that have a price, one per testbed."""
    hosts = []
    for testbed in judged_run.run.testbeds:
        name, host = testbed.name, str(testbed.server)
        price = judged_run.prices.hosts.get(host)
        if price:
            cpus = (row.server_cpus for row in rows if row.cell.testbed == name)
            hosts.append(Priced(name, host, price, next(filter(None, cpus), None)))
    return hosts


def chapter(judged_run: JudgedRun, rows: list[CellSummary]) -> CostChapter | None:
    """The chapter; None without a price file. rows: those of summary.csv."""
    problems = judged_run.prices.problems
    tables = _tables(judged_run, rows)
    if not problems and not tables:
        return None
    return CostChapter(problems, tables, run_cost(judged_run))


def run_cost(judged_run: JudgedRun) -> str | None:
    """What all hosts of a run cost from its beginning to its end; None if it is not known.

    Provisioning, and the hosts' life before and after, are not in it.
    """
    run, prices = judged_run.run, judged_run.prices
    if not (run.started and run.ended and len(prices.currencies) == 1):
        return None
    if prices.hosts.keys() != set(hosts_of(run)):
        return None
    hours = (run.ended - run.started).total_seconds() / 3600
    per_hour = sum(price.per_hour for price in prices.hosts.values())
    hosts, (currency,) = len(prices.hosts), prices.currencies
    return (
        f"This run itself, {formats.number(hours * 60)} min on {hosts} hosts with their load "
        f"generators, cost {per_hour * hours:.2f} {currency}."
    )


def _tables(judged_run: JudgedRun, rows: list[CellSummary]) -> list[Table]:
    """The prices of the servers' hosts, and the requests for that money; empty without prices."""
    hosts = priced(judged_run, rows)
    if not hosts:
        return []
    currencies = list(dict.fromkeys(one.price.currency for one in hosts))
    return [_hosts(hosts), _money(rows, currencies)]


def _hosts(hosts: list[Priced]) -> Table:
    heads = [
        *map(Head, ("testbed", "server")),
        *(Head(text, number=True) for text in ("price an hour", "CPUs")),
        *map(Head, ("as of", "source")),
    ]
    return Table(
        heads,
        [
            [
                Field(one.testbed),
                Field(one.host),
                Field(f"{one.price.per_hour:g} {one.price.currency}", one.price.per_hour),
                Field(formats.integer(one.cpus), one.cpus),
                Field(one.price.date),
                Field(one.price.source),
            ]
            for one in hosts
        ],
    )


def _money(rows: list[CellSummary], currencies: list[str]) -> Table:
    """A row per cell with a price and a rate; the most requests per unit of money first."""
    money = [
        (row.price.currency, value, row)
        for row in rows
        if row.role == "framework"
        and row.price
        and (value := row.requests_per_money.value) is not None
    ]
    money.sort(key=lambda one: (one[0], -one[1]))
    numbers = [factor.column for factor in PLACE]
    numbers += [f"million requests per {' or '.join(currencies)}", "requests/s per core"]
    return Table(
        [Head("testbed"), Head("framework"), *(Head(text, number=True) for text in numbers)],
        [
            [
                Field(row.cell.testbed),
                Field(row.title),
                *(factor_field(factor, row.cell) for factor in PLACE),
                Field(
                    formats.number(value / 1e6) + (f" {currency}" if len(currencies) > 1 else ""),
                    value,
                ),
                Field(
                    formats.integer(row.requests_per_s_per_core.value),
                    row.requests_per_s_per_core.value,
                ),
            ]
            for currency, value, row in money
        ],
    )

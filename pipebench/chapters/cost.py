"""What a run's rates cost: requests per unit of money and per core of the server's host."""

from dataclasses import dataclass

from pipebench.record.prices import Price
from pipebench.run.figures import CellSummary
from pipebench.run.judge import JudgedRun
from pipebench.show import formats


@dataclass(frozen=True, slots=True)
class Priced:
    """A host that serves, for the report. cpus: those that its units may use."""

    testbed: str
    host: str
    price: Price
    cpus: int | None


def priced(judged_run: JudgedRun, rows: list[CellSummary]) -> list[Priced]:
    """Hosts that serve and have a price, a testbed each."""
    hosts = []
    for testbed in judged_run.run.testbeds:
        name, host = testbed.name, str(testbed.server)
        price = judged_run.prices.hosts.get(host)
        if price:
            own = (row.server_cpus for row in rows if row.cell.testbed == name)
            hosts.append(Priced(name, host, price, next(filter(None, own), None)))
    return hosts


def chapter(judged_run: JudgedRun, rows: list[CellSummary]) -> str:
    """The report's chapter in Markdown; empty without a price file. rows: those of summary.csv."""
    lines = [f"- {formats.text(problem)}" for problem in judged_run.prices.problems]
    lines = ["## Cost", "", *lines, *([""] if lines else []), *_tables(judged_run, rows)]
    return "\n".join(lines) if len(lines) > 2 else ""


def _tables(judged_run: JudgedRun, rows: list[CellSummary]) -> list[str]:
    """What the servers' hosts cost, and what is had for it; nothing without a price."""
    hosts = priced(judged_run, rows)
    if not hosts:
        return []
    money = [
        (row, row.price.currency, value)
        for row in rows
        if row.role == "framework"
        and row.price
        and (value := row.requests_per_money.value) is not None
    ]
    money.sort(key=lambda one: (one[1], -one[2]))
    lines = [
        "| testbed | server | price an hour | CPUs | as of | source |",
        "| --- | --- | ---: | ---: | --- | --- |",
    ]
    lines += [
        _line(
            formats.text(one.testbed),
            formats.text(one.host),
            f"{one.price.per_hour:g} {formats.text(one.price.currency)}",
            formats.integer(one.cpus),
            formats.text(one.price.date),
            formats.text(one.price.source),
        )
        for one in hosts
    ]
    units = " or ".join(dict.fromkeys(str(one.price.currency) for one in hosts))
    heads = ["testbed", "framework", "workers", "depth", "connections"]
    heads += [f"million requests per {units}", "requests/s per core"]
    lines += ["", _line(*heads), _line(*["---"] * 2, *["---:"] * 5)]
    several = len(judged_run.prices.currencies) > 1
    lines += [
        _line(
            formats.text(row.cell.testbed),
            formats.text(row.title),
            *map(formats.integer, (row.cell.workers, row.cell.depth, row.cell.connections)),
            formats.number(value / 1e6) + (f" {formats.text(currency)}" if several else ""),
            formats.integer(row.requests_per_s_per_core.value),
        )
        for row, currency, value in money
    ]
    return [
        *lines,
        "",
        "Requests that the server's host answers for one unit of money at this rate, and",
        "requests/s divided by the CPUs that its units may use, busy or not. The price of the load",
        "generator is not counted. Prices: `prices.yml` in the folder of the run.",
        "",
    ]


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"

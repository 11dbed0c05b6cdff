"""What a run's rates cost: requests per unit of money and per core of the server's host."""

from dataclasses import dataclass

from pipebench.record.prices import Price
from pipebench.run.judge import JudgedMeasurement, JudgedRun
from pipebench.run.relations import Row
from pipebench.show import formats

SECONDS_AN_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Priced:
    """A host that serves, for the report. cpus: those that its units may use."""

    testbed: str
    host: str
    price: Price
    cpus: int | None


def fill(judged_run: JudgedRun, row: Row, seen: list[JudgedMeasurement]) -> None:
    """Give a row of summary.csv its cost; nothing where its server's host has no price."""
    host = server_of(judged_run, row["testbed"])
    price = judged_run.prices.hosts.get(host) if host else None
    if price is None:
        return
    row["price_per_hour"], row["currency"] = price.per_hour, price.currency
    rate = row.get("requests_per_s")
    if rate is None:
        return
    row["requests_per_money"] = rate * SECONDS_AN_HOUR / price.per_hour
    cpus = cpus_of(seen)
    row["requests_per_s_per_core"] = rate / cpus if cpus else None


def server_of(judged_run: JudgedRun, testbed: str) -> str | None:
    """The host that serves in a testbed, by its inventory name."""
    return next((one.server for one in judged_run.run.testbeds if one.name == testbed), None)


def cpus_of(seen: list[JudgedMeasurement]) -> int | None:
    """CPUs of the server's host that its unit may use; they do not change in a run."""
    return next((one.measurement.server_cpus for one in seen if one.measurement.server_cpus), None)


def priced(judged_run: JudgedRun) -> list[Priced]:
    """Hosts that serve and have a price, a testbed each."""
    found = []
    for testbed in judged_run.run.testbeds:
        name, host = testbed.name, str(testbed.server)
        price = judged_run.prices.hosts.get(host)
        if price:
            seen = [one for one in judged_run.measurements if one.measurement.cell.testbed == name]
            found.append(Priced(name, host, price, cpus_of(seen)))
    return found


def chapter(judged_run: JudgedRun, rows: list[Row]) -> str:
    """The report's chapter in Markdown; empty without a price file. rows: those of summary.csv."""
    lines = [f"- {formats.text(problem)}" for problem in judged_run.prices.problems]
    lines = ["## Cost", "", *lines, *([""] if lines else []), *_tables(judged_run, rows)]
    return "\n".join(lines) if len(lines) > 2 else ""


def _tables(judged_run: JudgedRun, rows: list[Row]) -> list[str]:
    """What the servers' hosts cost, and what is had for it; nothing without a price."""
    hosts = priced(judged_run)
    if not hosts:
        return []
    money = [
        row for row in rows if row["role"] == "framework" and row["requests_per_money"] is not None
    ]
    money.sort(key=lambda row: (row["currency"], -row["requests_per_money"]))
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
    lines += [
        _line(
            formats.text(row["testbed"]),
            formats.text(row["title"]),
            *(formats.integer(row[key]) for key in ("workers", "depth", "connections")),
            formats.number(row["requests_per_money"] / 1e6)
            + (
                f" {formats.text(row['currency'])}" if len(judged_run.prices.currencies) > 1 else ""
            ),
            formats.integer(row["requests_per_s_per_core"]),
        )
        for row in money
    ]
    return [
        *lines,
        "",
        "What the server's host would answer for a unit of money, going on like this; and",
        "requests/s by the CPUs that its units may use, busy or not. The load generator is the",
        "instrument, and costs nothing here. Prices: `prices.yml` in the folder of the run.",
        "",
    ]


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"

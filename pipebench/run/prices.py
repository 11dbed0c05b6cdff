"""prices.yml of a run: what an hour of each host costs. docs/prices.example.yml explains it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import yaml
from msgspec import Meta, Struct

from pipebench.documents.declared import listed, plain, read_fields
from pipebench.documents.yaml_text import LARGEST_BYTES, YamlError, values_of
from pipebench.record.folder import content_of, exists, write_files
from pipebench.record.run_record import Run
from pipebench.record.schema import RecordError
from pipebench.record.values import first_of, line, worded

PRICES = "prices.yml"
COMMON = ("currency", "date", "source")
"""May be given once for all hosts."""

MOST_NAMED = 10
"""Hosts in a sentence."""
LEAST, MOST = 1e-9, 1e9
"""Of a price: no currency is worth more, or less, so that no rate is divided by nearly nothing."""
Text = Annotated[str, Meta(min_length=1)]


class Price(Struct, frozen=True, kw_only=True):
    """per_hour: in units of the currency. date: the day it was so; source: where it was read."""

    per_hour: Annotated[
        float, Meta(ge=LEAST, le=MOST, extra={"right": "a number above 0, such as 0.096"})
    ]
    currency: Text
    date: Text
    source: Text


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices by host of the run. problems: what of the file cannot be used, in sentences."""

    hosts: dict[str, Price] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def currencies(self) -> list[str]:
        return list(dict.fromkeys(price.currency for price in self.hosts.values()))


def read_prices(run: Run) -> Prices:
    """prices.yml in the folder of a run; nothing if there is none. Never raises."""
    path = run.folder / PRICES
    return load_prices(path, run) if path.exists() or path.is_symlink() else Prices()


def load_prices(path: Path, run: Run) -> Prices:
    """A price file, checked against the hosts of a run. Never raises."""
    try:
        return _parsed(content_of(path.parent, path.name, LARGEST_BYTES), run)
    except (RecordError, YamlError) as error:
        return Prices(problems=[line(f"{path} cannot be used, so no price is known: {error}")])


def _parsed(content: bytes, run: Run) -> Prices:
    """YamlError: it is not YAML."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise YamlError("it is not a text in UTF-8") from error
    return parse_prices(values_of(text), hosts_of(run))


def keep(source: Path, run: Run, folder: Path) -> list[str]:
    """Keep a price file in the folder of a run's report, so that it always has the same prices.

    It is kept if one price of it can be used; else the sentences say why not.
    OSError: the folder cannot be written to.
    """
    source = source.resolve()
    try:
        content = content_of(source.parent, source.name, LARGEST_BYTES)
        prices = _parsed(content, run)
    except (RecordError, YamlError) as error:
        return [f"{source} cannot be used, and was not kept: {error}"]
    if not prices.hosts:
        return [*prices.problems, f"{source} has no price for this run, and was not kept"]
    if source != folder.resolve() / PRICES:
        write_files(folder, {PRICES: content}, durable=True)
    return []


def write_prices(folder: Path, prices: Mapping[str, Any]) -> None:
    """Keep the prices that an inventory has, by host, unless the run has prices already."""
    if not exists(folder, PRICES):
        text = yaml.safe_dump({"hosts": dict(prices)}, sort_keys=False)
        write_files(folder, {PRICES: text.encode()}, durable=True)


def hosts_of(run: Run) -> list[str]:
    """Every host of a run by name: servers and generators."""
    names = [name for testbed in run.testbeds for name in (testbed.server, *testbed.generators)]
    return list(dict.fromkeys(name for name in [*names, *run.hosts] if name))


def parse_prices(document: Any, known: list[str]) -> Prices:
    """Check a price file's document (any YAML value) against the hosts of the run.

    A host whose price cannot be used has none, and the others keep theirs.
    """
    document = plain(document)
    if not isinstance(document, dict) or not isinstance(document.get("hosts"), dict):
        keys = f"{{per_hour, {', '.join(COMMON)}}}"
        return Prices(
            problems=[f"{PRICES} must have `hosts`, with {keys} by host name; no price is known"]
        )
    problems = [
        f"{PRICES}: {key!r} is not a known key; choose from {listed(['hosts', *COMMON])}"
        for key in document
        if key not in ("hosts", *COMMON)
    ]
    common = {key: worded(document[key]) for key in COMMON if key in document}
    prices: dict[str, Price] = {}
    for host, value in worded(document["hosts"]).items():
        price, mistakes = _price(str(host), value, common, known)
        problems += mistakes
        if price is not None:
            prices[str(host)] = price
    problems += _currency_problems(prices)
    return Prices(prices, [line(problem) for problem in first_of(problems)])


def _price(
    host: str, value: Any, common: dict[str, Any], known: list[str]
) -> tuple[Price | None, list[str]]:
    """The price of a host, or what is wrong with it."""
    if host not in known:
        hosts = ", ".join(first_of(known, MOST_NAMED)) or "no host that is known"
        return None, [
            f"{PRICES}: {host} is not a host of this run, which has {hosts}; its price is not used"
        ]
    if not isinstance(value, dict):
        keys = listed(["per_hour", *COMMON])
        return None, [f"{PRICES}: {host} has no price: {value!r} must be a mapping with {keys}"]
    given = common | value
    numbers = {key: str(given[key]) for key in COMMON if type(given.get(key)) in (int, float)}
    values, mistakes = read_fields(Price, given | numbers, where=f"{PRICES}: {host} has no price: ")
    return (None if mistakes else Price(**values)), list(mistakes.values())


def _currency_problems(prices: dict[str, Price]) -> list[str]:
    currencies = Prices(prices).currencies
    if len(currencies) < 2:
        return []
    problem = (
        f"{PRICES}: the hosts' prices are in {listed(currencies)}: requests per unit of money "
        "cannot be compared between these hosts"
    )
    return [problem]

"""prices.yml of a run: what an hour of each host costs. docs/prices.example.yml explains it."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import yaml
from msgspec import Meta, Struct

from pipebench.record.declared import listed, plain, read_fields
from pipebench.record.run import Run
from pipebench.record.store import write_text

PRICES = "prices.yml"
COMMON = ("currency", "date", "source")
"""May be given once for all hosts."""

Text = Annotated[str, Meta(min_length=1)]


class Price(Struct, frozen=True, kw_only=True):
    """per_hour: in units of the currency. date: the day it was so; source: where it was read."""

    per_hour: Annotated[
        float, Meta(gt=0, le=sys.float_info.max, extra={"right": "a number above 0, such as 0.096"})
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
    return load_prices(path, run) if path.exists() else Prices()


def load_prices(path: Path, run: Run) -> Prices:
    """A price file, checked against the hosts of a run. Never raises."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        return Prices(problems=[f"{path} cannot be read: {error.strerror or error}"])
    except UnicodeDecodeError:
        return Prices(problems=[f"{path} is not a text in UTF-8, so no price is known"])
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        return Prices(problems=[f"{path} is not YAML, so no price is known: {reason}"])
    return parse_prices(document, hosts_of(run))


def keep(source: Path, run: Run) -> list[str]:
    """Keep a price file with a run, so that it is always judged by the same prices.

    It is kept if one price of it can be used; else the sentences say why not.
    OSError: the folder cannot be written to.
    """
    prices = load_prices(source, run)
    if not prices.hosts:
        return [*prices.problems, f"{source} has no price for this run, and was not kept"]
    target = run.folder / PRICES
    if source.resolve() != target.resolve():
        target.write_bytes(source.read_bytes())
    return []


def write_prices(folder: Path, prices: Mapping[str, Any]) -> None:
    """Keep the prices that an inventory has, by host, unless the run has prices already."""
    path = folder / PRICES
    if not path.exists():
        write_text(path, yaml.safe_dump({"hosts": dict(prices)}, sort_keys=False))


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
    common = {key: document[key] for key in COMMON if key in document}
    prices: dict[str, Price] = {}
    for host, value in document["hosts"].items():
        price, mistakes = _price(str(host), value, common, known)
        problems += mistakes
        if price is not None:
            prices[str(host)] = price
    return Prices(prices, problems + _currency_problems(prices))


def _price(
    host: str, value: Any, common: dict[str, Any], known: list[str]
) -> tuple[Price | None, list[str]]:
    """The price of a host, or what is wrong with it."""
    if host not in known:
        hosts = ", ".join(known) or "no host that is known"
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

"""prices.yml of a run: what an hour of each host costs. docs/prices.example.yml explains it."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pipebench.record.run import Run

PRICES = "prices.yml"
FIELDS = ("per_hour", "currency", "date", "source")
COMMON = FIELDS[1:]
"""May be said once for all hosts."""


@dataclass(frozen=True, slots=True)
class Price:
    """per_hour: in units of the currency. date: the day it was so; source: where it was read."""

    per_hour: float
    currency: str
    date: str
    source: str


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices by host of the run. problems: what of the file cannot be used, in sentences."""

    hosts: dict[str, Price] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def currencies(self) -> list[str]:
        return list(dict.fromkeys(price.currency for price in self.hosts.values()))


class PriceError(ValueError):
    """A price cannot be used; the message says what of it."""


def read_prices(run: Run) -> Prices:
    """prices.yml in the folder of a run; nothing where there is none. Never raises."""
    path = run.folder / PRICES
    return load_prices(path, run) if path.exists() else Prices()


def load_prices(path: Path, run: Run) -> Prices:
    """A price file, checked against the hosts of a run. Never raises."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        return Prices(problems=[f"{path} cannot be read: {error.strerror or error}"])
    except UnicodeDecodeError:
        return Prices(problems=[f"{path} is no text in UTF-8, so no price is known"])
    except yaml.YAMLError as error:
        told = " ".join(str(error).split())
        return Prices(problems=[f"{path} is no YAML, so no price is known: {told}"])
    return parse_prices(document, hosts_of(run))


def keep(source: Path, run: Run) -> list[str]:
    """Keep a price file with a run, so that it is judged again by the same prices.

    Why it was not kept, in sentences; it is where one price of it can be used at least.
    OSError: the folder cannot be written to.
    """
    prices = load_prices(source, run)
    if not prices.hosts:
        return [*prices.problems, f"{source} has no price for this run, and was not kept"]
    target = run.folder / PRICES
    if source.resolve() != target.resolve():
        target.write_bytes(source.read_bytes())
    return []


def hosts_of(run: Run) -> list[str]:
    """Every host of a run by name: servers and generators."""
    names = [name for testbed in run.testbeds for name in (testbed.server, *testbed.generators)]
    return list(dict.fromkeys(name for name in [*names, *run.hosts] if name))


def parse_prices(document: Any, known: list[str]) -> Prices:
    """Check a price file's document (any YAML value) against the hosts of the run.

    A host whose price cannot be used has none, and the others keep theirs.
    """
    shape = "needs a mapping `hosts` with {per_hour, currency, date, source} by host name"
    if not isinstance(document, dict) or not isinstance(document.get("hosts"), dict):
        return Prices(problems=[f"{PRICES} {shape}; no price is known"])
    problems = [
        f"{PRICES}: {key} is unknown: besides hosts there may be {', '.join(COMMON)}"
        for key in document
        if key not in ("hosts", *COMMON)
    ]
    common = {key: document[key] for key in COMMON if key in document}
    prices: dict[str, Price] = {}
    for host, value in document["hosts"].items():
        if host not in known:
            problems.append(
                f"{PRICES}: {host} is no host of this run, whose hosts are "
                f"{', '.join(known) or 'not known'}; its price is not used"
            )
            continue
        try:
            prices[str(host)] = _price(value, common)
        except PriceError as error:
            problems.append(f"{PRICES}: {host} has no price: {error}")
    found = Prices(prices, problems)
    if len(found.currencies) > 1:
        problems.append(
            f"{PRICES}: the hosts' prices are in {' and '.join(found.currencies)}: requests per "
            "unit of money cannot be compared between these hosts"
        )
    return found


def _price(value: Any, common: dict[str, Any]) -> Price:
    if not isinstance(value, dict):
        raise PriceError(f"it needs a mapping with {', '.join(FIELDS)}")
    unknown = [str(key) for key in value if key not in FIELDS]
    if unknown:
        raise PriceError(f"{', '.join(unknown)} is unknown: it takes {', '.join(FIELDS)}")
    said = common | value
    missing = [key for key in FIELDS if said.get(key) in (None, "")]
    if missing:
        raise PriceError(f"it has no {', '.join(missing)}")
    per_hour = said["per_hour"]
    if isinstance(per_hour, bool) or not isinstance(per_hour, int | float):
        raise PriceError(f"per_hour is {per_hour!r}, not a number such as 0.096")
    if not math.isfinite(per_hour) or per_hour <= 0:
        raise PriceError(f"per_hour is {per_hour}, and must be above 0")
    return Price(float(per_hour), *(str(said[key]) for key in COMMON))

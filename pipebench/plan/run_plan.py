"""From variables, inventory and framework folders to a run: what is measured, where, in what order.

Nothing here touches a host. Every mistake is collected, so that one look shows them all; each is
a sentence that names the thing, what was wrong, and what would be right.
"""

from __future__ import annotations

import difflib
import ipaddress
import math
import random
import re
import secrets
import socket
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

# Variables of a host, not of a run: the inventory sets them.
HOST_VARIABLES = {"bench_address", "bench_testbed", "bench_up_path"}
# Made by the playbooks themselves.
OWN_VARIABLES = {"bench_run"}
RUNTIMES = ("python", "go", "debian")
# What a folder is in a run: measured and ranked, or the measure of what generator and path can do.
ROLES = ("framework", "ceiling")
# The fewest that give a 95 % interval of the median.
LEAST_ROUNDS = 6
MOST_ROUNDS = 1000
MOST_THREADS = 1024
# bench_threads: from the generator's CPUs.
AUTO = "auto"
CEILING = Path("servers") / "ceiling"
DEFAULT_REFERENCE = "uvloop-httptools"
NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
DEBIAN_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")


class PlanError(ValueError):
    """What is wrong with the variables, the inventory or a framework: one sentence a line."""

    def __init__(self, sentences: Iterable[str]) -> None:
        self.sentences = list(sentences)
        super().__init__("\n".join(self.sentences))


def _integer(value: Any) -> int | None:
    """The integer that a value of YAML or of `-e name=value` stands for, or None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and re.fullmatch(r"[+-]?\d+", value.strip()):
        return int(value)
    return None


def _items(value: Any) -> list[Any]:
    """A list as it is; `a,b` split; one value as a list of it."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return list(value) if isinstance(value, (list, tuple)) else [value]


def one_integer(low: int, high: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        number = _integer(value)
        if number is None or not low <= number <= high:
            raise ValueError(f"takes a whole number from {low} to {high}")
        return number

    return check


def many_integers(low: int, high: int) -> Callable[[Any], list[int]]:
    def check(value: Any) -> list[int]:
        numbers = [_integer(item) for item in _items(value)]
        if not numbers or any(n is None or not low <= n <= high for n in numbers):
            raise ValueError(f"takes whole numbers from {low} to {high}, as 5 or [1, 5, 16]")
        if len(set(numbers)) != len(numbers):
            raise ValueError("takes each number once")
        return [n for n in numbers if n is not None]

    return check


def names(value: Any) -> list[str]:
    items = _items(value) if value is not None else []
    if not all(isinstance(item, str) and item for item in items):
        raise ValueError("takes names, as aiohttp,sanic or [aiohttp, sanic]")
    if len(set(items)) != len(items):
        raise ValueError("takes each name once")
    return items


def optional_seed(value: Any) -> int | None:
    return None if value in (None, "") else one_integer(0, 2**63 - 1)(value)


def optional_run_id(value: Any) -> str | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", value):
        raise ValueError("takes a folder's name of up to 64 letters, digits, dots, - and _")
    return value


def flag(value: Any) -> bool:
    words = {"true": True, "yes": True, "false": False, "no": False}
    chosen = value if isinstance(value, bool) else words.get(str(value).strip().lower())
    if chosen is None:
        raise ValueError("takes true or false")
    return chosen


def optional_name(value: Any) -> str | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str) or not NAME.fullmatch(value):
        raise ValueError("takes the name of a framework")
    return value


def _share(value: Any) -> float | None:
    """A number above 0 and below 1, from YAML or a command line, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if 0 < number < 1 else None


def rounds(value: Any) -> int | dict[str, Any]:
    """A number of rounds, or how they are extended until a declared precision is reached."""
    takes = (
        f"takes a whole number from 1 to {MOST_ROUNDS}, or "
        "{min: 6, max: 20, until_relative_width: 0.05}"
    )
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:  # -e bench_rounds='{...}': what is quoted comes as a text
            value = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise ValueError(takes) from error
    if not isinstance(value, Mapping):
        number = _integer(value)
        if number is None or not 1 <= number <= MOST_ROUNDS:
            raise ValueError(takes)
        return number
    wanted = {"min", "max", "until_relative_width"}
    if value.keys() != wanted:
        raise ValueError(f"{takes}, with these three keys and no other")
    least, most = _integer(value["min"]), _integer(value["max"])
    width = _share(value["until_relative_width"])
    if least is None or least < LEAST_ROUNDS:
        raise ValueError(f"takes a min of {LEAST_ROUNDS} or more: below, there is no interval")
    if most is None or not least <= most <= MOST_ROUNDS:
        raise ValueError(f"takes a max from its min to {MOST_ROUNDS}")
    if width is None:
        raise ValueError("takes an until_relative_width above 0 and below 1, as 0.05")
    return {"min": least, "max": most, "until_relative_width": width}


def most_rounds(value: int | Mapping[str, Any]) -> int:
    """How many rounds there are at most."""
    return value["max"] if isinstance(value, Mapping) else value


def folder(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("takes the path of a folder")
    return value


def tools(value: Any) -> list[str]:
    items = names(value)
    if "wrk" not in items or not set(items) <= {"wrk", "h2load"}:
        raise ValueError("takes [wrk], or [wrk, h2load] to cross-check")
    return items


def threads(value: Any) -> int | None:
    """A number of threads, or None: as many as the generator has CPUs."""
    if value is None or (isinstance(value, str) and value.strip() in ("", AUTO)):
        return None
    number = _integer(value)
    if number is None or not 1 <= number <= MOST_THREADS:
        raise ValueError(f"takes a whole number from 1 to {MOST_THREADS}, or {AUTO}")
    return number


def optional_share(value: Any) -> float | None:
    if value in (None, ""):
        return None
    share = _share(value)
    if share is None:
        raise ValueError("takes a share of wrk's rate between 0 and 1, as 0.6, or null")
    return share


VARIABLES: dict[str, Callable[[Any], Any]] = {
    "bench_frameworks": names,
    "bench_framework_dirs": names,
    "bench_depths": many_integers(1, 1024),
    "bench_connections": many_integers(1, 65_536),
    "bench_threads": threads,
    "bench_duration": one_integer(1, 86_400),
    "bench_warmup": one_integer(0, 3600),
    "bench_rounds": rounds,
    "bench_workers": many_integers(1, 1024),
    "bench_tools": tools,
    "bench_rate_share": optional_share,
    "bench_order_seed": optional_seed,
    "bench_run_id": optional_run_id,
    "bench_results_dir": folder,
    "bench_port": one_integer(1024, 65_535),
    "bench_probe": flag,
    "bench_controls": flag,
    "bench_reference": optional_name,
    "bench_baseline": flag,
}


def unknown_variables(given: Iterable[str]) -> list[str]:
    """A sentence for every name that looks like a variable of a run and is none."""
    known = VARIABLES.keys() | HOST_VARIABLES | OWN_VARIABLES
    sentences = []
    for name in sorted(given):
        if name.startswith("bench_") and name not in known:
            near = difflib.get_close_matches(name, VARIABLES, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(VARIABLES)}."
            sentences.append(f"{name} is no variable of this project; {hint}")
    return sentences


def uneven_threads(threads: int | None, connections: Iterable[int]) -> list[str]:
    """A sentence for every number of connections that wrk would not open as asked."""
    sentences: list[str] = []
    if threads is None:
        return sentences
    for number in connections:
        if threads > number:
            sentences.append(
                f"bench_threads is {threads}, more than the {number} of bench_connections; "
                "wrk needs a connection for every thread."
            )
        elif number % threads:
            sentences.append(
                f"bench_connections has {number}, no multiple of bench_threads ({threads}); "
                f"wrk would open only {number // threads * threads}."
            )
    return sentences


def read_variables(
    given: Mapping[str, Any], defaults: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Every variable of the run that is right, in its own type; and a sentence for each mistake.

    `given` may hold anything; what begins with `bench_` must be known. `defaults` is the plan that
    says what every variable is when it is not given.
    """
    sentences = unknown_variables(given)
    values: dict[str, Any] = {}
    for name, check in VARIABLES.items():
        value = given.get(name, defaults[name])
        try:
            values[name] = check(value)
        except ValueError as error:
            sentences.append(f"{name} is {value!r}; it {error}.")
    if {"bench_threads", "bench_connections"} <= values.keys():
        sentences += uneven_threads(values["bench_threads"], values["bench_connections"])
    if values.get("bench_rate_share") and "h2load" not in values.get("bench_tools", ["h2load"]):
        sentences.append(
            "bench_rate_share is given, and bench_tools has no h2load, which keeps the rate."
        )
    return values, sentences


def package_mistakes(path: Path, data: Mapping[str, Any]) -> list[str]:
    """A sentence for everything that is wrong with the Debian packages that a framework names."""
    where, lock = path / "framework.yml", path / "requirements-build.txt"
    errors = [
        f"{where}: {key} is {data[key]!r}; it takes a list of Debian packages."
        for key in ("packages", "build")
        if key in data
        and not (
            isinstance(data[key], list)
            and all(isinstance(one, str) and DEBIAN_PACKAGE.fullmatch(one) for one in data[key])
        )
    ]
    if data.get("runtime") == "debian" and not data.get("packages"):
        errors.append(f"{where} has no packages; runtime debian takes its program from the first.")
    if data.get("build") and not lock.is_file():
        errors.append(f"{where} has build; then the folder needs requirements-build.txt as well.")
    return errors


def read_framework(path: Path) -> dict[str, Any]:
    """The `framework.yml` of a folder, checked, with its `path`. Raises PlanError."""
    where = path / "framework.yml"
    try:
        data = yaml.safe_load(where.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise PlanError([f"{where} cannot be read: {error}"]) from error
    if not isinstance(data, dict):
        raise PlanError([f"{where} holds no keys; it takes title, stack, language and runtime."])
    errors = []
    required = ("title", "stack", "language", "runtime")
    optional = ("python", "packages", "build", "note", "role")
    if not NAME.fullmatch(path.name):
        errors.append(f"{path}: a framework's folder is named with a-z, 0-9 and -.")
    errors += [f"{where} has no {key}." for key in required if key not in data]
    errors += [
        f"{where} has {key!r}, which is none of {', '.join(required + optional)}."
        for key in data
        if key not in required + optional
    ]
    errors += [
        f"{where}: {key} is {data[key]!r}; it takes a text, in quotes if it is a number."
        for key in data
        if key in required + optional
        and key not in ("packages", "build")
        and not (isinstance(data[key], str) or (key == "stack" and isinstance(data[key], int)))
    ]
    errors += package_mistakes(path, data)
    if isinstance(data.get("runtime"), str) and data["runtime"] not in RUNTIMES:
        errors.append(f"{where}: runtime is {data['runtime']!r}; it takes {' or '.join(RUNTIMES)}.")
    if isinstance(data.get("role"), str) and data["role"] not in ROLES:
        errors.append(f"{where}: role is {data['role']!r}; it takes {' or '.join(ROLES)}.")
    if errors:
        raise PlanError(errors)
    return {
        "title": data["title"],
        "stack": str(data["stack"]),
        "language": data["language"],
        "runtime": data["runtime"],
        "python": data.get("python"),
        "packages": data.get("packages", []),
        "note": (data.get("note") or "").strip(),
        "role": data.get("role", "framework"),
        "build": data.get("build", []),
        "path": str(path.resolve()),
    }


def find_frameworks(folders: Iterable[str], root: Path) -> dict[str, dict[str, Any]]:
    """Every framework below the folders (relative to `root`), by name. Raises PlanError.

    A folder is a framework itself if it has a `framework.yml`, else its children may be.
    """
    found: dict[str, dict[str, Any]] = {}
    errors = []
    for name in folders:
        top = root / name
        if not top.is_dir():
            errors.append(f"bench_framework_dirs has {name!r}, which is no folder.")
            continue
        children = [top] if (top / "framework.yml").exists() else sorted(top.iterdir())
        for child in children:
            if not (child / "framework.yml").exists():
                continue
            if child.name in found:
                errors.append(f"{child} and {found[child.name]['path']} have the same name.")
                continue
            try:
                found[child.name] = read_framework(child)
            except PlanError as error:
                errors += error.sentences
    if errors:
        raise PlanError(errors)
    return found


def choose_frameworks(
    wanted: list[str], found: Mapping[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Those named, or all frameworks of the current stack. Raises PlanError."""
    unknown = [name for name in wanted if name not in found]
    if unknown:
        raise PlanError(
            f"bench_frameworks has {name!r}; there are {', '.join(sorted(found))}."
            for name in unknown
        )
    chosen = wanted or [
        name
        for name in sorted(found)
        if found[name]["stack"] == "current" and found[name]["role"] == "framework"
    ]
    if not chosen:
        raise PlanError(["bench_framework_dirs holds no framework of the current stack."])
    return {name: found[name] for name in chosen}


def choose_reference(wanted: str | None, chosen: Mapping[str, dict[str, Any]]) -> str | None:
    """What precision and the A/A control are relative to; None where nothing is ranked.

    Raises PlanError.
    """
    ranked = [name for name in chosen if chosen[name]["role"] == "framework"]
    if wanted is None:
        return DEFAULT_REFERENCE if DEFAULT_REFERENCE in ranked else next(iter(ranked), None)
    if wanted not in ranked:
        raise PlanError(
            [f"bench_reference is {wanted!r}; it takes one of this run: {', '.join(ranked)}."]
        )
    return wanted


def control_frameworks(
    chosen: Mapping[str, dict[str, Any]],
    reference: str | None,
    found: Mapping[str, dict[str, Any]],
    root: Path,
) -> dict[str, dict[str, Any]]:
    """What a run measures besides: a ceiling, and its reference a second time under another name.

    Raises PlanError.
    """
    added: dict[str, dict[str, Any]] = {}
    if not any(framework["role"] == "ceiling" for framework in chosen.values()):
        ceilings = [name for name in found if found[name]["role"] == "ceiling"]
        if ceilings:
            added = {ceilings[0]: found[ceilings[0]]}
        elif (root / CEILING).is_dir():  # also where frameworks are looked for elsewhere
            added = {CEILING.name: read_framework(root / CEILING)}
    if reference is not None:
        original = chosen[reference]
        again = f"{reference}-again"
        title = f"{original['title']} (again)"
        note = f"The A/A control: {original['title']} a second time, as a unit of its own."
        added[again] = {**original, "title": title, "note": note, "control_of": reference}
    taken = [name for name in added if name in chosen]
    if taken:
        raise PlanError(
            f"{name} is what a control of this run is called; rename that framework, or set "
            "bench_controls to false."
            for name in taken
        )
    return added


def _address(host: str, variables: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The IP address that the generators use for a server, and what is wrong with it."""
    named = str(variables.get("bench_address") or variables.get("ansible_host") or host)
    try:
        return str(ipaddress.ip_address(named)), None
    except ValueError:
        pass
    try:
        return str(socket.getaddrinfo(named, None, type=socket.SOCK_STREAM)[0][4][0]), None
    except OSError:
        return None, (
            f"{host}: {named!r} is no IP address and does not resolve here; set bench_address to "
            "the address that the load generators reach it at."
        )


def group_mistakes(servers: list[str], loadgens: list[str]) -> list[str]:
    """A sentence for every host that the two groups lack or share."""
    sentences = []
    if not servers:
        sentences.append(
            "The inventory has no host in the group servers; put the host that serves there."
        )
    if not loadgens:
        sentences.append(
            "The inventory has no host in the group loadgens; put the host that runs wrk there."
        )
    sentences += [
        f"{host} is in servers and in loadgens; a host that measures itself shares its CPUs with "
        "what it measures, so take two."
        for host in servers
        if host in loadgens
    ]
    return sentences


def testbed_mistakes(
    testbed: Mapping[str, Any], hostvars: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """A sentence for everything that is wrong with the hosts of one testbed."""
    name, server, generators = testbed["name"], testbed["server"], testbed["generators"]
    sentences = []
    if not NAME.fullmatch(name):
        sentences.append(f"{server}: bench_testbed is {name!r}; it takes a-z, 0-9 and -.")
    if not generators:
        sentences.append(f"The testbed {name!r} of {server} has no load generator.")
    if len(generators) > 1:
        sentences.append(
            f"The testbed {name!r} has {len(generators)} load generators "
            f"({', '.join(generators)}); it takes one so far."
        )
    where = hostvars[server].get("ansible_host", server)
    sentences += [
        f"{host} and {server} have the same address ({where}); the server and its load generator "
        "must be two hosts."
        for host in generators
        if host != server and hostvars[host].get("ansible_host", host) == where
    ]
    return sentences


def find_testbeds(
    servers: list[str], loadgens: list[str], hostvars: Mapping[str, Mapping[str, Any]], port: int
) -> list[dict[str, Any]]:
    """Each server with its load generators, by `bench_testbed`. Raises PlanError."""

    def name_of(host: str) -> str:
        return str(hostvars[host].get("bench_testbed", "main"))

    sentences = group_mistakes(servers, loadgens)
    if sentences:
        raise PlanError(sentences)
    testbeds: dict[str, dict[str, Any]] = {}
    for host in servers:
        name = name_of(host)
        if name in testbeds:
            sentences.append(
                f"The testbed {name!r} has two servers, {testbeds[name]['server']} and {host}; "
                "give one of them another bench_testbed."
            )
            continue
        address, mistake = _address(host, hostvars[host])
        sentences += [mistake] if mistake else []
        generators = [loadgen for loadgen in loadgens if name_of(loadgen) == name]
        testbeds[name] = {
            "name": name, "server": host, "generators": generators, "address": address,
            "port": port,
        }  # fmt: skip
    sentences += [
        f"{host}: bench_testbed is {name_of(host)!r}, and no server is in that testbed."
        for host in loadgens
        if name_of(host) not in testbeds
    ]
    for testbed in testbeds.values():
        sentences += testbed_mistakes(testbed, hostvars)
    if sentences:
        raise PlanError(sentences)
    return list(testbeds.values())


def threads_for(cpus: int, connections: Iterable[int]) -> int:
    """As many threads as there are CPUs, or the next fewer that divide every number of connections.

    wrk opens threads x floor(connections / threads). One number for all cells of a testbed, so
    that cells differ in what they are named for and in nothing else.
    """
    common = math.gcd(*connections)
    most = min(cpus, common, MOST_THREADS)
    return next(number for number in range(most, 0, -1) if common % number == 0)


def settle_threads(run: Mapping[str, Any], cpus: Mapping[str, int]) -> dict[str, Any]:
    """The run with the threads that wrk will have on each testbed; `cpus`: by host.

    `bench_threads` becomes that number, or stays `auto` where the testbeds' generators differ.
    """
    variables = run["variables"]
    testbeds = [
        testbed
        if testbed["threads"] is not None
        else testbed
        | {
            "threads": threads_for(
                min(cpus[host] for host in testbed["generators"]), variables["bench_connections"]
            )
        }
        for testbed in run["testbeds"]
    ]
    used = {testbed["threads"] for testbed in testbeds}
    number = used.pop() if len(used) == 1 else AUTO
    return {**run, "variables": {**variables, "bench_threads": number}, "testbeds": testbeds}


def shuffled_rounds(
    cells: list[dict[str, Any]], rounds: int, seed: int
) -> list[list[dict[str, Any]]]:
    """`rounds` copies of the cells, each in an order of its own; the same for the same seed."""
    order = random.Random(seed)  # noqa: S311 (an order, not a secret)
    return [order.sample(cells, len(cells)) for _ in range(rounds)]


def new_run_id(now: datetime) -> str:
    """`YYYYmmddTHHMMSSZ-xxxx`, for the moment `now` (UTC)."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def plan_run(
    given: Mapping[str, Any],
    inventory: tuple[list[str], list[str], Mapping[str, Mapping[str, Any]]],
    root: Path,
) -> dict[str, Any]:
    """The whole run (see docs/architecture.md, `bench_run`). Raises PlanError with every mistake.

    `given`: variables as Ansible has them. `inventory`: the hosts of the group servers, those of
    loadgens, and the variables of each host. `root`: the repository.
    """
    defaults = yaml.safe_load((root / "plans" / "seed.yml").read_text(encoding="utf-8"))
    if "bench_framework_dirs" in given:  # the default names are those of the default folders
        defaults["bench_frameworks"] = []
    variables, sentences = read_variables(given, defaults)
    frameworks: dict[str, dict[str, Any]] = {}
    controls: dict[str, dict[str, Any]] = {}
    reference: str | None = None
    testbeds: list[dict[str, Any]] = []
    try:
        found = find_frameworks(variables.get("bench_framework_dirs", []), root)
        frameworks = choose_frameworks(variables.get("bench_frameworks", []), found)
        reference = choose_reference(variables.get("bench_reference"), frameworks)
        if variables.get("bench_controls"):
            controls = control_frameworks(frameworks, reference, found, root)
    except PlanError as error:
        sentences += error.sentences
    try:
        testbeds = find_testbeds(*inventory, variables.get("bench_port", 0))
    except PlanError as error:
        sentences += error.sentences
    if sentences:
        raise PlanError(sentences)

    run_id = variables["bench_run_id"] or new_run_id(datetime.now(UTC))
    results = (root / Path(variables["bench_results_dir"]).expanduser() / run_id).resolve()
    if results.exists():
        raise PlanError(
            [f"{results} exists already; give another bench_run_id, to overwrite nothing."]
        )
    seed = variables["bench_order_seed"]
    variables |= {
        "bench_frameworks": list(frameworks),
        "bench_reference": reference,
        "bench_run_id": run_id,
        "bench_order_seed": secrets.randbelow(2**32) if seed is None else seed,
    }
    cells = [
        {"framework": name, "workers": workers, "depth": depth, "connections": connections}
        for name in frameworks | controls
        for workers in variables["bench_workers"]
        for depth in variables["bench_depths"]
        for connections in variables["bench_connections"]
    ]
    return {
        "run_id": run_id,
        "results_dir": str(results),
        "variables": variables,
        "frameworks": frameworks | controls,
        "testbeds": [testbed | {"threads": variables["bench_threads"]} for testbed in testbeds],
        "rounds": shuffled_rounds(
            cells, most_rounds(variables["bench_rounds"]), variables["bench_order_seed"]
        ),
    }

"""The differences between two runs besides their figures: plan, project, hosts, frameworks."""

from collections.abc import Sequence
from typing import NamedTuple

from pipebench.plan.run_plan import default_variables
from pipebench.plan.tuning_text import changes_by_name
from pipebench.plan.variables import PLACE_OF_A_RUN, current_variables
from pipebench.record.names import names_now
from pipebench.record.run_record import Run
from pipebench.record.schema import RecordedTestbed
from pipebench.record.values import flat

FOR_ONE_RUN = (*PLACE_OF_A_RUN, "bench_order_seed")
"""Variables that differ between any two runs and do not affect the figures."""
OF_ONE_HOST = (
    "hostname", "interface.name", "interface.mac", "cloud.instance", "metadata.instance",
)  # fmt: skip
"""Parts of a fingerprint that differ between any two hosts of one run."""
NOT_OF_A_MACHINE = ("frameworks", "boot_id")
"""Frameworks are compared one by one; the id of a boot differs between any two runs."""


class Difference(NamedTuple):
    """part: "plan", "project", "server", "generator" or a framework, as `framework NAME`.

    base and other: the values as text; empty if a run does not have the value.
    """

    part: str
    name: str
    base: str
    other: str

    @property
    def topic(self) -> str:
        """The first part of the name: "cpu" of "cpu.model"."""
        return self.name.split(".", 1)[0]


def differences(base: Run, other: Run, testbeds: list[tuple[str, str]]) -> list[Difference]:
    """All differences. testbeds: the compared pairs, by their names in the base and the other."""
    differing = _differing("plan", _plan(base), _plan(other))
    differing += _differing("project", _project(base), _project(other))
    for pair in testbeds:
        first, second = _machines(base, pair[0]), _machines(other, pair[1])
        place = f" of {pair[0]}" if len(testbeds) > 1 else ""
        for part in dict.fromkeys([*first, *second]):
            differing += _differing(part + place, first.get(part, {}), second.get(part, {}))
    for now in _by_current_name(base):
        differing += framework_differences(base, other, now)
    return differing


Values = tuple[str, str, list[str]]
"""The part, the name, and its value in each of several runs or machines."""


def machine_differences(testbeds: Sequence[tuple[Run, str]]) -> list[Values]:
    """What differs between testbeds, each of a run."""
    differing = _all_differing([_machines(run, name) for run, name in testbeds])
    return [one for one in differing if one[1] not in OF_ONE_HOST]


def run_differences(runs: Sequence[Run]) -> list[Values]:
    """What differs between several runs besides their machines; of frameworks, those of all."""
    names = [_by_current_name(run) for run in runs]
    shared = {now: name for now, name in names[0].items() if all(now in own for own in names)}
    return _all_differing(
        [
            {"plan": _plan(run), "project": _project(run)}
            | {f"framework {name}": _framework(run, own[now]) for now, name in shared.items()}
            for run, own in zip(runs, names, strict=True)
        ]
    )


def _by_current_name(run: Run) -> dict[str, str]:
    """The names that the frameworks of a run have in it, by those that they have now."""
    controls = {name: framework.control_of for name, framework in run.frameworks.items()}
    return {now: name for name, now in names_now(controls).items()}


def _all_differing(parts_of_each: Sequence[dict[str, dict[str, str]]]) -> list[Values]:
    differing = []
    for part in dict.fromkeys(part for one in parts_of_each for part in one):
        values = [one.get(part, {}) for one in parts_of_each]
        for name in dict.fromkeys(name for one in values for name in one):
            own = [one.get(name, "") for one in values]
            if len(set(own)) > 1:
                differing.append((part, name, own))
    return differing


def framework_differences(base: Run, other: Run, now: str) -> list[Difference]:
    """The differences in one framework; empty if one of the runs does not have it.

    now: the name that it has now.
    """
    first, second = _by_current_name(base).get(now), _by_current_name(other).get(now)
    if first is None or second is None:
        return []
    return _differing(f"framework {first}", _framework(base, first), _framework(other, second))


def _differing(part: str, base: dict[str, str], other: dict[str, str]) -> list[Difference]:
    return [
        Difference(part, name, base.get(name, ""), other.get(name, ""))
        for name in dict.fromkeys([*base, *other])
        if base.get(name, "") != other.get(name, "")
    ]


def _plan(run: Run) -> dict[str, str]:
    """Its variables. One that an older version did not have yet has its default: nothing is done
    by default that was not done before.
    """
    variables = default_variables({}) | current_variables(run.variables)
    return flat({n: value for n, value in variables.items() if n not in FOR_ONE_RUN})


def _project(run: Run) -> dict[str, str]:
    commit = f"{run.commit}{', with uncommitted changes' if run.dirty else ''}"
    return {"commit": commit if run.commit else ""} | flat(run.versions)


def _machines(run: Run, testbed: str) -> dict[str, dict[str, str]]:
    """The fingerprints of a testbed's hosts by their roles."""
    described = next((one for one in run.testbeds if one.name == testbed), RecordedTestbed())
    roles = {"server": str(described.server)}
    for number, host in enumerate(described.generators, start=1):
        roles["generator" if len(described.generators) == 1 else f"generator {number}"] = host
    return {role: _host(run, host) for role, host in roles.items()}


def _host(run: Run, name: str) -> dict[str, str]:
    fingerprint = run.hosts.get(name, {})
    host = {key: value for key, value in fingerprint.items() if key not in NOT_OF_A_MACHINE}
    tuned = {
        f"tuned.{thing}": change
        for record in run.tunings
        if record.host == name
        for thing, change in changes_by_name(record.settings).items()
    }
    return (flat(host) or {"fingerprint": "none"}) | tuned


def _framework(run: Run, name: str) -> dict[str, str]:
    """Its role and stack, and versions by package: "uvloop": "0.22.1"."""
    framework = run.frameworks[name]
    versions = [one.split(" ", 1) for one in framework.versions]
    values = {"stack": framework.stack, "role": framework.role, "title": framework.title}
    return values | {words[0]: words[-1] for words in versions}


def brief(differing: list[Difference]) -> str:
    """One line: the topics that differ in each part; versions of a framework with their values."""
    parts: dict[str, list[str]] = {}
    for one in differing:
        words = one.topic
        if one.part.startswith("framework "):
            words = f"{one.name} {one.base or 'none'} -> {one.other or 'none'}"
        topics = parts.setdefault(one.part, [])
        if words not in topics:
            topics.append(words)
    return "; ".join(f"{part}: {', '.join(topics)}" for part, topics in parts.items())

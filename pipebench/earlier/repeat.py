"""The plan of a run that measures again what an earlier run measured (`bench_like`).

Variables, order and frameworks are those that the earlier run recorded, by the names that they have
now; the hosts are those of the inventory, and the frameworks' code is that of the folders here.
What cannot be the same here, or would set hosts, is a change, which a person must accept. All
changes are named before any host is touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import structs

from pipebench.documents.declared import fields_of, listed, plain
from pipebench.earlier.locks import version_changes
from pipebench.earlier.recorded import (
    ELSEWHERE,
    FOLDERS,
    SETS_HOSTS,
    Beside,
    asked_variables,
    files_change,
    names_of,
    programs_change,
    recorded_rounds,
    run_folder,
    run_record,
    setting_changes,
)
from pipebench.plan.digest import digest_of
from pipebench.plan.earlier_run import (
    BUILDS,
    FRAMEWORKS,
    TESTBEDS,
    VARIABLES,
    Change,
    Repetition,
    accepted_names,
    one_line,
)
from pipebench.plan.errors import Mistakes, PlanError
from pipebench.plan.estimate import plan_text
from pipebench.plan.frameworks import PlannedFramework, find_frameworks
from pipebench.plan.project import Project
from pipebench.plan.run_plan import (
    PROGRAMS,
    RunPlan,
    new_run,
    old_stack_mistakes,
    with_frameworks,
)
from pipebench.plan.shares import share_mistakes
from pipebench.plan.testbeds import Inventory, Testbed, base_mistakes, find_testbeds
from pipebench.plan.variables import (
    LIKE,
    OLD_STACKS,
    PLACE_OF_A_RUN,
    PREFIX,
    RESUME,
    Variables,
    current_names,
    is_true,
    number_of,
)
from pipebench.record.run_record import installed_of, read_hosts
from pipebench.record.schema import Described, HostFingerprint, RunRecord
from pipebench.record.values import words

BASE = "bench_base_testbed"
OF_THE_PLACE = (*PLACE_OF_A_RUN, "bench_port", FOLDERS, BASE, *SETS_HOSTS)
"""Variables that other hosts, or another folder of the project, may require to be others."""
BESIDE = Beside(
    anew=OF_THE_PLACE,
    advice=f"{LIKE} measures the plan of the run, so leave it out.",
    without=PLACE_OF_A_RUN,
)


class Earlier(NamedTuple):
    """The run that is measured again. hosts: their fingerprints, by name."""

    folder: Path
    record: RunRecord
    hosts: dict[str, HostFingerprint]


class FrameworksHere(NamedTuple):
    """The frameworks of the earlier run as they are here, and what of them is not as it was.

    names: of today, by those that the earlier run has. unknown: what cannot be told. Sentences.
    """

    variables: Variables
    names: dict[str, str]
    frameworks: dict[str, PlannedFramework]
    changes: list[Change]
    unknown: list[str]


def plan_repeated(
    given: Mapping[str, Any], inventory: Inventory, project: Project, *, measures: bool = True
) -> RunPlan:
    """The plan of the run that `bench_like` names. Raises PlanError with every mistake.

    measures: false if the phase that measures is skipped.
    """
    given = plain(given)
    if given.get(RESUME):
        raise PlanError(
            f"{LIKE} measures a run again from its beginning, and {RESUME} what is missing in one; "
            "leave one of them out."
        )
    earlier = earlier_run(given, project.root)
    record = earlier.record
    variables, mistakes = _variables(given, record)
    here = _frameworks(variables, earlier, project.root)
    variables, threads = here.variables, number_of(here.variables.threads)
    testbeds: list[Testbed] = []
    with mistakes.collected():
        testbeds = find_testbeds(inventory, variables.port, threads)
        mistakes += share_mistakes(testbeds, variables.connections, threads)
        if wrong := base_mistakes(variables.base_testbed, testbeds):
            # of the run, it is a name that these hosts do not have; given, it is a mistake
            mistakes += wrong if BASE in given else []
            variables = structs.replace(variables, base_testbed=None)
    allowed = is_true(given, OLD_STACKS)
    mistakes += old_stack_mistakes(here.frameworks, testbeds, allowed=allowed)
    repetition = Repetition(
        run_id=record.run_id,
        folder=str(earlier.folder),
        accepts=accepted_names(given),
        unknown=here.unknown,
    )
    changes = [
        *variable_changes(record),
        *setting_changes(given, variables),
        *here.changes,
        *(programs_change(record, digest_of(project.root / PROGRAMS)) if record.programs else []),
        *testbed_changes(record, testbeds),
    ]
    with mistakes.collected():
        repetition = repetition.with_changes(changes)
    mistakes.refuse()
    rounds = [
        [
            structs.replace(cell, framework=here.names[cell.framework])
            for cell in cells
            if here.names[cell.framework] in here.frameworks
        ]
        for cells in recorded_rounds(record, variables)
    ]
    run = new_run(variables, here.frameworks, testbeds, rounds if measures else [], project)
    return structs.replace(run, like=repetition)


def repeated_text(run: RunPlan) -> str:
    """Which run is measured again, how long that takes, and what is or may be different."""
    if run.like is None:
        return ""
    accepted = [f"Accepted: {change}" for change in run.like.changes]
    begins = f"Run {run.run_id} measures again what the run {run.like.run_id} measured"
    return "\n".join(
        [f"{begins}: {plan_text(run)}, after provisioning", *accepted, *run.like.unknown]
    )


def earlier_run(given: Mapping[str, Any], root: Path) -> Earlier:
    """The run that `bench_like` names. PlanError: it cannot be used."""
    folder = run_folder(LIKE, given, root)
    record = run_record(folder)
    return Earlier(folder, record, read_hosts(folder, [], record.run_id))


def _variables(given: Mapping[str, Any], record: RunRecord) -> tuple[Variables, Mistakes]:
    """Those of the earlier run, with what is given for this place; and what is wrong with that."""
    asked = asked_variables(given, record, BESIDE)
    names = {name: fields_of(Variables)[name].attribute for name in OF_THE_PLACE if name in given}
    wanted = {field: getattr(asked.wanted.variables, field) for field in names.values()}
    return structs.replace(asked.recorded, **wanted), asked.mistakes


def _frameworks(variables: Variables, earlier: Earlier, root: Path) -> FrameworksHere:
    """The earlier run's frameworks and controls; those that are not here are a change.

    Raises PlanError if none is here.
    """
    record = earlier.record
    available = find_frameworks(variables.framework_dirs, root)
    names = names_of(record)
    folders = listed(variables.framework_dirs)
    named = [names.get(name, name) for name in variables.frameworks]
    chosen = [name for name in named if name in available]
    if not chosen:
        said = f"None of the run's frameworks ({listed(names)}) is in {folders}."
        raise PlanError(one_line(said), ELSEWHERE)
    reference = names.get(str(variables.reference))
    reference = reference if reference in chosen else None
    variables = structs.replace(variables, frameworks=chosen, reference=reference)
    variables, planned = with_frameworks(variables, root)
    frameworks = {now: planned[now] for now in names.values() if now in planned}
    changes = [
        Change(
            FRAMEWORKS,
            f"The run has the framework {name}, which is not in {folders}: it is not measured.",
        )
        for name, now in names.items()
        if now not in planned
    ]
    undescribed = []
    for recorded, name in names.items():
        framework, described = frameworks.get(name), record.frameworks.get(recorded)
        if framework is None:
            continue
        installed = installed_of(recorded, earlier.hosts).packages
        if described is None or described.digest is None:
            undescribed.append(name)
        elif described.digest == framework.digest:
            continue
        if not framework.is_again:
            debian = {*framework.packages, *(described.packages if described else [])}
            locked = {one: version for one, version in installed.items() if one not in debian}
            found = version_changes(name, locked, framework)
            found += build_changes(name, described, framework) if described else []
            changes += found or (files_change(name, described, framework) if described else [])
    unknown = unknown_files(record, undescribed)
    return FrameworksHere(variables, names, frameworks, changes, unknown)


def build_changes(name: str, described: Described, now: PlannedFramework) -> list[Change]:
    """A change for each kind of Debian packages of a framework that is another here."""
    kinds = {
        "its packages of Debian were": (described.packages, now.packages),
        "the packages of Debian that build it were": (described.build, now.build),
    }
    return [
        Change(BUILDS, f"{name}: {what} {words(before)}, and are {words(here)} here.")
        for what, (before, here) in kinds.items()
        if sorted(before) != sorted(here)
    ]


def unknown_files(record: RunRecord, undescribed: list[str]) -> list[str]:
    """A sentence if an older run did not record what its files were."""
    if not undescribed and record.programs:
        return []
    return [
        (
            f"The run {record.run_id} has no digests of its files: the versions of its packages "
            "were compared, but whether its servers and the programs on the hosts are the same "
            "here is not known."
        )
    ]


def variable_changes(record: RunRecord) -> list[Change]:
    """A change for each variable that only a later version of the project has."""
    return [
        Change(
            VARIABLES,
            f"The run has {name}, which this version of the project does not know: it is ignored.",
        )
        for name in current_names(record.variables)
        if name.startswith(PREFIX) and name not in fields_of(Variables)
    ]


def testbed_changes(record: RunRecord, testbeds: Iterable[Testbed]) -> list[Change]:
    """A change for each testbed whose cells have nothing to be compared with.

    If each run has one testbed, its name does not matter.
    """
    before = [testbed.name for testbed in record.testbeds] or ["main"]
    now = [testbed.name for testbed in testbeds]
    if len(before) == len(now) == 1:
        return []
    return [
        Change(
            TESTBEDS,
            f"The run has the testbed {name}, which is not in the inventory: it is not measured.",
        )
        for name in before
        if name not in now
    ]


def architecture_text(run: RunPlan, architectures: Mapping[str, str]) -> str:
    """That hosts have another architecture than those of the earlier run; often nothing.

    architectures: of the hosts of this run.
    """
    if run.like is None:
        return ""
    folder = Path(run.like.folder)
    recorded, hosts = run_record(folder).testbeds, read_hosts(folder, [], run.like.run_id)
    servers = [str(testbed.server) for testbed in recorded]
    generators = [host for testbed in recorded for host in testbed.generators]
    roles = {
        "servers": (servers, [testbed.server for testbed in run.testbeds]),
        "load generators": (generators, [one for bed in run.testbeds for one in bed.generators]),
    }
    sentences = []
    for role, (before, now) in roles.items():
        old = {hosts[host].architecture or "" for host in before if host in hosts} - {""}
        new = {architectures[host] for host in now}
        if old and old != new:
            sentences.append(
                f"The {role} of the run {run.like.run_id} were {listed(sorted(old))}, and these "
                f"are {listed(sorted(new))}: their programs are other binaries."
            )
    return "\n".join(sentences)

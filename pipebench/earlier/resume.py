"""The plan of a run that goes on: what run.json has, and what changed since.

Only more rounds can be asked for; other variables are those of the run, and the frameworks' code is
that of the folders here. A framework, a testbed or a host that is not as it was, or cannot be
compared, is a change, which a person must accept. All else is a mistake.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from pipebench.documents.declared import listed, plain
from pipebench.earlier.complete import left_text
from pipebench.earlier.recorded import (
    ELSEWHERE,
    FOLDERS,
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
    FILES,
    HOSTS,
    TESTBEDS,
    Change,
    Resumption,
    accepted_names,
    one_line,
)
from pipebench.plan.errors import Mistakes, PlanError
from pipebench.plan.frameworks import PlannedFramework
from pipebench.plan.project import Project
from pipebench.plan.run_plan import (
    PROGRAMS,
    RunPlan,
    old_stack_mistakes,
    space_mistakes,
    with_frameworks,
)
from pipebench.plan.schedule import cells_of, most_rounds, shuffled_rounds
from pipebench.plan.testbeds import Inventory, Testbed, find_testbeds
from pipebench.plan.variables import (
    OLD_STACKS,
    PLACE_OF_A_RUN,
    RESUME,
    Variables,
    is_true,
    number_of,
)
from pipebench.record import assemble, store
from pipebench.record.factors import PlannedCell
from pipebench.record.folder import names_in
from pipebench.record.progress import read_events
from pipebench.record.reading import read
from pipebench.record.schema import HostFingerprint, RecordError, RunRecord
from pipebench.record.values import flat

BESIDE = Beside(
    anew=("bench_rounds", FOLDERS, *PLACE_OF_A_RUN),
    advice="a run goes on with its own plan, so leave it out.",
)


def plan_resumed(given: Mapping[str, Any], inventory: Inventory, project: Project) -> RunPlan:
    """The rest of the run that `bench_resume` names. Raises PlanError with every mistake."""
    given = plain(given)
    folder = run_folder(RESUME, given, project.root)
    record = run_record(folder)
    variables = _variables(given, record)
    Mistakes(space_mistakes(folder)).refuse()
    try:
        variables, frameworks = _frameworks(variables, record, project.root)
    except PlanError as error:
        raise PlanError(*error.sentences, *([] if given.get(FOLDERS) else [ELSEWHERE])) from error
    found = find_testbeds(inventory, variables.port, number_of(variables.threads))
    testbeds = _testbeds(found, record)
    allowed = is_true(given, OLD_STACKS)
    Mistakes(old_stack_mistakes(frameworks, testbeds, allowed=allowed)).refuse()
    programs = digest_of(project.root / PROGRAMS)
    resumption = Resumption(at=last_at(folder, record), accepts=accepted_names(given))
    changes = [
        *setting_changes(given, variables),
        *framework_changes(record, frameworks),
        *programs_change(record, programs),
        *testbed_changes(record, testbeds),
    ]
    run = RunPlan(
        run_id=record.run_id,
        results_dir=str(folder),
        variables=variables,
        frameworks=frameworks,
        testbeds=testbeds,
        rounds=_schedule(record, frameworks, variables),
        version=project.version,
        commit=project.commit,
        dirty=project.dirty,
        command=project.command,
        programs=programs,
        resumption=resumption,
    )
    try:
        return structs.replace(run, resumption=resumption.with_changes(changes))
    except PlanError:
        left_text(run)  # if the run is complete, this is the sentence that helps
        raise


def last_at(folder: Path, record: RunRecord) -> str | None:
    """When anything was last recorded in a run."""
    return max((event.time for event in read_events(folder)), default=record.started)


def _variables(given: Mapping[str, Any], record: RunRecord) -> Variables:
    """Those of the run, with as many rounds as are asked for. Raises PlanError."""
    asked = asked_variables(given, record, BESIDE)
    wanted, mistakes = asked.wanted, asked.mistakes
    if wanted.right("bench_rounds"):
        most = most_rounds(wanted.variables.rounds)
        if most < len(record.rounds):
            mistakes.append(
                f"bench_rounds is {given['bench_rounds']!r}, and the run has {len(record.rounds)} "
                "rounds; it must be as many, or more."
            )
    mistakes.refuse()
    return structs.replace(
        asked.recorded,
        rounds=wanted.variables.rounds,
        framework_dirs=wanted.variables.framework_dirs,
    )


def _frameworks(
    variables: Variables, record: RunRecord, root: Path
) -> tuple[Variables, dict[str, PlannedFramework]]:
    """The frameworks of the run as they are here. They keep the names that the run has for them:
    what is measured now belongs to the same cells as what was. Raises PlanError.
    """
    names = names_of(record)
    reference = variables.reference
    here = structs.replace(
        variables,
        frameworks=[names.get(name, name) for name in variables.frameworks],
        reference=names.get(reference, reference) if reference else None,
    )
    here, planned = with_frameworks(here, root)
    recorded = {now: name for name, now in names.items()}
    frameworks = {}
    for now, framework in planned.items():
        of = framework.control_of
        control_of = recorded.get(of, of) if of else of
        frameworks[recorded.get(now, now)] = structs.replace(framework, control_of=control_of)
    return (
        structs.replace(
            here,
            frameworks=[recorded.get(name, name) for name in here.frameworks],
            reference=here.reference and recorded.get(here.reference, here.reference),
        ),
        frameworks,
    )


def _testbeds(found: Iterable[Testbed], record: RunRecord) -> list[Testbed]:
    """The testbeds of the inventory, with what was settled at the beginning. Raises PlanError."""
    recorded = {testbed.name: testbed for testbed in record.testbeds}
    testbeds = []
    mistakes = Mistakes()
    for testbed in found:
        before = recorded.get(testbed.name)
        if before is None:
            names = listed(sorted(recorded)) if recorded else "none"
            mistakes.append(
                f"The inventory has the testbed {testbed.name}, and the run does not; "
                f"its testbeds are {names}."
            )
            continue
        threads = before.threads or testbed.threads
        testbeds.append(structs.replace(testbed, threads=threads, all_workers=before.all_workers))
    mistakes.refuse()
    return testbeds


def _schedule(
    record: RunRecord, frameworks: Mapping[str, PlannedFramework], variables: Variables
) -> list[list[PlannedCell]]:
    """The recorded rounds, and as many more as are asked for, in orders of the same seed."""
    rounds = recorded_rounds(record, variables)
    unknown = {cell.framework for cells in rounds for cell in cells} - frameworks.keys()
    Mistakes(
        one_line(f"The schedule of the run has the framework {name}, and its plan does not.")
        for name in sorted(unknown)
    ).refuse()
    seed = variables.order_seed or 0
    every = shuffled_rounds(cells_of(frameworks, variables), most_rounds(variables.rounds), seed)
    return rounds + every[len(rounds) :]


def framework_changes(
    record: RunRecord, frameworks: Mapping[str, PlannedFramework]
) -> list[Change]:
    """A change for each framework whose files or lock are not what they were."""
    changes = []
    for name, described in record.frameworks.items():
        now = frameworks.get(name)
        if now is None:
            raise PlanError(
                one_line(f"The run has the framework {name}, and its plan here does not.")
            )
        if described.digest is None:
            said = f"The files of {name} may have changed: the run has no digest of them."
            changes.append(Change(FILES, said))
        changes += files_change(name, described, now)
    return changes


def testbed_changes(record: RunRecord, testbeds: Iterable[Testbed]) -> list[Change]:
    """A change for each testbed that is gone, or has other hosts."""
    now = {testbed.name: testbed for testbed in testbeds}
    changes = []
    for before in record.testbeds:
        testbed = now.get(before.name)
        if testbed is None:
            changes.append(
                Change(
                    TESTBEDS,
                    f"The testbed {before.name} is not in the inventory: the rest of it is not "
                    "measured.",
                )
            )
            continue
        for word in ("server", "generators", "address", "port", "machine"):
            old, new = getattr(before, word), getattr(testbed, word)
            if old != new:
                said = f"The {word} of the testbed {before.name} was {old} and is {new}."
                changes.append(Change(TESTBEDS, said))
    return changes


NOT_READ = ("cloud", "run_id")
"""Parts of a fingerprint that are not read of the host."""
NEWER = ("boot_id", "h2load", "iperf3")
"""Parts that older runs did not record."""


def host_changes(run: RunPlan, fingerprints: Mapping[str, Mapping[str, Any]]) -> list[Change]:
    """A change for each thing of a host that is not as it was when the run began.

    What cannot be compared is one, too. fingerprints: what host_fingerprint read now, by host.
    """
    changes = []
    for host, fingerprint in fingerprints.items():
        try:
            before = recorded_host(run, host)
        except RecordError as error:
            said = f"Whether {host} is as it was when the run began is not known: {error}."
            changes.append(Change(HOSTS, said))
            continue
        now = assemble.fingerprint(fingerprint)
        changes += [Change(HOSTS, text) for text in _differences(host, before, now)]
    return changes


def recorded_host(run: RunPlan, host: str) -> HostFingerprint:
    """What a host was when the run began. RecordError: the record cannot be used."""
    folder, file = Path(run.results_dir), store.host_file(host)
    if store.name_of(file) not in names_in(folder, store.HOSTS):
        raise RecordError(f"the run has no {file}")
    try:
        fingerprint = read(folder, file, HostFingerprint, file)
    except RecordError as error:
        raise RecordError(f"{file} cannot be used: {error}") from error
    if fingerprint.run_id is not None and fingerprint.run_id != run.run_id:
        raise RecordError(f"{file} is of another run, {fingerprint.run_id}")
    return fingerprint


def _differences(host: str, before: HostFingerprint, now: HostFingerprint) -> list[str]:
    old, new = _flat(before, before), _flat(now, before)
    newer = [name for name in NEWER if getattr(before, name) is None and before.run_id is None]
    sentences = []
    for name in dict.fromkeys([*old, *new]):
        was, now_is = old.get(name, "unknown"), new.get(name, "unknown")
        if was == now_is or name.split(".")[0] in newer:
            continue
        again = name == "boot_id" and name in old
        sentences.append(
            f"{host} was booted again." if again else f"{host}: {name} was {was} and is {now_is}."
        )
    return sentences


def _flat(fingerprint: HostFingerprint, before: HostFingerprint) -> dict[str, str]:
    """What the host itself says: of frameworks only those that it had when the run began, as a host
    may have others of other runs.
    """
    values = msgspec.to_builtins(fingerprint)
    values["frameworks"] = {
        name: values["frameworks"].get(name) for name, one in before.frameworks.items() if one
    }
    return flat({name: value for name, value in values.items() if name not in NOT_READ})

"""The plan of a run that goes on: what run.json has, and what changed since.

Only more rounds can be asked for; other variables are those of the run. A framework, a testbed or a
host that is not as it was is a change, which a person must accept. All else is a mistake.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from pipebench.plan.digest import digest_of
from pipebench.plan.frameworks import PlannedFramework
from pipebench.plan.mistakes import Mistakes, PlanError
from pipebench.plan.project import Project
from pipebench.plan.recorded import (
    Beside,
    asked_variables,
    files_change,
    programs_change,
    recorded_rounds,
    run_folder,
    run_record,
)
from pipebench.plan.resumption import Resumption
from pipebench.plan.run_plan import (
    PROGRAMS,
    RunPlan,
    old_stack_mistakes,
    space_mistakes,
    with_frameworks,
)
from pipebench.plan.schedule import PlannedCell, cells_of, most_rounds, shuffled_rounds
from pipebench.plan.testbeds import Inventory, Testbed, find_testbeds
from pipebench.plan.variables import (
    ACCEPT_CHANGES,
    OLD_STACKS,
    PLACE_OF_A_RUN,
    RESUME,
    Variables,
    is_true,
    number_of,
)
from pipebench.record import assemble, store
from pipebench.record.declared import listed, plain
from pipebench.record.progress import read_events
from pipebench.record.reading import read
from pipebench.record.schema import HostFingerprint, RecordError, RunRecord
from pipebench.record.values import flat

BESIDE = Beside(
    anew=("bench_rounds", *PLACE_OF_A_RUN),
    advice="a run goes on with its own plan, so leave it out.",
)


def plan_resumed(given: Mapping[str, Any], inventory: Inventory, project: Project) -> RunPlan:
    """The rest of the run that `bench_resume` names. Raises PlanError with every mistake."""
    given = plain(given)
    folder = run_folder(RESUME, given, project.root)
    record = run_record(folder)
    variables = _variables(given, record, project.root)
    Mistakes(space_mistakes(folder)).refuse()
    variables, frameworks = with_frameworks(variables, project.root)
    found = find_testbeds(inventory, variables.port, number_of(variables.threads))
    testbeds = _testbeds(found, record)
    allowed = is_true(given, OLD_STACKS)
    Mistakes(old_stack_mistakes(frameworks, testbeds, allowed=allowed)).refuse()
    programs = digest_of(project.root / PROGRAMS)
    resumption = Resumption(
        at=last_at(folder, record), accepts_changes=is_true(given, ACCEPT_CHANGES)
    )
    changes = [
        *framework_changes(record, frameworks),
        *programs_change(record, programs),
        *testbed_changes(record, testbeds),
    ]
    return RunPlan(
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
        resumption=resumption.with_changes(changes),
    )


def last_at(folder: Path, record: RunRecord) -> str | None:
    """When anything was last recorded in a run."""
    return max((event.time for event in read_events(folder)), default=record.started)


def _variables(given: Mapping[str, Any], record: RunRecord, root: Path) -> Variables:
    """Those of the run, with as many rounds as are asked for. Raises PlanError."""
    asked = asked_variables(given, record, root, BESIDE)
    wanted, mistakes = asked.wanted, asked.mistakes
    if wanted.right("bench_rounds"):
        most = most_rounds(wanted.variables.rounds)
        if most < len(record.rounds):
            mistakes.append(
                f"bench_rounds is {given['bench_rounds']!r}, and the run has {len(record.rounds)} "
                "rounds; it must be as many, or more."
            )
    mistakes.refuse()
    return structs.replace(asked.recorded, rounds=wanted.variables.rounds)


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
    rounds = recorded_rounds(record)
    seed = variables.order_seed or 0
    every = shuffled_rounds(cells_of(frameworks, variables), most_rounds(variables.rounds), seed)
    return rounds + every[len(rounds) :]


def framework_changes(record: RunRecord, frameworks: Mapping[str, PlannedFramework]) -> list[str]:
    """A sentence for each framework whose files or lock are not what they were."""
    changes = []
    for name, described in record.frameworks.items():
        now = frameworks.get(name)
        if now is None:
            raise PlanError(f"The run has the framework {name}, and this project does not.")
        if described.digest is None:
            changes.append(f"The files of {name} may have changed: the run has no digest of them.")
        changes += files_change(name, described, now)
    return changes


def testbed_changes(record: RunRecord, testbeds: Iterable[Testbed]) -> list[str]:
    """A sentence for each testbed that is gone, or has other hosts."""
    now = {testbed.name: testbed for testbed in testbeds}
    changes = []
    for before in record.testbeds:
        testbed = now.get(before.name)
        if testbed is None:
            changes.append(
                f"The testbed {before.name} is not in the inventory: the rest of it is not "
                "measured."
            )
            continue
        for word in ("server", "generators", "address", "port", "machine"):
            old, new = getattr(before, word), getattr(testbed, word)
            if old != new:
                changes.append(f"The {word} of the testbed {before.name} was {old} and is {new}.")
    return changes


NOT_READ = ("cloud", "frameworks")
"""Parts of a fingerprint that are not read of the host."""


def host_changes(run: RunPlan, fingerprints: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A sentence for each thing of a host that is not as it was when the run began.

    fingerprints: what host_fingerprint read now, by host.
    """
    changes = []
    for host, fingerprint in fingerprints.items():
        try:
            before = _flat(read(Path(run.results_dir), store.host_file(host), HostFingerprint))
            now = _flat(assemble.fingerprint(fingerprint))
        except RecordError:  # it was interrupted before that was recorded
            continue
        for name in dict.fromkeys([*before, *now]):
            old, new = before.get(name, "unknown"), now.get(name, "unknown")
            if old == new:
                continue
            if name != "boot_id":
                changes.append(f"{host}: {name} was {old} and is {new}.")
            elif name in before:  # older runs did not record it
                changes.append(f"{host} was booted again.")
    return changes


def _flat(fingerprint: HostFingerprint) -> dict[str, str]:
    """Without the frameworks, which whoever provisions puts there as their locks say, and without
    what the inventory says: the host itself says what it is.
    """
    values = msgspec.to_builtins(fingerprint)
    return flat({name: value for name, value in values.items() if name not in NOT_READ})

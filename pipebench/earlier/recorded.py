"""A recorded run that a plan refers to: its folder, what run.json has, and what is not as it was.

The plan of a run that goes on (resume.py), or is measured again (repeat.py), is that of its record.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pipebench.documents.declared import fields_of, listed, near
from pipebench.plan.choice import EVERY
from pipebench.plan.digest import digest_of
from pipebench.plan.earlier_run import FILES, HOST_PROGRAMS, INTERRUPTS, PAUSES, TUNING, Change
from pipebench.plan.errors import Mistakes, PlanError
from pipebench.plan.frameworks import PlannedFramework
from pipebench.plan.run_plan import PROGRAMS, default_variables
from pipebench.plan.validation import VariablesRead, read_variables
from pipebench.plan.variables import AUTO, BEFORE, Variables, current_names
from pipebench.record import store
from pipebench.record.factors import PLACE, PlannedCell
from pipebench.record.names import current_name, named, names_now, parts
from pipebench.record.run_record import read_run_record
from pipebench.record.schema import Described, RecordError, RunRecord
from pipebench.record.values import words

RESULTS = "bench_results_dir"
FOLDERS = "bench_framework_dirs"
"""Never taken from a record: its folders hold code, and may be those of whoever made the record."""
SETS_HOSTS = {
    "bench_interrupt_cpus": INTERRUPTS,
    "bench_tuning": TUNING,
    "bench_tuning_pauses": PAUSES,
}
"""Variables that say what hosts are set to; by what name those of a record are accepted."""
ELSEWHERE = (
    "The folders of a run's frameworks are not taken from its record; if you have them in other "
    f"folders, name all folders: -e {FOLDERS}=FOLDER,FOLDER."
)
LEFT_TO_THE_RUN: tuple[Any, ...] = (None, AUTO, [])
"""A plan with such a value leaves the choice to the run, so it contradicts no recorded value."""


class Beside(NamedTuple):
    """What may be given beside a recorded run.

    anew: names of the variables that may have other values. without: those of the run that do not
    count. advice: the end of the sentence on a variable that may not have another value.
    """

    anew: Collection[str]
    advice: str
    without: Collection[str] = ()


class RecordedVariables(NamedTuple):
    """The variables of a recorded run, and those with what is given beside it.

    mistakes: values that are wrong, or contradict the run; a sentence each.
    """

    recorded: Variables
    wanted: VariablesRead
    mistakes: Mistakes


def run_folder(variable: str, given: Mapping[str, Any], root: Path) -> Path:
    """The run's folder: the variable is its path, or its name in `bench_results_dir`."""
    name = str(given[variable])
    defaults = default_variables({})
    results = Path(str(given.get(RESULTS) or defaults[RESULTS])).expanduser()
    places = [root / results / name, root / Path(name).expanduser()]
    folder = next((place for place in places if (place / store.RUN).is_file()), None)
    if folder is None:
        files = [file for place in places for file in place.parent.glob(f"*/{store.RUN}")]
        runs = {file.parent.name: file.parent for file in files}
        meant = runs.get(near(places[0].name, runs) or "")
        end = "./collect.py list lists the runs."
        if meant:
            is_here = meant.is_relative_to(root)
            end = f"did you mean {meant.relative_to(root) if is_here else meant}?"
        raise PlanError(f"{variable} is {name!r}, which is not a run: it has no {store.RUN}; {end}")
    folder = folder.resolve()
    if links := store.leads_out(folder):
        raise PlanError(f"{folder} has links in place of files ({listed(links)}); remove them.")
    return folder


def run_record(folder: Path) -> RunRecord:
    """run.json. PlanError: it cannot be used whole, or has no measurements."""
    path = folder / store.RUN
    try:
        record, problems = read_run_record(folder)
    except RecordError as error:
        raise PlanError(f"{path} cannot be used: {error}.") from error
    Mistakes(f"{path}: {problem}." for problem in problems).refuse()
    if not record.rounds:
        raise PlanError(f"{path} has no measurements in its schedule, so there is nothing to do.")
    return record


def asked_variables(
    given: Mapping[str, Any], record: RunRecord, beside: Beside
) -> RecordedVariables:
    """The variables of a run, and those with what is given beside it."""
    defaults = default_variables({})
    recorded = {
        name: value
        for name, value in (BEFORE | current_names(record.variables)).items()
        if name in fields_of(Variables) and name not in (*beside.without, FOLDERS)
    }
    before = read_variables(recorded, defaults).variables
    wanted = read_variables(recorded | dict(given), defaults)
    mistakes = Mistakes(one for sentences in wanted.mistakes.values() for one in sentences)
    mistakes += [
        f"{name} is {given[name]!r}, and {_value(before, name)!r} in the run; {beside.advice}"
        for name in fields_of(Variables)
        if name in given and name not in beside.anew and wanted.right(name)
        if _contradicts(name, _value(wanted.variables, name), _value(before, name))
    ]
    return RecordedVariables(before, wanted, mistakes)


def setting_changes(given: Mapping[str, Any], before: Variables) -> list[Change]:
    """A change for each thing that hosts would be set to because a record says so.

    before: the variables of the record. What was typed here, in a plan or an inventory is not one.
    """
    usual = read_variables({}, default_variables({})).variables
    return [
        Change(
            change,
            f"The run has {name} {words(_value(before, name))}, which sets the hosts, and was not "
            "given here.",
        )
        for name, change in SETS_HOSTS.items()
        if name not in given and _value(before, name) != _value(usual, name)
    ]


def _value(variables: Variables, name: str) -> Any:
    return getattr(variables, fields_of(Variables)[name].attribute)


def _contradicts(name: str, wanted: Any, recorded: Any) -> bool:
    if wanted in LEFT_TO_THE_RUN:
        return False
    if name == "bench_frameworks":
        meant = [{one for one in recorded if _means(word, one)} for word in wanted]
        return not all(meant) or set().union(*meant) != set(recorded)
    if name == "bench_reference":
        return not _means(wanted, recorded)
    return bool(wanted != recorded)


def _means(word: str, framework: str) -> bool:
    """Whether a word of a plan means this framework of a run, maybe by a name that one of them had
    in older runs.
    """
    folder, variant = parts(framework)
    if variant and word == named(folder, EVERY):
        return True
    return word == framework or current_name(word) == current_name(framework)


def names_of(record: RunRecord) -> dict[str, str]:
    """The current name of each framework of a run, by the name that the run has for it."""
    recorded = {name: one.control_of for name, one in record.frameworks.items()}
    for name in (cell.framework for cells in record.rounds for cell in cells):
        recorded.setdefault(name, None)
    return names_now(recorded)


def recorded_rounds(record: RunRecord, variables: Variables) -> list[list[PlannedCell]]:
    """The schedule of the run, in its order. PlanError: it is not that of its variables."""
    planned = [factor for factor in PLACE if factor.variable]
    for cell in dict.fromkeys(cell for cells in record.rounds for cell in cells):
        if any(factor.of(cell) not in getattr(variables, factor.variable) for factor in planned):
            together = listed(factor.said(cell) for factor in planned)
            raise PlanError(
                f"The schedule of the run has {together} together, which its variables do not "
                "have; its run.json was changed, and cannot be used."
            )
    return record.rounds


def files_change(name: str, described: Described, now: PlannedFramework) -> list[Change]:
    """A change if the files of a framework are not what the run's digest says, or if the digest
    does not tell.

    The A/A control has the files of another framework, for which it is said.
    """
    if described.digest in (None, now.digest) or now.is_again:
        return []
    if described.folder:
        return [Change(FILES, f"The files of {name} in {now.path} are not what they were.")]
    # before variants, a digest was of the whole folder
    if not now.variant and described.digest == digest_of(Path(now.path)):
        return []
    said = f"cannot be compared with {now.path}, because an older version made it"
    return [Change(FILES, f"The files of {name} may have changed: their digest in the run {said}.")]


def programs_change(record: RunRecord, programs: str) -> list[Change]:
    """A change if the programs of a measurement are not what they were. programs: the digest."""
    if record.programs == programs:
        return []
    said = f"The programs that run on the hosts ({PROGRAMS}/) are not what they were."
    return [Change(HOST_PROGRAMS, said)]

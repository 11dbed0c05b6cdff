"""The plan of a run: variables, frameworks, testbeds and schedule put together, or refused.

Nothing here touches a host. All mistakes are collected, so that a user sees them at once; each is a
sentence that names the thing, the mistake, and a correct value.
"""

from __future__ import annotations

import errno
import ipaddress
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import yaml
from msgspec import Struct, structs

from pipebench.documents.declared import plain
from pipebench.plan.choice import choose_frameworks, choose_reference, control_frameworks
from pipebench.plan.digest import digest_of
from pipebench.plan.earlier_run import Repetition, Resumption
from pipebench.plan.errors import Mistakes
from pipebench.plan.file_names import longest_file, name_mistakes
from pipebench.plan.frameworks import CURRENT, PlannedFramework, find_frameworks
from pipebench.plan.project import Project
from pipebench.plan.schedule import cells_of, most_rounds, shuffled_rounds
from pipebench.plan.shares import share_mistakes
from pipebench.plan.testbeds import Inventory, Testbed, base_mistakes, find_testbeds
from pipebench.plan.validation import read_variables, unknown_variables
from pipebench.plan.variables import LIKE, OLD_STACKS, RESUME, Variables, is_true, number_of
from pipebench.record.factors import PlannedCell

DEFAULTS = Path(__file__).parent / "seed.yml"
"""The default plan, to which plans/seed.yml is a link: who only reads runs has it, too."""
OF_FRAMEWORKS = (
    "bench_frameworks", "bench_framework_dirs", "bench_reference", "bench_controls",
)  # fmt: skip
LEAST_FREE_BYTES = 200 * 1024**2
PROGRAMS = Path("files")
"""All that is copied to hosts."""


class RunPlan(Struct, frozen=True, kw_only=True):
    """Cells, testbeds and order of a run: the fact `bench_run` (docs/formats.md).

    results_dir: absolute. rounds: as many as the run may have; each has every cell once. Empty if
    the run does not measure. programs: the digest of files/. resumption: if the run goes on. like:
    if it measures again what an earlier run measured. owner: the process that makes the run
    (hosts/owner.py). lease: the word that hosts know it by (files/host/lease.py). via_controller:
    the hosts that are provisioned through the controller (hosts/via_controller.py).
    """

    run_id: str
    results_dir: str
    variables: Variables
    frameworks: dict[str, PlannedFramework]
    testbeds: list[Testbed]
    rounds: list[list[PlannedCell]]
    version: str
    commit: str | None
    dirty: bool
    command: list[str]
    programs: str
    resumption: Resumption | None = None
    like: Repetition | None = None
    owner: str = ""
    lease: str = ""
    via_controller: list[str] = []

    @property
    def cells(self) -> int:
        """How many cells each round has."""
        return len(self.rounds[0]) if self.rounds else 0

    @classmethod
    def from_fact(cls, fact: Mapping[str, Any]) -> RunPlan:
        """The plan from Ansible's fact. Raises msgspec.ValidationError."""
        return msgspec.convert(plain(fact), cls)

    def to_fact(self) -> dict[str, Any]:
        """The plan as a fact of Ansible, and as run.json has it."""
        fact: dict[str, Any] = msgspec.to_builtins(self)
        return fact


def plan_run(
    given: Mapping[str, Any], inventory: Inventory, project: Project, *, measures: bool = True
) -> RunPlan:
    """The whole run. Raises PlanError with every mistake.

    given: the variables as Ansible has them; only those that begin with `bench_` count. measures:
    false if the phase that measures is skipped.
    """
    variables, frameworks, testbeds = _measured(plain(given), inventory, project.root)
    seed = secrets.randbelow(2**32) if variables.order_seed is None else variables.order_seed
    cells = cells_of(frameworks, variables)
    rounds = shuffled_rounds(cells, most_rounds(variables.rounds), seed) if measures else []
    variables = structs.replace(variables, order_seed=seed)
    return new_run(variables, frameworks, testbeds, rounds, project)


def new_run(
    variables: Variables,
    frameworks: dict[str, PlannedFramework],
    testbeds: list[Testbed],
    rounds: list[list[PlannedCell]],
    project: Project,
) -> RunPlan:
    """A run that begins, in a folder of its own. PlanError: it cannot have that folder."""
    run_id = variables.run_id or new_run_id(datetime.now(UTC))
    results = (project.root / Path(variables.results_dir).expanduser() / run_id).resolve()
    longest = longest_file(list(frameworks), testbeds, variables)
    Mistakes([*results_mistakes(results), *name_mistakes(results, longest)]).refuse()
    return RunPlan(
        run_id=run_id,
        results_dir=str(results),
        variables=structs.replace(variables, run_id=run_id),
        frameworks=frameworks,
        testbeds=testbeds,
        rounds=rounds,
        version=project.version,
        commit=project.commit,
        dirty=project.dirty,
        command=project.command,
        programs=digest_of(project.root / PROGRAMS),
    )


def _measured(
    given: Mapping[str, Any], inventory: Inventory, root: Path
) -> tuple[Variables, dict[str, PlannedFramework], list[Testbed]]:
    """Variables, frameworks and testbeds. Raises PlanError with every mistake."""
    read = read_variables(given, default_variables(given))
    variables = read.variables
    mistakes = Mistakes(sentence for sentences in read.mistakes.values() for sentence in sentences)
    frameworks: dict[str, PlannedFramework] = {}
    testbeds: list[Testbed] = []
    if read.right(*OF_FRAMEWORKS):
        with mistakes.collected():
            variables, frameworks = with_frameworks(variables, root)
    with mistakes.collected():
        testbeds = find_testbeds(inventory, variables.port, number_of(variables.threads))
        mistakes += base_mistakes(variables.base_testbed, testbeds)
        if read.right("bench_connections", "bench_threads"):
            threads = number_of(variables.threads)
            mistakes += share_mistakes(testbeds, variables.connections, threads)
    mistakes += old_stack_mistakes(frameworks, testbeds, allowed=is_true(given, OLD_STACKS))
    mistakes.refuse()
    return variables, frameworks, testbeds


def variable_mistakes(given: Mapping[str, Any], root: Path) -> list[str]:
    """What is wrong with variables alone, whatever the hosts: a sentence each."""
    if given.get(RESUME) or given.get(LIKE):
        return [one for sentences in unknown_variables(given).values() for one in sentences]
    read = read_variables(plain(given), default_variables(given))
    mistakes = Mistakes(sentence for sentences in read.mistakes.values() for sentence in sentences)
    if read.right(*OF_FRAMEWORKS):
        with mistakes.collected():
            with_frameworks(read.variables, root)
    return mistakes


def old_stack_mistakes(
    frameworks: Mapping[str, PlannedFramework], testbeds: Iterable[Testbed], *, allowed: bool
) -> list[str]:
    """A sentence for each server that anybody could reach while it runs a stack of years ago."""
    old = [name for name, framework in frameworks.items() if framework.stack != CURRENT]
    if allowed or not old:
        return []
    return [
        f"{testbed.server} would serve {old[0]}, whose versions are of {frameworks[old[0]].stack} "
        f"and have known vulnerabilities, at the public address {testbed.address}; use a private "
        f"bench_address, or add -e {OLD_STACKS}=true."
        for testbed in testbeds
        if testbed.address and ipaddress.ip_address(testbed.address).is_global
    ]


def default_variables(given: Mapping[str, Any]) -> dict[str, Any]:
    """The default of every variable."""
    defaults: dict[str, Any] = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))
    if "bench_framework_dirs" in given:  # the default names are those of the default folders
        defaults["bench_frameworks"] = []
    return defaults


def with_frameworks(
    variables: Variables, root: Path
) -> tuple[Variables, dict[str, PlannedFramework]]:
    """The variables with the chosen frameworks, and these with the controls. Raises PlanError."""
    available = find_frameworks(variables.framework_dirs, root)
    chosen = choose_frameworks(variables.frameworks, available)
    reference = choose_reference(variables.reference, chosen)
    variables = structs.replace(variables, frameworks=list(chosen), reference=reference)
    if not variables.controls:
        return variables, chosen
    return variables, chosen | control_frameworks(chosen, reference, available, root)


def new_run_id(now: datetime) -> str:
    """`YYYYmmddTHHMMSSZ-xxxx`, for the moment `now` (UTC)."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def results_mistakes(results: Path, least_free: int = LEAST_FREE_BYTES) -> list[str]:
    """A sentence if the folder of the run exists, or if its disk has too few free bytes."""
    if results.exists():
        choice = f"Choose another bench_run_id, or go on with that run: -e {RESUME}={results.name}"
        return [f"{results} exists already. {choice}."]
    return space_mistakes(results, least_free)


def space_mistakes(results: Path, least_free: int = LEAST_FREE_BYTES) -> list[str]:
    """A sentence if the folder cannot be written, or its disk has too few free bytes."""
    parent = next(folder for folder in (results, *results.parents) if folder.exists())
    if not parent.is_dir():
        return [f"{results} cannot be created: {parent} is not a folder."]
    try:
        with tempfile.TemporaryDirectory(prefix=".bench-", dir=parent):
            pass
    except OSError as error:
        done = "written" if parent == results else "created"
        return [f"{results} cannot be {done}: no folder can be made in {parent} ({_why(error)})."]
    free = shutil.disk_usage(parent).free
    if free >= least_free:
        return []
    least = f"the results require at least {least_free // 1024**2} MiB"
    return [f"{parent} has {free // 1024**2} MiB free; {least}."]


def _why(error: OSError) -> str:
    """What the system says; of a file system that keeps no files it says something else."""
    return "it keeps no files" if error.errno == errno.ENOENT else str(error.strerror)

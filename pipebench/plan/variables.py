"""The variables of a plan: each declared once, with its type, its limits and its meaning.

plans/seed.yml has the defaults, and the meanings as comments; a test compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, Struct

from pipebench.plan.errors import PlanError
from pipebench.plan.tuning import FULL, NONE, names_text, table
from pipebench.record.names import FOLDER_PATTERN, SEPARATOR, VARIANT_PATTERN, names_now
from pipebench.stats.estimate import LEAST_ROUNDS
from pipebench.tools import FIRST, tools

PREFIX = "bench_"
# Variables of a host, not of a run: the inventory sets them.
UNTIL = "bench_until"
HOST_VARIABLES = {
    "bench_address", "bench_cloud", "bench_machine", "bench_price", "bench_testbed", UNTIL,
    "bench_up_path", "bench_via_controller",
}  # fmt: skip
# Set by the playbooks themselves.
OWN_VARIABLES = {"bench_run"}
# Given beside a plan, and part of none: an interrupted run goes on; a run is measured again; what
# is refused otherwise.
RESUME, LIKE, ACCEPT_CHANGES = "bench_resume", "bench_like", "bench_accept_changes"
OLD_STACKS = "bench_old_stacks_in_public"
BESIDE_A_PLAN = (RESUME, LIKE, ACCEPT_CHANGES, OLD_STACKS)
PLACE_OF_A_RUN = ("bench_run_id", "bench_results_dir")
"""Variables of the folder of a run, which do not affect its measurements."""
# Names that older versions used; an old run.json may have them.
RENAMED = {"bench_baseline": "bench_path_capacity"}
BEFORE = {"bench_check_answers": False}
"""What a run did whose version did not know the variable, if that is not what is usual now."""
# bench_threads: as many as the generator has CPUs.
AUTO = "auto"
MOST_THREADS = 1024
MOST_ROUNDS = 1000
CHECKERS = sorted(tools().keys() - {FIRST})
KEEPERS = [name for name in CHECKERS if tools()[name].keeps_rate]
"""Of these, the ones that can send at a constant rate."""
RIGHT_TOOLS = f"[{FIRST}], or [{', '.join((FIRST, *CHECKERS))}] to cross-check"
FRAMEWORK_NAME = rf"^{FOLDER_PATTERN}({SEPARATOR}{VARIANT_PATTERN})?\Z"

FrameworkName = Annotated[
    str,
    Meta(
        pattern=FRAMEWORK_NAME,
        extra={"right": "the name of a framework, or NAME@VARIANT"},
    ),
]
TestbedName = Annotated[
    str, Meta(pattern=rf"^{FOLDER_PATTERN}\Z", extra={"right": "the name of a testbed"})
]
Text = Annotated[str, Meta(min_length=1)]


class ExtendedRounds(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At least min rounds, then more until every interval is narrow enough, at most max."""

    EXAMPLE: ClassVar[str] = "{min: 6, max: 20, until_relative_width: 0.05}"

    min: Annotated[
        int,
        Meta(ge=LEAST_ROUNDS, le=MOST_ROUNDS, extra={"note": "fewer give no 95 % interval"}),
    ]
    max: Annotated[int, Meta(ge=LEAST_ROUNDS, le=MOST_ROUNDS)]
    until_relative_width: Annotated[float, Meta(gt=0, lt=1)]

    def __post_init__(self) -> None:
        if self.max < self.min:
            raise ValueError(f"its max must not be below its min, {self.min}")


class Variables(Struct, frozen=True, kw_only=True, rename=lambda name: f"{PREFIX}{name}"):
    """Every variable of a plan, as a run uses it. Durations are in s."""

    frameworks: Annotated[
        list[Text],
        Meta(
            description="names, or NAME@VARIANT; [] means every framework of the current stack",
            examples=["aiohttp", "aiohttp,sanic"],
            extra={"right": "names"},
        ),
    ]
    framework_dirs: Annotated[
        list[Text],
        Meta(
            description="folders of frameworks, or of one framework each",
            examples=["servers", "servers,fasthttp"],
            extra={"right": "the paths of folders"},
        ),
    ]
    depths: Annotated[
        list[Annotated[int, Meta(ge=1, le=1024)]],
        Meta(
            min_length=1,
            description="requests written at once on a connection",
            examples=["5", "1,5,16"],
        ),
    ]
    connections: Annotated[
        list[Annotated[int, Meta(ge=1, le=65_536)]],
        Meta(
            min_length=1,
            description="connections in all, a multiple of bench_threads",
            examples=["200", "64,256"],
        ),
    ]
    threads: Annotated[
        Annotated[int, Meta(ge=1, le=MOST_THREADS)] | Literal["auto"] | None,
        Meta(description=f"of {FIRST}; auto means as many as the generator has CPUs"),
    ]
    duration: Annotated[int, Meta(ge=1, le=86_400, description="measured, in s")]
    warmup: Annotated[
        int, Meta(ge=0, le=3600, description="before it, with the same load, in s; 0 means none")
    ]
    rounds: Annotated[
        Annotated[int, Meta(ge=1, le=MOST_ROUNDS)] | ExtendedRounds,
        Meta(
            description="6 is the fewest that give a 95 % interval; or "
            "{min: 6, max: 20, until_relative_width: 0.05}"
        ),
    ]
    controls: Annotated[
        bool,
        Meta(description="also measure the ceiling, and the reference twice; no ranks without"),
    ]
    reference: Annotated[
        FrameworkName | None,
        Meta(description="a framework of the run; null means uvloop-httptools, or else the first"),
    ]
    workers: Annotated[
        list[Annotated[int, Meta(ge=1, le=1024)] | Literal["all"]],
        Meta(
            min_length=1,
            description="server processes; for Go, cores; all means as many as the server has CPUs",
            examples=["1", "1,all"],
            extra={"right": "whole numbers from 1 to 1024, or all"},
        ),
    ]
    tools: Annotated[
        list[Annotated[str, Meta(pattern=rf"^({'|'.join(tools())})\Z")]],
        Meta(
            min_length=1,
            description=RIGHT_TOOLS,
            extra={"right": RIGHT_TOOLS},
        ),
    ]
    rate_share: Annotated[
        Annotated[float, Meta(gt=0, lt=1)] | None,
        Meta(
            description=f"each cell once more with {' or '.join(KEEPERS) or 'another tool'}, "
            f"at this share of {FIRST}'s rate"
        ),
    ]
    order_seed: Annotated[
        Annotated[int, Meta(ge=0, le=2**63 - 1)] | None,
        Meta(description="null means a new one, recorded in run.json"),
    ]
    run_id: Annotated[
        Annotated[
            str,
            Meta(
                pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z",
                extra={"right": "the name of a folder, of up to 64 letters, digits, ., - and _"},
            ),
        ]
        | None,
        Meta(description="null means the time and a short suffix"),
    ]
    results_dir: Annotated[
        Text,
        Meta(
            description="the folder that runs are kept in", extra={"right": "the path of a folder"}
        ),
    ]
    port: Annotated[int, Meta(ge=1024, le=65_535, description="of the server")]
    probe: Annotated[
        bool, Meta(description="first check whether each framework can pipeline (docs/probe.md)")
    ]
    check_answers: Annotated[
        bool,
        Meta(
            description=f"once for each cell, in a further window, have {FIRST} check every answer"
        ),
    ]
    path_capacity: Annotated[
        bool, Meta(description="measure the path capacity once with iperf3, which takes 7 s")
    ]
    interrupt_cpus: Annotated[
        int,
        Meta(
            ge=0,
            le=1023,
            description="CPUs of each server that only its network interrupts have; 0 pins nothing",
        ),
    ]
    tuning: Annotated[
        list[Annotated[str, Meta(pattern=rf"^({'|'.join((NONE, FULL, *table()))})\Z")]],
        Meta(
            min_length=1,
            description="what hosts are set to for the time of the run (docs/metal.md): none, "
            "full, or names",
            extra={"right": names_text()},
        ),
    ]
    tuning_pauses: Annotated[
        bool,
        Meta(description="stop services that would undo the tuning, for the time of the run"),
    ]
    base_testbed: Annotated[
        TestbedName | None,
        Meta(
            description="the one that others are compared with; null means the first",
        ),
    ]


def current_names(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Variables of a run of any version, by their present names."""
    return {RENAMED.get(name, name): value for name, value in variables.items()}


def current_variables(variables: Mapping[str, Any]) -> dict[str, Any]:
    """The same, also with the present names of the frameworks."""
    present = current_names(variables)
    chosen, reference = present.get("bench_frameworks"), present.get("bench_reference")
    if isinstance(chosen, list):
        names = names_now({str(name): None for name in chosen})
        present["bench_frameworks"] = [names[str(name)] for name in chosen]
        if "bench_reference" in present:
            present["bench_reference"] = names.get(str(reference), reference)
    return present


def is_true(given: Mapping[str, Any], name: str) -> bool:
    """A variable beside a plan, which is false if it is not given. Raises PlanError."""
    value = given.get(name, False)
    meant = {"true": True, "yes": True, "false": False, "no": False}.get(str(value).lower())
    if meant is None:
        raise PlanError(f"{name} is {value!r}; it must be true or false.")
    return meant


def number_of(threads: int | str | None) -> int | None:
    """The number that `bench_threads` gives; None if it depends on the generator's CPUs."""
    return threads if isinstance(threads, int) else None

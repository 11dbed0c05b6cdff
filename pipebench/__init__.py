"""`load` reads runs as data frames; the rest is what the controller runs, in floors.

Each imports only those above it in this list.

alone      what the standard library alone answers: exit statuses, commands, version
documents  what people and strangers write (YAML, JSON), by declared classes
record     the records of a run: every document, file names, whole files, events
tools      the load tools: their limits, and the meaning of their output
locks      what a lock of Python packages may have; hosts use it, too
stats      estimates, ranking, precision, two samples, kinds of machines
plan       variables, frameworks, testbeds, schedule, estimate, what differs from an earlier run
hosts      what is required of hosts, their interpreters and way out, who owns a run, when they end
cloud      rented hosts: the cloud file, its fleet, providers, what it costs
measure    one record as one measurement: window, usage, connections, latency
rules      outcome, bottleneck, disturbance, conformance, path capacity
run        a run, read and judged; the table of figures; prices
frame      many measurements as data frames: cells, ratios, ranks, precision; files of them
earlier    an earlier run: recorded, resumed, repeated; its locks; what of it is complete
door       ./bench: words, -e, inventory, all of it checked before a host is asked
harness    what is done while a run goes on: executions, records, lines, recovery
compare    runs with runs, machines with machines; their differences; the gate of CI
show       report, answer, terminal, formats, page, charts
trial      a framework started on this computer and probed: `./bench try`
chapters   variants, cost, cross-check, 2017, calibration: parts of a report unknown to the core
api        runs as data frames, for notebooks and programs: `pipebench.load`
commands   the commands of collect.py, a module each
cli        the command line of collect.py
"""

TYPE_CHECKING = False  # without importing typing
if TYPE_CHECKING:
    from pipebench.api import load

__all__ = ["load"]


def __dir__() -> list[str]:
    return [*globals(), *__all__]


def __getattr__(name: str) -> object:
    """`pipebench.load`, which is imported with pandas when it is first used."""
    if name == "load":
        from pipebench.api import load  # noqa: PLC0415

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""The names of the files that a run writes: none may be longer than its file system allows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipebench.plan.schedule import cells_of, most_rounds
from pipebench.plan.testbeds import Testbed
from pipebench.plan.variables import Variables
from pipebench.record.folder import bytes_of_name
from pipebench.record.store import CROSSCHECK, RAW, execution_file, host_file


def longest_file(
    frameworks: Sequence[str], testbeds: Iterable[Testbed], variables: Variables
) -> str:
    """The file with the longest name that a run would write, in its folder.

    A probe has the name of a cell without its load, and a log the name of its framework.
    """
    cells = cells_of(frameworks, variables)
    hosts = [host for testbed in testbeds for host in (testbed.server, *testbed.generators)]
    files = [
        execution_file(CROSSCHECK if tool else RAW, cell.on(testbed.name), rounds, len(cells), tool)
        for testbed in testbeds
        for cell in cells
        for rounds in (None, most_rounds(variables.rounds))
        for tool in ("", *variables.tools[1:])
    ]
    return max([*files, *map(host_file, hosts)], key=bytes_of_name, default="")


def name_mistakes(results: Path, file: str) -> list[str]:
    """A sentence if the name of a file in a run's folder is too long for the disk there.

    file: of those that the run writes, the one with the longest name.
    """
    parent = next(folder for folder in (results, *results.parents) if folder.exists())
    most, length = os.pathconf(parent, "PC_NAME_MAX"), bytes_of_name(file)
    if length <= most:
        return []
    sentence = (
        f"The file {file} would have a name of {length} bytes while it is written, and {parent} "
        f"allows at most {most}; use shorter names for testbeds, hosts and variants, of at least "
        f"{length - most} bytes less together."
    )
    return [sentence]

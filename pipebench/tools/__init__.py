"""The load tools: one file each, with an instance `TOOL` of the class in tool.py; found by name.

No other file of the package names a tool: each tool's file has the words about it. To add a tool,
add its file here, and one to files/generator/tools/, which runs it on a load generator. To measure
with another tool, change FIRST, and `bench_tools` in plans/seed.yml.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from pipebench.record.schema import RecordError
from pipebench.record.store import RAW
from pipebench.tools.tool import Tool

FIRST = "wrk"


@cache
def tools() -> dict[str, Tool]:
    """Every load tool by its name."""
    modules = [import_module(f"{__name__}.{one.name}") for one in pkgutil.iter_modules(__path__)]
    found: list[Tool] = [module.TOOL for module in modules if hasattr(module, "TOOL")]
    return {tool.name: tool for tool in found}


def first_tool() -> Tool:
    """The tool that measures; the others check it."""
    return tools()[FIRST]


def find_tool(name: str | None, folder: str) -> Tool:
    """The tool of a record in one of a run's folders. RecordError: there is none of this name.

    name: None in records of version 1, which had one tool a folder and did not name it.
    """
    if name is None:
        unnamed = {tool.unnamed_in: tool for tool in tools().values()}
        return unnamed.get(folder) or unnamed[RAW]
    if name not in tools():
        raise RecordError(f"tool of the record is {name}; it must be {' or '.join(tools())}")
    return tools()[name]

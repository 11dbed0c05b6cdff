"""What the driver needs to know of a load tool, and where it finds one.

A load tool is one file of tools/, named after it, with a class `Tool` derived from LoadTool. No
other file names it.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from pathlib import Path
from typing import NamedTuple

from generator.execution import Execution

TOOLS = Path(__file__).with_name("tools")


class Order(NamedTuple):
    """What the driver reads: which server to load, how, and with what."""

    address: str
    port: int
    depth: int
    connections: int
    threads: int
    duration: int
    warmup: int
    patience: float
    tool: str = "wrk"
    rate: float | None = None
    look: bool = True
    check: bool = False
    begin_at: float | None = None
    window_at: float | None = None

    @property
    def place(self) -> str:
        """The server's address and port; an IPv6 address stands in brackets."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The server's URL."""
        return f"http://{self.place}/"


class LoadTool(ABC):
    """One load tool with one order. `files`: a folder of its own for each execution."""

    grace_s: float = 30
    """It ends by itself; this many seconds after its time it is ended."""
    checks = False
    """Whether it can check every answer."""
    waits_for_answers = False
    """Whether a server that owes it answers may keep it from ending: that is data, no fault."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.fields: list[str] = []
        """Names of header fields that every answer must have, if it checks them."""

    @abstractmethod
    def warm_up(self, files: Path) -> list[str]:
        """The command line of a warm-up. Raises ValueError if it cannot do what was ordered."""

    @abstractmethod
    def measurement(self, files: Path) -> list[str]:
        """The command line of a measurement. Raises ValueError as above."""

    def environment(self, files: Path) -> dict[str, str]:  # noqa: ARG002 - for those that need it
        """Variables of the environment that it reads."""
        return {}

    def warm_up_result(self, files: Path) -> str | None:  # noqa: ARG002
        """The result of a warm-up as JSON; None if there is none."""
        return None

    def requests_per_s(self, execution: Execution) -> float | None:  # noqa: ARG002
        """How many requests a second an execution with a result answered; None if unknown."""
        return None

    @abstractmethod
    def result(self, files: Path) -> str | None:
        """The result of a measurement as JSON; None if there is none."""

    def fault(self, measured: Execution) -> str | None:  # noqa: ARG002
        """Why a measurement shows nothing of the server, in a sentence; None if it does."""
        return None


def names() -> list[str]:
    """The load tools that are here."""
    return sorted(path.stem for path in TOOLS.glob("*.py") if not path.stem.startswith("_"))


def find_tool(order: Order) -> LoadTool:
    """The tool that is ordered. Raises ValueError with a sentence if it is not here."""
    if order.tool not in names():
        raise ValueError(f"tool is {order.tool!r}; this generator has {', '.join(names())}")
    tool: LoadTool = importlib.import_module(f"generator.tools.{order.tool}").Tool(order)
    if order.check and not tool.checks:
        raise ValueError(f"{order.tool} cannot check answers")
    return tool

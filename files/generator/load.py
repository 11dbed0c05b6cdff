"""Drive one server with a load tool and write down what happened; judge nothing.

Run in the folder above as `python3 -m generator.load`, with an order (host/orders.py). It asks the
server over the benchmark network until it answers, runs the tool for the warm-up, waits a moment in
which the server is idle, and runs the tool for the measurement:

    {"address", "port", "depth", "connections", "threads", "duration", "warmup", "patience",
     "tool": "wrk" (default) | "h2load" | another one of tools/,
     "rate": requests per second of all connections together, or null (default),
     "look": false to leave out `connections` and `verification` (tests/look_cost.py),
     "check": true to have the tool check every answer, which makes its figures nobody's,
     "user": "throw-away" (host/throw_away.py); without it, by who asks,
     "begin_at", "window_at": unix s by this host's clock, before which neither warm-up nor window
     begins, so that several generators begin together; null (default): as soon as it can}
        {"cpus", "ready_error", "samples", "warmup", "measured", "connections", "verification",
         "clock_step_s", "allowance", "uid"}

    {"state": "ended"}
        ends the load that goes on, if one does
        {}

Durations are in s; the classes Generator and Execution of pipebench/record/schema.py say what the
answers are. `samples`, `connections`, `verification`, and `result` of an execution, are JSON in a
string: Ansible handles each of ten thousand numbers, and one string at once. A server that does not
answer, crashes, hangs or keeps the tool from ending is data; {"failed": true, "msg"} is there only
if the tool cannot do its work and nothing shows that the server is the cause, or another run holds
the host.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

from host.allowance import cards, exceeded, growth
from host.orders import obey
from host.plain_http import wait_for_answer
from host.sampling import sampled
from host.throw_away import carry_out
from host.units import end_all

from generator.connections import receives, snapshot
from generator.execution import Execution, execute, was_ended
from generator.tool import LoadTool, Order, find_tool
from generator.verification import verifying

# The server is idle for this long before the window, so that its counters are flat there and the
# clocks of the two hosts need to agree only to half of it.
PAUSE_S = 0.2
# Beside the load itself, for what surrounds it, and for working out what a tool has logged.
WORK_S = 300


class Fault(TypedDict, total=False):
    """What is printed besides if the tool could not be run."""

    failed: bool
    msg: str


class Answer(Fault):
    """What is printed."""

    cpus: int
    ready_error: str | None
    samples: str
    warmup: Execution | None
    measured: Execution | None
    connections: str
    verification: str
    clock_step_s: float | None
    allowance: dict[str, int] | None


def measure(order: Order) -> Answer:
    """Warm up and measure; what is printed."""
    answer: Answer = {
        "cpus": len(os.sched_getaffinity(0)),
        "samples": "{}",
        "ready_error": wait_for_answer(order.address, order.port, order.patience),
        "warmup": None,
        "measured": None,
        "connections": "null",
        "verification": "null",
        "clock_step_s": None,
        "allowance": None,
    }
    if answer["ready_error"] is None:
        raise_file_limit()
        before = clock_s()
        try:
            run(find_tool(order), answer)
        except (OSError, ValueError) as error:
            failed(answer, f"{order.tool} could not be run: {error}")
        answer["clock_step_s"] = round(clock_s() - before, 6)
    return answer


def clock_s() -> float:
    """The host's clock by one that nobody sets: it grows only if the clock is set."""
    return time.time() - time.monotonic()


def wait_until(moment: float | None) -> None:
    """moment: unix s; None, or one that has passed: at once."""
    if moment is not None:
        time.sleep(max(0.0, moment - time.time()))


def raise_file_limit() -> None:
    """Let what is run open as many files as it may: each connection is one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def run(tool: LoadTool, answer: Answer) -> None:
    """Run the tool, with this host sampled, and put what came of it into the answer."""
    order, interfaces = tool.order, cards()
    before = exceeded(interfaces)
    with sampled(order.address) as sampling:
        if order.look:
            looked_at(tool, answer)
        else:
            warmed_up(tool, answer)
            if not is_kept(tool, answer["warmup"]):
                answer["measured"] = one_execution(
                    tool, tool.measurement, tool.result, order.duration
                )
    answer["samples"] = sampling.text
    answer["allowance"] = growth(before, exceeded(interfaces))
    fault = fault_of(tool, answer["measured"] or answer["warmup"])
    if fault is not None and not is_of_the_server(answer):
        failed(answer, f"{order.tool} could not do its work: {fault}")


def looked_at(tool: LoadTool, answer: Answer) -> None:
    """The same with what is looked at besides: each connection, and some further answers."""
    order, seconds = tool.order, tool.order.duration
    with verifying(order) as verification:
        tool.fields = verification.alone["fields"]
        if order.warmup:
            verification.warm_up(order.warmup)
        rate = warmed_up(tool, answer)
        if not is_kept(tool, answer["warmup"]):
            verification.measure(seconds, rate)
            with snapshot(order, seconds, verification.process.pid) as connections:
                answer["measured"] = one_execution(tool, tool.measurement, tool.result, seconds)
            answer["connections"] = connections.text
    answer["verification"] = verification.text


def is_kept(tool: LoadTool, execution: Execution | None) -> bool:
    """Whether something keeps a tool from ending, that should: it would be kept again."""
    return execution is not None and was_ended(execution) and not tool.waits_for_answers


def fault_of(tool: LoadTool, last: Execution | None) -> str | None:
    """Why the last execution of a tool shows nothing of the server; None if it does."""
    if last is None:
        return None
    if is_kept(tool, last):
        return f"it had to be ended {tool.grace_s:g} s after its time: {last['argv']}"
    return tool.fault(last)


def is_of_the_server(answer: Answer) -> bool:
    """Whether the server is seen to do what no tool must expect: then a tool that cannot go on is
    not to blame, and what was seen is the result."""
    verified = json.loads(answer["verification"])
    wrong = verified is not None and verified["first_wrong"] is not None
    executions = filter(None, (answer["warmup"], answer["measured"]))
    return wrong or any(one["received_still"] for one in executions)


def warmed_up(tool: LoadTool, answer: Answer) -> float | None:
    """Warm up and pause; how many requests a second were answered, if that is known."""
    rate = None
    wait_until(tool.order.begin_at)
    if tool.order.warmup:
        warmup = one_execution(tool, tool.warm_up, tool.warm_up_result, tool.order.warmup)
        answer["warmup"], rate = warmup, tool.requests_per_s(warmup)
    time.sleep(PAUSE_S)
    wait_until(tool.order.window_at)
    return rate


def one_execution(
    tool: LoadTool,
    command: Callable[[Path], list[str]],
    result: Callable[[Path], str | None],
    seconds: int,
) -> Execution:
    """Run the tool once, in a folder of its own. Raises OSError if it cannot be started."""
    # in the folder in memory (host/throw_away.py), or it fails: tempfile would go to a slower disk
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        files = Path(folder)
        argv = command(files)
        execution = execute(
            argv,
            files,
            seconds + tool.grace_s,
            tool.environment(files),
            lambda pid: receives(pid, tool.order.place),
        )
        execution["result"] = result(files)
        return execution


def failed(answer: Answer, sentence: str) -> None:
    answer["failed"], answer["msg"] = True, sentence


def at_most_s(given: dict[str, Any]) -> float:
    """The longest that an order lasts, s. The load tool bounds its own waiting."""
    return float(given["patience"] + given["warmup"] + given["duration"] + WORK_S)


def answer_to(given: dict[str, Any]) -> object:
    """Do what was read, and say what is printed."""
    if given.get("state") == "ended":
        end_all()
        return {}
    return carry_out(
        "generator.load", given, at_most_s(given), lambda order: measure(Order(**order))
    )


if __name__ == "__main__":
    sys.exit(obey(answer_to))

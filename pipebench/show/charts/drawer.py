"""What draws charts: a process beside this one if there is a core for it.

Nothing that takes time is imported here, so that the process can be started before all else.
"""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

from pipebench.show.charts import svg


class SameProcess(Executor):
    """Draws in this process, at once."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(work(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 (raised again by the future)
            future.set_exception(error)
        return future


@contextmanager
def drawer() -> Iterator[Executor]:
    """What draws: a process of its own, which starts now; this one if there is only one core.

    It is worth a process as the library that draws takes most of a second to start.
    """
    if len(os.sched_getaffinity(0)) == 1:
        yield SameProcess()
        return
    # not by fork: see judge.py
    with ProcessPoolExecutor(1, mp_context=get_context("forkserver")) as process:
        process.submit(svg.start)
        yield process

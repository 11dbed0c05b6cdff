"""Record what the installed wrk says of a server that takes exactly 40 ms for every batch.

`python -m tests.unit.pipebench.record_wrk` writes tests/data/wrk-40ms-d<depth>.json: RESULT of
files/pipeline.lua, wrk's own text, and the truth as the server counted it. Loopback only, some
seconds.
"""

import asyncio
import json
import os
import selectors
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import ClassVar

from tests.unit.pipebench.factory import DATA

SCRIPT = Path(__file__).parents[3] / "files" / "pipeline.lua"
DELAY_S = 0.040
THREADS, CONNECTIONS, SECONDS = 2, 20, 2
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nHello world!"


class Constant(asyncio.Protocol):
    """Answers a whole batch DELAY_S after its last request has come."""

    depth = 1
    took_s: ClassVar[list[float]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.pending = 0

    def data_received(self, data: bytes) -> None:
        self.pending += data.count(b"\r\n\r\n")
        if self.pending == self.depth:
            self.pending = 0
            now = time.perf_counter()
            asyncio.get_running_loop().call_later(DELAY_S, self.answer, now)

    def answer(self, came: float) -> None:
        if not self.transport.is_closing():
            self.transport.write(ANSWER * self.depth)
            self.took_s.append(time.perf_counter() - came)


async def measure(depth: int) -> dict[str, object]:
    Constant.depth = depth
    Constant.took_s.clear()
    server = await asyncio.get_running_loop().create_server(Constant, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "result.json")
        options = f"-t{THREADS} -c{CONNECTIONS} -d{SECONDS}s --latency --timeout 5s".split()
        words = [*options, "-s", str(SCRIPT), f"http://127.0.0.1:{port}/", "--", str(depth)]
        process = await asyncio.create_subprocess_exec(
            "wrk",
            *words,
            env={**os.environ, "WRK_RESULT": str(path)},
            stdout=asyncio.subprocess.PIPE,
        )
        text, _ = await asyncio.wait_for(process.communicate(), SECONDS + 10)
        result = json.loads(path.read_text())  # noqa: ASYNC240 (wrk has ended)
    server.close()
    return {
        "connections": CONNECTIONS,
        "truth": {
            "batch_latency_us": DELAY_S * 1e6,
            "server_median_us": round(median(Constant.took_s) * 1e6),
            "batches_answered": len(Constant.took_s),
        },
        "wrk_text": text.decode().replace(str(port), "8080"),
        "result": result,
    }


if __name__ == "__main__":
    for depth in (1, 5, 16):
        # select() waits to the microsecond; epoll rounds up to the next millisecond
        with asyncio.Runner(
            loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())
        ) as runner:
            recorded = json.dumps(runner.run(measure(depth)))
        (DATA / f"wrk-40ms-d{depth}.json").write_text(recorded + "\n")

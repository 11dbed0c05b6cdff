"""wrk with pipeline.lua, called as in 2017."""

from __future__ import annotations

import json
from pathlib import Path

from host.plain_http import BODY

from generator.execution import Execution
from generator.tool import LoadTool

SCRIPT = Path(__file__).resolve().parents[2] / "pipeline.lua"


class Tool(LoadTool):
    """Keeps `depth` requests of each connection together: all answers, then the next batch."""

    checks = True

    def warm_up(self, files: Path) -> list[str]:  # noqa: ARG002 - the environment names its file
        return self.command(self.order.warmup)

    def measurement(self, files: Path) -> list[str]:  # noqa: ARG002
        return self.command(self.order.duration)

    def command(self, seconds: int) -> list[str]:
        """The command of 2017. `--timeout` is above the length of the run, so that wrk drops no
        latency: no batch can take longer than the run."""
        if self.order.rate:
            raise ValueError("it cannot hold a rate")
        return [
            "wrk",
            f"-t{self.order.threads}",
            f"-c{self.order.connections}",
            f"-d{seconds}s",
            "--latency",
            f"--timeout={seconds + 1}s",
            "-s",
            str(SCRIPT),
            self.order.url,
            "--",
            str(self.order.depth),
        ]

    def environment(self, files: Path) -> dict[str, str]:
        environment = {"WRK_RESULT": str(files / "result.json")}
        if self.order.check:
            environment |= {
                "WRK_CHECK": BODY.decode("ascii"),
                "WRK_CHECK_FIELDS": " ".join(self.fields),
            }
        return environment

    def result(self, files: Path) -> str | None:
        """What pipebench/tools/wrk.py reads as Result, as pipeline.lua wrote it."""
        path = files / "result.json"
        return path.read_text(errors="replace") if path.exists() else None

    def warm_up_result(self, files: Path) -> str | None:
        """The same without its histogram: nothing is computed from that of a warm-up."""
        text = self.result(files)
        if not text:
            return text
        result = json.loads(text)
        del result["latency"]
        return json.dumps(result)

    def requests_per_s(self, execution: Execution) -> float | None:
        if not execution["result"]:
            return None
        result = json.loads(execution["result"])
        seconds = execution["ended"] - execution["started"]
        return float(result["requests"]) / seconds

    def fault(self, measured: Execution) -> str | None:
        """A server that has gone is the framework's failure; anything else is the generator's, also
        with status 0: wrk goes on without a script that it cannot read."""
        printed = measured["stdout"] + measured["stderr"]
        if measured["result"] is not None or "unable to connect" in printed:
            return None
        status = measured["exit_status"]
        how = f"signal {-status}" if status < 0 else f"status {status}"
        return printed.strip() or f"it ended with {how}, and printed nothing"

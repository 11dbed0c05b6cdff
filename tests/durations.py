"""A plugin of pytest that writes down how long each fixture and test took (./test --durations)."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--layer", default="", help="The name of the layer of ./test that this is.")


class Writer:
    """Appends a line of JSON for each report. Of several processes, the first one gets them all."""

    def __init__(self, path: Path, layer: str) -> None:
        self.path = path
        self.layer = layer

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        line = {"layer": self.layer, "when": report.when, "test": report.nodeid}
        with self.path.open("a") as stream:
            stream.write(json.dumps(line | {"seconds": report.duration}) + "\n")


def pytest_configure(config: pytest.Config) -> None:
    path = os.environ.get("BENCH_TEST_DURATIONS")
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Writer(Path(path), config.getoption("--layer")))

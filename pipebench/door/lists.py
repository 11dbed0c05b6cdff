"""./bench plans and ./bench frameworks: what can be measured here."""

from __future__ import annotations

import yaml

from pipebench.documents.yaml_text import LOADER
from pipebench.plan.errors import PlanError
from pipebench.plan.estimate import plan_text
from pipebench.plan.frameworks import find_frameworks
from pipebench.plan.project import ROOT, read_project
from pipebench.plan.run_plan import plan_run
from pipebench.plan.testbeds import Inventory

ONE_TESTBED = Inventory(["s"], ["g"], {"s": {"ansible_host": "192.0.2.1"}, "g": {}})
"""Of documentation: no host is asked how long a plan takes."""
FOLDERS = ["servers", "fasthttp"]


def plans_text() -> str:
    """Each plan: its name, its purpose and its duration on one testbed."""
    lines = []
    for path in sorted((ROOT / "plans").glob("*.yml")):
        text = path.read_text("utf-8")
        lines += [f"plans/{path.name}", f"  {_first_sentence(text)}", f"  {_size(text)}"]
    return "\n".join([*lines, "", "./bench -e @plans/NAME.yml measures one of them."])


def _first_sentence(text: str) -> str:
    """Of the comment at the beginning of a plan."""
    lines: list[str] = []
    for line in text.removeprefix("---\n").splitlines():
        if not line.startswith("# "):
            break
        lines.append(line[2:].strip())
    comment = " ".join(lines)
    return comment[: comment.find(". ") + 1] if ". " in comment else comment


def _size(text: str) -> str:
    try:
        variables = yaml.load(text, Loader=LOADER) or {}  # noqa: S506 (a safe one)
        run = plan_run(variables, ONE_TESTBED, read_project(["bench"]))
    except PlanError as error:
        return f"cannot be used: {error.sentences[0]}"
    return plan_text(run)


def frameworks_text() -> str:
    """Each framework of the usual folders: its name, its title, and its variants."""
    available = find_frameworks(FOLDERS, ROOT)
    widest = max(len(name) for name, one in available.items() if not one.variant)
    lines = []
    for name, one in sorted(available.items()):
        if one.variant:
            continue
        variants = [
            other
            for other, framework in sorted(available.items())
            if framework.folder == name and framework.variant
        ]
        lines.append(f"{name:{widest}}  {one.title}")
        lines += [f"{'':{widest}}  {other}" for other in variants]
    return "\n".join([*lines, "", "./bench -e bench_frameworks=NAME,NAME measures some of them."])

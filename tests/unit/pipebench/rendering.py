"""A run rendered as the command does it: with all chapters."""

from pipebench.chapters import CHAPTERS
from pipebench.run.judge import JudgedRun
from pipebench.show import report
from pipebench.show.report import Rendered


def render(judged_run: JudgedRun) -> Rendered:
    """Everything made of a judged run."""
    return report.render(judged_run, CHAPTERS)

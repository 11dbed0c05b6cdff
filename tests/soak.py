"""The same run many times over on the lab that is up: what grows on its hosts and controller.

`python -m tests.soak COUNT [OPTION...]` runs `./bench OPTION...` so often. After each it prints,
for each host: processes, sockets, open files, MiB of memory of all processes, MiB on disk without
the journal, MiB of journal; and MiB of memory of the controller's largest process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from tempfile import mkdtemp

from lab.tests.fixture import ROOT, SBIN
from tests.lab.hosts import GENERATOR, SERVER, ssh

LOOK = """\
ps -e --no-headers | wc -l
ss -Han | wc -l
ls /proc/[0-9]*/fd 2>/dev/null | wc -l
ps -e --no-headers -o rss= | awk '{s+=$1} END {printf "%.0f\\n", s/1024}'
du -sxm --exclude=/var/log/journal --exclude=/proc / 2>/dev/null | cut -f1
du -sm /var/log/journal /run/log/journal 2>/dev/null | awk '{s+=$1} END {print s+0}'
"""
WORDS = ("processes", "sockets", "files", "memory", "disk", "journal")


def look() -> list[str]:
    """The figures of both hosts, in their order."""
    return [figure for host in (SERVER, GENERATOR) for figure in ssh(host, LOOK).split()]


def main(count: str, *options: str) -> int:
    heads = [
        f"{host.removeprefix('lab-')[0]}.{word}" for host in (SERVER, GENERATOR) for word in WORDS
    ]
    print("run", "status", *heads, "controller", sep="\t", flush=True)
    results = mkdtemp()
    for number in range(1, int(count) + 1):
        run = subprocess.Popen(
            ["./bench", *options, "-e", f"bench_results_dir={results}"],
            cwd=ROOT, env=SBIN, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        _, status, used = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
        print(number, run.returncode, *look(), used.ru_maxrss // 1024, sep="\t", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

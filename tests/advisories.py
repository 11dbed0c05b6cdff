"""Known vulnerabilities of what the locks name: of the project, of ./test, and of today's stack.

`python -m tests.advisories` asks the advisory databases of Python's packages, by pip-audit, and of
Go's modules, by govulncheck. It ends with 1 if one knows of something, and says so if it cannot be
asked: then nothing is known, and that is not a failure.
The stack of 2017 has some, as its versions are the point of it; see docs/reliability.md.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Any

from pipebench.locks.requirements_lock import LOCKS
from pipebench.plan.frameworks import CURRENT, find_frameworks
from pipebench.plan.variants import contents

ROOT = Path(__file__).resolve().parents[1]
FOUND = 3
"""How govulncheck ends if it knows of something."""
PINNED = re.compile(r"(?m)^([\w.-]+)==([^\s;\\]+)")


def of_today(*names: str) -> list[Path]:
    """Files by their names, of the frameworks and variants of the current stack, each once.

    Not of variants that have packages at other versions: these versions are the point of them.
    """
    found: dict[Path, None] = {}
    for one in find_frameworks(["servers", "fasthttp"], ROOT).values():
        if one.stack == CURRENT and not one.overrides:
            files = contents(Path(one.path), one.variant)
            found |= {files[name].resolve(): None for name in names if name in files}
    return list(found)


def locks() -> list[Path]:
    """Every lock of Python's packages but those of the stacks of other years."""
    own = [ROOT / "requirements.txt", ROOT / "tests" / "requirements.txt"]
    return [*own, *sorted(ROOT.glob("roles/*/files/requirements*.txt")), *of_today(*LOCKS)]


def versions(paths: list[Path]) -> dict[str, list[str]]:
    """The locked versions of each package."""
    found: dict[str, list[str]] = {}
    for path in paths:
        for name, version in PINNED.findall(path.read_text(encoding="utf-8")):
            of_name = found.setdefault(name.lower(), [])
            if version not in of_name:
                of_name.append(version)
    return found


def asked_about(lines: list[str]) -> list[dict[str, Any]]:
    """What pip-audit says of packages. It refuses a name that is there twice."""
    with NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(lines))
        file.flush()
        argv = ["pip-audit", "--requirement", file.name, "--disable-pip", "--no-deps",
                "--progress-spinner", "off", "--format", "json"]  # fmt: skip
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except ValueError:
        print(done.stderr.strip()[-500:])
        return []
    return packages


def of_go() -> bool:
    """Whether anything is known of the modules that today's programs of Go call."""
    modules = of_today("go.mod")
    with TemporaryDirectory() as folder:
        program = Path(folder) / "govulncheck"
        build = ["go", "build", "-o", str(program), "golang.org/x/vuln/cmd/govulncheck"]
        subprocess.run(build, cwd=ROOT / "tests" / "govulncheck", check=True)
        for number, module in enumerate(modules):
            done = subprocess.run(
                [program, "./..."], cwd=module.parent, capture_output=True, text=True, check=False
            )
            if done.returncode == FOUND:
                print(done.stdout)
                return True
            if done.returncode:
                print(done.stderr.strip()[-500:])
                print(f"Nothing is known of {len(modules) - number} modules of Go.")
                return False
    print(f"{len(modules)} modules of Go were looked up.")
    return False


def main() -> int:
    known = [of_python(), of_go()]
    return int(any(known))


def of_python() -> bool:
    """Whether anything is known of the packages of the locks."""
    paths = locks()
    by_name = versions(paths)
    packages = []
    for number in range(max(map(len, by_name.values()))):
        lines = [f"{name}=={of[number]}" for name, of in by_name.items() if number < len(of)]
        packages += asked_about(lines)
    known = [(one, found) for one in packages for found in one.get("vulns", [])]
    for one, found in known:
        mended = f", mended in {', '.join(found['fix_versions'])}" if found["fix_versions"] else ""
        print(f"{one['name']} {one['version']}: {found['id']}{mended}")
    asked = sum("skip_reason" not in one for one in packages)
    if asked:
        print(f"{asked} of {len(packages)} packages of {len(paths)} locks were looked up.")
    else:
        print(f"The advisory database was not reached: nothing is known of {len(paths)} locks.")
    return bool(known)


if __name__ == "__main__":
    sys.exit(main())

"""framework.yml: what a framework is, and the variants that differ from it (docs/formats.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from msgspec import Meta, Struct, field

from pipebench.documents.declared import listed, matches, near, read_fields
from pipebench.documents.yaml_text import YamlError, values_of
from pipebench.plan.errors import Mistakes, PlanError, sentence
from pipebench.record.names import AGAIN, FOLDER_PATTERN, OLD_AGAIN, VARIANT_PATTERN

FILE = "framework.yml"

Text = Annotated[str, Meta(extra={"right": "a text, in quotes if it is a number"})]
Line = Annotated[
    str,
    Meta(
        pattern=r"^\S[^\r\n]*\Z",
        extra={"right": "a text of one line, in quotes if it is a number"},
    ),
]
Python = Annotated[
    str,
    Meta(
        pattern=r"^3\.\d+(\.\d+)?\Z",
        extra={"right": "a version of CPython as a text, in quotes if it is a number"},
    ),
]
MOST_OF_A_VALUE = 4096
"""Characters of a value in the environment; the kernel takes 32 times as much at most."""
Packages = Annotated[
    list[Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9+.-]+\Z")]],
    Meta(extra={"right": "a list of Debian packages"}),
]
FolderName = Annotated[str, Meta(pattern=rf"^{FOLDER_PATTERN}\Z")]
VariantName = Annotated[str, Meta(pattern=rf"^{VARIANT_PATTERN}\Z")]
Files = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*\Z",
        extra={"right": "the name of a folder in the framework's own"},
    ),
]
Environment = Annotated[
    dict[
        Annotated[str, Meta(pattern=r"^(?!BENCH_)[A-Z_][A-Z0-9_]*\Z")],
        Annotated[str, Meta(pattern=r"^[^\0\r\n\u2028\u2029]*\Z", max_length=MOST_OF_A_VALUE)],
    ],
    Meta(
        extra={
            "right": "a mapping from names of A-Z, 0-9 and _, which do not begin with BENCH_, to "
            f"texts of one line of at most {MOST_OF_A_VALUE} characters, in quotes if they are "
            "numbers"
        }
    ),
]
Versions = Annotated[
    dict[str, Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9.+!_-]*\Z")]],
    Meta(extra={"right": "a mapping from packages to versions, in quotes if they are numbers"}),
]
Loops = Annotated[
    list[Annotated[str, Meta(pattern=r"^[a-z0-9_]+\Z")]],
    Meta(extra={"right": "a list of event loops"}),
]
Variants = Annotated[dict[Any, Any], Meta(extra={"right": "a mapping from names to differences"})]


class DeclaredFramework(Struct, frozen=True, kw_only=True):
    """What is said of a framework, or of one of its variants."""

    title: Line
    stack: Line
    language: Line
    runtime: Literal["python", "go", "debian"]
    python: Python | None = None
    packages: Packages = []
    build: Packages = []
    note: Text = ""
    # ceiling: the most that generator and path can do; it is not ranked
    role: Literal["framework", "ceiling"] = "framework"


class FrameworkFile(DeclaredFramework, frozen=True, kw_only=True):
    """framework.yml. loops: the event loops that its server honours, by BENCH_LOOP."""

    loops: Loops = []
    variants: Variants = {}


class VariantFile(Struct, frozen=True, kw_only=True):
    """What is different in a variant; what is not given is as in the plain framework.

    files: a folder in the framework's own, whose files replace those of the same name. env: in the
    environment of its process. overrides: packages at other versions, for which it has a lock of
    its own.
    """

    title: Line | None = None
    stack: Line | None = None
    note: Text | None = None
    python: Python | None = None
    packages: Packages | None = None
    build: Packages | None = None
    files: Files | None = None
    env: Environment = {}
    overrides: Versions = field(default={}, name="with")
    loop: Text | None = None


class Declaration(NamedTuple):
    """A framework.yml as read. values: of FrameworkFile, by field. mistakes: sentences."""

    values: dict[str, Any]
    variants: dict[str, VariantFile]
    mistakes: list[str]


def read_declaration(folder: Path) -> Declaration:
    """The framework.yml of a folder, with all mistakes in it. PlanError: it cannot be read."""
    file = folder / FILE
    values, wrong = read_fields(FrameworkFile, texts(_mapping(file)), where=f"{file}: ")
    mistakes = Mistakes(map(sentence, wrong.values()))
    variants = {}
    for name, differences in values.pop("variants", {}).items():
        where = f"{file}: the variant {name}"
        wrong_name = _wrong_name(name)
        if wrong_name:
            mistakes.append(f"{where} {wrong_name}.")
        elif not isinstance(differences, dict):
            mistakes.append(f"{where} is {differences!r}; it must be a mapping of what differs.")
        else:
            read = read_fields(VariantFile, texts(differences), where=f"{where}: ")
            mistakes += map(sentence, read.mistakes.values())
            variants[name] = VariantFile(**read.values)
    return Declaration(values, variants, mistakes)


def _wrong_name(name: Any) -> str | None:
    """Why a variant cannot have this name, or None."""
    if not isinstance(name, str):
        return "must be a text; put its name in quotes"
    if not matches(name, VariantName):
        return "must have a name of a-z, 0-9, . and -, which begins with a letter or a digit"
    if name == AGAIN or name.endswith(OLD_AGAIN):
        return f"must have another name; {name} is the name of a control"
    return None


def texts(given: Mapping[str, Any]) -> dict[str, Any]:
    """The same with years, and folders named after them, as texts: these need no quotes."""
    years = {key for key in ("stack", "files") if type(given.get(key)) is int}
    return {key: str(value) if key in years else value for key, value in given.items()}


def _mapping(file: Path) -> dict[str, Any]:
    """The mapping in a file. Raises PlanError."""
    try:
        data = values_of(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YamlError) as error:
        raise PlanError(f"{file} cannot be read: {error}.") from error
    if not isinstance(data, dict):
        raise PlanError(f"{file} is not a mapping; it requires title, stack, language, runtime.")
    return data


def known_variants(names: Iterable[str]) -> str:
    """Which variants there are, in words."""
    known = sorted(names)
    return f"it has {listed(known)}" if known else "it has none"


def no_variant(folder: str, variant: str, names: Iterable[str]) -> str:
    """That a framework has no such variant, and what to write instead. names: of its variants."""
    known = list(names)
    if not known:
        return f"{folder} has no variants"
    meant = near(variant, known)
    end = f"did you mean {meant}?" if meant else known_variants(known)
    return f"{folder} has no variant {variant!r}; {end}"

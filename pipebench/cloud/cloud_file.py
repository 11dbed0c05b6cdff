"""The cloud file: which hosts to rent, where, for how long, and for how much at most.

docs/cloud.md shows one. Every mistake of a file is a sentence, and all are said at once.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from pipebench.cloud.provider import Image, Text
from pipebench.cloud.providers import NAMES, description_of
from pipebench.documents.declared import Fields, listed, read_fields
from pipebench.documents.yaml_text import YamlError, values_of
from pipebench.plan.errors import Mistakes, PlanError, sentence

MOST_HOSTS = 200
InstanceType = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z",
        extra={"right": "an instance type, for example c7i.large"},
    ),
]
Where = Annotated[str, Meta(pattern=r"^[a-z0-9-]+\Z", extra={"right": "a name as eu-central-1"})]


Known = Annotated[
    str,
    Meta(
        pattern=rf"^({'|'.join(NAMES)})\Z",
        extra={"right": listed(NAMES, "or")},
    ),
]


class Replicas(Struct, frozen=True, kw_only=True):
    """Testbeds of one kind of machine. generators: load generators of each, of type `generator`."""

    machine: InstanceType
    generator: InstanceType
    count: Annotated[int, Meta(ge=1, le=64)] = 1
    generators: Annotated[int, Meta(ge=1, le=16)] = 1


class CloudFile(Struct, frozen=True, kw_only=True):
    """A cloud file. highest_price: of all hosts until their end, in the provider's currency.

    address: the one by which this computer reaches the hosts; private if it is in their network.
    ssh_from: the network that may use ssh; None: this computer's address. network: of the hosts.
    """

    provider: Known
    region: Where
    zone: Where
    testbeds: list[Replicas]
    time_to_live_hours: Annotated[float, Meta(ge=0.25, le=72)]
    highest_price: Annotated[float, Meta(gt=0, le=100_000)]
    image: Image | None = None
    address: Literal["public", "private"] = "public"
    ssh_from: Text | None = None
    network: Text = "10.77.0.0/24"
    burstable: bool = False

    @property
    def booted_image(self) -> Image:
        return self.image or description_of(self.provider).image


def read_cloud_file(path: Path) -> CloudFile:
    """The file. Raises PlanError with every mistake."""
    try:
        document = values_of(path.read_text(encoding="utf-8"))
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
        if not path.exists():
            why = "does not exist; docs/cloud.md has an example of a cloud file"
        elif path.is_dir():
            why = "is a folder; name a cloud file"
        raise PlanError(f"{path} {why}.") from error
    except UnicodeDecodeError as error:
        raise PlanError(f"{path} is not a text in UTF-8.") from error
    except YamlError as error:
        raise PlanError(error.about(str(path))) from error
    if not isinstance(document, dict):
        raise PlanError(f"{path} must have the keys of a cloud file; docs/cloud.md shows one.")
    return checked(document, str(path))


def checked(document: dict[str, Any], where: str) -> CloudFile:
    """A cloud file's content, read from YAML. Raises PlanError with every mistake."""
    mistakes = Mistakes()
    parts = {key: value for key, value in document.items() if key not in ("testbeds", "image")}
    testbeds = _testbeds(document.get("testbeds"), where, mistakes)
    fields = read_fields(CloudFile, parts | {"testbeds": testbeds}, f"{where}: ")
    _collect(fields, mistakes)
    values = fields.values | {"testbeds": testbeds}
    if {"provider", "region", "zone"} <= values.keys():
        _check_place(values["provider"], values["region"], values["zone"], where, mistakes)
    if document.get("image") is not None:
        values["image"] = _image(document["image"], document.get("provider"), where, mistakes)
    for key in ("ssh_from", "network"):
        if isinstance(values.get(key), str):
            values[key] = _network(values[key], f"{where}: {key}", mistakes)
    mistakes.refuse()
    file = CloudFile(**values)
    hosts = sum(one.count * (1 + one.generators) for one in file.testbeds)
    if hosts > MOST_HOSTS:
        raise PlanError(f"{where}: testbeds have {hosts} hosts; they may have {MOST_HOSTS}.")
    return file


def _collect(fields: Fields, mistakes: Mistakes) -> None:
    mistakes += [sentence(mistake) for mistake in fields.mistakes.values()]


def _testbeds(given: Any, where: str, mistakes: Mistakes) -> list[Replicas]:
    if not isinstance(given, list) or not given:
        mistakes.append(
            f"{where}: testbeds must be a list, each with machine and generator, the instance "
            "types, and, if you like, count and generators."
        )
        return []
    testbeds = []
    for number, one in enumerate(given, 1):
        here = f"{where}: testbeds, entry {number}: "
        if not isinstance(one, dict):
            mistakes.append(f"{here}{one!r} must be a mapping with machine and generator.")
            continue
        fields = read_fields(Replicas, one, here)
        _collect(fields, mistakes)
        if not fields.mistakes:
            testbeds.append(Replicas(**fields.values))
    return testbeds


def _check_place(provider: str, region: str, zone: str, where: str, mistakes: Mistakes) -> None:
    theirs = description_of(provider)
    other = theirs.region_of(zone)
    if other is not None and other != region:
        mistakes.append(
            f"{where}: zone is {zone!r}, which is in the region {other} of {provider}; region is "
            f"{region!r}."
        )
    elif other is None and theirs.zones_name_regions:
        mistakes.append(
            f"{where}: zone is {zone!r}; it must be a zone of {provider}, for example {region}a."
        )


def _image(given: Any, provider: Any, where: str, mistakes: Mistakes) -> Image | None:
    if not isinstance(given, dict):
        mistakes.append(f"{where}: image is {given!r}; it must be a mapping with name and user.")
        return None
    fields = read_fields(Image, given, f"{where}: image: ")
    _collect(fields, mistakes)
    if fields.mistakes:
        return None
    image = Image(**fields.values)
    theirs = description_of(provider) if provider in NAMES else None
    if theirs and theirs.images_have_owners and image.owner is None:
        mistakes.append(
            f"{where}: image: owner is missing; at {provider} anybody may call an image "
            f"{image.name!r}, so say whose it must be, for example {theirs.image.owner} of Debian."
        )
    return image


def _network(given: str, where: str, mistakes: Mistakes) -> str:
    try:
        return str(ipaddress.IPv4Network(given))
    except ValueError:
        mistakes.append(
            f"{where} is {given!r}; it must be an IPv4 network, for example 10.77.0.0/24."
        )
        return given

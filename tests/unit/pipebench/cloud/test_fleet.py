"""From a cloud file to a fleet: mistakes, prices, names, what hosts do at their first boot."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from msgspec import structs

from pipebench.cloud import access, cloud_file, creation, destruction, providers
from pipebench.cloud.cloud_file import CloudFile, read_cloud_file
from pipebench.cloud.creation import expired, keep, settled
from pipebench.cloud.destruction import doomed, forget
from pipebench.cloud.first_boot import TIMER, user_data
from pipebench.cloud.fleet import (
    ENDED,
    GOES_ON,
    Fleet,
    checked_name,
    folder_of,
    keep_creation,
    keep_fleet,
    new_name,
    read_fleet,
    settle,
)
from pipebench.cloud.inventory import inventory, keep_inventory
from pipebench.cloud.offer import offer
from pipebench.cloud.problems import sentence_of, unreachable
from pipebench.cloud.provider import FleetId, Found, Image, MachineType, Spot, clock, latest
from pipebench.cloud.providers import NAMES, description_of
from pipebench.plan.errors import PlanError

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
FILE: dict[str, Any] = {
    "provider": "aws", "region": "eu-central-1", "zone": "eu-central-1a",
    "testbeds": [
        {"machine": "c7i.large", "generator": "c7i.xlarge", "count": 2},
        {"machine": "c7g.large", "generator": "c7i.xlarge", "generators": 2},
    ],
    "time_to_live_hours": 2, "highest_price": 5, "ssh_from": "203.0.113.7/32",
}  # fmt: skip


OLD, LIVING, OWN = FleetId("old", "a"), FleetId("living", "b"), FleetId("own", "c")


class Provider:
    """Three types at a price, of which one is burstable."""

    description: ClassVar = description_of("aws")
    currency, price_source, places_near = "USD", "a list", True

    def types(self, names: Iterable[str]) -> dict[str, MachineType]:
        known = {
            "c7i.large": MachineType(
                "c7i.large", 2, "amd64", 0.1, baseline_gbit=0.78, peak_gbit=12.5
            ),
            "c7i.xlarge": MachineType("c7i.xlarge", 4, "amd64", 0.2),
            "c7g.large": MachineType("c7g.large", 2, "arm64", 0.08),
            "t3.micro": MachineType("t3.micro", 2, "amd64", 0.01, burstable=True),
        }
        return {name: known[name] for name in names if name in known}

    def known_types(self) -> list[str]:
        return ["c7g.large", "c7i.large", "c7i.xlarge", "t3.micro"]

    def image(self, image: Image, architecture: str) -> Found:
        return Found(f"{image.owner} {architecture}", "/dev/xvda")

    def account(self) -> str:
        return "1234"

    def now(self) -> datetime:
        return NOW

    def fleets(self) -> dict[FleetId, float]:
        return {OLD: NOW.timestamp() - 1, LIVING: NOW.timestamp() + 1, OWN: 0}

    def left(self, *_: str | None) -> list[str]:
        return []


def cloud(**changes: Any) -> CloudFile:
    document = FILE | changes
    return cloud_file.checked({k: v for k, v in document.items() if v is not None}, "cloud.yml")


def mistakes(**changes: Any) -> list[str]:
    with pytest.raises(PlanError) as caught:
        cloud(**changes)
    return caught.value.sentences


def made(**changes: Any) -> Fleet:
    return settle(cloud(**changes), "demo", Provider(), "203.0.113.7/32", NOW)


def test_every_mistake_of_a_file_is_a_sentence(tmp_path: Path) -> None:
    assert mistakes(provider="azure", zone=None, highest_price=0, ttl=3) == [
        (
            "cloud.yml: 'ttl' is not a known key; choose from provider, region, zone, testbeds, "
            "time_to_live_hours, highest_price, image, address, ssh_from, network and burstable."
        ),
        f"cloud.yml: provider is 'azure'; it must be {', '.join(NAMES[:-1])} or {NAMES[-1]}.",
        "cloud.yml: zone is missing.",
        "cloud.yml: highest_price is 0; it must be a number above 0.",
    ]
    assert mistakes(testbeds=[{"machine": "c7i.large"}, "c7i.large", {"machine": "a/b"}]) == [
        "cloud.yml: testbeds, entry 1: generator is missing.",
        "cloud.yml: testbeds, entry 2: 'c7i.large' must be a mapping with machine and generator.",
        (
            "cloud.yml: testbeds, entry 3: machine is 'a/b'; it must be an instance type, for "
            "example c7i.large."
        ),
        "cloud.yml: testbeds, entry 3: generator is missing.",
    ]
    assert "must be a list" in mistakes(testbeds={})[0]
    assert "say whose it must be" in mistakes(image={"name": "debian", "user": "admin"})[0]
    assert "must be an IPv4 network" in mistakes(ssh_from="here")[0]
    assert (
        "may have 200"
        in mistakes(testbeds=[FILE["testbeds"][0] | {"count": 64, "generators": 9}])[0]
    )
    for content in (b"[", b"\xff", b"- a"):
        path = tmp_path / "cloud.yml"
        path.write_bytes(content)
        with pytest.raises(PlanError):
            read_cloud_file(path)
    with pytest.raises(PlanError, match="does not exist"):
        read_cloud_file(tmp_path / "none.yml")


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        (
            ("aws", "us-east-1", "eu-central-1a"),
            (
                "zone is 'eu-central-1a', which is in the region eu-central-1 of aws; region is "
                "'us-east-1'."
            ),
        ),
        (
            ("aws", "eu-central-1", "fsn1"),
            "zone is 'fsn1'; it must be a zone of aws, for example eu-central-1a.",
        ),
        (
            ("hetzner", "us-east", "fsn1"),
            "zone is 'fsn1', which is in the region eu-central of hetzner; region is 'us-east'.",
        ),
        (("aws", "us-west-2", "us-west-2-lax-1a"), None),
        (("aws", "us-gov-west-1", "us-gov-west-1b"), None),
        (("hetzner", "eu-central", "nbg1"), None),
        (("hetzner", "moon-east", "new1"), None),  # nobody but Hetzner knows its newest ones
    ],
)
def test_a_zone_is_in_its_region(place: tuple[str, str, str], sentence: str | None) -> None:
    words = dict(zip(("provider", "region", "zone"), place, strict=True))
    if sentence is None:
        assert cloud(**words).zone == place[2]
    else:
        assert mistakes(**words) == [f"cloud.yml: {sentence}"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("testbeds: [", ', line 1: "[" is not closed.'),
        ("zone: a\nzone: b\n", " cannot be read: it has zone twice, in the lines 1 and 2."),
        ("a: 1\ntestbeds: [{machine: a},\n  {\n", ', line 3: "{" is not closed.'),
        ("provider:\n\tzone: a\n", ", line 2: a tab; indent with spaces."),
    ],
)
def test_a_file_that_is_not_yaml_is_named_with_its_line(
    text: str, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "cloud.yml"
    path.write_text(text)
    with pytest.raises(PlanError) as caught:
        read_cloud_file(path)
    assert caught.value.sentences == [f"{path}{sentence}"]


def test_hosts_of_a_fleet_the_scarcest_first() -> None:
    fleet = made()
    assert [(host.name, host.role, host.testbed) for host in fleet.hosts] == [
        ("c7i-large-1-loadgen", "loadgen", "c7i-large-1"),
        ("c7i-large-2-loadgen", "loadgen", "c7i-large-2"),
        ("c7g-large-1-loadgen-1", "loadgen", "c7g-large-1"),
        ("c7g-large-1-loadgen-2", "loadgen", "c7g-large-1"),
        ("c7i-large-1-server", "server", "c7i-large-1"),
        ("c7i-large-2-server", "server", "c7i-large-2"),
        ("c7g-large-1-server", "server", "c7g-large-1"),
    ]
    assert fleet.hosts[-1].image == "136693071363 arm64"
    assert fleet.expires == NOW.timestamp() + 7200
    assert fleet.near
    assert set(fleet.tags) == {"bench-project", "bench-fleet", "bench-expires", "bench-owner"}
    # a label of Hetzner, and of Google, may have nothing else
    for value in [*fleet.tags.values(), *fleet.tags_of(fleet.hosts[4]).values()]:
        assert set(value) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-")


def test_what_a_fleet_may_not_be() -> None:
    with pytest.raises(PlanError, match=r"cost 2\.16 USD, and highest_price is 2"):
        made(highest_price=2)
    wrong = [{"machine": "c7i.larg", "generator": "t3.micro"}]
    with pytest.raises(PlanError) as caught:
        made(testbeds=wrong)
    assert caught.value.sentences == [
        "aws has no type 'c7i.larg' in eu-central-1a; did you mean c7i.large?",
        (
            "t3.micro is burstable: its CPU gets slower while it is measured, when its credits are "
            "spent; choose another type, or set burstable to true."
        ),
    ]
    burstable = made(testbeds=[{"machine": "t3.micro", "generator": "c7i.xlarge"}], burstable=True)
    assert not burstable.near
    for name in ("", "A", "-a", "a b", "x" * 33):
        with pytest.raises(PlanError, match="fleet's name"):
            checked_name(name)
    assert checked_name(new_name(NOW)).startswith("1129-1200-")


def test_the_offer() -> None:
    assert (
        offer(made(), NOW)
        == """\
7 hosts in eu-central-1a at aws, near each other:

  2  server          c7i.large   2 CPUs  0.78 Gbit/s, for a while 12.5  0.2000 USD/h
  1  server          c7g.large   2 CPUs                                 0.0800 USD/h
  4  load generator  c7i.xlarge  4 CPUs                                 0.8000 USD/h

In all 1.0800 USD an hour, and at most 2.16 USD until 2026-11-29 14:00 UTC, their end.
Prices: a list, 2026-11-29; disks, addresses and traffic are extra."""
    )


def test_cpus_that_others_use_too_are_said() -> None:
    fleet = made()
    shared = structs.replace(fleet, hosts=[structs.replace(fleet.hosts[-1], shared=True)])
    assert "Other customers use the CPUs of c7g.large, too:" in offer(shared, NOW)


def test_a_fleet_is_kept_for_this_user_alone(tmp_path: Path) -> None:
    fleet = made()
    assert read_fleet(tmp_path, "demo") is None
    folder = keep_fleet(tmp_path, fleet)
    assert folder == folder_of(tmp_path, "demo")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert read_fleet(tmp_path, "demo") == fleet
    with pytest.raises(PlanError, match="another process may use it"):
        keep_fleet(tmp_path, fleet)
    (folder / "fleet.json").write_text("{}")
    with pytest.raises(PlanError, match="cannot be used"):
        read_fleet(tmp_path, "demo")


def test_two_fleets_do_not_share_an_inventory(tmp_path: Path) -> None:
    path = keep_inventory(tmp_path, made(), tmp_path)
    assert path.name == "demo.aws_ec2.yml"
    keep_inventory(tmp_path, made(), tmp_path)
    other = settle(cloud(), "other", Provider(), "203.0.113.7/32", NOW)
    with pytest.raises(PlanError, match=r"hosts of another fleet, in demo\.aws_ec2\.yml"):
        keep_inventory(tmp_path, other, tmp_path)


def test_host_keys_are_checked_in_every_fleet(tmp_path: Path) -> None:
    for words in ({}, {"provider": "hetzner", "region": "eu-central", "zone": "fsn1"}):
        compose = inventory(made(**words), tmp_path)["compose"]
        options = shlex.split(json.loads(compose["ansible_ssh_common_args"]))
        assert "StrictHostKeyChecking=yes" in options
        assert f'UserKnownHostsFile="{tmp_path / "known_hosts"}"' in options


def test_what_has_expired() -> None:
    assert expired(Provider().fleets(), OWN, NOW) == [OLD]
    # of that name, and of another owner
    assert expired(Provider().fleets(), FleetId("own", "d"), NOW) == [OLD, OWN]
    a = {"bench-fleet": "a", "bench-owner": "x"}
    assert latest([
        a | {"bench-expires": "5"}, a | {"bench-expires": "9"},
        a | {"bench-owner": "y", "bench-expires": "7"},
        {"bench-fleet": "b", "bench-owner": "x", "bench-expires": "soon"},
        {"bench-fleet": "b", "bench-expires": "5"}, {},
    ]) == {("a", "x"): 9, ("a", "y"): 7}  # fmt: skip


def test_the_providers_clock_is_that_of_its_answer() -> None:
    assert clock("Sun, 29 Nov 2026 12:00:00 GMT", "AWS") == NOW
    for date in (None, "", "soon"):
        with pytest.raises(PlanError, match="does not say what time it is"):
            clock(date, "AWS")


@pytest.fixture(autouse=True)
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    """The provider of every place."""
    provider = Provider()
    monkeypatch.setattr(creation, "provider_of", lambda _: provider)
    monkeypatch.setattr(destruction, "provider_of", lambda _: provider)
    return provider


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cloud.yml"
    path.write_text(yaml.safe_dump(FILE))
    return path


def test_what_expires_is_settled_by_the_providers_clock(file: Path, tmp_path: Path) -> None:
    fleet, known, over, now = settled(file, "new", tmp_path)
    assert (fleet.expires, fleet.account) == (NOW.timestamp() + 7200, "1234")
    assert (known, over, now) == (False, [OLD, OWN], NOW)
    with pytest.raises(PlanError, match=r"Another fleet has the name living, and lives until"):
        settled(file, "living", tmp_path)
    keep_fleet(tmp_path, fleet)
    assert settled(file, "new", tmp_path).known


def test_a_recorded_fleet_is_destroyed_where_it_was_created(
    provider: Provider, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = settled(file, "new", tmp_path).fleet
    keep_fleet(tmp_path, fleet)
    place = ("aws", "eu-central-1", "eu-central-1a")
    assert doomed(None, "new", None, tmp_path)[:2] == (place, [fleet.id, OLD, OWN])
    assert doomed(file, "new", None, tmp_path).others == ["living lives until 2026-11-29 12:00 UTC"]
    file.write_text(yaml.safe_dump(FILE | {"zone": "eu-central-1b"}))
    with pytest.raises(PlanError, match="give the file that it was created with"):
        doomed(file, "new", None, tmp_path)
    with pytest.raises(PlanError, match="give the file that it was created with"):
        settled(file, "new", tmp_path)
    monkeypatch.setattr(provider, "account", lambda: "5678")
    with pytest.raises(PlanError, match="are of the account 5678; set those of 1234"):
        doomed(None, "new", None, tmp_path)


def test_a_fleet_of_another_computer_is_destroyed_by_its_owner_alone(
    file: Path, tmp_path: Path
) -> None:
    with pytest.raises(PlanError, match=r"if it is yours, add -e cloud_owner=b\."):
        doomed(file, "living", None, tmp_path)
    assert doomed(file, "living", "b", tmp_path).fleets == [LIVING, OLD, OWN]
    assert doomed(file, None, None, tmp_path).fleets == [OLD, OWN]
    with pytest.raises(PlanError, match="has not settled the fleet living"):
        doomed(None, "living", "b", tmp_path)
    with pytest.raises(PlanError, match="Say where fleets are"):
        doomed(None, None, None, tmp_path)


def test_a_created_fleet_of_which_nothing_is_found_is_a_question(
    provider: Provider, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = settled(file, "new", tmp_path).fleet
    keep_fleet(tmp_path, fleet)
    assert not doomed(None, "new", None, tmp_path).question
    keep_creation(tmp_path, "new", ENDED)
    assert "nothing at all is found" in doomed(None, "new", None, tmp_path).question
    monkeypatch.setattr(provider, "left", lambda *_: ["instance i-1"])
    assert not doomed(None, "new", None, tmp_path).question


@pytest.mark.parametrize("how_far", ["", ENDED, GOES_ON])
def test_after_a_creation_that_was_cut_off_it_is_looked_again(
    provider: Provider, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how_far: str
) -> None:
    fleet = settled(file, "new", tmp_path).fleet
    keep_fleet(tmp_path, fleet)
    if how_far:
        keep_creation(tmp_path, "new", how_far)
    answers: list[list[str]] = [[], ["instance i-1"]]  # the second appears while it is looked
    monkeypatch.setattr(provider, "left", lambda *_: answers.pop(0))
    place = Spot(fleet.provider, fleet.region, fleet.zone)
    if how_far == GOES_ON:
        with pytest.raises(PlanError, match="Still there, and paid for, of the fleet new: inst"):
            forget(place, [fleet.id], tmp_path, tmp_path, again_s=0)
    else:
        forget(place, [fleet.id], tmp_path, tmp_path, again_s=0)
    assert folder_of(tmp_path, "new").exists() == (how_far == GOES_ON)


def test_what_is_kept_of_another_fleet_of_that_name_stays(file: Path, tmp_path: Path) -> None:
    fleet = settled(file, "new", tmp_path).fleet
    keep_fleet(tmp_path, fleet)
    path = keep_inventory(tmp_path, fleet, tmp_path)
    place = Spot(fleet.provider, fleet.region, fleet.zone)
    forget(place, [FleetId("new", "another")], tmp_path, tmp_path, again_s=0)
    assert path.exists()
    assert folder_of(tmp_path, "new").exists()
    forget(place, [fleet.id], tmp_path, tmp_path, again_s=0)
    assert not path.exists()
    assert not folder_of(tmp_path, "new").exists()


@pytest.mark.parametrize(
    ("name", "message", "sentence"),
    [
        (
            "aws",
            (
                "An error occurred (VcpuLimitExceeded) when calling the RunInstances operation: "
                "Too many."
            ),
            (
                "the account's quota of vCPUs is used up; ask for more, or rent fewer (An error "
                "occurred (VcpuLimitExceeded) when calling the RunInstances operation: Too many)"
            ),
        ),
        (
            "hetzner",
            "server limit reached (resource_limit_exceeded, 7f9a)",
            (
                "the project's quota is used up; ask for more, or rent fewer (server limit reached "
                "(resource_limit_exceeded, 7f9a))"
            ),
        ),
        ("aws", "error during\n  placement.", "error during placement"),
        (
            "hetzner",
            "Value of unknown type: <class 'hcloud.firewalls.domain.FirewallRule'>",
            (
                "Hetzner said no, and its module does not say why: mostly the project's quota is "
                "used up, or the token may only read"
            ),
        ),
    ],
)
def test_a_no_of_a_provider_is_a_sentence(name: str, message: str, sentence: str) -> None:
    assert sentence_of(message, description_of(name)) == sentence


@pytest.mark.parametrize("name", NAMES)
def test_a_provider_is_a_module_and_a_folder_of_tasks(name: str) -> None:
    role = Path(__file__).resolve().parents[4] / "roles" / f"cloud_{name}"
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    given = {task: set(spec["options"]) for task, spec in specs.items()}
    fleet = {"cloud_fleet", "cloud_tags", "cloud_public_key", "cloud_user_data"}
    assert given == {"take_name": fleet, "create": fleet, "destroy": {"cloud_expired"}}
    assert {path.stem for path in (role / "tasks").iterdir()} == set(given)
    known = description_of(name).inventory
    assert set(known.cloud) == {"type", "zone", "instance", "image", "lifecycle", "placement"}


def test_what_a_provider_is_needs_none_of_its_libraries() -> None:
    """./bench -i reads an inventory without them."""
    program = (
        "import sys; from pipebench.cloud import inventory, cloud_file; "
        "assert not {'boto3', 'botocore', 'hcloud', 'requests'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_host_ends_itself_at_a_moment_that_systemd_understands(tmp_path: Path) -> None:
    document = yaml.safe_load(user_data(NOW.timestamp()))
    (file,) = document["write_files"]
    assert file["path"] == f"/etc/systemd/system/{TIMER}"
    assert ["systemctl", "enable", "--now", TIMER] in document["runcmd"]
    unit = tmp_path / TIMER
    unit.write_text(file["content"])
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    assert verified.returncode == 0, verified.stderr
    moment = next(line for line in unit.read_text().splitlines() if line.startswith("OnCalendar="))
    understood = subprocess.run(
        ["systemd-analyze", "calendar", moment.removeprefix("OnCalendar=")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "2026-11-29 12:00:00 UTC" in understood.stdout


def test_own_address_is_asked_for_or_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "WHO_AM_I", "http://127.0.0.1:1/")
    with pytest.raises(PlanError) as caught:
        access.own_network()
    assert str(caught.value) == (
        "http://127.0.0.1:1/ does not say which address this computer has on the internet: "
        "127.0.0.1:1 refuses the connection; set ssh_from in the cloud file, for example "
        "203.0.113.7/32."
    )


def test_own_address_is_asked_for_only_if_a_fleet_is_kept(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def own_network() -> str:
        asked.append("")
        return "198.51.100.4/32"

    monkeypatch.setattr(creation, "own_network", own_network)
    file.write_text(yaml.safe_dump({k: v for k, v in FILE.items() if k != "ssh_from"}))
    shown = settled(file, "new", tmp_path).fleet
    assert (shown.ssh_from, asked) == ("", [])
    assert keep(tmp_path, shown).ssh_from == "198.51.100.4/32"
    assert settled(file, "new", tmp_path).fleet.ssh_from == "198.51.100.4/32"
    assert len(asked) == 1
    given = structs.replace(shown, name="given", ssh_from="203.0.113.7/32")
    assert keep(tmp_path, given).ssh_from == "203.0.113.7/32"
    assert len(asked) == 1


def test_mistakes_are_named_before_a_provider_is_asked(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(creation, "provider_of", lambda _: pytest.fail("a provider is asked"))
    file.write_text(yaml.safe_dump(FILE | {"region": "us-east-1"}))
    with pytest.raises(PlanError) as caught:
        settled(file, "A b", tmp_path)
    assert [sentence.split(" is ")[0] for sentence in caught.value.sentences] == [
        "The fleet's name", f"{file}: zone",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("endpoint", "cause"),
    [
        ("http://127.0.0.1:1", "127.0.0.1:1 refuses the connection"),
        ("https://api.nowhere.invalid", "api.nowhere.invalid cannot be resolved"),
    ],
)
@pytest.mark.parametrize("place", [
    Spot("aws", "eu-central-1", "eu-central-1a"), Spot("hetzner", "eu-central", "fsn1"),
])  # fmt: skip
def test_a_provider_that_does_not_answer_is_one_sentence(
    place: Spot, endpoint: str, cause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {
        "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_MAX_ATTEMPTS": "1", "HCLOUD_ENDPOINT": f"{endpoint}/v1", "HCLOUD_TOKEN": "test",
        "NO_PROXY": "*",
    }  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    name = {"aws": "AWS", "hetzner": "Hetzner"}[place.provider]
    with pytest.raises(PlanError) as caught:
        providers.provider_of(place).now()
    assert caught.value.sentences == [f"{name}'s API does not answer: {cause}."]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            "HTTPSConnectionPool(host='api.x', port=443): Read timed out. (read timeout=30)",
            "api.x does not answer in time",
        ),
        ('Connect timeout on endpoint URL: "https://ec2.x/"', "ec2.x does not answer in time"),
        (
            (
                "HTTPSConnectionPool(host='api.x', port=443): Max retries exceeded with url: /v1 "
                "(Caused by SSLError(SSLCertVerificationError(1, 'CERTIFICATE_VERIFY_FAILED')))"
            ),
            "the certificate of api.x is not one that this computer trusts",
        ),
        (
            "('Connection aborted.', RemoteDisconnected('Remote end closed connection'))",
            "its host closed the connection",
        ),
        (
            'Failed to connect to proxy URL: "http://10.0.0.1:3128"',
            "the proxy that is set for it (HTTPS_PROXY) does not answer",
        ),
        ("server limit reached (resource_limit_exceeded, 7f9a)", ""),
    ],
)
def test_why_no_answer_comes(message: str, said: str) -> None:
    assert unreachable(message) == said


@pytest.mark.skipif(not shutil.which("ssh-keyscan"), reason="no ssh here")
def test_ssh_that_does_not_answer_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"ssh does not answer at 127\.0\.0\.2 after 0 s"):
        access.learn_host_keys(tmp_path, ["127.0.0.2"], 0)
    (tmp_path / "known_hosts").write_text("127.0.0.2 ssh-ed25519 AAAA\n")
    assert not access.learn_host_keys(tmp_path, ["127.0.0.2"], 0)


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample"


@pytest.fixture
def keyscan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A computer whose ssh-keyscan finds a key at each address it is asked for, and one more.

    Each call is a line of the file that is returned.
    """
    calls = tmp_path / "calls"
    program = tmp_path / "bin" / "ssh-keyscan"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nshift 4\necho "$@" >> {calls}\nprintf "# caf\\351\\n"\n'
        f'for one in "$@" 192.0.2.99; do echo "$one {KEY}"; done\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return calls


def test_a_host_key_is_learned_by_the_whole_address(tmp_path: Path, keyscan: Path) -> None:
    known = tmp_path / "known_hosts"
    known.write_text(f"110.0.0.1 {KEY}\n10.0.0.11,10.0.0.12 {KEY}\n#10.0.0.3 {KEY}\n10.0.0.4 \n")
    asked = ["10.0.0.1", "10.0.0.12", "10.0.0.3", "10.0.0.4"]
    assert access.learn_host_keys(tmp_path, asked, 10)
    assert keyscan.read_text() == "10.0.0.1 10.0.0.3 10.0.0.4\n"
    learned = known.read_text().splitlines()[4:]
    assert learned == [f"{address} {KEY}" for address in ("10.0.0.1", "10.0.0.3", "10.0.0.4")]
    assert not access.learn_host_keys(tmp_path, asked, 10)

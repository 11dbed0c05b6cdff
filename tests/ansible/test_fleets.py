"""The life of a fleet against stand-ins for the providers' APIs (tests/cloud/): nothing is left.

What starts Ansible a dozen times, with a failure at every call, is in the layer `fleets`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError
from hcloud import APIException, Client
from msgspec import structs

from pipebench.cloud.creation import settled
from pipebench.cloud.fleet import folder_of, keep_fleet
from tests.cloud.standins import PLACES, ROOT, TYPES, Cloud, ask, started, unwrapped


@pytest.fixture(scope="module", params=["aws", "hetzner"])
def cloud(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    with started(request.param, tmp_path_factory.mktemp(request.param)) as standin:
        yield standin
        for name in standin.names:
            assert not folder_of(ROOT, name).exists()


def recap(done: subprocess.CompletedProcess[str]) -> str:
    """The line of the recap about this computer."""
    return next(line for line in done.stdout.splitlines() if line.startswith("localhost  "))


pytestmark = pytest.mark.ansible


@pytest.mark.fleets  # tests/lab/test_cloud.py creates one of each provider, finds it, destroys it
def test_created_twice_found_and_destroyed_twice(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = cloud.new_name()
    first = cloud.create(name)
    assert first.returncode == 0, first.stdout + first.stderr
    there = cloud.left(name, monkeypatch)
    assert len([one for one in there if one.startswith(("instance", "server"))]) == 2
    again = cloud.create(name)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "changed=0 " in recap(again)
    listed = cloud.run("ansible-inventory", "-i", str(cloud.inventory), "--list", "--export")
    hosts = unwrapped(json.loads(listed.stdout))
    machine, generator = TYPES[cloud.provider]
    testbed = f"{machine.replace('.', '-')}-1"
    assert hosts["servers"]["hosts"] == [f"{testbed}-server"]
    assert hosts["loadgens"]["hosts"] == [f"{testbed}-loadgen"]
    variables = hosts["_meta"]["hostvars"]
    assert {host: values["bench_testbed"] for host, values in variables.items()} == {
        f"{testbed}-server": testbed, f"{testbed}-loadgen": testbed,
    }  # fmt: skip
    assert variables[f"{testbed}-server"]["bench_machine"] == machine
    assert variables[f"{testbed}-loadgen"]["bench_cloud"]["type"] == generator
    assert variables[f"{testbed}-server"]["bench_price"]["per_hour"] > 0
    destroyed = cloud.destroy(name)
    assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr
    assert f"Nothing is left of {name}" in destroyed.stdout
    assert cloud.left(name, monkeypatch) == []
    again = cloud.destroy(name)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "changed=0 " in recap(again)
    assert list(cloud.inventory.iterdir()) == []


FAILURES = {
    "aws": [
        ("RunInstances", "VcpuLimitExceeded", 1, "the account's quota of vCPUs is used up"),
        ("ImportKeyPair", "UnauthorizedOperation", 0, "the account may not do this"),
        ("CreateVpc", "VpcLimitExceeded", 0, "the account's quota of networks is used up"),
        ("CreateInternetGateway", "RequestLimitExceeded", 0, "Gateway: "),
        ("AttachInternetGateway", "RequestLimitExceeded", 0, "Gateway: "),
        ("CreateSubnet", "RequestLimitExceeded", 0, "Subnet: "),
        ("CreateRouteTable", "RequestLimitExceeded", 0, "Routes: "),
        ("CreateSecurityGroup", "UnauthorizedOperation", 0, "Security group"),
        ("AuthorizeSecurityGroupIngress", "UnauthorizedOperation", 0, "Security group"),
        ("CreatePlacementGroup", "UnauthorizedOperation", 0, "Placement group"),
        ("RunInstances", "InsufficientInstanceCapacity", 1, "the zone has no such machine left"),
    ],
    "hetzner": [
        ("POST /servers", "resource_unavailable", 1, "the location has no such server left"),
        ("POST /ssh_keys", "forbidden", 0, "the token may only read"),
        ("POST /networks", "resource_limit_exceeded", 0, "the project's quota is used up"),
        ("POST /networks/N/actions/add_subnet", "forbidden", 0, "Subnet: "),
        ("POST /firewalls", "resource_limit_exceeded", 0, "mostly the project's quota is used up"),
    ],
}
"""The call, the answer, how many such calls still work, and a part of the sentence."""


def failed_and_destroyed(
    cloud: Cloud, failure: tuple[str, str, int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    call, code, after, sentence = failure
    name = cloud.new_name()
    cloud.fail(call=call, code=code, after=after)
    try:
        created = cloud.create(name)
    finally:
        cloud.fail()
    assert created.returncode != 0
    said = " ".join(created.stdout.split())
    assert sentence in said, created.stdout
    first = call in ("ImportKeyPair", "POST /ssh_keys")  # before it there is nothing
    assert ("This created no host" in said) == first
    assert (f"What was created of the fleet {name} is still there" in said) != first
    destroyed = cloud.destroy(name)
    assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr
    assert cloud.left(name, monkeypatch) == []


def test_a_failure_is_a_sentence_and_nothing_of_the_fleet_is_left(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed_and_destroyed(cloud, FAILURES[cloud.provider][0], monkeypatch)


@pytest.mark.fleets
@pytest.mark.parametrize("number", range(1, max(map(len, FAILURES.values()))))
def test_a_failure_at_any_call(cloud: Cloud, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = FAILURES[cloud.provider]
    if number >= len(failures):
        pytest.skip("there are no more calls")
    failed_and_destroyed(cloud, failures[number], monkeypatch)


@pytest.mark.fleets
@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "killed"])
def test_what_is_cut_off_between_two_hosts_is_destroyed(
    cloud: Cloud, signal_number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = cloud.new_name()
    before = len(hosts_made(cloud))
    creation = subprocess.Popen(
        cloud.command("cloud_create", name, "--skip-tags", "ready"), cwd=ROOT,
        env=cloud.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    while len(hosts_made(cloud)) == before:
        assert creation.poll() is None
        time.sleep(0.05)
    os.killpg(creation.pid, signal_number)
    assert creation.wait() != 0
    destroyed = cloud.destroy(name)
    assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr
    assert cloud.left(name, monkeypatch) == []


def hosts_made(cloud: Cloud) -> list[str]:
    calls = ask(f"{cloud.url}/_calls")
    return [call for call in calls if call in ("RunInstances", "POST /servers")]


@contextmanager
def on_another_computer(name: str) -> Iterator[None]:
    """What this computer keeps of a fleet is put aside meanwhile."""
    mine = folder_of(ROOT, name)
    aside = mine.rename(mine.with_name(f"{name}-aside"))
    try:
        yield
    finally:
        shutil.rmtree(mine, ignore_errors=True)
        aside.rename(mine)


def words(done: subprocess.CompletedProcess[str]) -> str:
    """All that it said, on one line."""
    return " ".join((done.stdout + done.stderr).split())


@pytest.mark.fleets
def test_a_name_that_another_computer_has_is_refused(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = cloud.new_name()
    assert cloud.create(name).returncode == 0
    there = cloud.left(name, monkeypatch)
    with on_another_computer(name):
        for refused in (cloud.create(name), cloud.run(*cloud.bench("--name", name, "--yes"))):
            assert refused.returncode != 0
            assert f"Another fleet has the name {name}" in words(refused)
            assert not folder_of(ROOT, name).exists()
        refused = cloud.destroy(name)
        assert refused.returncode != 0
        owner = re.search(r"did not create it; if it is yours, add -e (\S+)\.", words(refused))
        assert cloud.left(name, monkeypatch) == there
        assert owner
        destroyed = cloud.destroy(name, "-e", owner[1])
        assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr
    assert cloud.left(name, monkeypatch) == []
    unfound = cloud.destroy(name)
    assert unfound.returncode != 0
    assert "nothing at all is found" in words(unfound)
    assert folder_of(ROOT, name).exists()
    assert cloud.destroy(name, "-e", "cloud_gone=true").returncode == 0


MAKE = """\
import sys
from pathlib import Path
from pipebench.cloud.command import Trip
from pipebench.cloud.creation import ROOT
from pipebench.cloud.fleet import read_fleet
sys.exit(Trip(Path(sys.argv[1]), read_fleet(ROOT, sys.argv[2]), []).make())
"""


@pytest.mark.fleets
def test_a_name_that_is_taken_after_it_was_settled(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = cloud.new_name()
    for key, value in cloud.environment.items():
        monkeypatch.setenv(key, value)
    second = settled(cloud.file, name, ROOT).fleet
    assert cloud.create(name).returncode == 0
    there = cloud.left(name, monkeypatch)
    with on_another_computer(name):
        keep_fleet(ROOT, second)
        done = cloud.run(sys.executable, "-c", MAKE, str(cloud.file), name)
        assert done.returncode != 0
        assert "The hosts lived" not in done.stdout
        assert not folder_of(ROOT, name).exists()
        assert cloud.left(name, monkeypatch) == there
    assert cloud.destroy(name).returncode == 0
    assert cloud.left(name, monkeypatch) == []


def take_key(cloud: Cloud, name: str) -> None:
    """Somebody creates the key of that name, which has no tags."""
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFhQbY1nJ9m0Zb3m5bTn7xJmG9pJqj0S4mQ0s4f5o8xU"
    if cloud.provider == "aws":
        place = PLACES["aws"]["region"]
        boto3.client("ec2", region_name=place).import_key_pair(
            KeyName=f"bench-{name}", PublicKeyMaterial=key.encode()
        )
    else:
        client = Client("test", f"{cloud.url}/v1")
        client.ssh_keys.create(f"bench-{name}", key)


@pytest.mark.fleets
def test_a_key_that_is_there_refuses_the_name(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = cloud.new_name()
    for key, value in cloud.environment.items():
        monkeypatch.setenv(key, value)
    take_key(cloud, name)
    refused = cloud.create(name)
    assert refused.returncode != 0
    assert "Name: another fleet has this name" in words(refused), refused.stdout
    assert "This created no host." in words(refused)
    assert cloud.destroy(name).returncode == 0
    with pytest.raises((ClientError, APIException)):  # it is still there
        take_key(cloud, name)


@pytest.mark.fleets
def test_what_a_living_fleet_has_here_stays(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    name = cloud.new_name()
    assert cloud.create(name).returncode == 0
    kept = sorted(folder_of(ROOT, name).iterdir())
    for more in ([], ["--yes", "-e", "bench_duration=no"]):
        refused = cloud.run(*cloud.bench("--name", name, *more))
        assert refused.returncode == 2
        assert f"The fleet {name} was settled before" in refused.stderr
        assert sorted(folder_of(ROOT, name).iterdir()) == kept
    assert cloud.destroy(name).returncode == 0
    assert cloud.left(name, monkeypatch) == []


def test_a_fleet_is_shown_without_the_address_of_this_computer(
    cloud: Cloud, tmp_path: Path
) -> None:
    document = yaml.safe_load(cloud.file.read_text())
    del document["ssh_from"]
    file = tmp_path / "cloud.yml"
    file.write_text(yaml.safe_dump(document))
    # of the internet this computer sees nothing, but of its loopback the stand-in
    apart = {"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "127.0.0.1"}
    away = replace(cloud, file=file, environment=cloud.environment | apart)
    shown = away.run(*away.bench("--show"))
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "In all " in shown.stdout
    name = cloud.new_name()
    refused = away.run(*away.bench("--name", name, "--yes"))
    assert refused.returncode == 2
    (sentence,) = refused.stderr.splitlines()
    assert "which address this computer has on the internet" in sentence
    assert "set ssh_from in the cloud file" in sentence
    assert not folder_of(ROOT, name).exists()


def test_of_a_zone_in_another_region_no_provider_is_asked(cloud: Cloud, tmp_path: Path) -> None:
    document = yaml.safe_load(cloud.file.read_text())
    file = tmp_path / "cloud.yml"
    file.write_text(yaml.safe_dump(document | {"zone": ELSEWHERE[cloud.provider]["zone"]}))
    began = len(ask(f"{cloud.url}/_calls"))
    elsewhere = replace(cloud, file=file)
    refused = elsewhere.run(*elsewhere.bench("--show"))
    assert refused.returncode == 2
    assert f"which is in the region {ELSEWHERE[cloud.provider]['region']} of" in refused.stderr
    assert len(ask(f"{cloud.url}/_calls")) == began


ELSEWHERE = {
    "aws": {"region": "us-east-1", "zone": "us-east-1a"},
    "hetzner": {"region": "us-east", "zone": "ash"},
}


@pytest.mark.fleets
def test_a_file_that_was_edited_meanwhile_destroys_nothing(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = cloud.new_name()
    assert cloud.create(name).returncode == 0
    there = cloud.left(name, monkeypatch)
    document = cloud.file.read_text()
    cloud.file.write_text(yaml.safe_dump(yaml.safe_load(document) | ELSEWHERE[cloud.provider]))
    refused = cloud.destroy(name)
    cloud.file.write_text(document)
    assert refused.returncode != 0
    assert "Nothing is left" not in refused.stdout
    assert "give the file that it was created with" in words(refused)
    assert cloud.left(name, monkeypatch) == there
    assert folder_of(ROOT, name).exists()
    recorded = cloud.run(*cloud.command("cloud_destroy", name, "-e", "cloud_file="))
    assert recorded.returncode == 0, recorded.stdout + recorded.stderr
    assert cloud.left(name, monkeypatch) == []


def other_credentials(cloud: Cloud) -> dict[str, str]:
    """Of another account of AWS, or of another project of Hetzner."""
    if cloud.provider == "hetzner":
        return {"HCLOUD_TOKEN": "of another project"}
    role = boto3.client("sts", region_name=PLACES["aws"]["region"]).assume_role(
        RoleArn="arn:aws:iam::222222222222:role/other", RoleSessionName="other"
    )["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": role["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": role["SecretAccessKey"],
        "AWS_SESSION_TOKEN": role["SessionToken"],
    }


@pytest.mark.fleets
def test_other_credentials_do_not_say_that_nothing_is_left(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = cloud.new_name()
    assert cloud.create(name).returncode == 0
    there = cloud.left(name, monkeypatch)
    other = replace(cloud, environment=cloud.environment | other_credentials(cloud))
    refused = other.destroy(name)
    assert refused.returncode != 0
    assert "Nothing is left" not in refused.stdout
    said = {
        "aws": "these credentials are of the account 222222222222; set those of 123456789012",
        "hetzner": "Set the credentials that it was created with; or, if you have seen that it is "
        "deleted, add -e cloud_gone=true",
    }
    assert said[cloud.provider] in words(refused)
    assert cloud.left(name, monkeypatch) == there
    assert folder_of(ROOT, name).exists()
    assert cloud.destroy(name).returncode == 0
    assert cloud.left(name, monkeypatch) == []


ASKED_AGAIN = {
    "aws": ("RunInstances", "InsufficientInstanceCapacity", "TerminateInstances"),
    "hetzner": ("POST /servers", "rate_limit_exceeded", "DELETE /servers/N"),
}
"""A call, the answer after which its module asks again for minutes, and the call that destroys."""


@pytest.mark.fleets
def test_nothing_is_created_while_it_is_destroyed(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = cloud.new_name()
    create, code, destroy = ASKED_AGAIN[cloud.provider]
    began = len(ask(f"{cloud.url}/_calls"))
    cloud.fail(call=create, code=code, after=1)
    document = cloud.file.read_text()
    trip = subprocess.Popen(
        cloud.bench("--name", name, "--yes"), cwd=ROOT, env=cloud.environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        while ask(f"{cloud.url}/_calls")[began:].count(create) < 2:
            assert trip.poll() is None
            time.sleep(0.05)
        cloud.file.write_text("edited: meanwhile\n")
        trip.send_signal(signal.SIGINT)
        while destroy not in ask(f"{cloud.url}/_calls")[began:] and trip.poll() is None:
            time.sleep(0.05)
        cloud.fail()  # the zone has such machines again
        said, _ = trip.communicate(timeout=300)
    finally:
        cloud.fail()
        cloud.file.write_text(document)
    assert trip.returncode == 130
    assert f"Nothing is left of {name}" in said
    calls = ask(f"{cloud.url}/_calls")[began:]
    assert create not in calls[calls.index(destroy) :]
    time.sleep(10)
    assert ask(f"{cloud.url}/_calls")[began:].count(create) == calls.count(create)
    assert cloud.left(name, monkeypatch) == []


@pytest.mark.fleets
@pytest.mark.parametrize("ahead", [-3 * 86400, 3 * 86400], ids=["behind", "ahead"])
def test_a_wrong_clock_of_this_computer_destroys_nobody(
    cloud: Cloud, ahead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    living, new = cloud.new_name(), cloud.new_name()
    for key, value in cloud.environment.items():
        monkeypatch.setenv(key, value)
    cloud.set_clock(ahead)
    try:
        fleet = settled(cloud.file, living, ROOT).fleet
        assert abs(fleet.expires - (time.time() + ahead + 3600)) < 60
        assert cloud.create(living).returncode == 0
        there = cloud.left(living, monkeypatch)
        for path in cloud.inventory.iterdir():
            path.unlink()
        assert cloud.create(new).returncode == 0
        assert cloud.destroy(new).returncode == 0
        assert cloud.left(living, monkeypatch) == there
        assert cloud.destroy(living).returncode == 0
    finally:
        cloud.set_clock(0)


@pytest.mark.fleets
def test_what_has_expired_is_destroyed_by_the_next_that_is_created(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = cloud.new_name(), cloud.new_name()
    for key, value in cloud.environment.items():
        monkeypatch.setenv(key, value)
    fleet = settled(cloud.file, old, ROOT).fleet
    over = time.time() + 60
    keep_fleet(ROOT, structs.replace(fleet, expires=int(over)))
    assert cloud.create(old).returncode == 0
    there = cloud.left(old, monkeypatch)
    assert there
    for path in cloud.inventory.iterdir():
        path.unlink()
    time.sleep(max(0, over - time.time()) + 1)
    assert cloud.create(new).returncode == 0
    assert cloud.left(old, monkeypatch) == []
    assert cloud.destroy(new).returncode == 0
    assert cloud.destroy(old).returncode == 0

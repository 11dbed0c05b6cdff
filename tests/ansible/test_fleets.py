"""The life of a fleet against stand-ins for the providers' APIs (tests/cloud/): nothing is left.

What starts Ansible a dozen times, with a failure at every call, is in the layer `fleets`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from typing import Any

import pytest
from msgspec import structs

from pipebench.cloud.creation import settled
from pipebench.cloud.fleet import folder_of, keep_fleet
from tests.cloud.standins import ROOT, TYPES, Cloud, ask, started, unwrapped


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
    assert f"What was created of the fleet {name} is still there" in said
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


@pytest.mark.fleets
def test_a_name_that_another_computer_has_is_refused(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = cloud.new_name()
    assert cloud.create(name).returncode == 0
    there = cloud.left(name, monkeypatch)
    mine = folder_of(ROOT, name)
    mine.rename(mine.with_name(f"{name}-aside"))  # as it is on another computer
    try:
        other = cloud.create(name)
        assert other.returncode != 0
        assert "another fleet has this name" in " ".join(other.stdout.split())
        assert cloud.left(name, monkeypatch) == there
    finally:
        assert cloud.destroy(name).returncode == 0
        for path in mine.with_name(f"{name}-aside").iterdir():
            path.unlink()
        mine.with_name(f"{name}-aside").rmdir()
    assert cloud.left(name, monkeypatch) == []


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

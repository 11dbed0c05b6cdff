"""Stand-ins for the providers' APIs, started for a test, with a cloud file for each."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml

from pipebench.cloud.cloud_file import read_cloud_file
from pipebench.cloud.fleet import new_name
from pipebench.cloud.providers import provider_of

ROOT = Path(__file__).resolve().parents[2]
COMMON = {
    "time_to_live_hours": 1,
    "highest_price": 5,
    "ssh_from": "203.0.113.7/32",
}
PLACES = {
    "aws": {"provider": "aws", "region": "eu-central-1", "zone": "eu-central-1a"},
    "hetzner": {"provider": "hetzner", "region": "eu-central", "zone": "fsn1"},
}
TYPES = {"aws": ("c7i.large", "c7i.xlarge"), "hetzner": ("ccx13", "ccx23")}


@dataclass
class Cloud:
    """A stand-in that runs, and a cloud file for it."""

    provider: str
    url: str
    environment: dict[str, str]
    file: Path
    inventory: Path
    names: list[str] = field(default_factory=list)

    def fail(self, **words: Any) -> None:
        """Let a call fail from now on; without words, none."""
        ask(f"{self.url}/_fail?{urlencode(words)}")

    def set_clock(self, ahead: float) -> None:
        """Let the provider's clock be so many seconds ahead of this computer's from now on."""
        ask(f"{self.url}/_clock?{urlencode({'ahead': ahead})}")

    def command(self, playbook: str, name: str, *more: str) -> list[str]:
        words = {"cloud_file": self.file, "fleet": name, "cloud_inventory": self.inventory}
        options = [word for key, value in words.items() for word in ("-e", f"{key}={value}")]
        return ["ansible-playbook", f"playbooks/{playbook}.yml", *options, *more]

    def new_name(self) -> str:
        self.names.append(new_name(datetime.now(UTC)))
        return self.names[-1]

    def create(self, name: str) -> subprocess.CompletedProcess[str]:
        # without machines of the lab, nobody answers at the hosts' addresses
        return self.run(*self.command("cloud_create", name, "--skip-tags", "ready"))

    def destroy(self, name: str, *more: str) -> subprocess.CompletedProcess[str]:
        return self.run(*self.command("cloud_destroy", name, *more))

    def bench(self, *words: str) -> list[str]:
        """What ./bench starts with --cloud."""
        return [sys.executable, "-m", "pipebench.cloud", "--cloud", str(self.file), *words]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL, timeout=600,
        )  # fmt: skip

    def left(self, name: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """What the provider still has of a fleet."""
        for key, value in self.environment.items():
            monkeypatch.setenv(key, value)
        return provider_of(read_cloud_file(self.file)).left(name)


def ask(url: str) -> Any:
    with urlopen(url) as answer:  # noqa: S310 (an address of loopback)
        return json.load(answer)


def unwrapped(value: Any) -> Any:
    """What ansible-inventory lists, without its marks of a stranger's text."""
    if isinstance(value, dict):
        return value.get("__ansible_unsafe") or {key: unwrapped(one) for key, one in value.items()}
    return [unwrapped(one) for one in value] if isinstance(value, list) else value


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def started(
    provider: str, folder: Path, machines: dict[str, list[str]] | None = None, **words: Any
) -> Iterator[Cloud]:
    """A stand-in that runs meanwhile. folder: gets the cloud file and an empty inventory.

    machines: addresses by role of the lab, to be given out. words: of the cloud file, in addition.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    machine, generator = TYPES[provider]
    file = folder / "cloud.yml"
    testbeds = [{"machine": machine, "generator": generator}]
    document = COMMON | PLACES[provider] | {"testbeds": testbeds} | words
    file.write_text(yaml.safe_dump(document))
    given = folder / "machines.json"
    given.write_text(json.dumps(machines))
    environment = os.environ | {
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8",
        "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "2",
        "HCLOUD_ENDPOINT": f"{url}/v1", "HCLOUD_TOKEN": "test",
    }  # fmt: skip
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", f"tests.cloud.{provider}_standin", str(port)]
            + ([str(given)] if machines else []),
            cwd=ROOT, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        wait_for(url)
        (folder / "inventory").mkdir()
        made = Cloud(provider, url, environment, file, folder / "inventory")
        yield made
    finally:
        server.terminate()
        server.wait()


def wait_for(url: str) -> None:
    for _ in range(120):
        with suppress(URLError, ConnectionError):
            ask(f"{url}/_calls")
            return
        time.sleep(0.25)
    raise TimeoutError(url)

"""What inventory/google makes of an instance, as the API describes one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROOT = Path(__file__).resolve().parents[2]
INSTANCE: dict[str, Any] = {
    "id": "42",
    "name": "c3-highcpu-4-1-server",
    "machineType": "https://api/projects/p/zones/europe-west3-a/machineTypes/c3-highcpu-4",
    "zone": "https://api/projects/p/zones/europe-west3-a",
    "labels": {"bench-role": "server", "bench-testbed": "c3-highcpu-4-1"},
    "networkInterfaces": [
        {"networkIP": "10.0.0.2", "accessConfigs": [{"natIP": "203.0.113.5"}]},
    ],
    "scheduling": {"preemptible": False},
}


@pytest.fixture
def inventory() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(
        (ROOT / "inventory" / "google" / "hosts.gcp.yml").read_text(encoding="utf-8")
    )
    return document


def made(expression: str) -> Any:
    templar = Templar(loader=DataLoader(), variables=INSTANCE)
    return templar.template(trust_as_template("{{" + expression + "}}"))


def test_a_host_of_a_testbed(inventory: dict[str, Any]) -> None:
    variables = {name: made(text) for name, text in inventory["compose"].items()}
    assert variables == {
        "ansible_host": "203.0.113.5",
        "bench_address": "10.0.0.2",
        "bench_testbed": "c3-highcpu-4-1",
        "bench_machine": "c3-highcpu-4",
        "bench_cloud": {
            "provider": "google", "type": "c3-highcpu-4", "zone": "europe-west3-a",
            "instance": "42", "lifecycle": "on-demand",
        },
    }  # fmt: skip
    (group,) = inventory["keyed_groups"]
    assert made(group["key"]) == "servers"

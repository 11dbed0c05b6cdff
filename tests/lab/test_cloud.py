"""Rented hosts, the whole way: stand-ins for the providers give out the lab's machines."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.tests.fixture import ROOT, SBIN, Lab
from pipebench.cloud.fleet import folder_of
from tests import commands
from tests.cloud.standins import Cloud, started
from tests.lab.hosts import ADDRESSES, GENERATOR, SERVER, provision

pytestmark = pytest.mark.lab
FRAMEWORK = "uvloop-httptools"
SHORT = {
    "bench_frameworks": FRAMEWORK, "bench_controls": False, "bench_duration": 1,
    "bench_warmup": 0, "bench_rounds": 1, "bench_path_capacity": False,
    "bench_check_answers": False,
}  # fmt: skip
CREATE = (
    ".venv/bin/ansible-playbook playbooks/cloud_create.yml -e cloud_file=cloud.yml -e fleet=may"
)
DESTROY = (
    ".venv/bin/ansible-playbook playbooks/cloud_destroy.yml -e cloud_file=cloud.yml -e fleet=may"
)
MACHINES = {"server": [ADDRESSES[SERVER]], "loadgen": [ADDRESSES[GENERATOR]]}
IN_THE_LAB: dict[str, Any] = {
    "network": "198.18.0.0/24", "address": "private", "ssh_from": "198.18.0.0/24",
    "image": {"owner": "136693071363", "name": "debian-13*", "user": "root"},
}  # fmt: skip


def run(command: str, cloud: Cloud) -> subprocess.CompletedProcess[str]:
    words = {key: value for key, value in cloud.environment.items() if key != "ANSIBLE_CONFIG"}
    return subprocess.run(
        ["bash", "-c", command], cwd=ROOT, env=SBIN | words, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip


def traces(lab: Lab) -> dict[str, str]:
    """What a fleet may have left on the machines, which in a cloud are gone."""
    return lab.shell("cat /root/.ssh/authorized_keys; ls /etc/systemd/system")


def document(path: Path) -> Any:
    return json.loads(path.read_text())


def test_rented_measured_and_given_back(lab: Lab, tmp_path: Path) -> None:
    provision(lab, FRAMEWORK)
    before = traces(lab)
    results = tmp_path / "results"
    with started("aws", tmp_path, MACHINES, **IN_THE_LAB) as cloud:
        file = {"cloud.yml": cloud.file}
        shown = run(commands.filled("./bench --cloud cloud.yml --show", file), cloud)
        assert shown.returncode == 0, shown.stdout + shown.stderr
        assert "2 hosts in eu-central-1a at aws, near each other" in shown.stdout
        typed = "./bench --cloud cloud.yml -e @plans/instances.yml"
        words = SHORT | {"bench_results_dir": str(results), "bench_run_id": "rented"}
        command = commands.filled(typed, file) + commands.options(words)
        nobody = run(command, cloud)
        assert nobody.returncode == 2
        assert "nobody can be asked here; add --yes" in nobody.stderr
        done = run(f"{command} --yes", cloud)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Nothing is left of" in done.stdout
    assert "The hosts lived" in done.stdout
    folder = results / "rented"
    prices = yaml.safe_load((folder / "prices.yml").read_text())["hosts"]
    assert {host: price["per_hour"] for host, price in prices.items()} == {
        "c7i-large-1-server": 0.1018, "c7i-large-1-loadgen": 0.2037,
    }  # fmt: skip
    (testbed,) = document(folder / "run.json")["testbeds"]
    assert (testbed["name"], testbed["machine"]) == ("c7i-large-1", "c7i.large")
    host = document(folder / "hosts" / "c7i-large-1-server.json")
    assert host["cloud"]["type"] == "c7i.large"
    assert host["cloud"]["baseline_gbit"] == 0.781
    assert "ok" in (folder / "results.csv").read_text()
    (fleet,) = set(re.findall(r"Nothing is left of ([\w-]+)", done.stdout))
    assert not folder_of(ROOT, fleet).exists()
    assert traces(lab) == before


def test_in_halves(lab: Lab, tmp_path: Path) -> None:
    provision(lab, FRAMEWORK)
    before = traces(lab)
    image = {"name": "debian-13", "user": "root"}
    with started("hetzner", tmp_path, MACHINES, **IN_THE_LAB | {"image": image}) as cloud:
        fill: dict[str, str | Path] = {"cloud.yml": cloud.file, "may": cloud.new_name()}
        try:
            created = run(commands.filled(CREATE, fill), cloud)
            assert created.returncode == 0, created.stdout + created.stderr
            words = SHORT | {"bench_results_dir": str(tmp_path), "bench_run_id": "halves"}
            measure = f"./bench -i inventory/cloud{commands.options(words)} --skip-tags probe,path"
            measured = run(measure, cloud)
            assert measured.returncode == 0, measured.stdout + measured.stderr
        finally:
            destroyed = run(commands.filled(DESTROY, fill), cloud)
    assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr
    host = document(tmp_path / "halves" / "hosts" / "ccx13-1-server.json")
    assert host["cloud"]["provider"] == "hetzner"
    assert sorted(path.name for path in (ROOT / "inventory" / "cloud").iterdir()) == [
        "README.md", "hosts.yml",
    ]  # fmt: skip
    assert traces(lab) == before


def test_without_credentials_google_is_a_sentence() -> None:
    done = commands.run("./bench -i inventory/google --list-hosts")
    assert done.returncode != 0
    assert "google" in (done.stdout + done.stderr).lower()

"""What a provider tells a host about itself, from servers of loopback that answer as they do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from host.metadata import metadata

AWS = {
    "accountId": "123456789012", "instanceType": "c7i.large", "region": "eu-central-1",
    "availabilityZone": "eu-central-1a", "imageId": "ami-1", "instanceId": "i-1",
    "privateIp": "10.0.0.9",
}  # fmt: skip
GOOGLE = {
    "id": 77, "machineType": "projects/1/machineTypes/c3-highcpu-4",
    "zone": "projects/1/zones/europe-west3-a", "image": "projects/debian-cloud/debian-13",
    "scheduling": {"preemptible": "FALSE"}, "attributes": {"ssh-keys": "root:ssh-ed25519 SECRET"},
    "serviceAccounts": {"default": {"email": "SECRET"}},
}  # fmt: skip
HETZNER = """\
availability-zone: fsn1-dc14
hostname: bench
instance-id: 42
public-keys:
- ssh-ed25519 SECRET
region: eu-central
vendor_data: |
  SECRET
"""
TEXTS = {
    "/latest/dynamic/instance-identity/document": json.dumps(AWS),
    "/latest/meta-data/instance-life-cycle": "spot",
    "/latest/meta-data/placement/group-name": "bench-x",
    "/computeMetadata/v1/instance/?recursive=true": json.dumps(GOOGLE),
    "/hetzner/v1/metadata": HETZNER,
}


class Provider(BaseHTTPRequestHandler):
    """All of them; AWS only with a token, Google only with its header."""

    def log_message(self, *_: object) -> None:
        pass

    def do_PUT(self) -> None:
        self.answer("token" if self.headers["X-aws-ec2-metadata-token-ttl-seconds"] else None)

    def do_GET(self) -> None:
        wanted = {
            "/latest": self.headers["X-aws-ec2-metadata-token"] == "token",
            "/comput": self.headers["Metadata-Flavor"] == "Google",
        }
        self.answer(TEXTS.get(self.path) if wanted.get(self.path[:7], True) else None)

    def answer(self, text: str | None) -> None:
        self.send_response(404 if text is None else 200)
        self.end_headers()
        self.wfile.write((text or "").encode())


@pytest.fixture(scope="module")
def at() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_aws(at: str) -> None:
    assert metadata("Amazon EC2", at) == {
        "provider": "aws", "type": "c7i.large", "region": "eu-central-1", "zone": "eu-central-1a",
        "image": "ami-1", "instance": "i-1", "lifecycle": "spot", "placement": "bench-x",
    }  # fmt: skip


def test_google_without_its_keys_and_accounts(at: str) -> None:
    assert metadata("Google", at) == {
        "provider": "google", "type": "c3-highcpu-4", "zone": "europe-west3-a",
        "image": "projects/debian-cloud/debian-13", "instance": "77", "lifecycle": "on-demand",
    }  # fmt: skip


def test_hetzner(at: str) -> None:
    assert metadata("Hetzner", at) == {
        "provider": "hetzner", "instance": "42", "region": "eu-central", "datacenter": "fsn1-dc14",
    }  # fmt: skip


def test_any_other_machine_is_not_asked() -> None:
    assert metadata("Dell Inc.", "http://127.0.0.1:1") is None
    assert metadata(None, "http://127.0.0.1:1") is None


def test_no_answer_is_no_error() -> None:
    assert metadata("Amazon EC2", "http://127.0.0.1:1") == {"provider": "aws"}
    assert metadata("Google", "http://127.0.0.1:1") == {"provider": "google"}

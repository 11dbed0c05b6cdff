"""What a rented host's provider says of it, from the address that only the host itself can ask.

Only fields that are listed here are kept: the answers may hold account numbers, keys and tokens. A
host that was not rented is not asked. host_fingerprint, a module, imports this: it needs nothing
but the standard library.
"""

from __future__ import annotations

import json
import re
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

AT = "http://169.254.169.254"
ANSWER_S = 1.0
AWS = {
    "type": "instanceType", "region": "region", "zone": "availabilityZone",
    "image": "imageId", "instance": "instanceId",
}  # fmt: skip
AWS_TEXTS = {
    "lifecycle": "instance-life-cycle",
    "placement": "placement/group-name",
    "zone_id": "placement/availability-zone-id",
    "partition": "placement/partition-number",
}


def ask(path: str, at: str, method: str = "GET", **headers: str) -> str | None:
    """The answer; None if there is none. A proxy is never asked."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = Request(f"{at}{path}", headers=names, method=method)  # noqa: S310 (http, as above)
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=ANSWER_S) as answer:
            text: str = answer.read(65_536).decode("utf-8", "replace")
            return text
    except (URLError, OSError):
        return None


def aws(at: str) -> dict[str, str]:
    for_a_minute = {"X_aws_ec2_metadata_token_ttl_seconds": "60"}
    token = ask("/latest/api/token", at, "PUT", **for_a_minute)
    if token is None:
        return {}
    seen = {"X_aws_ec2_metadata_token": token}
    document = json.loads(ask("/latest/dynamic/instance-identity/document", at, **seen) or "{}")
    found = {ours: document.get(theirs) for ours, theirs in AWS.items()}
    found.update(
        (ours, ask(f"/latest/meta-data/{theirs}", at, **seen)) for ours, theirs in AWS_TEXTS.items()
    )
    return {key: str(value) for key, value in found.items() if value}


def google(at: str) -> dict[str, str]:
    answer = ask("/computeMetadata/v1/instance/?recursive=true", at, Metadata_Flavor="Google")
    document = json.loads(answer or "{}")
    scheduling = document.get("scheduling", {})
    found = {
        "type": str(document.get("machineType", "")).rpartition("/")[2],
        "zone": str(document.get("zone", "")).rpartition("/")[2],
        "image": document.get("image"),
        "instance": document.get("id"),
        "lifecycle": "spot" if scheduling.get("preemptible") == "TRUE" else "on-demand",
        "placement": document.get("attributes", {}).get("physical_host"),
    }
    return {key: str(value) for key, value in found.items() if value} if document else {}


def hetzner(at: str) -> dict[str, str]:
    """Its answer is YAML, of which lines without a further level are read. It has no type."""
    answer = ask("/hetzner/v1/metadata", at) or ""
    lines = dict(re.findall(r"^([a-z-]+): *'?([\w.-]+)'?$", answer, re.MULTILINE))
    names = {"instance": "instance-id", "region": "region", "datacenter": "availability-zone"}
    return {ours: lines[theirs] for ours, theirs in names.items() if theirs in lines}


PROVIDERS = {
    "Amazon EC2": ("aws", aws),
    "Google": ("google", google),
    "Hetzner": ("hetzner", hetzner),
}
"""By the maker of the machine, as its firmware says it."""


def metadata(vendor: str | None, at: str = AT) -> dict[str, str] | None:
    """provider, and what it says: type, region, zone, image, ...; None for any other machine."""
    if vendor not in PROVIDERS:
        return None
    name, read = PROVIDERS[vendor]
    try:
        return {"provider": name, **read(at)}
    except ValueError:
        return {"provider": name}

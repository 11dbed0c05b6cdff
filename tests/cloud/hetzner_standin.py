"""A stand-in for Hetzner's API on loopback: as much of it as the hosts of a fleet need.

`python -m tests.cloud.hetzner_standin PORT [MACHINES]`; with HCLOUD_ENDPOINT=http://127.0.0.1:PORT
and /v1 every program of Hetzner takes it for Hetzner. Its answers follow the public reference;
prices are made up. GET /_fail?call=POST+/servers&code=resource_unavailable&after=1 lets every such
call but the first fail; GET /_fail ends that. GET /_calls lists the calls so far. Each token is of
a project of its own. GET /_clock?ahead=-60 lets its clock be a minute behind this computer's.
MACHINES: addresses of the lab's machines (machines.py), which are given out and booted.
"""

from __future__ import annotations

import ipaddress
import itertools
import re
import sys
from datetime import UTC, datetime
from typing import Any

import flask
from werkzeug.exceptions import HTTPException

from tests.cloud.clock import add_clock
from tests.cloud.machines import Machines

NUMBERS = itertools.count(1000)
LOCATIONS = [
    {"id": 1, "name": "fsn1", "network_zone": "eu-central", "country": "DE", "city": "Falkenstein"},
    {"id": 2, "name": "ash", "network_zone": "us-east", "country": "US", "city": "Ashburn"},
]
for _location in LOCATIONS:
    _location |= {"description": _location["city"], "latitude": 50.0, "longitude": 12.0}
KEPT = ("servers", "firewalls", "networks", "ssh_keys", "placement_groups", "actions")
STATUS = {"unauthorized": 401, "uniqueness_error": 409, "resource_in_use": 409, "not_found": 404}


def server_type(number: int, cpu: tuple[str, str, int], name: str, hourly: float) -> Any:
    """cpu: kind, architecture, cores."""
    kind, machine, cores = cpu

    def price(of: float) -> dict[str, str]:
        return {"net": f"{of:.10f}", "gross": f"{of * 1.19:.10f}"}

    prices = [
        {
            "location": place["name"], "price_hourly": price(hourly),
            "price_monthly": price(hourly * 625), "included_traffic": 0,
            "price_per_tb_traffic": price(1),
        }
        for place in LOCATIONS
    ]  # fmt: skip
    return {
        "id": number, "name": name, "description": name.upper(), "cores": cores,
        "memory": float(cores * 4), "disk": 80, "deprecated": False, "deprecation": None,
        "prices": prices, "storage_type": "local", "cpu_type": kind, "architecture": machine,
        "category": kind, "included_traffic": 0, "locations": [],
    }  # fmt: skip


def image(number: int, name: str, machine: str, created: str) -> Any:
    return {
        "id": number, "type": "system", "status": "available", "name": name, "description": name,
        "image_size": None, "disk_size": 5, "created": created, "created_from": None,
        "bound_to": None, "os_flavor": "debian", "os_version": "13", "rapid_deploy": True,
        "protection": {"delete": False}, "deprecated": None, "labels": {}, "deleted": None,
        "architecture": machine,
    }  # fmt: skip


FIXED: dict[str, list[dict[str, Any]]] = {
    "locations": LOCATIONS,
    "server_types": [
        server_type(22, ("shared", "x86", 2), "cx23", 0.0056),
        server_type(45, ("shared", "arm", 2), "cax11", 0.006),
        server_type(96, ("dedicated", "x86", 2), "ccx13", 0.02),
        server_type(97, ("dedicated", "x86", 4), "ccx23", 0.0392),
    ],
    "images": [
        image(309, "debian-13", "x86", "2025-01-01T00:00:00+00:00"),
        image(310, "debian-13", "x86", "2025-08-12T00:00:00+00:00"),
        image(311, "debian-13", "arm", "2025-08-12T00:00:00+00:00"),
    ],
}


class RefusedError(Exception):
    """An answer that says no."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def single(kind: str) -> str:
    return kind.removesuffix("s")


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def has_labels(labels: dict[str, str], selector: str) -> bool:
    """Whether they are what `key=value,key` selects."""
    pairs = (part.partition("=") for part in selector.split(",") if part)
    return all(
        labels.get(key) == value.removeprefix("=") if equal else key in labels
        for key, equal, value in pairs
    )


class Standin:
    """The resources that were made, by kind and number, in the project of the token that asks."""

    def __init__(self, machines: Machines) -> None:
        self.machines = machines
        self.projects: dict[str, dict[str, dict[int, dict[str, Any]]]] = {}
        self.calls: list[str] = []
        self.failure: dict[str, Any] = {}

    @property
    def kept(self) -> dict[str, dict[int, dict[str, Any]]]:
        token = flask.request.headers.get("Authorization", "")
        return self.projects.setdefault(token, {kind: {} for kind in KEPT})

    def fail_if_told(self, call: str) -> None:
        self.calls.append(call)
        if self.failure and re.fullmatch(self.failure["call"], call):
            self.failure["after"] -= 1
            if self.failure["after"] < 0:
                raise RefusedError(self.failure["code"], f"{call} fails, as it was told to")

    def all_of(self, kind: str) -> list[dict[str, Any]]:
        if kind in FIXED:
            return FIXED[kind]
        if kind not in self.kept:
            raise RefusedError("not_found", f"there are no {kind}")
        return list(self.kept[kind].values())

    def listed(self, kind: str, query: Any) -> dict[str, Any]:
        found = self.all_of(kind)
        for key in ("name", "architecture", "status", "type", "fingerprint"):
            if key in query:
                found = [one for one in found if str(one.get(key)) in query.getlist(key)]
        selector = query.get("label_selector", "")
        found = [one for one in found if not selector or has_labels(one["labels"], selector)]
        page, size = int(query.get("page", 1)), int(query.get("per_page", 25))
        last = max(1, -(-len(found) // size))
        pagination = {
            "page": page, "per_page": size, "total_entries": len(found), "last_page": last,
            "previous_page": page - 1 or None, "next_page": page + 1 if page < last else None,
        }  # fmt: skip
        some = found[(page - 1) * size : page * size]
        return {kind: some, "meta": {"pagination": pagination}}

    def one(self, kind: str, number: int) -> dict[str, Any]:
        for resource in self.all_of(kind):
            if resource["id"] == number:
                return resource
        raise RefusedError("not_found", f"{single(kind)} {number} does not exist")

    def action(self, command: str, kind: str, number: int) -> dict[str, Any]:
        action: dict[str, Any] = {
            "id": next(NUMBERS), "command": command, "status": "success", "progress": 100,
            "started": now(), "finished": now(), "error": None,
            "resources": [{"id": number, "type": kind}],
        }  # fmt: skip
        self.kept["actions"][action["id"]] = action
        return action

    def create(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        others = self.all_of(kind)
        if any(one["name"] == body["name"] for one in others):
            raise RefusedError("uniqueness_error", f"{single(kind)} name is already used")
        resource: dict[str, Any] = {
            "id": next(NUMBERS), "name": body["name"], "labels": body.get("labels") or {},
            "created": now(), "protection": {"delete": False},
        }  # fmt: skip
        more: dict[str, Any] = {}
        if kind == "ssh_keys":
            resource |= {"public_key": body["public_key"], "fingerprint": f"fp-{resource['id']}"}
        elif kind == "networks":
            resource |= {
                "ip_range": body["ip_range"], "subnets": [], "routes": [], "servers": [],
                "load_balancers": [], "expose_routes_to_vswitch": False,
            }  # fmt: skip
        elif kind == "firewalls":
            empty: dict[str, Any] = {
                "destination_ips": [],
                "source_ips": [],
                "port": None,
                "description": None,
            }
            rules = [empty | rule for rule in body.get("rules") or []]
            resource |= {"rules": rules, "applied_to": []}
            more = {"actions": []}
        elif kind == "servers":
            resource |= self.server(resource, body)
            more = {
                "action": self.action("create_server", "server", resource["id"]),
                "next_actions": [], "root_password": None,
            }  # fmt: skip
        self.kept[kind][resource["id"]] = resource
        return {single(kind): resource, **more}

    def server(self, resource: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        def named(kind: str, word: Any) -> dict[str, Any]:
            return next(one for one in FIXED[kind] if str(word) in (str(one["id"]), one["name"]))

        number, labels = resource["id"], resource["labels"]
        place = named("locations", body["location"])
        key = self.one("ssh_keys", body["ssh_keys"][0])["public_key"]
        address = self.machines.boot(str(number), labels["bench-role"], key, body["user_data"])
        networks = []
        for one in body.get("networks") or []:
            network = self.one("networks", one)
            network["servers"].append(number)
            free = ipaddress.ip_network(network["ip_range"])[len(network["servers"]) + 1]
            networks.append({
                "network": one, "ip": address or str(free), "alias_ips": [],
                "mac_address": "86:00:ff:00:00:01",
            })  # fmt: skip
        public = {"id": next(NUMBERS), "ip": f"203.0.113.{number % 250}", "blocked": False}
        firewalls = [{"id": one["firewall"], "status": "applied"} for one in body["firewalls"]]
        return {
            "status": "running", "server_type": named("server_types", body["server_type"]),
            "image": named("images", body["image"]), "location": place,
            "datacenter": {"id": 4, "name": f"{place['name']}-dc1", "location": place},
            "public_net": {
                "ipv4": public | {"dns_ptr": "static.example"}, "ipv6": None, "floating_ips": [],
                "firewalls": firewalls,
            },
            "private_net": networks, "iso": None, "rescue_enabled": False, "locked": False,
            "backup_window": None, "outgoing_traffic": 0, "ingoing_traffic": 0,
            "included_traffic": 0, "volumes": [], "load_balancers": [], "primary_disk_size": 80,
            "placement_group": None, "protection": {"delete": False, "rebuild": False},
        }  # fmt: skip

    def delete(self, kind: str, number: int) -> dict[str, Any]:
        resource = self.one(kind, number)
        servers = self.kept["servers"].values()
        filtered = any(
            rule["id"] == number for server in servers for rule in server["public_net"]["firewalls"]
        )
        if (kind == "firewalls" and filtered) or (kind == "networks" and resource["servers"]):
            raise RefusedError("resource_in_use", f"{single(kind)} is still in use")
        del self.kept[kind][number]
        if kind != "servers":
            return {}
        self.machines.end(str(number))
        for network in self.kept["networks"].values():
            network["servers"] = [one for one in network["servers"] if one != number]
        return {"action": self.action("delete_server", "server", number)}

    def act(self, kind: str, number: int, command: str, body: dict[str, Any]) -> dict[str, Any]:
        resource = self.one(kind, number)
        if command == "add_subnet":
            resource["subnets"].append({"gateway": "10.0.0.1", "vswitch_id": None} | body)
        elif command == "set_rules":
            resource["rules"] = body["rules"]
        action = self.action(command, single(kind), number)
        return {"actions": [action]} if command == "set_rules" else {"action": action}


def application(standin: Standin) -> flask.Flask:
    app = flask.Flask(__name__)
    add_control(app, standin)
    add_clock(app)
    add_answers(app, standin)
    add_errors(app)
    return app


def add_control(app: flask.Flask, standin: Standin) -> None:
    """The addresses by which a test governs it."""

    @app.route("/_fail")
    def _fail() -> Any:
        standin.failure.clear()
        words = flask.request.args
        if words:
            standin.failure.update(
                call=words["call"], code=words["code"], after=int(words.get("after", 0))
            )
        return standin.failure

    @app.route("/_calls")
    def _calls() -> Any:
        return standin.calls

    @app.before_request
    def _begin() -> None:
        if flask.request.path.startswith("/_"):
            return
        path = flask.request.path.removeprefix("/v1")
        standin.fail_if_told(f"{flask.request.method} {re.sub(r'[0-9]+', 'N', path)}")
        if not flask.request.headers.get("Authorization", "").startswith("Bearer "):
            raise RefusedError("unauthorized", "unable to authenticate")


def add_errors(app: flask.Flask) -> None:
    @app.errorhandler(RefusedError)
    def _no(error: RefusedError) -> Any:
        return {"error": {"code": error.code, "message": str(error), "details": None}}, STATUS.get(
            error.code, 412
        )

    @app.errorhandler(HTTPException)
    def _unknown(error: HTTPException) -> Any:
        said = {"code": "not_found", "message": f"{flask.request.path}: {error}", "details": None}
        return {"error": said}, error.code or 500


def add_answers(app: flask.Flask, standin: Standin) -> None:
    @app.route("/v1/<kind>", methods=["GET", "POST"])
    def _kind(kind: str) -> Any:
        if flask.request.method == "GET":
            return standin.listed(kind, flask.request.args)
        return standin.create(kind, flask.request.get_json()), 201

    @app.route("/v1/<kind>/<int:number>", methods=["GET", "PUT", "DELETE"])
    def _one(kind: str, number: int) -> Any:
        if flask.request.method == "DELETE":
            answer = standin.delete(kind, number)
            return answer or ("", 204)
        resource = standin.one(kind, number)
        if flask.request.method == "PUT":
            body = flask.request.get_json()
            resource.update({key: body[key] for key in ("name", "labels") if key in body})
        return {single(kind): resource}

    @app.route("/v1/<kind>/<int:number>/actions/<command>", methods=["POST"])
    def _act(kind: str, number: int, command: str) -> Any:
        return standin.act(kind, number, command, flask.request.get_json() or {}), 201


def main(port: str, machines_file: str | None = None) -> None:
    application(Standin(Machines(machines_file))).run("127.0.0.1", int(port), threaded=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Bad hosts are refused with one sentence each, saying what would be right."""

from __future__ import annotations

import copy
import os
import socket
from typing import Any

import pytest
from filter.host_problems import FilterModule, host_problems
from host.os_release import fields_of
from modules import host_check

TESTBEDS = [
    {
        "name": "main",
        "server": "s",
        "generators": ["g"],
        "address": "198.18.0.1",
        "port": 8080,
        "threads": None,
    }
]
FREE = {"server": 3, "generator": 0.3}
COMMON = {
    "os": "debian",
    "os_version": "13",
    "os_title": "Debian GNU/Linux 13 (trixie)",
    "architecture": "x86_64",
    "systemd": True,
    "root": True,
    "cpus": 2,
    "free": [{"folders": ["/opt", "/var"], "bytes": 9_000_000_000}],
}
NET_TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1
   1: 0100007F:1F90 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 4243 1
   2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4244 1
"""


def hosts() -> dict[str, Any]:
    python = {"rc": 0, "stdout": "3.13\r\n"}
    server = {**COMMON, "identity": "1", "bind": {"ok": True, "error": None}, "addresses": []}
    generator = {**COMMON, "identity": "2", "path": {"ok": True, "error": None}}
    return copy.deepcopy(
        {
            "s": {
                "ansible_host": "192.0.2.1",
                "preflight_python": python,
                "preflight_host": {"check": server},
            },
            "g": {"preflight_python": python, "preflight_host": {"check": generator}},
        }
    )


def test_good_hosts_have_no_problems() -> None:
    assert host_problems(TESTBEDS, hosts(), FREE) == []
    assert FilterModule().filters()["runs_modules"](hosts()["s"]["preflight_python"])


@pytest.mark.parametrize(
    ("python", "says"),
    [
        (
            {"unreachable": True, "msg": "Task failed: Failed to connect via ssh: ssh: No route\n"},
            "s (192.0.2.1) does not answer over ssh: ssh: No route.",
        ),
        (
            {"rc": 127, "stdout": "", "stderr": "sh: python3: not found"},
            "s (192.0.2.1) has no python3; install it there (apt-get install python3).",
        ),
        (
            {"rc": 0, "stdout": "3.8"},
            "s (192.0.2.1) has Python 3.8 as python3; it requires 3.9 or later.",
        ),
    ],
)
def test_a_host_that_modules_cannot_run_on(python: dict[str, Any], says: str) -> None:
    variables = hosts()
    variables["s"]["preflight_python"] = python
    del variables["s"]["preflight_host"]
    assert host_problems(TESTBEDS, variables, FREE) == [says]
    assert not FilterModule().filters()["runs_modules"](python)


def test_a_user_who_does_not_become_root() -> None:
    variables = hosts()
    variables["g"]["preflight_host"] = {"msg": "Task failed: Missing sudo password"}
    (says,) = host_problems(TESTBEDS, variables, FREE)
    assert says.startswith("g (g): sudo asks the user for a password; add --ask-become-pass")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"os_version": "11", "os_title": "Debian 11"}, "s runs Debian 11; it must run Debian 12 "),
        ({"os": "fedora", "os_title": None}, "s runs an unknown system; it must run Debian"),
        ({"architecture": "riscv64"}, "s is a riscv64 machine; it must be x86_64 or aarch64."),
        ({"systemd": False}, "s was not booted with systemd"),
        ({"root": False}, "s: become does not make ansible_user root"),
        (
            {"free": [{"folders": ["/opt"], "bytes": 1_240_000_000}]},
            "s has 1.2 GB free for /opt; it requires 3 GB.",
        ),
        (
            {"bind": {"ok": False, "error": "EADDRNOTAVAIL"}, "addresses": ["10.0.0.1"]},
            "s does not have the address 198.18.0.1 (it has 10.0.0.1); set bench_address",
        ),
        (
            {"bind": {"ok": False, "error": "EADDRINUSE", "holder": "nginx (pid 7)"}},
            "s: port 8080 of 198.18.0.1 is in use by nginx (pid 7); stop it, or choose another",
        ),
    ],
)
def test_a_host_that_will_not_do(change: dict[str, Any], says: str) -> None:
    variables = hosts()
    variables["s"]["preflight_host"]["check"].update(change)
    (sentence,) = host_problems(TESTBEDS, variables, FREE)
    assert sentence.startswith(says)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        ("ETIMEDOUT", "g gets no answer when it connects to s (198.18.0.1 port 8080): a firewall"),
        ("EHOSTUNREACH", "g cannot connect to s (198.18.0.1 port 8080): EHOSTUNREACH;"),
    ],
)
def test_a_path_that_is_closed(error: str, says: str) -> None:
    variables = hosts()
    variables["g"]["preflight_host"]["check"]["path"] = {"ok": False, "error": error}
    (sentence,) = host_problems(TESTBEDS, variables, FREE)
    assert sentence.startswith(says)


def test_two_names_for_one_machine() -> None:
    variables = hosts()
    variables["g"]["preflight_host"]["check"]["identity"] = "1"
    assert host_problems(TESTBEDS, variables, FREE) == [
        "s and g are the same machine; server and load generator must be different hosts."
    ]


def test_all_problems_are_reported_at_once() -> None:
    variables = hosts()
    variables["s"]["preflight_host"]["check"]["architecture"] = "i686"
    variables["g"]["preflight_python"] = {"rc": 127, "stdout": ""}
    assert len(host_problems(TESTBEDS, variables, FREE)) == 2


def test_only_listening_sockets_hold_a_port() -> None:
    assert host_check.listening_inodes(NET_TCP, 8080) == ["4242"]


def test_a_taken_port_names_its_holder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        answer = host_check.try_bind("127.0.0.1", port)
    assert answer["error"] == "EADDRINUSE"
    assert not answer["ok"]
    assert answer["holder"].endswith(f"(pid {os.getpid()})")
    assert host_check.try_bind("127.0.0.1", port) == {"ok": True, "error": None}


def test_an_address_of_somebody_else() -> None:
    assert host_check.try_bind("192.0.2.77", 8080)["error"] == "EADDRNOTAVAIL"


def test_being_refused_is_an_open_path() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert host_check.try_connect("127.0.0.1", port, 1)["ok"]
    assert host_check.try_connect("127.0.0.1", port, 1)["ok"]


def test_os_release_with_and_without_quotes() -> None:
    text = 'ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n'
    assert fields_of(text) == {
        "id": "debian", "version": "13", "title": "Debian GNU/Linux 13 (trixie)",
    }  # fmt: skip
    assert fields_of("ID='debian'\nVERSION_ID=12\n") == {
        "id": "debian", "version": "12", "title": None,
    }  # fmt: skip


def test_a_service_that_would_undo_the_tuning_is_refused_unless_it_is_paused() -> None:
    known = hosts()
    known["s"]["preflight_host"]["check"]["tuning"] = {"rewriters": ["tuned", "irqbalance"]}
    known["g"]["preflight_host"]["check"]["tuning"] = {"rewriters": []}
    (problem,) = host_problems(TESTBEDS, known, FREE)
    assert problem == (
        "tuned and irqbalance run on s, and would write again what bench_tuning or "
        "bench_interrupt_cpus sets; stop them there (systemctl stop tuned irqbalance), or add "
        "-e bench_tuning_pauses=true, which stops them for the time of the run."
    )
    assert host_problems(TESTBEDS, known, FREE, pauses=True) == []


def test_a_way_out_that_does_not_open_is_a_problem() -> None:
    known = hosts()
    known["g"]["preflight_way_out"] = {"problem": "g: its ssh server does not allow it."}
    known["s"]["preflight_way_out"] = {"problem": None, "skipped": False}
    assert host_problems(TESTBEDS, known, FREE) == ["g: its ssh server does not allow it."]


def test_mirrors_are_servers_and_their_ports() -> None:
    listed = (
        "'http://apt.example/debian/dists/trixie/InRelease' a_InRelease 0 \n"
        "'http://apt.example/debian-security/dists/trixie-security/InRelease' b_InRelease 0 \n"
        "'https://example.org:8443/x/InRelease' c_InRelease 0 \n"
        "'https://[2001:db8::1]/x/InRelease' d_InRelease 0 \n"
        "'file:/srv/mirror/InRelease' e_InRelease 0 \n"
    )
    assert host_check.mirrors(listed) == [
        "[2001:db8::1]:443", "apt.example:80", "example.org:8443",
    ]  # fmt: skip


def test_what_sets_a_proxy_is_named() -> None:
    apt = (
        'Acquire "";\nAcquire::http "";\nAcquire::http::Proxy "http://192.0.2.1:3128";\n'
        'Acquire::http::Proxy::apt.example "DIRECT";\nAcquire::https::Proxy "";\n'
        'Acquire::http::Proxy-Auto-Detect "/usr/bin/x";\nAcquire::Retries "3";\n'
    )
    assert host_check.proxies({"HTTP_PROXY": "http://x", "https_proxy": ""}, apt) == [
        "HTTP_PROXY",
        "Acquire::http::Proxy",
        "Acquire::http::Proxy-Auto-Detect",
        "Acquire::http::Proxy::apt.example",
    ]

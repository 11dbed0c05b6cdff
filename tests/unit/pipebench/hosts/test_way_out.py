"""A way out is open as long as its owner lives and nobody closes it, and nothing is left of it.

ssh is a shell here: it says which port was allocated, and runs what the host would run. The lab
layer does the same with ssh.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipebench.hosts.owner import owner_of, parsed
from pipebench.hosts.way_holder import Said
from pipebench.hosts.way_out import (
    NoWayError,
    Way,
    close_way,
    open_way,
    own_proxies,
    remote_command,
    ssh_command,
    unreached,
    why_not,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PORT = 40123
ME = str(owner_of(os.getpid()))
PATIENCE_S = 10


def ssh(port: int = PORT) -> list[str]:
    """What says and does the same as ssh with the options of a way."""
    said = f"echo 'Allocated port {port} for remote forward to socks:0' >&2"
    return ["/bin/sh", "-c", f"{said}; echo Welcome.; exec {remote_command()}"]


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def owner() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing but live."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        yield process
        process.kill()


@pytest.fixture
def way() -> Iterator[Way]:
    opened = open_way("s", ssh(), ME)
    yield opened
    close_way(opened.holder)


def test_what_is_closed_leaves_nothing(way: Way) -> None:
    assert way.port == PORT
    assert Path(way.apt_config).is_file()
    close_way(way.holder)
    assert parsed(way.holder).is_dead
    assert not Path(way.apt_config).parent.exists()
    close_way(way.holder)  # again


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_its_owner(owner: subprocess.Popen[bytes], number: int) -> None:
    way = open_way("s", ssh(), str(owner_of(owner.pid)))
    assert not parsed(way.holder).is_dead
    owner.send_signal(number)
    until(lambda: parsed(way.holder).is_dead)
    assert not Path(way.apt_config).parent.exists()


def test_without_its_holder_the_far_end_ends_too(way: Way) -> None:
    os.kill(int(parsed(way.holder).pid), signal.SIGKILL)
    until(lambda: not Path(way.apt_config).parent.exists())


def test_ctrl_c_is_not_for_the_holder(way: Way) -> None:
    assert os.getsid(int(parsed(way.holder).pid)) != os.getsid(0)


def test_its_proxy_is_used_instead_of_any_other() -> None:
    environment = Way(port=PORT, apt_config="/tmp/x/apt.conf", holder="").environment  # noqa: S108
    proxy = f"socks5h://127.0.0.1:{PORT}"
    for name in ("http_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        assert environment[name] == proxy
    assert environment["no_proxy"] == environment["NO_PROXY"] == ""
    assert environment["APT_CONFIG"] == "/tmp/x/apt.conf"  # noqa: S108


@pytest.mark.skipif(shutil.which("apt-config") is None, reason="apt is not installed")
def test_apt_uses_it_whatever_a_host_is_configured_for(way: Way, tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    parts.mkdir()
    (parts / "90proxy").write_text(
        'Acquire::http::Proxy "http://192.0.2.1:3128";\n'
        'Acquire::http::Proxy::apt.example "DIRECT";\n'
        'Acquire::http::Proxy-Auto-Detect "/bin/echo";\n'
        'Acquire::https::Proxy "http://192.0.2.1:3128";\n'
        'Acquire::Retries "7";\n'
    )
    host = tmp_path / "apt.conf"  # as the host would be: APT_CONFIG is read before the parts
    host.write_text(f'Dir::Etc::parts "{parts}";\n#include "{way.apt_config}";\n')
    dumped = subprocess.run(
        ["apt-config", "dump"], env=os.environ | {"APT_CONFIG": str(host)},
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    proxies = [line for line in dumped if "proxy" in line.lower() and '""' not in line]
    assert proxies == [
        f'Acquire::http::Proxy "socks5h://127.0.0.1:{PORT}";',
        f'Acquire::https::Proxy "socks5h://127.0.0.1:{PORT}";',
    ]
    assert 'Acquire::Retries "7";' in dumped  # all else is the host's


def test_a_port_that_others_reach_is_refused() -> None:
    with (
        socket.create_server(("0.0.0.0", 0)) as wide,
        pytest.raises(NoWayError, match=r"^s: .* requires `GatewayPorts no`"),
    ):
        open_way("s", ssh(wide.getsockname()[1]), ME)
    with socket.create_server(("127.0.0.1", 0)) as narrow:
        close_way(open_way("s", ssh(narrow.getsockname()[1]), ME).holder)


def test_ssh_that_does_not_begin_is_said_in_its_words() -> None:
    failing = ["/bin/sh", "-c", "echo 'debug1: x' >&2; echo 'root@s: Permission denied.' >&2"]
    with pytest.raises(NoWayError, match=r"^s: bench_via_controller requires .* denied\.$"):
        open_way("s", failing, ME)


def test_a_server_that_forbids_forwarding_is_told_what_would_be_right() -> None:
    said = Said(errors="Error: remote port forwarding failed for listen port 0")
    assert "requires `AllowTcpForwarding remote` or `yes`" in why_not(said)


def test_the_options_of_a_way_come_before_those_of_the_inventory() -> None:
    words = ssh_command(["ssh", "-o", "ControlMaster=auto", "-p", "22", "host", "command"])
    assert words[0] == "ssh"
    assert words.index("ControlMaster=no") < words.index("ControlMaster=auto")
    assert words[words.index("-R") + 1] == "127.0.0.1:0"
    assert words[-2:] == ["host", "command"]


def test_a_controller_that_reaches_no_mirror_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mirror:
        there = f"127.0.0.1:{mirror.getsockname()[1]}"
        assert unreached("s", [there]) is None
        assert unreached("s", ["does-not-exist.invalid:80", there]) is None
    sentence = unreached("s", ["does-not-exist.invalid:80"])
    assert sentence is not None
    assert sentence.startswith("s: this computer does not reach does-not-exist.invalid:80")
    assert unreached("s", []) is None


def test_proxies_of_hosts_are_named() -> None:
    assert own_proxies({"s": []}) == ""
    assert "set on s (http_proxy, Acquire::http::Proxy) are" in own_proxies(
        {"s": ["http_proxy", "Acquire::http::Proxy"], "g": []}
    )

"""Addresses of names: what this computer knows, and a name service that says nothing."""

import pytest

from pipebench.plan.name_service import looked_up, unanswered
from tests.namespace import in_namespace

SILENT = """
import socket, subprocess
from pathlib import Path
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
service = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
service.bind(("127.0.0.1", 53))
place = Path({place!r})
(place / "resolv.conf").write_text("nameserver 127.0.0.1\\n")
(place / "nsswitch.conf").write_text("hosts: files dns\\n")
for name in ("resolv.conf", "nsswitch.conf"):
    subprocess.run(["mount", "--bind", place / name, Path("/etc", name)], check=True)
"""
"""A computer whose name service gets each question, and does not answer."""


def test_a_name_that_this_computer_knows() -> None:
    assert looked_up("localhost") in ("127.0.0.1", "::1")
    assert unanswered(["localhost"], 10) == []


@pytest.mark.parametrize("name", ["a..b", f"{'a' * 64}.example"])
def test_what_is_not_a_name_has_no_address(name: str) -> None:
    assert unanswered([name], 10) == []
    with pytest.raises(OSError, match="label"):
        looked_up(name)


def test_a_silent_name_service_is_not_waited_for(tmp_path_factory: pytest.TempPathFactory) -> None:
    place = tmp_path_factory.mktemp("etc")
    program = f"""
from pipebench.plan.name_service import unanswered
{SILENT.format(place=str(place))}
print(unanswered(["localhost", "srv.example.org", "gen.example.org"], 0.2))
"""
    printed = in_namespace(place, "size=64k", program, "--net")
    assert printed == "['srv.example.org', 'gen.example.org']"

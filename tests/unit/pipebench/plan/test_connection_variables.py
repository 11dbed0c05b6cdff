"""Variables of a connection that would be taken for other values than were written."""

from pathlib import Path
from typing import Any

import pytest

from pipebench.plan.connection_variables import connection_mistakes
from pipebench.plan.testbeds import Inventory


def mistakes(name: str, value: Any) -> list[str]:
    return connection_mistakes(Inventory(["s"], ["g"], {"s": {name: value}, "g": {}}))


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("ansible_port", "ssh", "ansible_port is 'ssh'; it must be a whole number from 1 to 65535"),
        ("ansible_port", 0, "ansible_port is 0; it must be a whole number from 1 to 65535"),
        ("ansible_become", "maybe", "ansible_become is 'maybe'; it must be true or false"),
        ("ansible_host_key_checking", 2,
         "ansible_host_key_checking is 2; it must be true or false"),
        ("ansible_host", ["192.0.2.1"], "ansible_host is ['192.0.2.1']; it must be one text"),
        ("ansible_connection", "shh", "ansible_connection is 'shh'; did you mean ssh?"),
        ("ansible_ssh_private_key_file", "/proc/nope",
         "ansible_ssh_private_key_file is /proc/nope, which is not a file here"),
        ("ansible_ssh_common_args", "-o",
         ("ansible_ssh_common_args ends with -o, an option that lacks its value; write all of it "
          "in one pair of quotes")),
    ],
)  # fmt: skip
def test_a_value_that_means_something_else(name: str, value: Any, sentence: str) -> None:
    assert mistakes(name, value) == [f"s: {sentence}" + ("" if sentence.endswith("?") else ".")]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ansible_port", 2222), ("ansible_port", "22"), ("ansible_become", "Yes"),
        ("ansible_become", False), ("ansible_connection", "ssh"),
        ("ansible_connection", "community.docker.docker"), ("ansible_host", "s1.example"),
        ("ansible_ssh_common_args", "-o ProxyJump=x"), ("ansible_ssh_common_args", ""),
        ("ansible_ssh_private_key_file", str(Path(__file__))), ("ansible_port", None),
    ],
)  # fmt: skip
def test_what_is_right_is_taken(name: str, value: Any) -> None:
    assert mistakes(name, value) == []


def test_the_key_of_the_lab_is_made_later() -> None:
    variables = {"ansible_ssh_private_key_file": "/proc/nope", "bench_up_path": "/proc"}
    assert connection_mistakes(Inventory(["s"], [], {"s": variables})) == []


def test_hosts_that_share_a_value_share_a_sentence() -> None:
    variables = {"ansible_port": "x"}
    inventory = Inventory(["s"], ["g"], {"s": variables, "g": variables})
    assert connection_mistakes(inventory) == [
        "s and 1 more: ansible_port is 'x'; it must be a whole number from 1 to 65535."
    ]

"""Options of ansible-playbook with which a run could not be what was asked for."""

from pipebench.door.options import forks_mistakes, option_mistakes


def test_a_key_and_a_connection_that_are_not_there() -> None:
    assert option_mistakes({"private_key_file": "/proc/nope", "connection": "shh"}) == [
        "--private-key is /proc/nope, which is not a file here.",
        "--connection is 'shh'; did you mean ssh?",
    ]
    assert option_mistakes({"private_key_file": __file__, "connection": "smart"}) == []


def test_testbeds_that_would_be_measured_one_after_the_other() -> None:
    assert forks_mistakes({"forks": 1}, 2) == [
        (
            "--forks 1 would measure the 2 testbeds one after the other; leave it out, or give 2 "
            "or more."
        )
    ]
    assert forks_mistakes({"forks": 20}, 2) == forks_mistakes({"forks": 1}, 1) == []

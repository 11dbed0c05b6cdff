"""Inventories that cannot be read, at ./bench and at ansible-playbook: a line for each mistake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ansible.at_door import HOSTS, bench, playbook, refused
from tests.namespace import in_namespace
from tests.unit.pipebench.plan.test_name_service import SILENT
from tests.unit.pipebench.runs import ROOT

pytestmark = pytest.mark.ansible


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("bad.yml", "servers:\n  hosts:\n    s: {ansible_host: 10.0.0.1\nloadgens: {}\n",
         'bad.yml, line 3: "{" is not closed.'),
        ("bad.ini", "[servers]\ns ansible_host=10.0.0.1 x\n[loadgens]\ng\n",
         "bad.ini, line 2: Expected key=value host variable assignment, got: x."),
        ("bad.ini", "[servers\ns\n", 'bad.ini, line 1: "[" is not closed.'),
        ("bad.ini", "[servers]\ns ansible_host = 10.0.0.1\n",
         "bad.ini, line 2: write NAME=VALUE without spaces."),
        ("bad.ini", "[servers]\ns\n[servers:var]\na=b\n",
         "bad.ini, line 3: [servers:var] has no such type; did you mean vars?"),
        ("bad.ini", "servers:\n  hosts:\n    s:\n",
         "bad.ini, line 1: this is YAML; give the file a name that ends with .yml."),
        ("bad.toml", "[servers.hosts]\ns = { a = 1 \n", "bad.toml is not TOML: Unclosed inline"),
        ("bad.yml", "servers:\n  hosts:\n    s: {}\n    s: {}\n",
         "bad.yml: it has s twice, in the lines 3 and 4."),
        ("bad.json", '{"servers": ["s"]}',
         "bad.json: the group servers must be a mapping, for example servers: {hosts: {s1: {}}}."),
        ("bad.ini", "[servers]\ns\n[x:children]\ny\n",
         "bad.ini, line 3: Section [x:children] includes undefined group 'y'."),
    ],
)  # fmt: skip
def test_a_broken_inventory_is_named_with_its_line(
    name: str, text: str, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    (said,) = refused("-i", name, cwd=tmp_path)
    assert said.startswith(sentence)


S = "{hosts: {s: {ansible_host: 192.0.2.1}}}"
G = "loadgens: {hosts: {g: {ansible_host: 192.0.2.2, bench_up_path: /proc/none}}}\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("servers: {hosts: [s]}", "hosts.yml: hosts of the group servers must be a mapping, for"),
        ("servers: {host: {s: {}}}", "hosts.yml: the group servers has host; did you mean hosts?"),
        (f"server: {S}", "The inventory has a group server; did you mean servers?"),
        ("servers: {hosts: {s: {ansible_hots: 192.0.2.1}}}",
         "s: ansible_hots is not a variable of Ansible; did you mean ansible_host?"),
        ("servers: {hosts: {s: {ansible_host: 192.0.2.1, Bench_address: 192.0.2.9}}}",
         "s: Bench_address is not a variable of a host; did you mean bench_address?"),
        ("servers: {hosts: {s: {ansible_host: 192.0.2.1, bench-address: 192.0.2.9}}}",
         "s: bench-address is not a variable of a host; did you mean bench_address?"),
        ("servers: {hosts: {s: {host: 192.0.2.1}}}",
         ("s: 's' is not an IP address, and this computer cannot resolve it; its variable host is "
          "not one of Ansible; did you mean ansible_host?")),
        ('servers: {hosts: {s: {bench_address: "{{ nope }}"}}}',
         "s: bench_address is {{ nope }}, and 'nope' is undefined."),
    ],
)  # fmt: skip
def test_what_ansible_would_leave_out_of_an_inventory(
    tmp_path: Path, text: str, sentence: str
) -> None:
    (tmp_path / "hosts.yml").write_text(f"{text}\n{G}")
    (only,) = refused("--check", "-i", "hosts.yml", cwd=tmp_path)
    assert only.startswith(sentence)


def test_broken_variables_of_a_group_are_named_with_their_file(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text(f"servers: {S}\n{G}")
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all.yml").write_text("a: [1\n")
    (only,) = refused("--check", "-i", "hosts.yml", cwd=tmp_path)
    assert "group_vars/all.yml, line 2: YAML parsing failed" in only
    (tmp_path / "empty").mkdir()
    (only,) = refused("--check", "-i", "empty", cwd=tmp_path)
    assert only == "empty has no file of an inventory; inventory/cloud is an example."


def test_an_inventory_that_is_not_there() -> None:
    assert refused("-i", "inventory/nope") == [
        "inventory/nope does not exist; in inventory/ there are cloud, google, lab, metal."
    ]
    assert refused("-i", "inventory/clod") == [
        "inventory/clod does not exist; did you mean inventory/cloud?"
    ]


def test_what_a_plugin_makes_is_left_to_the_preflight(tmp_path: Path) -> None:
    """A wrong plan is refused all the same."""
    script = tmp_path / "made"
    script.write_text("#!/bin/sh\nexit 1\n")
    script.chmod(0o755)
    (said,) = refused("-i", str(script), "-e", "bench_depths=0")
    assert said.startswith("bench_depths is '0'; ")


def test_what_refuses_a_run_has_no_frame_of_ansible(tmp_path: Path) -> None:
    path = tmp_path / "hosts.yml"
    path.write_text(HOSTS.replace("192.0.2.1}", "192.0.2.1, bench_adress: 10.0.0.1}"))
    done = playbook("-i", str(path), "-e", "bench_depths=0")
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.splitlines() == [
        "s: bench_adress is not a variable of a host; did you mean bench_address?",
        "bench_depths is '0'; it must be whole numbers from 1 to 1024, for example 5 or 1,5,16.",
        f"(inventory: {path})",
    ]
    for option in (["-l", "s"], ["--tags", "measur"]):
        done = playbook("-i", str(path), *option)
        assert done.returncode == 2
        assert len(done.stdout.splitlines()) == 1, done.stdout


BROKEN = [
    ("-e @broken.yml", 'broken.yml: not YAML: line 1: "[" is not closed.'),
    ("-e @plan.yml", "plan.yml does not exist"),
    ("-e @empty.yml", "empty.yml is empty; it must be a mapping of variables, for"),
    ("-e plans/sweep.yml", "-e plans/sweep.yml sets nothing; for a plan write -e @"),
    ("-i nope.ini", f"nope.ini does not exist; in {ROOT}/inventory/ there are"),
    ("-i bad.ini", 'bad.ini, line 1: "[" is not closed.'),
    ("-i broken.yml", 'broken.yml, line 1: "[" is not closed.'),
]


@pytest.mark.parametrize(("words", "sentence"), BROKEN)
def test_ansible_playbook_names_the_file_that_is_broken(
    tmp_path: Path, words: str, sentence: str
) -> None:
    """It reads the inventory before it loads what shows a run, and -e in between."""
    (tmp_path / "hosts.yml").write_text(HOSTS)
    (tmp_path / "broken.yml").write_text("bench_depths: [1, 5\n")
    (tmp_path / "empty.yml").write_text("")
    (tmp_path / "bad.ini").write_text("[servers\ns\n")
    done = playbook("-i", "hosts.yml", *words.split(), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    (said,) = done.stderr.splitlines()
    assert said.startswith(sentence)


JSON = 'with --list it must print groups as JSON, for example {"servers": {"hosts": ["s1"]}}.'
PROGRAMS = [
    ("echo one >&2; echo 'KeyError: TOKEN.' >&2; exit 3",
     f"ended with status 3: KeyError: TOKEN; {JSON}"),
    ("exit 1", f"ended with status 1 without a word; {JSON}"),
    ("kill -9 $$", f"was ended by SIGKILL without a word; {JSON}"),
    ("echo hello", f"does not print JSON; {JSON}"),
    ("echo no hosts >&2", f"does not print JSON (no hosts); {JSON}"),
    ("echo '[1]'", f"does not print an inventory (Value is 'list' instead of 'dict'); {JSON}"),
    ("""echo '{"servers": "s1", "_meta": {"hostvars": {}}}'""",
     ("does not print an inventory (Value contains 'servers.hosts' which is 'str' instead of "
      f"'list'); {JSON}")),
]  # fmt: skip


@pytest.mark.parametrize(("program", "sentence"), PROGRAMS)
def test_a_program_that_makes_no_inventory(tmp_path: Path, program: str, sentence: str) -> None:
    made(tmp_path / "made.sh", f"#!/bin/sh\n{program}\n")
    assert left_to_the_playbook("--check", "-i", "made.sh", cwd=tmp_path) == f"made.sh {sentence}"


def test_a_program_that_cannot_be_started(tmp_path: Path) -> None:
    made(tmp_path / "made.py", "#!/usr/bin/pyton3\nprint(1)\n")
    assert left_to_the_playbook("-i", "made.py", cwd=tmp_path) == (
        "made.py cannot be started: its first line names /usr/bin/pyton3, which does not exist "
        "here."
    )
    (tmp_path / "made.py").chmod(0o644)
    assert refused("-i", "made.py", cwd=tmp_path) == [
        "made.py begins with #!, and may not be executed; type chmod +x made.py."
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("plugin: gcp_computee",
         ("names the plugin gcp_computee, which is not installed; did you mean "
          "google.cloud.gcp_compute?")),
        ("plugin: my.own.thing",
         ("names the plugin my.own.thing, which is not installed; those of clouds are "
          "amazon.aws.aws_ec2, google.cloud.gcp_compute and hetzner.hcloud.hcloud.")),
        ("plugin:", "names no plugin behind plugin:; those of clouds are"),
        ("plugin: amazon.aws.aws_ec2", "must have a name that ends with aws_ec2.yml: so the"),
        ("plugin: hetzner.hcloud.hcloud",
         "lacks api_token, which the plugin hetzner.hcloud.hcloud requires."),
    ],
)  # fmt: skip
def test_a_plugin_that_makes_no_inventory(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "made.hcloud.yml").write_text(f"{text}\n")
    said = left_to_the_playbook("--check", "-i", "made.hcloud.yml", cwd=tmp_path)
    assert said.startswith(f"made.hcloud.yml {sentence}")


def test_what_is_made_is_measured_with(tmp_path: Path) -> None:
    """What a program warns of is shown, as Ansible shows it."""
    hosts = {name: {"ansible_host": f"192.0.2.{name}", "bench_up_path": "/proc/0"} for name in "12"}
    groups = {"servers": {"hosts": ["1"]}, "loadgens": {"hosts": ["2"]}}
    text = json.dumps(groups | {"_meta": {"hostvars": hosts}})
    made(tmp_path / "made.sh", f"#!/bin/sh\necho '{text}'\n")
    for done in (
        bench("--check", "-i", "made.sh", cwd=tmp_path),
        playbook("--check", "-i", "made.sh", cwd=tmp_path),
    ):
        assert done.returncode == 0, done.stderr
        assert "Testbed main: 1 at 192.0.2.1:8080, load from 2" in done.stdout


def test_a_silent_name_service_is_left_to_the_run(tmp_path: Path) -> None:
    """Whatever else is wrong is refused without it."""
    place = tmp_path / "etc"
    place.mkdir()
    (tmp_path / "hosts.yml").write_text(HOSTS.replace("192.0.2.1}", "s.example.org}"))
    call = """
from tests.ansible.at_door import bench
for given in ("bench_depths=5", "bench_depths=0"):
    done = bench("--check", "-i", "{hosts}", "-e", given)
    print(done.returncode, done.stderr.strip(), done.stdout.strip(), sep="|")
"""
    program = SILENT.format(place=str(place)) + call.format(hosts=tmp_path / "hosts.yml")
    waited, wrong = in_namespace(place, "size=64k", program, "--net").split("\n2|bench: ")
    late = "bench: the name service has not answered yet for s.example.org; the run waits for it."
    assert waited.startswith(f"2|{late}|s: 's.example.org' is not an IP address, and this computer")
    assert wrong.splitlines()[1].startswith("bench: bench_depths is '0'; ")


def made(path: Path, text: str) -> None:
    """A program that makes an inventory."""
    path.write_text(text)
    path.chmod(0o755)


def left_to_the_playbook(*words: str, cwd: Path) -> str:
    """The one line with which ansible-playbook refuses, after ./bench."""
    done = bench(*words, cwd=cwd)
    assert (done.returncode, done.stdout) == (2, ""), done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    return line

"""What ./bench prints of each kind of wrong input: one line for each mistake, before any host.

The program is the real one, in the environment of the tests; the environment's own shell part is in
test_bench_script.py.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipebench.door.lab import owner_in
from tests.ansible.at_door import HOSTS, PLAYBOOK, bench, refused
from tests.unit.pipebench.runs import EXAMPLE, ROOT

pytestmark = pytest.mark.ansible

MAPPING = 'it must be a mapping of variables, for example "bench_depths: [1, 5]".'


def words(typed: str) -> list[str]:
    """Those behind ./bench."""
    return typed.split()[1:]


@pytest.fixture
def hosts(tmp_path: Path) -> list[str]:
    """An inventory of hosts that are not up."""
    path = tmp_path / "hosts.yml"
    path.write_text(HOSTS)
    return ["-i", str(path)]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["-e", "@plans/sweeep.yml"],
         "plans/sweeep.yml does not exist; did you mean plans/sweep.yml?"),
        (["-e", "@sweep"], "sweep does not exist; did you mean plans/sweep.yml?"),
        (["-e", "@plans/"], "plans/ is a folder; name a file in it, for example plans/quick.yml."),
        (["-e", '{"bench_rounds": {min: 6'],
         '-e: not YAML or JSON: line 1: "{" is not closed.'),
        (["-e", "[1]"], f"-e is a list; {MAPPING}"),
        (["-e", "plans/sweep.yml"],
         "-e plans/sweep.yml sets nothing; for a plan write -e @plans/sweep.yml."),
        (["-e", "bench_rounds 12"],
         '-e "bench_rounds 12" sets nothing; write -e "bench_rounds=12".'),
        (["-e", "bench_rounds: 12"],
         '-e "bench_rounds: 12" sets nothing; write -e "bench_rounds=12".'),
        (["-e", "bench_frameworks=aiohttp sanic"],
         'bench_frameworks=aiohttp is followed by "sanic"; write aiohttp,sanic without spaces.'),
        (["-e", "bench_rounds=12, bench_depths=5"],
         ('-e "bench_rounds=12, bench_depths=5": a space separates variables; write -e '
          '"bench_rounds=12 bench_depths=5".')),
        (["-e", "bench_run_id=a b"], 'bench_run_id=a is followed by "b"; leave that out.'),
        (["-e", "@"], "-e @ names no file; write -e @FILE, for example -e @plans/quick.yml."),
        (["--like", "results/exmple"],
         ("bench_like is 'results/exmple', which is not a run: it has no run.json; did you mean "
          "results/example?")),
        (["--list-tags", "--tags", "measur"],
         "measur is not a phase; the phases are provision, path, probe and measure."),
        (["--private-key", "/proc/x"], "--private-key is /proc/x, which is not a file here."),
        (["-e", "bench_depths=1 5 16"],
         'bench_depths=1 is followed by "5" and "16"; write 1,5,16 without spaces.'),
        (["-e", "bench_depths=0"],
         "bench_depths is '0'; it must be whole numbers from 1 to 1024, for example 5 or 1,5,16."),
        (["-e", "bench_frameworks=all"],
         ("bench_frameworks has 'all', which does not exist; for every framework of today write *, "
         "or -e @plans/field.yml.")),
        (["-e", "bench_results_dir=/proc/x", "-e", "bench_run_id=r"],
         "/proc/x/r cannot be created: no folder can be made in /proc (it keeps no files)."),
        (["--tags", "measur"],
         "measur is not a phase; the phases are provision, path, probe and measure."),
        (["--skip-tags", "prob"],
         "prob is not a phase; the phases are provision, path, probe and measure."),
        (["-l", "s1"],
         ("--limit cannot be used: a testbed needs all its hosts, and the run this computer; "
         "remove hosts from the inventory, or give another with -i")),
        (["--start-at-task", "x"],
         ("--start-at-task cannot be used: the tasks before it find out what is measured; choose "
         "phases with --tags")),
        (["check"], "check is not an option; did you mean --check?"),
        (["--chek"], "--chek is not an option; did you mean --check?"),
        (["plans/sweep.yml"],
         "plans/sweep.yml is not an option; for a plan write -e @plans/sweep.yml"),
        (["-e", "bench_depths=1,", "5"],
         'bench_depths=1, is followed by "5"; write the value without spaces, or in quotes'),
        (["lab", "upp"], "lab upp is not a command; write ./bench lab up or ./bench lab down"),
        (["lab"], "lab alone is not a command; write ./bench lab up or ./bench lab down"),
        (["--forks", "many"], "argument -f/--forks: invalid value: 'many'."),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(words: list[str], sentence: str, hosts: list[str]) -> None:
    assert refused(*words, *hosts) == [sentence]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", f" is empty; {MAPPING}"),
        ("---\n# nothing\n", f" is empty; {MAPPING}"),
        ("- bench_rounds: 6\n", f" is a list; {MAPPING}"),
        ("a plan\n", f" is a text; {MAPPING}"),
        ("bench_rounds=6 bench_frameworks=aiohttp\n",
         ' has lines as name=value; write name: value, for example "bench_depths: [1, 5]".'),
        ("bench_rounds: 6\n---\nbench_depths: 5\n",
         " has 2 documents (---), and one is read; join them."),
        ("bench_depths:\n  - 1\n  -5\n", ": not YAML: line 3: a space is missing behind the -."),
        ("bench_rounds: 6\n bench_depths: 5\n",
         ": not YAML: line 2: it does not begin at the same place as the lines before it."),
        ("bench_frameworks:\n\t- aiohttp\n", ": not YAML: line 2: a tab; indent with spaces."),
        ("bench_depths: [1, 5\nbench_rounds: 6\n", ': not YAML: line 1: "[" is not closed.'),
        ("bench_depths: {{ range(1,4) | list }}\n",
         ": not YAML: line 1: a value that begins with {{ must stand in quotes."),
        ("vars:\n  bench_rounds: 12\n",
         (" has its variables below vars; they must stand at the left edge, for example "
         '"bench_depths: [1, 5]".')),
    ],
)  # fmt: skip
def test_a_broken_plan_is_named(text: str, sentence: str, tmp_path: Path, hosts: list[str]) -> None:
    (tmp_path / "mine.yml").write_text(text)
    assert refused("-e", "@mine.yml", *hosts, cwd=tmp_path) == [f"mine.yml{sentence}"]


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        ("bench_depths=1, 5, 16", "depths 1, 5 and 16;"),
        ("bench_depths=[1, 5, 16]", "depths 1, 5 and 16;"),
        ("bench_rounds = 12", "5 s; 12 rounds"),
        ("bench_frameworks=aiohttp , sanic", "Frameworks: aiohttp, sanic\n"),
        ("bench_rounds=6..20@5%", "6 to 20 rounds, until each interval is below 5 %"),
        ("bench_rounds={min: 6, max: 20, until_relative_width: 0.05}", "6 to 20 rounds, until"),
        ("bench_depths=1, 5 bench_warmup=0", "depths 1 and 5;"),
    ],
)
def test_forms_that_people_type_are_taken(words: str, printed: str, hosts: list[str]) -> None:
    done = bench("--check", "-e", words, *hosts)
    assert done.returncode == 0, done.stderr
    assert printed in done.stdout


@pytest.mark.parametrize("words", ["bench_depths=1, 5, 16", "bench_rounds = 6..20@5%"])
def test_ansible_playbook_takes_the_same_forms(words: str, hosts: list[str]) -> None:
    def described(command: list[str]) -> list[str]:
        done = subprocess.run(
            [*command, "--check", "-e", words, *hosts], cwd=ROOT, capture_output=True, text=True,
            env=os.environ | {"ANSIBLE_NOCOLOR": "1"}, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return re.sub(r"^Run [^,]+", "Run", done.stdout).splitlines()[:6]

    mine = described([sys.executable, "-m", "pipebench.door"])
    assert mine[-1] == "  Testbed main: s at 192.0.2.1:8080, load from g"
    assert described([PLAYBOOK, "bench.yml"]) == mine


@pytest.mark.parametrize(
    ("of_server", "sentence"),
    [
        ("bench_adress: 10.0.0.1",
         "bench_adress is not a variable of a host; did you mean bench_address?"),
        ("bench_testbd: a",
         "bench_testbd is not a variable of a host; did you mean bench_testbed?"),
        ("bench_depths: 5",
         ("bench_depths is a variable of the run, not of one host; give it in a plan, with -e, or "
         "for all hosts.")),
        ('bench_address: "192.0.2.10:8080"',
         ("bench_address is 192.0.2.10:8080, which has a port; leave out :8080, and set "
         "bench_port.")),
        ("bench_address: 192.0.2.2",
         ("bench_address is 192.0.2.2, which is g itself; give the address at which g reaches "
          "s.")),
        ("bench_address: 127.0.0.1",
         ("bench_address is 127.0.0.1, which is g itself; give the address at which g reaches "
          "s.")),
        ("bench_address: 10.0.0.300", "bench_address is 10.0.0.300, which is not an IP address."),
        ("bench_address: 0.0.0.0",
         ("bench_address is 0.0.0.0, which is every address; give the one that the load generators "
         "reach.")),
        ("bench_address: '::'",
         ("bench_address is ::, which is every address; give the one that the load generators "
         "reach.")),
        ("bench_address: 10.0.0.1/24",
         "bench_address is 10.0.0.1/24; it must be the address alone, without /."),
        ("bench_until: tomorrow",
         "bench_until is 'tomorrow'; it must be a moment as seconds since 1970."),
    ],
)  # fmt: skip
def test_a_wrong_variable_of_a_host_is_named(of_server: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "hosts.yml"
    path.write_text(HOSTS.replace("192.0.2.1}", f"192.0.2.1, {of_server}}}"))
    assert refused("-i", str(path)) == [f"s: {sentence}"]


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "hosts.yml"
    path.write_text(HOSTS.replace("192.0.2.1}", "192.0.2.1, bench_adress: 10.0.0.1}"))
    said = refused(
        "-i", str(path), "-e", "@plans/sweeep.yml", "-e", "bench_depths=0", "-t", "measur"
    )
    assert [line.split()[0] for line in said] == [
        "plans/sweeep.yml", "measur", "s:", "bench_depths",
    ]  # fmt: skip


def test_a_complete_run_is_not_resumed(tmp_path: Path, hosts: list[str]) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "example")
    (said,) = refused("-e", f"bench_resume={tmp_path}/example", *hosts)
    assert said == (
        "All 48 measurements of the run example are complete. For more rounds of it, add -e "
        "bench_rounds=12."
    )


def test_a_check_says_what_would_be_measured(hosts: list[str]) -> None:
    done = bench("--check", "-e", "bench_frameworks=aiohttp", *hosts)
    assert (done.returncode, done.stderr) == (0, "")
    first, *described, size, hosts_line = done.stdout.splitlines()
    assert re.fullmatch(r"Run \S+, 18 measurements: 3 cells x 6 rounds; about .*", first)
    assert described == [
        "  Frameworks: aiohttp",
        "  Controls: ceiling, aiohttp@again",
        "  Load: depth 5; 200 connections; 1 worker; wrk with 10 threads",
        "  Each measurement: 2 s warm-up, then 5 s; 6 rounds",
        "  Testbed main: s at 192.0.2.1:8080, load from g",
    ]
    assert size.startswith("18 measurements: ")
    assert hosts_line == "g is not up, so it was not checked. Nothing was changed."


@pytest.mark.parametrize(
    "setting",
    ["ANSIBLE_STDOUT_CALLBACK=debug", "ANSIBLE_CALLBACK_PLUGINS=/usr", "ANSIBLE_ROLES_PATH=/etc",
     "ANSIBLE_LIBRARY=/usr", "ANSIBLE_ACTION_PLUGINS=/usr", "ANSIBLE_FILTER_PLUGINS=/usr"],
)  # fmt: skip
def test_the_environment_changes_nothing(setting: str, tmp_path: Path) -> None:
    """Hosts that are up, as far as bench knows, and refuse: the playbook itself says so."""
    path = tmp_path / "hosts.yml"
    path.write_text(
        "servers: {hosts: {s: {ansible_host: 127.0.0.9}}}\n"
        "loadgens: {hosts: {g: {ansible_host: 127.0.0.8}}}\n"
        "all: {vars: {ansible_port: 1}}\n"
    )
    name, _, value = setting.partition("=")
    done = bench("--check", "-i", str(path), environment={name: value})
    assert done.returncode == 2
    assert "s (127.0.0.9) does not answer over ssh" in done.stdout
    assert done.stderr.splitlines()[0] == (
        f"bench: {name} is set in your environment; it would change or break a run, so bench does "
        "not use it."
    )


def test_plans_and_frameworks_are_listed() -> None:
    plans = bench(*words("./bench plans")).stdout
    assert re.search(
        r"^plans/quick\.yml\n  A first look, .*\n  16 measurements: ", plans, re.MULTILINE
    )
    frameworks = bench(*words("./bench frameworks")).stdout
    assert re.search(r"^aiohttp +aiohttp\n +aiohttp@2017$", frameworks, re.MULTILINE)


def test_templates_and_vaults_are_read_as_ansible_reads_them(
    tmp_path: Path, hosts: list[str]
) -> None:
    (tmp_path / "word").write_text("word")
    (tmp_path / "plan.yml").write_text("bench_rounds: 7\n")
    vault = ["--vault-password-file", str(tmp_path / "word")]
    encrypt = [str(Path(sys.executable).with_name("ansible-vault")), "encrypt", *vault]
    subprocess.run([*encrypt, "plan.yml"], cwd=tmp_path, check=True, capture_output=True)
    plan = ["-e", "@plan.yml", *hosts]
    assert "5 s; 7 rounds" in bench("--check", *plan, *vault, cwd=tmp_path).stdout
    assert refused("--check", *plan, cwd=tmp_path) == [
        "plan.yml: it is encrypted; give --ask-vault-pass or --vault-password-file."
    ]
    assert "5 s; 7 rounds" in bench("--check", "-e", "bench_rounds={{3+4}}", *hosts).stdout
    (wrong,) = refused("-e", "bench_rounds={{3-4}}", *hosts)
    assert wrong.startswith("bench_rounds is -1; ")


@pytest.mark.parametrize(
    ("links", "owner"),
    [
        ('[{"ifalias": "forward= netns=0 /home/a/other/.lab"}]', "/home/a/other"),
        ('[{"ifalias": "forward= netns=0 /home/a/mine/.lab"}]', None),
        ('[{"ifalias": "forward= netns=0 /home/a/mi"}]', None),
        ("[{}]", None),
    ],
)
def test_whose_the_lab_is_that_is_up(links: str, owner: str | None) -> None:
    assert owner_in(links, Path("/home/a/mine/.lab")) == owner


CLOUD = """\
provider: aws
region: eu-central-1
zone: eu-central-1a
testbeds: [{machine: c7i.large, generator: c7i.xlarge}]
time_to_live_hours: 1
highest_price: 5
"""


@pytest.mark.parametrize(
    ("text", "options", "sentences"),
    [
        (CLOUD, "-e bench_depths=0", ["bench_depths is '0'; it must be "]),
        (CLOUD, "--frob", ["--frob is not an option"]),
        (CLOUD, "-i x", ["--cloud makes its own inventory; leave out -i"]),
        (CLOUD, "--name A_b", ["The fleet's name is 'A_b'; it must have "]),
        ("testbeds: [", "", ['c.yml, line 1: "[" is not closed.']),
        (
            CLOUD.replace("region: eu", "region: us"),
            "-e bench_depths=0 --name A_b",
            [
                "bench_depths is '0'; it must be ",
                "The fleet's name is 'A_b'; it must have ",
                "c.yml: zone is 'eu-central-1a', which is in the region eu-central-1 of aws; ",
            ],
        ),
    ],
)
def test_a_cloud_is_refused_before_it_is_asked(
    text: str, options: str, sentences: list[str], tmp_path: Path
) -> None:
    (tmp_path / "c.yml").write_text(text)
    # who asks a provider needs credentials, and says that there are none
    said = refused("--cloud", "c.yml", "--show", *options.split(), cwd=tmp_path)
    assert len(said) == len(sentences), said
    for line, begin in zip(said, sentences, strict=True):
        assert line.startswith(begin)

"""A small run whole: tables and report as they were looked at, and what they must never say."""

import csv
import json
import random
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from jinja2 import TemplateError

from pipebench.frame.cells import summary
from pipebench.measure.measurement import Measurement
from pipebench.plan.validation import read_variables
from pipebench.plan.variables import current_names
from pipebench.record.run_record import load_run
from pipebench.rules import outcome
from pipebench.rules.bottleneck import LimitedBy
from pipebench.rules.outcome import Context
from pipebench.rules.rule import Broken, Outcome
from pipebench.run import tables
from pipebench.run.judge import judge_run
from pipebench.show import formats, report
from pipebench.show.answer import answer as answer_of
from pipebench.show.charts import charts
from pipebench.show.failures import failures
from pipebench.show.reproduce import reproduce
from tests.unit.pipebench.factory import (
    DATA,
    SIX,
    record,
    record_of,
    run_document,
    small_run,
    write_run,
)
from tests.unit.pipebench.rendering import render
from tests.unit.pipebench.runs import EXAMPLE

ROOT = Path(__file__).parents[4]
# ruff: noqa: SIM905 (as they stand in the agreement)
DESIGN_RESULTS = """run_id testbed framework folder variant stack workers depth connections threads
round outcome reason limited_by requests duration_s requests_per_s batch_latency_mean_us
batch_latency_p50_us batch_latency_p75_us batch_latency_p90_us batch_latency_p99_us
batch_latency_max_us bytes_read connect_errors read_errors write_errors status_errors
timeout_errors server_cpu_us_per_request server_cpu_cores server_rss_peak_bytes
generator_cpu_cores""".split()
DESIGN_SUMMARY = """outcome reason limited_by rounds
requests_per_s requests_per_s_low requests_per_s_high relative relative_low relative_high
share_of_ceiling batch_latency_p50_us batch_latency_p99_us server_cpu_us_per_request""".split()


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most tests look at words: only what is made once has pictures (test_charts.py)."""
    monkeypatch.setattr(charts, "CHARTS", ())


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


@pytest.mark.parametrize("name", ["results.csv", "summary.csv", "report.md"])
def test_the_outputs_are_those_that_were_looked_at(rendered: report.Rendered, name: str) -> None:
    # python -m tests.unit.pipebench.factory writes them again
    assert rendered.files[name] == (DATA / "run-expected" / name).read_text()


def test_the_columns_are_those_agreed_on() -> None:
    assert [column.name for column in tables.RESULTS][: len(DESIGN_RESULTS)] == DESIGN_RESULTS
    names = [column.name for column in tables.SUMMARY]
    first = names.index("outcome")
    assert names[first : first + len(DESIGN_SUMMARY)] == DESIGN_SUMMARY


def test_every_cell_has_a_row_and_no_failure_a_rate(rendered: report.Rendered) -> None:
    rows = {row["framework"]: row for row in rows_of(rendered.files["summary.csv"])}
    assert sorted(rows) == sorted(SIX)
    assert {name: row["outcome"] for name, row in rows.items()} == {
        "alpha": "ok", "beta": "ok", "gamma": "ok",
        "closer": "degraded", "crasher": "failed", "absent": "unavailable",
    }  # fmt: skip
    for name in ("crasher", "absent"):
        assert rows[name]["requests_per_s"] == rows[name]["relative"] == ""
    assert rows["beta"]["rounds"] == rows["gamma"]["rounds"] == "5"
    assert rows["beta"]["requests_per_s_low"] == ""
    assert rows["alpha"]["requests_per_s_low"] != ""


def test_nothing_says_nan(rendered: report.Rendered) -> None:
    for text in (*rendered.files.values(), rendered.terminal):
        assert not re.search(r"\b(nan|NaN|None|NA|<NA>|inf)\b", text)


def test_what_is_wrong_with_the_run_is_named(rendered: report.Rendered) -> None:
    told = "\n".join(rendered.problems)
    assert "harness fault: wrk on lab-loadgen: host did not answer" in told
    assert re.search(r"raw/main-r03-\d+-beta-\S+ is invalid: it is truncated after 900 bytes", told)
    assert "1 of 36 scheduled measurements have no usable record" in told


def test_the_terminal_is_not_wider_than_a_hundred(rendered: report.Rendered) -> None:
    assert max(len(line) for line in rendered.terminal.splitlines()) <= 100


def test_the_share_of_the_time_spent_measuring(rendered: report.Rendered) -> None:
    # of 300 s: 7 s of each of 22 measurements, and the 2 s of warm-up in which the six crashed
    assert "took 0.55 of the measuring phase" in rendered.terminal


def run_of(
    folder: Path, means: Mapping[str, float], rounds: int, again: str = "", **other: Any
) -> report.Rendered:
    """A run of these batch latencies; `again` is measured a second time, as the A/A control."""
    rng = random.Random(12)  # noqa: S311
    if again:
        means = {f"{again}-again": means[again], **means}
    document = run_document(list(means), rounds, **other)
    for name, framework in document["frameworks"].items():
        if name == f"{again}-again":
            framework["control_of"] = again
        if name == "ceiling":
            framework["role"] = "ceiling"
    records = {}
    for number, cells in enumerate(document["rounds"], start=1):
        for position, cell in enumerate(cells, start=1):
            name = cell["framework"]
            made = record_of(name, means[name], rng)
            made |= {"framework": name, "round": number, "position": position}
            records[f"{number}-{name}.json"] = made
    return render(judge_run(write_run(folder, document, records)))


def answer(rendered: report.Rendered) -> list[str]:
    """The points of the answer, each with its evidence."""
    opening = rendered.files["report.md"].split("## Tl;dr\n\n")[1].split("\n\n")[0]
    return opening.removeprefix("- ").split("\n- ")


def test_the_fastest_is_claimed_with_its_interval(tmp_path: Path) -> None:
    rendered = run_of(tmp_path, {"alpha": 80_000, "beta": 120_000}, 6, again="alpha")
    rate, cpu_time, *_ = answer(rendered)
    assert re.fullmatch(
        r"\*\*Alpha\*\* is the fastest at about 1\d,000 requests/s; "
        r"Beta reaches 6\d % of that\.\\\n"
        r"  \*Alpha: [\d,]+ requests/s \(95 % interval [\d,]+ to [\d,]+\)\. Ratios to it, round by "
        r"round: Beta 0\.6\d \(0\.\d+ to 0\.\d+\)\. A framework is slower if .* the noise floor of "
        r"\d\.\d+ %; if not, it is tied\.\*",
        rate,
    )
    assert cpu_time.startswith("**Alpha** needs the least CPU time per request, about ")
    rows = {row["framework"]: row for row in rows_of(rendered.files["summary.csv"])}
    assert [(rows[name]["rank"], rows[name]["verdict"]) for name in ("alpha", "beta")] == [
        ("1", "fastest"),
        ("2", "slower"),
    ]
    assert (rows["beta"]["rank_cpu"], rows["beta"]["verdict_cpu"]) == ("2", "dearer")
    again = rows["alpha-again"]
    assert (again["role"], again["rank"], again["verdict"]) == ("control", "", "tied")
    assert 0 < float(rows["beta"]["noise_floor"]) == float(again["noise_floor"]) < 0.1


def test_what_the_interval_does_not_tell_apart_is_not_claimed(tmp_path: Path) -> None:
    means = {"alpha": 80_000, "beta": 80_000}
    told, *_ = answer(run_of(tmp_path, means, 6, again="alpha"))
    assert re.match(r"\*\*(Alpha|Beta)\*\* and \*\*(Alpha|Beta)\*\* tie at about 1\d,000 ", told)
    assert "fastest" not in told


def test_what_is_under_the_noise_floor_is_not_claimed(tmp_path: Path) -> None:
    """The interval excludes 1, and still: the same server under two names shows as much."""
    rendered = run_of(tmp_path, {"alpha": 80_000, "beta": 81_600}, 6, again="alpha")
    beta = next(r for r in rows_of(rendered.files["summary.csv"]) if r["framework"] == "beta")
    assert float(beta["relative_high"]) < 1
    assert (beta["rank"], beta["verdict"]) == ("1", "tied")
    assert answer(rendered)[0].startswith("**Alpha** and **Beta** tie at ")


def test_without_a_control_nothing_is_claimed(tmp_path: Path) -> None:
    rendered = run_of(tmp_path, {"alpha": 80_000, "beta": 160_000}, 6)
    told, *_ = answer(rendered)
    assert "has the highest median, about " in told
    assert "No framework can be called the fastest: the noise floor is not known" in told
    assert {row["rank"] for row in rows_of(rendered.files["summary.csv"])} == {""}


def test_below_six_rounds_nothing_is_claimed(tmp_path: Path) -> None:
    told, *_ = answer(run_of(tmp_path, {"alpha": 80_000, "beta": 160_000}, 5, again="alpha"))
    assert "No framework can be called the fastest: not every framework has 6 rounds" in told
    assert "is the fastest" not in told


def test_a_control_that_differs_from_itself_is_said(tmp_path: Path) -> None:
    means = {"alpha": 80_000, "beta": 160_000, "alpha-again": 104_000}
    rendered = run_of(tmp_path, means, 6, again="alpha")
    assert "**The A/A control differs from itself**" in rendered.files["report.md"]
    rows = {row["framework"]: row for row in rows_of(rendered.files["summary.csv"])}
    assert rows["alpha-again"]["verdict"] == "differs"


def test_frameworks_with_the_same_trouble_are_told_together(tmp_path: Path) -> None:
    document = run_document(["alpha", "beta", "gamma", "delta"], 2)
    gone = {"deployment": {"available": False, "reason": "no room", "log": ""}}
    records = {"a.json": record(framework="alpha"), "a2.json": record(framework="alpha", round=2)}
    for name in ("beta", "gamma"):
        bad = record(framework=name, server=None, generators=[], **gone)
        records |= {f"{name}-{number}.json": bad | {"round": number} for number in (1, 2)}
    told, *_ = answer(render(judge_run(write_run(tmp_path, document, records))))
    assert "**Beta** and **Gamma** could not be deployed; **Delta** has no result." in told
    assert "no room" not in told  # the reason is in the framework's own section


def test_a_sweep_tells_a_few_groups_and_how_many_more(tmp_path: Path) -> None:
    depths = (1, 2, 3, 4, 5, 6)
    cells = [
        {"framework": name, "workers": 1, "depth": depth, "connections": 200}
        for depth in depths
        for name in ("alpha", "beta")
    ]
    document = run_document(["alpha", "beta"], 1) | {"rounds": [cells]}
    run = write_run(tmp_path, document, {"a.json": record(framework="alpha", depth=5)})
    told = answer(render(judge_run(run)))
    assert [line.split(":")[0] for line in told[:4]] == [f"At depth {n}" for n in depths[:4]]
    assert told[4] == "2 more groups of cells are in the [table](#results)."
    assert "**Beta** has no result in all 6 cells" in told[5]
    assert "**Alpha** has no result in 5 of 6 cells" in told[5]


FAULT = "the load on g: host did not answer"


@pytest.mark.parametrize(
    "kept",
    [{"record": "raw/b.json", "reason": FAULT}, f"raw/b.json: {FAULT}"],
    ids=["today", "older run"],
)
def test_what_befell_the_harness_is_said_first_and_listed_once(tmp_path: Path, kept: Any) -> None:
    fault = FAULT
    document = run_document(["alpha", "beta"], 1)
    document |= {"harness_faults": [kept], "given_up": {"main": "6 in a row"}}
    bad = record(framework="beta", harness_fault=fault, server=None, generators=[])
    run = write_run(tmp_path, document, {"a.json": record(framework="alpha"), "b.json": bad})
    rendered = render(judge_run(run))
    told = "\n".join(answer(rendered))
    assert "**The testbed main was given up**: 6 in a row." in told
    assert (
        f"**The harness failed once**, which says nothing about a framework: raw/b.json: {fault}"
        in told
    )
    assert rendered.files["report.md"].split("## What is missing")[1].count(fault) == 1
    assert [problem for problem in rendered.problems if fault in problem] == [
        f"harness fault: raw/b.json: {fault}"
    ]


def test_a_limit_of_the_generator_is_said_of_the_ceiling_and_of_the_rates(tmp_path: Path) -> None:
    run_of(tmp_path, {"alpha": 80_000, "ceiling": 78_000}, 6, again="alpha")
    judged_run = judge_run(tmp_path)
    rows = summary(judged_run)
    for row in rows:
        row.limited_by = LimitedBy.GENERATOR
    claims = [point.claim for point in answer_of(judged_run, rows)]
    assert (
        "Alpha was about as fast as the ceiling server, which does no work and was limited by the "
        "load generator: the load generator was measured, not the framework."
    ) in claims
    assert (
        "Alpha could answer more than was measured: the load generator was at its limit, so its "
        "requests/s and its share of the ceiling are lower bounds."
    ) in claims


def test_what_is_near_the_ceiling_is_marked(tmp_path: Path) -> None:
    means = {"alpha": 80_000, "beta": 160_000, "ceiling": 78_000}
    rendered = run_of(tmp_path, means, 6, again="alpha")
    rows = {row["framework"]: row for row in rows_of(rendered.files["summary.csv"])}
    assert float(rows["alpha"]["share_of_ceiling"]) == pytest.approx(0.975, abs=0.03)
    assert rows["ceiling"]["share_of_ceiling"] == "1.0"
    assert rows["ceiling"]["rank"] == ""
    assert rows["alpha"]["relative"] == "1.0"  # the ceiling is never the fastest
    text = rendered.files["report.md"]
    assert (
        "Alpha was about as fast as the ceiling server, which does no work: the generator" in text
    )
    assert "is too near: Alpha 0.9" in text
    assert len(re.findall(r"^\| (Alpha|Alpha-again) \|.* \*\*!\*\* \|", text, re.MULTILINE)) == 2


def test_a_p99_of_few_batches_is_none(tmp_path: Path) -> None:
    rendered = run_of(tmp_path, {"alpha": 80_000, "beta": 1_500_000}, 1)
    rows = {row["framework"]: row for row in rows_of(rendered.files["results.csv"])}
    assert int(rows["beta"]["batches"]) < 1000
    assert rows["beta"]["batch_latency_p99_us"] == ""
    assert rows["beta"]["batch_latency_p90_us"] != ""
    assert rows["alpha"]["batch_latency_p99_us"] != ""
    summary = {row["framework"]: row for row in rows_of(rendered.files["summary.csv"])}
    assert summary["beta"]["batch_latency_p99_us"] == ""


def test_rounds_that_precision_made_needless_are_not_missing(tmp_path: Path) -> None:
    document = run_document(["alpha"], 8, rounds_taken={"main": {"rounds": 6, "reason": "narrow"}})
    records = {f"{n}.json": record(framework="alpha", round=n) for n in range(1, 7)}
    rendered = render(judge_run(write_run(tmp_path, document, records)))
    assert rendered.problems == []
    assert "| rounds | 6; main: 6, narrow |" in rendered.files["report.md"]
    assert rows_of(rendered.files["summary.csv"])[0]["rounds_scheduled"] == "6"


def test_the_cpu_time_of_the_controller_is_said_of_each_measurement(tmp_path: Path) -> None:
    document = run_document(["alpha"], 2, controller_cpu_s={"main": 0.5})
    records = {f"{n}.json": record(framework="alpha", round=n) for n in (1, 2)}
    rendered = render(judge_run(write_run(tmp_path, document, records)))
    row = "| CPU time of the controller, for each measurement | 0.25 s |"
    assert row in rendered.files["report.md"]
    assert "The controller used 0.25 s of CPU for each measurement." in rendered.terminal
    without = render(judge_run(write_run(tmp_path / "b", run_document(["alpha"], 2), records)))
    assert "the controller" not in without.terminal.lower()


def test_several_depths_are_columns_of_the_one_table(tmp_path: Path) -> None:
    cells = [
        {"framework": "alpha", "workers": 1, "depth": depth, "connections": 200} for depth in (1, 5)
    ]
    document = run_document(["alpha"], 1) | {"rounds": [cells]}
    records = {"a.json": record(framework="alpha", depth=5)}
    rendered = render(judge_run(write_run(tmp_path, document, records)))
    text = rendered.files["report.md"]
    assert "| depth | framework | outcome |" in text
    assert "At depth 5: **Alpha** is the only framework that is ok, at about" in text
    assert "| 1 | Alpha | no result |" in text
    assert max(len(line) for line in rendered.terminal.splitlines()) <= 100


def test_a_run_that_goes_on_says_what_is_missing(tmp_path: Path) -> None:
    document = run_document(["alpha", "beta"], 2, ended=None, measuring_ended=None)
    run = write_run(tmp_path, document, {"a.json": record(framework="alpha")})
    rendered = render(judge_run(run))
    assert "still under way or was ended early (its last measurement" in rendered.problems[0]
    assert "UTC): 3 of 4 scheduled measurements" in rendered.problems[0]
    assert "This run is still under way, or was ended early" in rendered.files["report.md"]
    assert "- **no result**: not measured: 0 of 2 rounds" in rendered.files["report.md"]
    assert "| ended | not yet |" in rendered.files["report.md"]


def test_a_run_without_anything_renders(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"schema_version": 1, "run_id": "r"}')
    rendered = render(judge_run(tmp_path))
    assert "Nothing was scheduled and nothing was measured" in rendered.files["report.md"]
    assert rendered.problems == ["the run has no whole measurement"]


def test_the_same_measurement_twice_counts_once(tmp_path: Path) -> None:
    records = {f"{name}.json": record(framework="alpha") for name in "ab"}
    judged = judge_run(write_run(tmp_path, run_document(["alpha"], 1), records))
    assert len(judged.measurements) == 1
    assert judged.invalid[0].reason == "it is the same measurement of this round as a.json"


def test_an_old_output_stays_where_rendering_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = small_run(tmp_path, rounds=1)
    for name in ("report.md", "results.csv"):
        (run / name).write_text("old")

    def fail(*_: object) -> str:
        raise TemplateError("no")

    monkeypatch.setattr(report, "_markdown", fail)
    with pytest.raises(TemplateError):
        report.collect(run)
    assert (run / "report.md").read_text() == (run / "results.csv").read_text() == "old"
    assert not list(run.glob(".*"))


def test_what_others_wrote_does_not_break_the_page(tmp_path: Path) -> None:
    nasty = "a | b <script>\n```\n# no heading"
    failed = record(
        framework="alpha",
        deployment={"available": False, "reason": nasty, "log": nasty},
        server=None,
        generators=[],
    )
    run = write_run(tmp_path, run_document(["alpha"], 1), {"a.json": failed})
    text = render(judge_run(run)).files["report.md"]
    outside = re.sub(r"^(`{3,})\n.*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert not re.search(r"(?<!\\)<script>", outside)
    assert "\n# no heading" not in outside


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (["bench.yml", "-i", "inventory/lab"], "-i inventory/lab"),
        (["-i", "inventory/lab/", "/x/bench.yml", "-e", "bench_run_id=a"], "-i inventory/lab/"),
        (
            ["-ibench", "bench.yml", "-v", "--extra-vars=@plans/quick.yml"],
            "-i INVENTORY -e @plans/quick.yml",
        ),
        (
            ["bench.yml", "--skip-tags", "probe,x;y", "--tags=measure"],
            "--tags measure --skip-tags probe",
        ),
        # words of whoever started it
        (["bench.yml", "-e", "bench_rounds=2 ansible_user=me"], ""),
        (["bench.yml", "-e", '{"bench_run_id": "a", "x": [1]}', "-e", "@/tmp/a.yml"], ""),
        (["bench.yml", "-i", "results/evil/hosts.sh", "-e", "@plans/../a.yml"], "-i INVENTORY"),
        (["bench.yml", "--ssh-common-args=-o ProxyCommand=x", "--become-method", "x", "-i"], ""),
        (["bench.yml", "-M", "/x/modules", "--vault-password-file", "/x/y", "; rm x"], ""),
    ],
)
def test_the_command_that_measures_the_same_again(
    tmp_path: Path, typed: list[str], kept: str
) -> None:
    document = run_document(["alpha"], 3, command=["ansible-playbook", *typed])
    document["variables"] |= {
        "bench_run_id": "a", "bench_rate_share": None, "bench_x": "it's", "bench_duration": "$(id)",
        "bench_frameworks": ["alpha", "$(id)"],
        "bench_framework_dirs": ["tests/calibration", "servers/falcon", "/x", "servers/../x", "$x"],
    }  # fmt: skip
    write_run(tmp_path, document, {})
    command = reproduce(judge_run(tmp_path).run)
    *words, option, variables = shlex.split(command)
    assert words == ["./bench", *kept.split()]
    assert option == "-e"
    used = json.loads(variables)
    assert used["bench_order_seed"] == 1234
    assert used["bench_rounds"] == 3
    assert used["bench_frameworks"] == ["alpha"]
    assert used["bench_framework_dirs"] == ["tests/calibration", "servers/falcon", *["FOLDER"] * 3]
    assert not {"bench_run_id", "bench_rate_share", "bench_x", "bench_duration"} & used.keys()


def test_the_command_gives_an_old_variable_its_new_name(tmp_path: Path) -> None:
    document = run_document(["alpha"], 3, command=["ansible-playbook", "bench.yml"])
    document["variables"] |= {
        "bench_baseline": False,
        "bench_frameworks": ["aiohttp", "aiohttp-2017", "granian-rsgi"],
        "bench_reference": "aiohttp-2017",
    }
    write_run(tmp_path, document, {})
    used = json.loads(shlex.split(reproduce(judge_run(tmp_path).run))[-1])
    assert used["bench_path_capacity"] is False
    assert "bench_baseline" not in used
    assert used["bench_frameworks"] == ["aiohttp", "aiohttp@2017", "granian"]
    assert used["bench_reference"] == "aiohttp@2017"


def test_a_plan_takes_what_the_command_gives_it() -> None:
    run = load_run(EXAMPLE)
    given = json.loads(shlex.split(reproduce(run))[-1])
    assert given["bench_order_seed"] == run.variables["bench_order_seed"]
    defaults = yaml.safe_load((ROOT / "plans" / "seed.yml").read_text("utf-8"))
    read = read_variables(given, defaults)
    assert read.mistakes == {}
    taken = msgspec.to_builtins(read.variables)
    used = current_names(run.variables)
    assert {name: taken[name] for name in given} == {name: used[name] for name in given}


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        (formats.us, 1.0704, "1.07 us"),
        (formats.us, 812, "812 us"),
        (formats.us, 999.96, "1,000 us"),
        (formats.us, 40_213, "40.2 ms"),
        (formats.us, 1_234_567, "1.23 s"),
        (formats.us, 0, "0 us"),
        (formats.integer, 37235.4, "37,235"),
        (formats.ratio, 0.5178, "0.52"),
        (formats.ratio, 0.0123, "0.012"),
        (formats.ratio, 1.0, "1.00"),
        (formats.ratio, 0.9971, "0.997"),
        (formats.size, 31_457_280, "30.0 MiB"),
        (formats.size, 12, "12 B"),
        (formats.two_figures, 469_401, "470,000"),
        (formats.two_figures, 0.996, "1.0"),
        (formats.two_figures, 0, "0.0"),
        (formats.percent, 0.0691, "7 %"),
        (formats.percent, 0.0174, "1.7 %"),
        (formats.percent, 0.787, "79 %"),
        (formats.percent, 0.9973, "99.7 %"),
        (formats.percent, 1, "100 %"),
        (formats.about_us, 2140.3, "2.1 ms"),
        (formats.us, None, "-"),
        (formats.us, float("nan"), "-"),
        (formats.text, None, "-"),
        (formats.text, "a|b\nc", "a\\|b c"),
        (formats.text, "x_y __init__", "x_y \\_\\_init\\_\\_"),
        (formats.text, "![a](b) &lt;", "!\\[a](b) \\&lt;"),
    ],
)
def test_numbers_as_people_read_them(form: Any, value: Any, text: str) -> None:
    assert form(value) == text


def test_every_rule_that_accuses_has_a_verb_for_the_first_words() -> None:
    """But those that make a record invalid, and accuse no framework."""
    without = {rule.name for rule in outcome.rule.all if rule.verb is None}
    assert without == {"harness_fault", "unusable", "not_measured"}


def test_a_rule_is_one_declaration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its function and its words stand together, and nothing else need be told of it."""
    monkeypatch.setattr(outcome.rule, "all", list(outcome.rule.all))

    @outcome.rule("sings", "sing", place=1)
    def sings(measurement: Measurement, _context: Context) -> Broken | None:
        return Broken(Outcome.DEGRADED, f"{measurement.cell.framework} sang")

    records = {"a.json": record(framework="alpha")}
    judged_run = judge_run(write_run(tmp_path, run_document(["alpha"], 1), records), alone=False)
    (judged,) = judged_run.measurements
    assert judged.judgement.rules == (sings.__name__,)
    assert judged.judgement.reason == "alpha sang"
    assert failures(judged_run, summary(judged_run), lambda _: "") == [
        "**Alpha** is degraded (sings)"
    ]


def test_why_several_could_not_be_deployed_is_said_once(tmp_path: Path) -> None:
    why = {"available": False, "reason": "uv could not download CPython 3.13", "log": ""}
    another = why | {"reason": "no CPython 3.7"}
    lacking = {"beta": why, "gamma": why, "delta": another}
    document = run_document(["alpha", *lacking], 1)
    records = {
        f"1-{name}.json": record(framework=name)
        | (
            {"deployment": lacking[name], "server": None, "generators": []}
            if name in lacking
            else {}
        )
        for name in document["frameworks"]
    }
    rendered = render(judge_run(write_run(tmp_path, document, records)))
    text = rendered.files["report.md"]
    assert text.count("uv could not download CPython 3.13") == 1
    assert "\n## Not deployed\n\n- Beta, Gamma: uv could not download CPython 3.13.\n\n" in text
    assert text.count("**unavailable**: see [Not deployed](#not-deployed)") == 2
    assert "**unavailable**: 1 of 1 rounds: could not be deployed: no CPython 3.7" in text
    assert "beta, gamma: unavailable: 1 of 1 rounds: could not be" in rendered.terminal

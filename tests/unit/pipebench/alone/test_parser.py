"""argparse's refusals in one line; its words are those of the interpreter that runs this."""

import pytest

from pipebench.alone.parser import LineParser


def refusal(capsys: pytest.CaptureFixture[str], typed: str) -> str:
    parser = LineParser(prog="program.py")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", prog="program.py")
    show = commands.add_parser("show")
    show.add_argument("record", metavar="RECORD")
    show.add_argument("--number", type=int)
    show.add_argument("--form", choices=["a", "b"])
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(typed.split())
    assert ended.value.code == 2
    told = capsys.readouterr()
    assert told.out == ""
    return told.err


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "program.py requires COMMAND; see program.py --help"),
        ("show", "show requires RECORD; see program.py show --help"),
        ("show x --nmber 5", "--nmber is not an option; did you mean --number?"),
        ("show x --nmber=5", "--nmber is not an option; did you mean --number?"),
        ("show x --zzz", "--zzz is not an option; see program.py --help"),
        ("show x y", "y is one word too many; see program.py --help"),
        ("show x --form c", "--form is 'c'; choose from a, b"),
        ("show x --number", "--number requires a value; see program.py show --help"),
        ("show x --number a", "--number: invalid int value: 'a'"),
    ],
)
def test_a_refusal_is_one_line(capsys: pytest.CaptureFixture[str], typed: str, said: str) -> None:
    assert refusal(capsys, typed) == f"program.py: {said}\n"

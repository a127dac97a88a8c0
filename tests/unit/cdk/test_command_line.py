"""A mistake on a command line is one line that names the Makefile's variable and says what is allowed."""

from __future__ import annotations

import pytest

from cdk.command_line import VARIABLES
from cdk.cost.__main__ import main as cost
from cdk.names import ROOT
from local.commands import NAMES
from local.commands import main as local

pytestmark = pytest.mark.unit

SERVICES = ", ".join(NAMES)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rollout", "parcels"], f"SERVICE=parcels: it must be one of {SERVICES}"),
        (["rollout", "it's"], f"SERVICE=it's: it must be one of {SERVICES}"),
        (["rollout", ""], f"SERVICE=: it must be one of {SERVICES}"),
        (["rollout"], f"SERVICE is needed: one of {SERVICES}"),
        (["publish", "--aws"], f"SERVICE is needed: one of {SERVICES}"),
        (["value", "parcels"], f"SERVICE=parcels: it must be one of {SERVICES}"),
        (["rollout", "tickets", "--wait", "soon"], "WAIT=soon: it must be a whole number"),
        (["rollout", "tickets", "--wait", "1\n2"], "WAIT=1\\n2: it must be a whole number"),
        (["rollout", "tickets", "--most-wait", "1.5"], "--most-wait=1.5: it must be a whole number"),
        (["rollout", "tickets", "--least"], "LEAST: a value is missing"),
        (["ab", "tickets", "--share", "half"], "SHARE=half: it must be a number"),
        (["up", "--stream", "nats"], "STREAM=nats: it must be one of sqs, kafka"),
        (["stream", "--limit", "x"], "LIMIT=x: it must be a whole number"),
        (["reviewer"], "EMAIL is needed"),
        (["drift", "tickets", "--fast"], "unrecognized arguments: --fast"),
    ],
)
def test_a_mistake_on_the_laptop_is_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        local(words)
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"triage: {said}\n"


def test_an_unknown_command_is_told_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        local(["fly"])
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("triage: command=fly: it must be one of up, stream, ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--decisions", "many"], "DECISIONS: many is not a number of decisions a month"),
        (["--account", "middle"], "ACCOUNT=middle: it must be one of new, old"),
        (["--prices"], "PRICES: a value is missing"),
    ],
)
def test_a_mistake_about_cost_is_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cost(words)
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"triage: {said}\n"


def test_the_names_are_those_of_the_makefile() -> None:
    made = (ROOT / "Makefile").read_text("utf-8")
    assert [name for name in VARIABLES.values() if f"$({name})" not in made] == []

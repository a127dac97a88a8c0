"""The command line: what was said wrong is one line."""

from __future__ import annotations

import pytest

from model_build.cli import main

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "nosuch"], "SERVICE: invalid choice: 'nosuch'"),
        (["train", "tickets", "--nosuch"], "unrecognized arguments: --nosuch"),
        (["train", "tickets", "--seed", "x"], "invalid int value: 'x'"),
    ],
)
def test_a_mistake_is_one_line_and_where_to_read_on(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words)
    told = capsys.readouterr().err
    assert said in told and told.startswith("triage: ") and told.endswith("--help\n")
    assert told.count("\n") == 1

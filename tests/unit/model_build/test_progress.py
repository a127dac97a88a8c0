"""What the user sees, on a terminal and in a log."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from model_build.progress import Reporter


def reporter(*, terminal: bool) -> tuple[Reporter, io.StringIO]:
    out = io.StringIO()
    return Reporter(Console(file=out, force_terminal=terminal, highlight=False, width=100)), out


@pytest.mark.parametrize("terminal", [True, False])
def test_a_stage_says_what_it_is_how_long_it_took_and_what_came_of_it(terminal: bool) -> None:
    told, out = reporter(terminal=terminal)
    with told.stage("clean") as stage:
        stage(1, 2)
        stage.note = "[90] rows kept"
    assert "clean" in out.getvalue() and "0.0 s  [90] rows kept" in out.getvalue()
    assert list(told.seconds) == ["clean"]


def test_a_log_gets_a_line_now_and_then_and_no_control_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model_build.progress.QUIET_SECONDS", 0.0)
    told, out = reporter(terminal=False)
    with told.stage("train") as stage:
        for done in range(5):
            stage(done, 4)
    assert out.getvalue().splitlines()[:3] == ["  train ...", "  train ...   0%", "  train ...  25%"]
    assert "\x1b" not in out.getvalue()


def test_a_stage_that_fails_is_not_said_to_be_done() -> None:
    told, out = reporter(terminal=False)
    with pytest.raises(ValueError, match="no"), told.stage("split"):
        raise ValueError("no")
    assert out.getvalue() == "  split ...\n" and not told.seconds

"""Progress where there is no terminal, and on one."""

from __future__ import annotations

import io
import re
import threading
from pathlib import Path

import pytest
from rich.console import Console

from local.progress import Steps, last_line


def plain() -> tuple[Steps, io.StringIO]:
    text = io.StringIO()
    return Steps(Console(file=text, width=80)), text


def test_steps_are_plain_lines_without_a_terminal() -> None:
    steps, text = plain()
    with steps, steps.step("deploying"):
        pass
    assert re.fullmatch(r"==> deploying\n    deploying: done in \d+\.\d s\n", text.getvalue())
    assert list(steps.seconds) == ["deploying"]


def test_a_failed_step_is_not_called_done() -> None:
    steps, text = plain()
    with pytest.raises(ValueError, match="no"), steps, steps.step("deploying"):
        raise ValueError("no")
    assert "deploying: failed in" in text.getvalue()
    assert "done" not in text.getvalue()


def test_a_terminal_shows_steps_side_by_side_and_how_they_ended(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("first\nepoch 3 of 5\n")
    text = io.StringIO()
    steps = Steps(Console(file=text, width=100, force_terminal=True, legacy_windows=False))
    second = threading.Event()

    def other() -> None:
        with steps.step("synthesizing"):
            second.set()

    with steps, steps.step("training", log):
        thread = threading.Thread(target=other)
        thread.start()
        assert second.wait(timeout=30)
        thread.join()
        steps.refresh()
    shown = text.getvalue()
    assert "epoch 3 of 5" in shown
    last = shown[shown.rindex("training") :]
    assert "epoch" not in last
    assert shown.count("✓") >= 2


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", ""),
        ("one\ntwo\n\n", "two"),
        ("10 %\r50 %\r", "50 %"),
        ("\x1b[32mgreen\x1b[0m\n", "green"),
        ("x" * 5000 + "\nlast", "last"),
    ],
)
def test_the_last_line_of_a_log(tmp_path: Path, content: str, line: str) -> None:
    log = tmp_path / "a.log"
    log.write_text(content)
    assert last_line(log) == line
    assert last_line(tmp_path / "none.log") == ""

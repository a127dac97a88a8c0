"""Progress to follow: a spinner and the seconds of each step, plain lines where there is no terminal."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import Progress, ProgressColumn, Task
from rich.spinner import Spinner
from rich.text import Text

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Steps:
    """Shows the steps of one command as they run, several at a time when they do.

    A context manager around all of them; `step` around each. Used from several threads.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self._live = Progress(
            _Mark(), _Name(), _Seconds(), _LastLine(), console=console, refresh_per_second=5, transient=False
        )
        self.seconds: dict[str, float] = {}

    def __enter__(self) -> Steps:
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.console.is_terminal:
            self._live.stop()

    @contextmanager
    def step(self, name: str, log: Path | None = None) -> Iterator[None]:
        """Show `name` with its elapsed seconds while the body runs, and the last line of `log` beside it."""
        started = time.monotonic()
        task = self._begin(name, log)
        outcome = "failed"
        try:
            yield
            outcome = "done"
        finally:
            self.seconds[name] = time.monotonic() - started
            self._end(task, name, outcome)

    def note(self, text: str) -> None:
        """Say something above the steps."""
        self._say(text)

    def refresh(self) -> None:
        """Redraw now rather than at the next tick."""
        if self.console.is_terminal:
            self._live.refresh()

    def _begin(self, name: str, log: Path | None) -> object:
        if self.console.is_terminal:
            return self._live.add_task(name, total=1, outcome="running", log=log)
        self._say(f"==> {name}")
        return None

    def _end(self, task: object, name: str, outcome: str) -> None:
        if isinstance(task, int):
            self._live.update(task, completed=1, outcome=outcome)  # type: ignore[arg-type]
            self._live.stop_task(task)  # type: ignore[arg-type]
        else:
            self._say(f"    {name}: {outcome} in {self.seconds[name]:.1f} s")

    def _say(self, text: str) -> None:
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)


class _Mark(ProgressColumn):
    """A spinner while the step runs, then how it ended."""

    def __init__(self) -> None:
        super().__init__()
        self._spinner = Spinner("dots")

    def render(self, task: Task) -> Text | Spinner:
        """The mark of one step."""
        return {"done": Text("✓", "green"), "failed": Text("✗", "red")}.get(
            task.fields["outcome"], self._spinner
        )


class _Name(ProgressColumn):
    def render(self, task: Task) -> Text:
        """The step's name."""
        return Text(task.description)


class _Seconds(ProgressColumn):
    def render(self, task: Task) -> Text:
        """The seconds since the step began, or that it took."""
        return Text(f"{task.elapsed or 0.0:5.1f} s", "dim")


class _LastLine(ProgressColumn):
    """What the step's command last wrote to its log: so that a long step is seen to move."""

    def render(self, task: Task) -> Text:
        """The last line of the log while the step runs, nothing after."""
        log: Path | None = task.fields["log"]
        if log is None or task.fields["outcome"] != "running":
            return Text("")
        return Text(last_line(log)[:60], "dim", no_wrap=True, overflow="ellipsis")


def last_line(log: Path) -> str:
    """The last non-empty line of `log` without its colours; empty when there is none yet."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 1024))
            text = _ANSI.sub("", file.read().decode(errors="replace"))
    except FileNotFoundError:
        return ""
    lines = [line.strip() for line in re.split(r"[\r\n]", text) if line.strip()]
    return lines[-1] if lines else ""

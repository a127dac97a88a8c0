"""What the user sees while something takes time: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

QUIET_SECONDS = 5.0
"""Between two lines about the same stage where there is no terminal."""


@dataclass
class Stage:
    """A stage under way. Call it with (steps done, steps in all); `note` is shown when it is over."""

    show: Callable[[int, int], None]
    note: str = ""

    def __call__(self, done: int, total: int) -> None:
        self.show(done, total)


@dataclass
class Reporter:
    """Tells the user what happens, on standard error; `seconds` holds how long each stage took."""

    console: Console = field(default_factory=lambda: Console(stderr=True, highlight=False, soft_wrap=True))
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """Show that `name` is under way, how far it is, and at the end how long it took."""
        started = time.monotonic()
        with self._bar(name) if self.console.is_terminal else self._lines(name) as stage:
            yield stage
        self.seconds[name] = time.monotonic() - started
        note = f"  {stage.note}" if stage.note else ""
        self.console.print(f"  {name:<16} {self.seconds[name]:6.1f} s{note}", markup=False)

    def say(self, text: str = "") -> None:
        """A line of text."""
        self.console.print(text, markup=False)

    def warn(self, text: str) -> None:
        """A line that should not be overlooked."""
        self.console.print(f"  warning: {text}", style="yellow", markup=False)

    @contextmanager
    def _bar(self, name: str) -> Iterator[Stage]:
        columns = (SpinnerColumn(), TextColumn("{task.description:<16}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True) as progress:
            task: TaskID = progress.add_task(name, total=None)
            yield Stage(lambda done, total: progress.update(task, completed=done, total=total))

    @contextmanager
    def _lines(self, name: str) -> Iterator[Stage]:
        self.console.print(f"  {name} ...", markup=False)
        last = time.monotonic()

        def show(done: int, total: int) -> None:
            nonlocal last
            if time.monotonic() - last >= QUIET_SECONDS and total > 0:
                last = time.monotonic()
                self.console.print(f"  {name} ... {done / total:4.0%}", markup=False)

        yield Stage(show)

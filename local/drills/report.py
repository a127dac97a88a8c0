"""What a drill found, as the people who ordered it read it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text


@dataclass
class Seen:
    """What callers saw: answers by kind (`by the model`, `HTTP 502`, ...), how many asked, and which of the
    answers are nowhere to be found afterwards."""

    answers: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    lost: list[str] = field(default_factory=list)

    @property
    def failed(self) -> int:
        """How many callers got no decision."""
        return sum(count for kind, count in self.answers.items() if kind.startswith(("HTTP ", "no answer")))


@dataclass(frozen=True)
class Fired:
    """The mail that told people: of which alarm, and how many seconds after the fault began."""

    alarm: str
    after: float
    subject: str


@dataclass
class Report:
    """One drill. `expected_alarm` is None where the runbook says that nobody needs to be woken; `wrong` says
    in a sentence each what was not as it should be, nothing when the drill went well."""

    name: str
    what: str
    runbook: str
    seen: Seen
    expected_alarm: str | None
    fired: Fired | None = None
    notes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


def show(console: Console, report: Report) -> None:
    """Print one report."""
    mark = ("✓", "green") if not report.wrong else ("✗", "bold red")
    console.print(Text.assemble(mark, " ", (report.name, "bold"), f"  {report.what}"))
    seen = report.seen
    answers = ", ".join(f"{count} {kind}" for kind, count in seen.answers.most_common()) or "nothing"
    lines = [("users saw", f"{answers} (of {seen.asked})"), ("lost", _lost(seen)), ("alarm", _alarm(report))]
    lines += [("also", note) for note in report.notes]
    lines += [("runbook", f"docs/runbook.md#{report.runbook}"), ("took", f"{report.seconds:.0f} s")]
    for name, text in lines:
        console.print(Text.assemble((f"    {name:<10}", "dim"), text))
    for wrong in report.wrong:
        console.print(Text.assemble(("    wrong     ", "bold red"), wrong))
    console.print()


def _lost(seen: Seen) -> str:
    return "nothing" if not seen.lost else f"{len(seen.lost)}: {', '.join(seen.lost[:3])}"


def _alarm(report: Report) -> str:
    if report.fired is not None:
        return f"{report.fired.alarm} after {report.fired.after:.0f} s: “{report.fired.subject}”"
    if report.expected_alarm is None:
        return "none, as the runbook says"
    return f"none, though {report.expected_alarm} should have fired"

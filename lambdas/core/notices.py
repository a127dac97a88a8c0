"""A mail that a person can act on: what broke, since when, how bad, what to do, and where to look."""

from __future__ import annotations

from typing import Final, NamedTuple

MOST_SUBJECT: Final = 99
"""SNS takes no longer subject, and none with other characters than ASCII."""


class Links(NamedTuple):
    """Where the reader goes from the mail; empty where there is nothing to link to."""

    dashboard: str = ""
    runbook: str = "docs/runbook.md"


class Notice(NamedTuple):
    """`subject` and `what` say what broke; `anchor` is the runbook's section. A field is a line."""

    subject: str
    what: str
    do: str
    anchor: str
    since: str = ""
    how_bad: str = ""
    details: tuple[str, ...] = ()

    def line(self) -> str:
        """The subject as SNS takes it."""
        plain = self.subject.encode("ascii", "replace").decode()
        return "".join(c if c.isprintable() else " " for c in plain)[:MOST_SUBJECT]

    def text(self, links: Links) -> str:
        """The mail's text."""
        lines = [self.what, ""]
        lines += [f"Since when: {self.since}"] if self.since else []
        lines += [f"How bad: {self.how_bad}"] if self.how_bad else []
        lines += [f"What to do: {self.do}"]
        lines += ["", *(f"- {each}" for each in self.details)] if self.details else []
        lines += ["", *([f"Dashboard: {links.dashboard}"] if links.dashboard else [])]
        return "\n".join([*lines, f"Runbook: {links.runbook}#{self.anchor}", ""])

"""Decisions counted by group: who is removed, who waits for a person, and what people said of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

OUTCOMES: Final = ("allow", "review", "remove")
OK: Final = "ok"
NONE: Final = "none named"
MOST_GROUPS: Final = 60
"""Of a declared attribute: with more different values it is a name or a number, and no group."""


@dataclass
class Counts:
    """`seen` by outcome; `labelled` by outcome, those that people found fine and those that they did not."""

    seen: list[int] = field(default_factory=lambda: [0, 0, 0])
    labelled: list[list[int]] = field(default_factory=lambda: [[0, 0], [0, 0], [0, 0]])

    @property
    def n(self) -> int:
        """How many decisions."""
        return sum(self.seen)

    def people(self, *, wrong: bool) -> int:
        """How many of them people found to be wrong, or fine."""
        return sum(pair[int(wrong)] for pair in self.labelled)

    def add(self, outcome: int, label: str | None) -> None:
        """Count a decision, and its label if it has one."""
        self.seen[outcome] += 1
        if label is not None:
            self.labelled[outcome][int(label != OK)] += 1


@dataclass
class Tally:
    """The counts of each dimension's groups. A decision counts in each group that it is in."""

    everyone: Counts = field(default_factory=Counts)
    groups: dict[str, dict[str, Counts]] = field(default_factory=dict)

    def add(self, outcome: str, label: str | None, groups: Mapping[str, Collection[str]]) -> None:
        """Count a decision; `groups` are those that it is in, by dimension."""
        place = OUTCOMES.index(outcome)
        self.everyone.add(place, label)
        for dimension, names in groups.items():
            for name in names:
                self.groups.setdefault(dimension, {}).setdefault(name, Counts()).add(place, label)

    def dimensions(self) -> dict[str, dict[str, Counts]]:
        """Those whose values are groups, and of which there are two or more."""
        return {
            name: dict(sorted(groups.items()))
            for name, groups in sorted(self.groups.items())
            if 2 <= len(groups) <= MOST_GROUPS
        }

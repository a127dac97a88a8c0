"""Does the candidate know the champion's labels? With others the two disagree on what no model can help."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from model_build.preflight.bundles import Opened
from model_build.preflight.verdict import Verdict

MOST_NAMED: Final = 8
"""So many labels are named of each kind; of more, the rest is counted."""


def same_labels(candidate: Opened, champion: Opened) -> Verdict:
    """Whether both have the same heads, and each head the same classes, in whatever order.

    A rollout compares the answers of the two, so it could only undo a candidate with other labels.
    """
    new, old = (
        {head.name: set(head.classes) for head in each.manifest.heads} for each in (candidate, champion)
    )
    count = sum(map(len, new.values()))
    if new == old:
        return Verdict("labels", True, f"the champion's: {count} labels of {len(new)} heads")
    parts = [
        f"{name}: {', '.join(_differs(new.get(name, set()), old.get(name, set())))}"
        for name in sorted(new.keys() | old.keys())
        if new.get(name) != old.get(name)
    ]
    said = (
        f"{candidate.version} has other labels than the champion {champion.version} ({'; '.join(parts)}). A "
        "rollout is undone where the two disagree: publish it with make publish, which changes over at once "
        "(FORCE=1 rolls it out all the same)"
    )
    return Verdict("labels", False, said)


def _differs(new: set[str], old: set[str]) -> list[str]:
    """What is new and what is missing, in words; empty for none."""
    found = (("new", new - old), ("missing", old - new))
    return [f"{word} {_listed(names)}" for word, names in found if names]


def _listed(names: Collection[str]) -> str:
    """The first of the names in quotes, and how many more there are."""
    shown = ", ".join(f"'{name}'" for name in sorted(names)[:MOST_NAMED])
    return shown if len(names) <= MOST_NAMED else f"{shown} and {len(names) - MOST_NAMED} more"

"""Which yes-or-no heads of the data have enough rows of both to be learned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from model_build.examine import Layout
from model_build.findings import Finding
from model_build.parameters import ClassParameters

Counts = Mapping[str, Counter[str]]


def heads_left(
    layout: Layout, counts: Counts, classes: ClassParameters, known: Mapping[str, list[str]] | None
) -> tuple[dict[str, Counter[str]], list[Finding]]:
    """`counts` of the heads that stay, and what is to be said of the others.

    Of several yes-or-no heads those with too few rows of yes or of no are left out, as long as one stays. In
    a separate test file the heads are those of the training data, `known`.
    """
    if known is not None:
        return {head: counts[head] for head in known}, []
    if len(layout.binaries) < 2:
        return dict(counts), []
    enough = [each for each in layout.binaries if _rows(counts, each.head) >= classes.least_rows]
    if not enough:
        # One head's story is enough: the others say the same.
        first = max(layout.binaries, key=lambda each: _rows(counts, each.head))
        return {first.head: counts[first.head]}, []
    findings = []
    for each in layout.binaries:
        few = counts[each.head][each.yes]
        if each not in enough and (few or not each.listed):
            findings.append(
                Finding(
                    code="too-few",
                    severity="warning",
                    message=f"'{each.head}' is not learned: it has {few:,} rows of yes and "
                    f"{counts[each.head][each.no]:,} of no, {classes.least_rows} of each are needed",
                    column=each.column,
                )
            )
    return {each.head: counts[each.head] for each in enough}, findings


def _rows(counts: Counts, head: str) -> int:
    """The rows of the head's rarer class."""
    found = counts[head]
    return min(found.values()) if len(found) > 1 else 0

"""What there is of each version, and whether entities fell to them as they should."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from lambdas.observations.window import Bools, Window
from lambdas.rollout.ab_slices import failed_of
from lambdas.rollout.ab_types import Assignment, NothingToCompare, Period, Side
from lambdas.rollout.judge_columns import costs_of, entities
from lambdas.rollout.judge_plan import Costs
from lambdas.rollout.sequential import log_mismatch

BROKEN: Final = 1000.0
"""From which e-value on the split is called broken."""


def refuse(window: Window, a: str, b: str) -> None:
    """Raise NothingToCompare where a version was never seen."""
    if a == b:
        raise NothingToCompare(f"{a} is both A and B: name two versions")
    if not len(window):
        raise NothingToCompare(f"nothing was observed of {window.service} in this time")
    for version in (a, b):
        if not (window.version.is_(version) | window.other_version.is_(version)).any():
            counts = np.bincount(window.version.codes[window.version.codes >= 0], minlength=1)
            seen = ", ".join(
                f"{word} ({counts[k]:,})" for k, word in enumerate(window.version.words) if k < len(counts)
            )
            raise NothingToCompare(
                f"{window.service} has no decision of version {version} in this time. Seen: {seen or 'none'}"
            )


def why_apart(window: Window, a: str, b: str) -> str:
    said = []
    for version in (a, b):
        at = window.at[window.version.is_(version)]
        when = f"from {_time(at.min())} to {_time(at.max())}" if len(at) else "never answered"
        said.append(f"{version} {when}")
    return (
        f"the versions were never live at the same time ({'; '.join(said)}), and nothing was asked of both: "
        "what differs may be the time's doing. Compare them in a rollout, or in shadow (make rollout)"
    )


def _time(at: float) -> str:
    return str(np.datetime64(int(at), "s")).replace("T", " ")


def side_of(window: Window, version: str, costs: Costs) -> Side:
    cost = costs_of(window.label, window.outcome, costs)
    acted = ~window.review & np.isfinite(cost)
    return Side(
        version=version,
        decisions=len(window),
        entities=len(np.unique(entities(window))),
        labelled=int((window.label.codes >= 0).sum()),
        labelled_acted=int(acted.sum()),
        wrong_acted=int((cost[acted] > 0).sum()),
        failed=int(failed_of(window).sum()),
        first=float(window.at.min()) if len(window) else 0.0,
        last=float(window.at.max()) if len(window) else 0.0,
    )


def assignment_of(window: Window, b: Bools, periods: Sequence[Period]) -> Assignment:
    """The sequential test of the split and the chi-square test, over the entities that are new in a period.

    Within one rollout an entity that came before cannot fall by chance again: its place is known.
    """
    codes = entities(window)
    count = int(codes.max()) + 1 if len(codes) else 0
    both = int(
        ((np.bincount(codes[b], minlength=count) > 0) & (np.bincount(codes[~b], minlength=count) > 0)).sum()
    )
    log, seen, of_b, expected, spread = 0.0, 0, 0, 0.0, 0.0
    known: dict[str, Bools] = {}
    for period in periods:
        before = known.setdefault(period.of, np.zeros(count, dtype=np.bool_))
        inside = (window.at >= period.since) & (window.at < period.until)
        first = np.flatnonzero(inside)[np.unique(codes[inside], return_index=True)[1]]
        first = first[~before[codes[first]]]
        before[codes[first]] = True
        n, k = len(first), int(b[first].sum())
        if not 0.0 < period.share < 1.0:
            continue
        log += float(log_mismatch(np.asarray(float(k)), np.asarray(float(n)), period.share))
        seen, of_b = seen + n, of_b + k
        expected, spread = expected + n * period.share, spread + n * period.share * (1 - period.share)
    if not spread:
        of_b = len(np.unique(codes[b]))
        said = (
            f"{of_b:,} of {count:,} entities had B; what the share should have been, no rollout's record says"
        )
        return Assignment(count, of_b, None, None, None, both, "unknown", f"{said}.")
    evidence = math.exp(min(log, 600.0))
    p = math.erfc(abs(of_b - expected) / math.sqrt(2.0 * spread))
    broken = evidence >= BROKEN
    said = f"{of_b:,} of {seen:,} entities fell to B, {expected:,.0f} should"
    said += ": more than chance does, so no other figure can be trusted" if broken else ""
    return Assignment(seen, of_b, expected, evidence, p, both, "broken" if broken else "fine", f"{said}.")

"""The drift job's look, window after window, over a simulated stream with people's labels coming in late."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from benchmarks.drift_live import Live
from lambdas.drift.limits import Limits
from lambdas.drift.look import Bundle, Span, look
from lambdas.drift.report import Report, State
from tests.support.observations import column_of

ANSWERED_DAYS, REPORTED_DAYS = 1.0, 3.0
"""How long reviewers take, and holders until they report a fraud; the median."""


@dataclass(frozen=True)
class Seen:
    """A window's report, and how many decisions were in it."""

    report: Report
    decisions: int


def with_labels(live: Live, sampled: float, seed: int = 5) -> Live:
    """Reviewed decisions are labelled, the share `sampled` of the clear ones, and every fraud that is
    reported."""
    chance, decided = np.random.default_rng(seed), live.decided
    asked = decided.review | (chance.random(len(decided)) < sampled)
    days = chance.exponential(ANSWERED_DAYS / np.log(2), len(decided))
    reported = ~asked & (live.truth == "fraud")
    days = np.where(reported, chance.exponential(REPORTED_DAYS / np.log(2), len(decided)), days)
    told = asked | reported
    words = [word if known else None for word, known in zip(live.truth.tolist(), told.tolist(), strict=True)]
    at = np.where(told, decided.at + days * 86_400.0, np.nan)
    return Live(replace(decided, label=column_of(words), labelled_at=at), live.truth)


def watched(live: Live, bundle: Bundle, limits: Limits, first: datetime) -> list[Seen]:
    """A report a day from `first` on."""
    decided, state = live.decided, State(bundle.version, _text(first), _text(first))
    begin, found = first, []
    while begin.timestamp() + 86_400.0 <= decided.at[-1] + 3_600.0:
        end = begin + timedelta(days=1)
        now = (decided.at >= begin.timestamp()) & (decided.at < end.timestamp())
        told = (decided.labelled_at >= begin.timestamp()) & (decided.labelled_at < end.timestamp())
        window = replace(decided.where(now), label=column_of([None] * int(now.sum())))
        report, after = look(
            window, decided.where(told), bundle, limits, state, Span(_text(begin), _text(end))
        )
        found.append(Seen(report, int(now.sum())))
        if report.enough:
            state = after
        begin = end
    return found


def first_whole_day(live: Live) -> datetime:
    """The first midnight in the stream."""
    at = datetime.fromtimestamp(live.decided.at[0], UTC)
    return at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def accuracy(live: Live, bundle: Bundle) -> float:
    """The true share of right decisions among those that claim something."""
    stands = bundle.label_outcomes or {}
    meant = np.array([stands.get(word, stands.get("*", word)) for word in live.truth.tolist()])
    words = np.array([*live.decided.outcome.words, ""])
    claimed: Any = bundle.claims(live.decided)
    return float((words[live.decided.outcome.codes] == meant)[claimed].mean())

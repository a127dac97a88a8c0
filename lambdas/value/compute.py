"""The value of the decisions in a Window: a pure function of it and of what the bundles say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lambdas.observations.window import Column, Window
from lambdas.value.sums import Sums, total
from lambdas.value.worth import ANY, REVIEWED, Cost, Rate, Worth

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int64]

NOTHING: Final = Cost()


class Priced(NamedTuple):
    """A cost, a row each."""

    minutes: Floats
    money: Floats


def value_of(window: Window, worth: Callable[[str | None], Worth | None]) -> Sums:
    """The sums of all rows; `worth` says what the decisions of a bundle cost, None for those of the rules."""
    parts = []
    for code in np.unique(window.version.codes).tolist():
        rows = window.where(window.version.codes == code)
        found = worth(window.version.words[code] if code >= 0 else None)
        parts.append(_unpriced(rows) if found is None else _of(rows, found))
    return total(parts)


def unlabelled(window: Window, rows: Bools) -> Window:
    """`window` as if nobody had labelled `rows`."""
    return replace(window, label=Column(window.label.words, np.where(rows, -1, window.label.codes)))


def _unpriced(window: Window) -> Sums:
    n, reviewed = len(window), int(window.review.sum())
    return Sums(decisions=n, alone=n - reviewed, reviewed=reviewed, unpriced=n)


def _of(window: Window, worth: Worth) -> Sums:
    """The sums of decisions that one Worth prices."""
    known = window.label.codes >= 0
    alone = ~window.review
    mistakes, labelled = _labelled(window, worth)
    rates = _by_rates(window, worth, ~known)
    n = len(window)
    # Minutes and money that are saved: without the system, less with it.
    reviewed = np.where(window.review, 1.0, 0.0)
    minutes = worth.by_hand.minutes - reviewed * worth.review.minutes + labelled.minutes + rates.minutes
    money = worth.by_hand.money - reviewed * worth.review.money + labelled.money + rates.money
    whole = float((minutes / 60 * worth.cost_an_hour + money).sum())
    return Sums(
        decisions=n,
        alone=int(alone.sum()),
        reviewed=n - int(alone.sum()),
        labelled=int((alone & known).sum()),
        wrong=int((alone & known & mistakes).sum()),
        hours=float(minutes.sum()) / 60,
        money=whole,
        low=whole + rates.low,
        high=whole + rates.high,
    )


def _labelled(window: Window, worth: Worth) -> tuple[Bools, Priced]:
    """Which labelled rows were wrong to act on, and what all labelled ones save beside what each item
    does."""
    outcomes, labels = window.outcome.words, window.label.words
    known = window.label.codes >= 0
    alone = known & ~window.review
    wrong = np.array([[not worth.is_right(o, word) for word in labels] for o in outcomes], dtype=np.bool_)
    mistakes = np.zeros(len(window), dtype=np.bool_)
    if alone.any():
        mistakes[alone] = wrong[window.outcome.codes[alone], window.label.codes[alone]]
    spared = [worth.of_label(word) for word in labels]
    saved = _priced(window, known, window.label.codes.astype(np.int64), spared)
    pairs = [worth.of_mistake(outcome, word) for outcome in outcomes for word in labels]
    places = window.outcome.codes.astype(np.int64) * max(len(labels), 1) + window.label.codes
    lost = _priced(window, alone, places, pairs)
    return mistakes, Priced(saved.minutes - lost.minutes, saved.money - lost.money)


class _Rated(NamedTuple):
    """A row each, and how far the sum of the money may be off at the ends of the rates' intervals."""

    minutes: Floats
    money: Floats
    low: float
    high: float


def _by_rates(window: Window, worth: Worth, rows: Bools) -> _Rated:
    """What `rows`, which nobody has labelled, save by the measured rates beside what each item does."""
    minutes, money = np.zeros(len(window)), np.zeros(len(window))
    low = high = 0.0
    for outcome, these, reviewed in _groups(window, rows):
        for label, share in _shares(window, worth, outcome, reviewed=reviewed).items():
            spared = worth.of_label(label)
            lost = NOTHING if reviewed else worth.of_mistake(outcome, label)
            places = np.zeros(len(window), dtype=np.int64)
            gain, loss = _priced(window, these, places, [spared]), _priced(window, these, places, [lost])
            minutes += share.value * (gain.minutes - loss.minutes)
            money += share.value * (gain.money - loss.money)
            each = (gain.minutes - loss.minutes) / 60 * worth.cost_an_hour + gain.money - loss.money
            ends = [float(((end - share.value) * each).sum()) for end in (share.low, share.high)]
            low, high = low + min(ends), high + max(ends)
    return _Rated(minutes, money, low, high)


def _groups(window: Window, rows: Bools) -> list[tuple[str, Bools, bool]]:
    """(outcome, its rows, whether people looked at them) of the unlabelled `rows`."""
    found = [(REVIEWED, rows & window.review, True)]
    for code, outcome in enumerate(window.outcome.words):
        found.append((outcome, rows & ~window.review & (window.outcome.codes == code), False))
    return [group for group in found if group[1].any()]


class _Share(NamedTuple):
    """A share of the rows, one for all or a row each."""

    value: Any
    low: Any
    high: Any


def _shares(window: Window, worth: Worth, outcome: str, *, reviewed: bool) -> Mapping[str, _Share]:
    """How many of the decisions of `outcome` have which label: as measured, or else by their confidence."""
    measured: Mapping[str, Rate] | None = worth.errors.get(outcome)
    if measured is None and not reviewed:
        measured = worth.errors.get(ANY)
    if measured is not None:
        return {label: _Share(rate.value, rate.low, rate.high) for label, rate in measured.items()}
    if reviewed:
        return {}
    # A bundle that was not measured: its probabilities are calibrated, so it is wrong with what is left to 1.
    labels = {*worth.unhandled, *worth.wrong.get(outcome, worth.wrong.get(ANY, {}))}
    right = [label for label in labels if label != ANY and worth.is_right(outcome, label)]
    wrong = sorted(labels - set(right))
    doubt = 1.0 - np.nan_to_num(window.confidence, nan=1.0)
    said = {label: doubt / len(wrong) for label in wrong}
    said |= {label: (1.0 - doubt) / len(right) for label in sorted(right)}
    return {label: _Share(share, share, share) for label, share in said.items()}


def _priced(window: Window, rows: Bools, places: Codes, costs: list[Cost]) -> Priced:
    """What `costs[places[k]]` is for each of `rows`; nothing for the others."""
    minutes, money = np.zeros(len(window)), np.zeros(len(window))
    if not rows.any() or not costs:
        return Priced(minutes, money)
    chosen = places[rows]
    minutes[rows] = np.array([cost.minutes for cost in costs])[chosen]
    money[rows] = np.array([cost.money for cost in costs])[chosen]
    for cost in {cost for cost in costs if cost.feature is not None}:
        which = rows.copy()
        which[rows] = np.array([each == cost for each in costs])[chosen]
        known = _feature(window, cost)
        money = np.where(which & np.isfinite(known), known, money)
    return Priced(minutes, money)


def _feature(window: Window, cost: Cost) -> Floats:
    """The number that `cost` is, a row each; NaN where it is not known."""
    if cost.feature not in window.names:
        return np.full(len(window), np.nan)
    found = window.features[:, window.names.index(cost.feature)].astype(np.float64)
    return np.expm1(found) if cost.log else found

"""Labels as bets: seldom a false alarm, soon a true one, whatever part of the decisions is labelled."""

from __future__ import annotations

import numpy as np
import pytest

from lambdas.drift.labels import (
    LEARN_WINDOWS,
    MOST_LEARN_WINDOWS,
    REFINE_WINDOWS,
    LabelWatch,
    Told,
    evidence,
    usual_errors,
    watch,
)

pytestmark = pytest.mark.unit

SHARES = np.clip(1 - (np.arange(20) + 0.5) / 20, 0.01, 0.99)
"""The errors that a calibrated model promises."""


def told(rng: np.random.Generator, n: int, times: float = 1.0, *, picked: float = 1.0, of: int = 0) -> Told:
    """`n` labels; errors have `times` the odds. `picked`: an error is so much likelier to be labelled. With
    `of` entities, all of one are wrong or none."""
    codes = rng.integers(12, 20, n)
    odds = SHARES[codes] / (1 - SHARES[codes]) * times * picked
    chance = odds / (1 + odds)
    entity = rng.integers(1, of + 1, n).astype(np.uint64) if of else np.zeros(n, np.uint64)
    drawn = rng.random(of + 1)[entity.astype(int)] if of else rng.random(n)
    return Told(codes, drawn < chance, codes < 16, entity)


def run(rng: np.random.Generator, windows: int, n: int, **more: float) -> tuple[LabelWatch, int]:
    """The watch after quiet windows, and how often an alarm began."""
    known, began = LabelWatch(), 0
    for _ in range(windows):
        after = watch(known, told(rng, n, **more), SHARES, 1000.0)  # type: ignore[arg-type]
        began += after.on and not known.on
        known = after
    return known, began


@pytest.mark.parametrize(
    "more", [{}, {"picked": 3.0}, {"of": 12}], ids=["all alike", "errors rather", "by customer"]
)
def test_nothing_changes_and_nobody_is_woken(more: dict[str, float]) -> None:
    began = sum(run(np.random.default_rng(seed), 100, 40, **more)[1] for seed in range(10))
    assert began <= 1, "once in a thousand windows is what is allowed"


@pytest.mark.parametrize("picked", [1.0, 3.0])
def test_more_errors_are_noticed_whatever_is_labelled(picked: float) -> None:
    delays = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        known, _ = run(rng, 20, 60, picked=picked)
        for number in range(1, 40):
            known = watch(known, told(rng, 60, 2.5, picked=picked), SHARES, 1000.0)
            if known.on:
                delays.append(number)
                break
    assert len(delays) == 10 and np.median(delays) <= 6


def test_what_is_picked_is_learned_first() -> None:
    known, _ = run(np.random.default_rng(1), LEARN_WINDOWS - 1, 60, picked=3.0)
    assert known.offset is None and usual_errors(known, SHARES) is None
    known, _ = run(np.random.default_rng(1), LEARN_WINDOWS, 60, picked=3.0)
    assert known.offset is not None and known.offset[0] == pytest.approx(np.log(3), abs=0.5)
    assert evidence(known) < 1e-200 and not known.on


def test_an_alarm_ends_when_decisions_are_right_again() -> None:
    rng = np.random.default_rng(2)
    known, _ = run(rng, 15, 60)
    for _ in range(30):
        known = watch(known, told(rng, 60, 4.0), SHARES, 1000.0)
    assert known.on
    windows = 0
    while known.on:
        known = watch(known, told(rng, 60), SHARES, 1000.0)
        windows += 1
    assert windows <= 20


def test_a_window_without_labels_says_nothing() -> None:
    none = Told(np.zeros(0, int), np.zeros(0, bool), np.zeros(0, bool), np.zeros(0, np.uint64))
    assert watch(LabelWatch(), none, SHARES, 1000.0) == LabelWatch()


def rare(rng: np.random.Generator, n: int, times: float = 1.0) -> Told:
    """`n` labels of decisions that are sure of themselves: one in thirty is wrong."""
    codes = rng.integers(18, 20, n)
    chance = 0.03 * times
    return Told(codes, rng.random(n) < chance, np.zeros(n, np.bool_), np.zeros(n, np.uint64))


def test_where_errors_are_rare_two_weeks_teach_what_is_usual_and_a_change_is_noticed_from_then_on() -> None:
    delays = []
    for seed in range(10):
        rng, known = np.random.default_rng(seed), LabelWatch()
        for _ in range(MOST_LEARN_WINDOWS + 2):
            known = watch(known, rare(rng, 16), SHARES, 1000.0)
        assert known.offset is not None and not known.on
        for number in range(1, 60):
            known = watch(known, rare(rng, 16, 4.0), SHARES, 1000.0)
            if known.on:
                delays.append(number)
                break
    assert len(delays) >= 9 and np.median(delays) <= 20


def test_rare_errors_that_stay_rare_wake_nobody() -> None:
    began = 0
    for seed in range(10):
        rng, known = np.random.default_rng(seed), LabelWatch()
        for _ in range(120):
            after = watch(known, rare(rng, 16), SHARES, 1000.0)
            began += after.on and not known.on
            known = after
    assert began <= 1


def test_what_is_usual_is_learned_further_while_nothing_speaks_against_it() -> None:
    first, last, labels = [], [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        known, _ = run(rng, LEARN_WINDOWS, 20)
        first.append(known.offset[0] if known.offset else np.nan)
        for _ in range(REFINE_WINDOWS - LEARN_WINDOWS):
            known = watch(known, told(rng, 20), SHARES, 1000.0)
        assert known.offset is not None
        last.append(known.offset[0])
        labels.append(sum(known.learned[0]))
        assert watch(known, told(rng, 20), SHARES, 1000.0).offset == known.offset
    assert np.median(labels) > 1.5 * LEARN_WINDOWS * 20
    assert 0.0 < np.mean(last) < 0.8 * np.nanmean(first), "nothing is picked here: all of it is the allowance"
    worse, _ = run(np.random.default_rng(4), LEARN_WINDOWS, 60)
    while evidence(worse) < 1.0:
        worse = watch(worse, told(rng, 60, 4.0), SHARES, 1000.0)
    assert watch(worse, told(rng, 60, 4.0), SHARES, 1000.0).learned == worse.learned

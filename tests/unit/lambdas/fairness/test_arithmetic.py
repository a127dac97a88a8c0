"""The monitor's arithmetic is fairlearn's where every decision is labelled, and weighs labels where not."""

from __future__ import annotations

import random

import numpy as np
import pytest
from fairlearn.metrics import MetricFrame, false_negative_rate, false_positive_rate, selection_rate

from lambdas.fairness.arithmetic import (
    FLAGGED,
    POINTS,
    REMOVED,
    around,
    drawn_rates,
    error_rates,
    selection,
    selection_gap,
    wilson,
)
from lambdas.fairness.live import FALSE_NEGATIVES, FALSE_POSITIVES, figures_of, warnings_of
from lambdas.fairness.tally import OUTCOMES, Counts, Tally
from model_build.intervals import wilson as the_builds

GROUPS = ("a", "b", "c")


def posts(rows: int = 3_000, seed: int = 1) -> list[tuple[str, str, bool]]:
    """(group, outcome, whether something is wrong) of each; "c" is hit wrongly more often."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(rows):
        k = int(rng.integers(0, 3))
        wrong = bool(rng.random() < 0.25)
        hit = rng.random() < (0.8 if wrong else (0.05, 0.1, 0.35)[k])
        removed = hit and rng.random() < 0.5
        found.append((GROUPS[k], OUTCOMES[int(hit) + int(removed)], wrong))
    return found


def tally_of(rows: list[tuple[str, str, bool]], labelled: float = 1.0) -> Tally:
    """All labelled, or all of `review` and of the rest a share."""
    tally, chance = Tally(), random.Random(3)  # noqa: S311
    for group, outcome, wrong in rows:
        known = outcome == "review" or chance.random() < labelled
        tally.add(outcome, ("toxicity" if wrong else "ok") if known else None, {"group": {group}})
    return tally


@pytest.mark.parametrize(("point", "hit_from"), [(FLAGGED, 1), (REMOVED, 2)])
def test_with_every_decision_labelled_the_rates_are_fairlearns(point: str, hit_from: int) -> None:
    rows = posts()
    hit = np.array([OUTCOMES.index(outcome) >= hit_from for _, outcome, _ in rows])
    frame = MetricFrame(
        metrics={"fpr": false_positive_rate, "fnr": false_negative_rate, "selected": selection_rate},
        y_true=np.array([wrong for _, _, wrong in rows]),
        y_pred=hit,
        sensitive_features=np.array([group for group, _, _ in rows]),
    )
    for name, counts in tally_of(rows).groups["group"].items():
        false_positives, false_negatives = error_rates(counts, point)
        assert false_positives == pytest.approx(frame.by_group["fpr"][name])
        assert false_negatives == pytest.approx(frame.by_group["fnr"][name])
        assert selection(counts, point).value == pytest.approx(frame.by_group["selected"][name])


@pytest.mark.parametrize("point", list(POINTS))
def test_the_gaps_are_fairlearns_too(point: str) -> None:
    rows = posts()
    hit = np.array([OUTCOMES.index(outcome) >= POINTS[point] for _, outcome, _ in rows])
    frame = MetricFrame(
        metrics={"fpr": false_positive_rate, "fnr": false_negative_rate, "selected": selection_rate},
        y_true=np.array([wrong for _, _, wrong in rows]),
        y_pred=hit,
        sensitive_features=np.array([group for group, _, _ in rows]),
    )
    (dimension,) = figures_of(tally_of(rows), least=30, seed=1)[1]
    found = {gap.measure: gap.value for gap in dimension.gaps if gap.point == point}
    widths = frame.difference()
    assert found["selection rate"] == pytest.approx(widths["selected"])
    assert found[FALSE_POSITIVES] == pytest.approx(widths["fpr"])
    assert found[FALSE_NEGATIVES] == pytest.approx(widths["fnr"])


def test_labels_of_the_unclear_and_a_sample_give_the_rates_of_all() -> None:
    rows = posts(60_000)
    whole, part = tally_of(rows).everyone, tally_of(rows, labelled=0.05).everyone
    wanted, _ = error_rates(whole, FLAGGED)
    found, _ = error_rates(part, FLAGGED)
    assert wanted is not None and found is not None
    assert found == pytest.approx(wanted, abs=0.01)
    fine = [pair[0] for pair in part.labelled]
    plain = (fine[1] + fine[2]) / sum(fine)
    assert plain > wanted + 0.2, "what the labels alone would have said"


def test_the_interval_holds_what_is_true_about_as_often_as_it_says() -> None:
    inside, runs = 0, 60
    for seed in range(runs):
        counts = tally_of(posts(2_000, seed=seed), labelled=0.1).everyone
        value, _ = error_rates(counts, FLAGGED)
        assert value is not None
        low_high = around(value, drawn_rates(counts, FLAGGED, random.Random(seed))[0])  # noqa: S311
        inside += low_high.low <= (0.05 + 0.1 + 0.35) / 3 <= low_high.high
    assert inside >= 0.85 * runs


def test_an_outcome_without_labels_is_not_guessed() -> None:
    counts = Counts([500, 40, 10], [[0, 0], [30, 10], [2, 8]])
    assert error_rates(counts, FLAGGED) == (None, None)


@pytest.mark.parametrize(("part", "whole"), [(0, 0), (0, 9), (4, 9), (9, 9), (30, 4000)])
def test_wilson_is_the_builds(part: int, whole: int) -> None:
    ours, theirs = wilson(part, whole), the_builds(part, whole)
    assert (ours.value, ours.low, ours.high) == pytest.approx((theirs.value, theirs.low, theirs.high))


def test_newcombes_interval_is_the_published_one() -> None:
    # Newcombe 1998, Statistics in Medicine 17:873-890, table II, method 10: 56/70 less 48/80.
    groups = {"x": Counts([14, 0, 56]), "y": Counts([32, 0, 48])}
    gap = selection_gap(groups, REMOVED, least=10)
    assert gap is not None
    assert (gap.low, gap.value, gap.high) == pytest.approx((0.0524, 0.2, 0.3339), abs=5e-5)


def test_people_are_told_of_a_gap_that_is_beyond_doubt() -> None:
    _, wide = figures_of(tally_of(posts()), least=30, seed=1)
    warnings = warnings_of(wide, error_gap_from=0.1, selection_gap_from=0.3)
    told = "group: false positive rate (removed or reviewed) of c is 0."
    assert any(each.startswith(told) for each in warnings)
    assert all(" of c is " in each for each in warnings)


def test_nobody_is_told_of_the_widest_of_many_gaps_that_are_chance() -> None:
    told = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        rows = [
            (f"g{rng.integers(0, 20)}", OUTCOMES[int(rng.random() < 0.2)], bool(rng.random() < 0.3))
            for _ in range(1_200)
        ]
        _, found = figures_of(tally_of(rows), least=30, seed=1)
        told += bool(warnings_of(found, error_gap_from=0.0, selection_gap_from=0.0))
    assert told <= 4


def test_groups_with_too_few_decisions_are_named_and_nothing_said_of_them() -> None:
    tally = tally_of(posts(600))
    for _ in range(4):
        tally.add("remove", "ok", {"group": {"tiny"}})
    (dimension,) = figures_of(tally, least=50, seed=1)[1]
    assert dimension.too_few == ["tiny"]
    assert {each.group for each in dimension.groups} == set(GROUPS)

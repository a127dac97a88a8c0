"""The figures by group: fairlearn's, with intervals, and nothing said where too few rows are behind it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from fairlearn.metrics import (
    MetricFrame,
    demographic_parity_difference,
    demographic_parity_ratio,
    equalized_odds_difference,
    false_negative_rate,
    false_positive_rate,
)

from model_build.fairness import rates
from model_build.fairness.cells import Cells, codes_of
from model_build.fairness.groups import NONE, Dimension, of_column, of_sets
from model_build.fairness.measures import Table, measure

Bools = npt.NDArray[np.bool_]

GROUPS = ("a", "b", "c")


def decided(rows: int = 3_000, seed: int = 1) -> tuple[Bools, Bools, Dimension]:
    """Rows in one group each; "c" is hit wrongly far more often than "a"."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 3, rows)
    truth = rng.random(rows) < 0.3
    chosen = np.where(truth, rng.random(rows) < 0.8, rng.random(rows) < np.array([0.05, 0.1, 0.3])[group])
    return truth, chosen, of_sets("group", [{GROUPS[k]} for k in group.tolist()], none=None)


def overlapping(rows: int = 2_000) -> tuple[Bools, Bools, Dimension]:
    truth, chosen, _ = decided(rows)
    rng = np.random.default_rng(2)
    sets = [{name for name in GROUPS if rng.random() < 0.3} for _ in range(rows)]
    return truth, chosen, of_sets("identity", sets)


def table(truth: Bools, chosen: Bools, dimension: Dimension, least: int = 30) -> Table:
    return measure(truth, chosen, dimension, least=least, seed=3)


def test_the_gaps_are_fairlearns() -> None:
    truth, chosen, dimension = decided()
    groups = np.array(dimension.names)[dimension.member.argmax(axis=1)]
    found = table(truth, chosen, dimension)
    for name, function in (
        (rates.EQUALISED_ODDS, equalized_odds_difference),
        (rates.PARITY, demographic_parity_difference),
        (rates.PARITY_RATIO, demographic_parity_ratio),
    ):
        gap = found.gap(name)
        assert gap is not None
        assert gap.value.value == pytest.approx(function(truth, chosen, sensitive_features=groups))
        assert gap.value.low <= gap.value.value <= gap.value.high


@pytest.mark.parametrize("made", [decided, overlapping])
def test_our_counts_give_the_rates_of_fairlearns_frame(made: object) -> None:
    truth, chosen, dimension = made()  # type: ignore[operator]
    counts = Cells(dimension.member, codes_of(truth, chosen)).counts
    rows, names = dimension.exploded()
    frame = MetricFrame(
        metrics={"fpr": false_positive_rate, "fnr": false_negative_rate},
        y_true=truth[rows], y_pred=chosen[rows], sensitive_features=np.array(names),
    )  # fmt: skip
    for k, name in enumerate(dimension.names):
        assert rates.false_positive_rate(counts)[k] == pytest.approx(frame.by_group["fpr"][name])
        assert rates.false_negative_rate(counts)[k] == pytest.approx(frame.by_group["fnr"][name])


@pytest.mark.parametrize("name", [rates.FALSE_POSITIVES, rates.FALSE_NEGATIVES, rates.PARITY])
def test_the_arrays_of_the_bootstrap_give_fairlearns_gaps_too(name: str) -> None:
    truth, chosen, dimension = overlapping()
    gap = table(truth, chosen, dimension).gap(name)
    counts = Cells(dimension.member, codes_of(truth, chosen)).counts
    assert gap is not None
    assert gap.value.value == pytest.approx(float(rates.GAPS[name][0](counts)))


def test_the_widest_gap_names_who_has_it() -> None:
    gap = table(*decided()).gap(rates.FALSE_POSITIVES)
    assert gap is not None
    assert (gap.highest, gap.lowest, gap.groups) == ("c", "a", 3)
    assert gap.value.value == pytest.approx(0.25, abs=0.05)


def test_too_few_rows_give_no_verdict_and_are_named() -> None:
    truth, chosen, _ = decided(300)
    few = of_sets("group", [{"tiny"} if k < 5 else {"large"} for k in range(300)], none=None)
    found = table(truth, chosen, few)
    tiny = next(each for each in found.groups if each.group == "tiny")
    assert found.too_few == ["tiny"]
    assert tiny.n == 5
    assert tiny.false_positive_rate is None and tiny.selection_rate is None
    assert found.gaps == [], "one group alone has no gap"


def test_a_row_in_two_groups_counts_in_both() -> None:
    dimension = of_sets("identity", [{"a", "b"}, {"a"}, set()])
    assert dimension.names == ("a", "b", NONE)
    cells = Cells(dimension.member, codes_of(np.array([True, False, False]), np.array([True, True, False])))
    assert cells.counts.sum(axis=1).tolist() == [2, 1, 1]


def test_replicates_keep_the_number_of_rows_and_their_mean() -> None:
    truth, chosen, dimension = decided()
    cells = Cells(dimension.member, codes_of(truth, chosen))
    drawn = cells.resampled(seed=5, resamples=400)
    assert (drawn.sum(axis=(1, 2)) == len(truth)).all()
    assert np.abs(drawn.mean(axis=0) - cells.counts).max() < 5


def test_a_gap_that_is_chance_has_an_interval_that_reaches_down() -> None:
    rng = np.random.default_rng(4)
    truth, chosen = rng.random(400) < 0.5, rng.random(400) < 0.5
    gap = table(truth, chosen, of_sets("group", [{GROUPS[k % 3]} for k in range(400)], none=None)).gap(
        rates.FALSE_POSITIVES
    )
    assert gap is not None and gap.value.low < 0.1 < gap.value.high + 0.05


def test_nobody_hit_is_perfect_parity() -> None:
    truth, _, dimension = decided(600)
    found = table(truth, np.zeros(600, dtype=bool), dimension)
    parity, ratio = found.gap(rates.PARITY), found.gap(rates.PARITY_RATIO)
    assert parity is not None and parity.value.value == 0.0
    assert ratio is not None and ratio.value.value == 1.0


def test_a_column_with_a_value_a_row_is_no_group() -> None:
    assert of_column("name", [f"user {k}" for k in range(500)]) is None
    assert of_column("empty", ["", None, ""]) is None
    found = of_column("gender", ["f", "m", None, "f"])
    assert found is not None and found.names == ("f", "m") and found.member.sum() == 3

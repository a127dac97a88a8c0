"""The rules that assign rows, at sizes where they count and at sizes where they hash."""

from __future__ import annotations

import numpy as np
import pytest

from model_build import assign
from model_build.assign import Keys, balance, group_rule, scatter, stratified_rule, time_rule
from model_build.duplicates import straddling

SHARES = (0.6, 0.2, 0.2)


def keys_of(count: int, *, classes: int = 3, groups: int = 100, seed: int = 0) -> Keys:
    rng = np.random.default_rng(seed)
    return Keys(
        text=rng.integers(0, 2**63, count).astype(np.uint64),
        group=scatter(rng.integers(0, groups, count).astype(np.uint64), 5),
        time=rng.integers(10**12, 2 * 10**12, count),
        label=rng.integers(0, classes, count).astype(np.int32),
        row=np.arange(count),
    )


def shares_of(parts: np.ndarray) -> np.ndarray:
    return np.bincount(parts, minlength=3) / len(parts)


def test_scattered_keys_are_uniform_and_depend_on_the_seed() -> None:
    keys = np.arange(100_000, dtype=np.uint64)
    uniform = scatter(keys, 1) / 2.0**64
    assert np.abs(np.histogram(uniform, bins=10, range=(0, 1))[0] / 10_000 - 1).max() < 0.05
    assert np.corrcoef(uniform, scatter(keys, 2) / 2.0**64)[0, 1] == pytest.approx(0, abs=0.02)


def test_large_classes_are_hashed_to_about_their_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assign, "EXACT_CLASS_ROWS", 10)
    keys = keys_of(30_000)
    rule = stratified_rule(lambda: [keys], SHARES, np.bincount(keys.label).tolist(), 1)
    assert shares_of(rule.parts(keys)) == pytest.approx(SHARES, abs=0.01)


def test_five_rows_of_a_class_are_three_one_and_one() -> None:
    keys = keys_of(15)._replace(label=np.repeat(np.arange(3), 5).astype(np.int32))
    parts = stratified_rule(lambda: [keys], SHARES, [5, 5, 5], 1).parts(keys)
    for label in range(3):
        assert np.bincount(parts[keys.label == label]).tolist() == [3, 1, 1]


def test_many_groups_are_hashed_and_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assign, "EXACT_GROUPS", 50)
    keys = keys_of(30_000, groups=5_000)
    parts = group_rule(lambda: [keys], SHARES, 3, 1).parts(keys)
    assert shares_of(parts) == pytest.approx(SHARES, abs=0.03)
    assert all(len(set(parts[keys.group == group])) == 1 for group in np.unique(keys.group)[:50])


def test_few_groups_are_balanced_by_class() -> None:
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 40, (60, 4)) * (rng.random((60, 4)) < 0.4)
    parts = balance(counts, SHARES, np.arange(60, dtype=np.uint64))
    for number, share in enumerate(SHARES):
        got = counts[parts == number].sum(axis=0) / counts.sum(axis=0)
        assert np.abs(got - share).max() < 0.06


def test_groups_are_gathered_over_several_reads() -> None:
    keys = keys_of(1_000, groups=30)
    pieces = [keys.where(np.arange(1_000) % 7 == k) for k in range(7)]
    whole, pieced = (group_rule(lambda read=read: read, SHARES, 3, 1) for read in ([keys], pieces))
    assert (whole.parts(keys) == pieced.parts(keys)).all()


def test_time_is_cut_at_the_shares_even_with_an_outlier() -> None:
    keys = keys_of(20_000)
    keys.time[0] = 0
    parts = time_rule(lambda: [keys], SHARES).parts(keys)
    assert shares_of(parts) == pytest.approx(SHARES, abs=0.001)
    assert keys.time[parts == 0].max() < keys.time[parts == 1].min()


def test_rows_of_one_moment_stay_together() -> None:
    keys = keys_of(1_000)._replace(time=np.repeat(np.arange(10) * 1_000, 100))
    parts = time_rule(lambda: [keys], SHARES).parts(keys)
    assert np.bincount(parts).tolist() == [600, 200, 200]


def test_straddling_keys_belong_to_the_first_part_in_any_number_of_passes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keys = np.array([5, 9, 5, 7, 9, 7, 7, 3], dtype=np.uint64)
    parts = np.array([2, 1, 0, 2, 1, 1, -1, 0], dtype=np.int8)
    for at_once in (100, 3):
        monkeypatch.setattr("model_build.duplicates.KEYS_AT_ONCE", at_once)
        owners = straddling(lambda: [(keys[:5], parts[:5]), (keys[5:], parts[5:])], len(keys))
        assert owners.keys.tolist() == [5, 7] and owners.parts.tolist() == [0, 1]
        assert owners.elsewhere(keys, parts).tolist() == [True, False, False, True, False, False, True, False]

"""Folds for cross-validation, cut the way the data was split."""

from __future__ import annotations

from collections.abc import Sequence

from model_build.assign import Read, Rule, group_rule, stratified_rule, time_rule
from model_build.dataset import Fold, SplitKind

FOLD_SALT = 1_000_003
"""Keeps the folds independent of the split when both hash the same keys."""


def fold_plan(kind: SplitKind, folds: int) -> list[Fold]:
    """The rounds of cross-validation.

    By time: the rows are cut into folds + 1 windows, and each round fits on all windows before the one
    it is scored on. Otherwise each of the folds is held out once.
    """
    if kind == "time":
        return [Fold(tuple(range(k)), k) for k in range(1, folds + 1)]
    return [Fold(tuple(other for other in range(folds) if other != k), k) for k in range(folds)]


def fold_rule(kind: SplitKind, read: Read, folds: int, class_counts: Sequence[int], seed: int) -> Rule:
    """The rule that numbers the folds of the train rows that `read` gives."""
    if kind == "time":
        return time_rule(read, [1 / (folds + 1)] * (folds + 1))
    if kind == "group":
        return group_rule(read, [1 / folds] * folds, len(class_counts), seed + FOLD_SALT)
    return stratified_rule(read, [1 / folds] * folds, class_counts, seed + FOLD_SALT)

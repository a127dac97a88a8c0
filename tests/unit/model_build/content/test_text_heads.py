"""Text heads: crossed over the folds, so that nothing is scored by what was fitted to it, and in log-odds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from model_build.content.text_heads import (
    as_odds,
    cross,
    fit_all,
    margins,
    odds_of,
    read_texts,
    rows_of,
)
from model_build.content.texts import PostReader
from model_build.crossval import fold_plan
from model_build.dataset import Batch, Columns, Dataset
from model_build.text.embedding import Candidate
from model_build.text.parameters import ModelParameters

PARAMETERS = ModelParameters(least_rows=1)
CHOSEN = Candidate(0.3)
READER = PostReader(Path("build"))
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def dataset() -> Dataset:
    return Dataset(
        folder=Path(), source="t.csv", sha256="0", rows=0, synthetic=False, columns=Columns((), ()),
        fields=["text"],
        classes={"toxicity": ["ok", "toxicity"]}, split_rows={"train": 0, "calibrate": 0, "test": 0},
        class_counts={}, split_kind="stratified", split_why="", folds=fold_plan("stratified", 3), seed=1,
    )  # fmt: skip


def batch(texts: list[str], image_texts: list[str | None], labels: list[int]) -> Batch:
    rows = np.arange(len(texts))
    columns: dict[str, list[str | None]] = {"text": list(texts), "image_text": image_texts}
    return Batch(columns, {"toxicity": np.array(labels)}, rows, rows % 3, None, None)


def noise(rows: int, seed: int) -> Batch:
    """Rows whose every word is its own, and whose labels are drawn: whoever has seen a row knows it, and
    only he."""
    rng = np.random.default_rng(seed)
    texts = [" ".join("".join(rng.choice(list(LETTERS), 9)) for _ in range(4)) for _ in range(rows)]
    return batch(texts, [None] * rows, (rng.random(rows) < 0.5).astype(int).tolist())


def test_a_row_is_never_scored_by_heads_that_saw_it() -> None:
    one = noise(150, 1)
    rows = rows_of([one], ["toxicity"], READER, None)
    own = margins(fit_all(rows, dataset(), PARAMETERS, CHOSEN), rows.texts)[:, 0]
    unseen = cross(rows, dataset(), PARAMETERS, CHOSEN).whole[:, 0]
    assert roc_auc_score(one.labels["toxicity"], own) > 0.95
    assert 0.35 < roc_auc_score(one.labels["toxicity"], unseen) < 0.65


def told(rows: int) -> Batch:
    texts = [f"you are {'awful' if k % 2 else 'lovely'} number {k % 7}" for k in range(rows)]
    images = ["awful awful" if k % 5 == 1 else None for k in range(rows)]
    return batch(texts, images, [k % 2 for k in range(rows)])


def test_each_text_is_scored_apart_and_absence_is_nan() -> None:
    one = told(60)
    found = cross(rows_of([one], ["toxicity"], READER, None), dataset(), PARAMETERS, CHOSEN)
    assert set(found.channels) == {"text", "image_text"}
    there = np.array([text is not None for text in one.columns["image_text"]])
    assert (~np.isnan(found.channels["image_text"][:, 0]) == there).all()
    assert (found.channels["image_text"][there, 0] > 0).all()
    assert not np.isnan(found.channels["text"]).any()


def test_a_post_without_any_text_is_not_learned_from() -> None:
    one = batch(
        ["", "awful", "lovely", "awful x", "lovely y", "awful z", "lovely z"],
        [None] * 7,
        [1, 1, 0, 1, 0, 1, 0],
    )
    rows = rows_of([one], ["toxicity"], READER, None)
    assert rows.spoken.tolist() == [False] + [True] * 6
    assert np.isnan(cross(rows, dataset(), PARAMETERS, CHOSEN).whole[0, 0])


def test_margins_become_log_odds() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random(4_000) < 0.3
    margin = np.where(truth, 1.0, -1.0) * 0.5 + rng.normal(size=4_000) * 0.7
    margin[:50] = np.nan
    found = odds_of(margin, truth)
    # For two normal classes the log-odds are 2 * 0.5 / 0.7^2 a unit, shifted by the classes' own.
    assert found.slope == pytest.approx(1.0 / 0.49, rel=0.1)
    assert found.shift == pytest.approx(np.log(0.3 / 0.7), abs=0.12)
    assert odds_of(margin, np.zeros(4_000, dtype=np.bool_)) == (1.0, 0.0)


def test_the_scaling_is_in_the_weights() -> None:
    rows = rows_of([told(40)], ["toxicity"], READER, None)
    fitted = fit_all(rows, dataset(), PARAMETERS, CHOSEN)
    scaled = as_odds(
        fitted, {"toxicity": odds_of(np.array([1.0, -1.0, 0.5]), np.array([True, False, False]))}
    )
    by, shift = odds_of(np.array([1.0, -1.0, 0.5]), np.array([True, False, False]))
    texts = read_texts(["you are awful", "something else"], READER, None)
    assert margins(scaled, texts) == pytest.approx(by * margins(fitted, texts) + shift)

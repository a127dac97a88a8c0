"""The out-of-core solver finds what the exact one finds, and one strange row does not derail it."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from model_build.text.solvers import in_memory, out_of_core

CLASSES, ROWS, WORDS = 4, 3_000, 60
EVEN = dict.fromkeys(range(CLASSES), 1.0)


def rows(count: int, seed: int) -> tuple[sp.csr_matrix, np.ndarray]:
    """Rows of length 1 whose words speak for their class, and the classes."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, CLASSES, count)
    shares = np.full((CLASSES, WORDS), 0.05)
    for k in range(CLASSES):
        shares[k, k * 10 : k * 10 + 10] = 0.45
    found = (rng.random((count, WORDS)) < shares[labels]).astype(np.float64)
    found[:, 0] += 1e-3  # no row is empty
    return sp.csr_matrix(found / np.linalg.norm(found, axis=1, keepdims=True)), labels


def accuracy(scores: np.ndarray, labels: np.ndarray) -> float:
    return float((scores.argmax(axis=1) == labels).mean())


def learned(matrix: sp.csr_matrix, labels: np.ndarray, weights: dict[int, float] = EVEN):
    solver = out_of_core(CLASSES, matrix.shape[0], c=1.0, weights=weights, seed=0)
    for _ in range(12):
        for start in range(0, matrix.shape[0], 500):
            solver.learn(matrix[start : start + 500], labels[start : start + 500])
    return solver


def test_it_is_as_good_as_the_exact_solver() -> None:
    (matrix, labels), (unseen, truth) = rows(ROWS, 1), rows(ROWS, 2)
    exact = in_memory(matrix, labels, CLASSES, c=1.0, weights=EVEN, seed=0)
    best = accuracy(exact.scores(unseen), truth)
    assert best > 0.85
    assert accuracy(learned(matrix, labels).scores(unseen), truth) > best - 0.02


def test_a_few_rows_with_a_feature_far_out_do_not_make_it_diverge() -> None:
    matrix, labels = rows(ROWS, 1)
    far = np.zeros((ROWS, 1))
    far[::500] = 20.0
    solver = learned(sp.hstack([matrix, sp.csr_matrix(far)]).tocsr(), labels)
    unseen, truth = rows(ROWS, 2)
    usual = sp.hstack([unseen, sp.csr_matrix((ROWS, 1))]).tocsr()
    assert np.abs(solver.weights).max() < 20
    assert accuracy(solver.scores(usual), truth) > 0.85


def test_a_heavy_class_weight_does_not_make_it_diverge() -> None:
    matrix, labels = rows(ROWS, 1)
    solver = learned(matrix, labels, {**EVEN, 2: 500.0})
    assert np.abs(solver.weights).max() < 50

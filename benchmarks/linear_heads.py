"""Linear models on n-grams and on embeddings, in scikit-learn: enough to compare encoders with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from lambdas.core.ngrams import BUCKETS, grams

WEIGHTS = (0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.2)
"""What the embedding's logits may count beside the n-grams' scores."""

Scores = npt.NDArray[np.float64]
Labels = npt.NDArray[Any]
Dense = npt.NDArray[np.float32]


def counts_of(texts: Sequence[str]) -> sparse.csr_matrix:
    """The served n-grams of `texts`, [texts, BUCKETS]: 1 + log of how often."""
    found = grams(texts)
    values = 1 + np.log(found.counts)
    return sparse.csr_matrix((values, (found.rows, found.buckets)), shape=(len(texts), BUCKETS))


def ngram_scores(train: sparse.csr_matrix, labels: Labels, test: sparse.csr_matrix) -> Scores:
    """[test, classes]: TF-IDF of the n-grams that at least two training texts hold, and a linear SVM."""
    kept = np.flatnonzero(np.bincount(train.indices, minlength=train.shape[1]) >= 2)
    weigh = TfidfTransformer().fit(train[:, kept])
    model = LinearSVC(C=1.0, dual=True).fit(weigh.transform(train[:, kept]), labels)
    return np.asarray(model.decision_function(weigh.transform(test[:, kept])))


def embedding_scores(train: Dense, labels: Labels, test: Dense) -> Scores:
    """[test, classes]: the logits of a logistic regression on the unit vectors."""
    model = LogisticRegression(C=32.0, max_iter=400).fit(train, labels)
    return np.asarray(model.decision_function(test))


def accuracy(scores: Scores, labels: Labels, truth: Labels) -> float:
    """The share of `truth` that `scores` finds; their columns are the sorted `labels`."""
    return float((np.unique(labels)[scores.argmax(axis=1)] == truth).mean())


def blend_weight(counts: sparse.csr_matrix, embedding: Dense, labels: Labels) -> float:
    """The one of WEIGHTS with the best accuracy in three folds of the training part."""
    right = np.zeros(len(WEIGHTS))
    for fit, held in StratifiedKFold(3, shuffle=True, random_state=0).split(embedding, labels):
        sparse_part = ngram_scores(counts[fit], labels[fit], counts[held])
        dense_part = embedding_scores(embedding[fit], labels[fit], embedding[held])
        right += [
            accuracy(sparse_part + weight * dense_part, labels[fit], labels[held]) for weight in WEIGHTS
        ]
    return WEIGHTS[int(right.argmax())]

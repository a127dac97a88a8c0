from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix as sklearn_confusion
from sklearn.metrics import f1_score, log_loss, precision_recall_fscore_support

from model_build.calibration import softmax
from model_build.evaluation import Evaluation, confusion_matrix, evaluate, macro_f1

CLASSES = ["a", "b", "c"]


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(400, 3), scale=2.0)
    labels = np.where(rng.random(400) < 0.7, logits.argmax(axis=1), rng.integers(0, 3, 400))
    return logits, labels


@pytest.fixture(scope="module")
def found(rows: tuple[np.ndarray, np.ndarray]) -> Evaluation:
    logits, labels = rows
    return evaluate(
        "department",
        CLASSES,
        logits,
        labels,
        train_counts=[5, 90, 5],
        seed=7,
        languages=["en"] * 200 + ["es"] * 150 + [""] * 50,
        rules=["a"] * 399 + ["elsewhere"],
    )


def test_figures_are_those_of_scikit_learn(found: Evaluation, rows: tuple[np.ndarray, np.ndarray]) -> None:
    logits, labels = rows
    winners = logits.argmax(axis=1)
    assert found.accuracy.value == (winners == labels).mean()
    assert found.macro_f1.value == pytest.approx(f1_score(labels, winners, average="macro"))
    assert found.log_loss.value == pytest.approx(log_loss(labels, softmax(logits)))
    assert found.confusion == sklearn_confusion(labels, winners).tolist()
    precision, recall, f1, support = precision_recall_fscore_support(labels, winners)
    assert [each.precision.value for each in found.classes] == pytest.approx(precision)
    assert [each.recall.value for each in found.classes] == pytest.approx(recall)
    assert [each.f1.value for each in found.classes] == pytest.approx(f1)
    assert [each.support for each in found.classes] == support.tolist()


def test_intervals_hold_their_values(found: Evaluation) -> None:
    intervals = [found.accuracy, found.macro_f1, found.log_loss, found.majority]
    intervals += [each.f1 for each in found.classes]
    assert all(each.low < each.value < each.high for each in intervals)


def test_languages_leave_out_the_unknown(found: Evaluation, rows: tuple[np.ndarray, np.ndarray]) -> None:
    logits, labels = rows
    assert [(each.name, each.accuracy.n) for each in found.languages] == [("en", 200), ("es", 150)]
    assert found.languages[0].accuracy.value == (logits.argmax(axis=1) == labels)[:200].mean()


def test_baselines(found: Evaluation, rows: tuple[np.ndarray, np.ndarray]) -> None:
    _, labels = rows
    assert found.majority_class == "b"
    assert found.majority.value == (labels == 1).mean()
    assert found.rules is not None
    assert found.rules.value == (labels[:399] == 0).sum() / 400


def test_confusions_are_ranked(found: Evaluation) -> None:
    counts = [each.count for each in found.top_confusions]
    assert counts == sorted(counts, reverse=True)
    first = found.top_confusions[0]
    true = CLASSES.index(first.true)
    assert first.count == found.confusion[true][CLASSES.index(first.predicted)]
    assert first.share == first.count / sum(found.confusion[true])


def test_rules_that_know_no_class_are_left_out(rows: tuple[np.ndarray, np.ndarray]) -> None:
    logits, labels = rows
    found = evaluate("h", CLASSES, logits, labels, train_counts=[1, 1, 1], seed=0, rules=["x"] * 400)
    assert found.rules is None


def test_classes_that_do_not_occur_do_not_count() -> None:
    confusion = confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 4)
    assert macro_f1(confusion) == pytest.approx(2 / 3)


def test_the_same_seed_gives_the_same_evaluation(rows: tuple[np.ndarray, np.ndarray]) -> None:
    logits, labels = rows
    first, second = (evaluate("h", CLASSES, logits, labels, train_counts=[1, 1, 1], seed=5) for _ in range(2))
    assert first == second

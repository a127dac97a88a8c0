"""Clear decisions are acted on, unclear ones say why they are not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lambdas.core.bundle import Conformal, Head
from lambdas.core.policy import judge

HEAD = Head("department", "p", ["A", "B", "C"], {"A": 0.6, "B": 0.9, "C": 0.5}, Conformal(0.9, 0.2))


def test_a_sure_answer_is_clear() -> None:
    verdict = judge(HEAD, [0.8, 0.15, 0.05])
    assert (verdict.answer.label, verdict.reasons) == ("A", [])
    assert verdict.answer.prediction_set == ["A"]


def test_each_class_has_its_own_threshold() -> None:
    assert judge(HEAD, [0.1, 0.8, 0.1]).reasons == ["department: confidence 0.80 is below 0.90 for B"]


def test_two_plausible_classes_go_to_review_even_over_the_threshold() -> None:
    verdict = judge(HEAD, [0.7, 0.3, 0.0])
    assert verdict.answer.prediction_set == ["A", "B"]
    assert verdict.reasons == ["department: A, B are all plausible"]


def test_the_boundaries_are_inclusive() -> None:
    assert judge(HEAD, [0.6, 0.19, 0.21]).answer.prediction_set == ["A", "C"]
    assert judge(HEAD, [0.6, 0.2, 0.2]).answer.prediction_set == ["A", "B", "C"]
    assert not judge(Head("h", "p", ["A", "B"], {"A": 0.6}, None), [0.6, 0.4]).reasons


def test_a_class_without_a_threshold_is_never_acted_on() -> None:
    assert judge(Head("h", "p", ["A", "B"], {}, None), [0.99, 0.01]).reasons


@given(st.lists(st.floats(0.001, 1), min_size=3, max_size=3))
def test_the_winner_is_always_plausible_and_first(raw: list[float]) -> None:
    probabilities = [value / sum(raw) for value in raw]
    answer = judge(HEAD, probabilities).answer
    assert answer.prediction_set[0] == answer.label
    assert answer.confidence == max(probabilities)

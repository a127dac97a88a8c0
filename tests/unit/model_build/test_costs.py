from __future__ import annotations

import pytest

from model_build.costs import Costs, HeadCosts, decode_costs
from model_build.errors import ParametersError


def test_matrix_of_defaults_classes_and_pairs() -> None:
    costs = HeadCosts(wrong=5.0, missed={"b": 8.0}, pairs={"b -> c": 20.0, "a -> b": 1.0})
    assert costs.matrix(["a", "b", "c"]).tolist() == [[0, 1, 5], [8, 0, 20], [5, 5, 0]]


def test_names_the_data_does_not_have_are_left_out_and_told() -> None:
    costs = HeadCosts(missed={"x": 8.0}, pairs={"a -> y": 2.0})
    assert costs.matrix(["a", "b"]).tolist() == [[0, 5], [5, 0]]
    assert costs.unknown(["a", "b"]) == ["x", "y"]


def test_heads_have_their_own_costs() -> None:
    costs = decode_costs({"default": {"review": 2}, "heads": {"urgency": {"wrong": 3}}})
    assert costs.of("department").review == 2.0
    assert costs.of("urgency") == HeadCosts(wrong=3.0)
    assert decode_costs({}) == Costs()


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({"default": {"review": -1}}, "review"),
        ({"default": {"reviews": 1}}, "reviews"),
        ({"default": {"pairs": {"a to b": 1}}}, "a to b"),
    ],
)
def test_a_mistake_is_named(raw: dict[str, object], named: str) -> None:
    with pytest.raises(ParametersError, match=named):
        decode_costs(raw)

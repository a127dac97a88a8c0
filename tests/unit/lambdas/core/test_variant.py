"""Assignment is sticky, grows monotonically with the share, and is fair."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.core.errors import BundleError
from lambdas.core.variant import BundleRef, Rollout, assign, decode_rollout, is_compared

A, B = BundleRef("a", "0" * 64), BundleRef("b", "1" * 64)


def rollout(share: float, **more: object) -> Rollout:
    return Rollout("tickets", A, B, share=share, **more)  # type: ignore[arg-type]


@given(st.text(), st.floats(0, 1), st.floats(0, 1), st.text(max_size=5))
def test_growing_the_share_never_moves_an_entity_back(entity: str, one: float, two: float, salt: str) -> None:
    low, high = sorted((one, two))
    if assign(rollout(low, salt=salt), entity) == "challenger":
        assert assign(rollout(high, salt=salt), entity) == "challenger"


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_the_share_is_kept(share: float) -> None:
    n = 20_000
    got = sum(assign(rollout(share), f"customer-{k}") == "challenger" for k in range(n)) / n
    assert abs(got - share) < 5 * (share * (1 - share) / n) ** 0.5


def test_the_ends_are_exact() -> None:
    entities = [f"e{k}" for k in range(500)]
    assert {assign(rollout(0.0), entity) for entity in entities} == {"champion"}
    assert {assign(rollout(1.0), entity) for entity in entities} == {"challenger"}


def test_a_shadow_never_answers() -> None:
    assert assign(rollout(1.0, shadow=True), "e") == "champion"


def test_another_salt_draws_other_entities() -> None:
    first = {k for k in range(2000) if assign(rollout(0.5, salt="x"), str(k)) == "challenger"}
    second = {k for k in range(2000) if assign(rollout(0.5, salt="y"), str(k)) == "challenger"}
    assert 300 < len(first & second) < 700


def test_a_shadow_is_run_for_all_unless_it_says_for_how_many() -> None:
    assert rollout(0.0, shadow=True).compared == 1.0
    assert rollout(0.0, shadow=True, compare=0.1).compared == 0.1
    assert rollout(0.5).compared == 0.0
    assert Rollout("tickets", A, shadow=True, compare=0.5).compared == 0.0, "there is nobody to compare with"


def test_the_share_that_is_compared_is_kept_and_has_nothing_to_do_with_the_assignment() -> None:
    half, n = rollout(0.5, compare=0.1), 20_000
    chosen = [k for k in range(n) if is_compared(half, f"tickets.{k}")]
    assert abs(len(chosen) / n - 0.1) < 5 * (0.1 * 0.9 / n) ** 0.5
    moved = sum(assign(half, f"tickets.{k}") == "challenger" for k in chosen) / len(chosen)
    assert abs(moved - 0.5) < 5 * (0.25 / len(chosen)) ** 0.5
    assert {is_compared(rollout(0.5), f"{k}") for k in range(100)} == {False}
    assert {is_compared(rollout(0.5, compare=1.0), f"{k}") for k in range(100)} == {True}


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"{", "cannot be read"),
        (b'{"service":"tickets"}', "champion"),
        (msgspec.json.encode(Rollout("other", A)), "for service 'other'"),
        (msgspec.json.encode(rollout(1.5)), "share is 1.5"),
        (msgspec.json.encode(rollout(0.5, compare=-0.1)), "compare is -0.1"),
    ],
)
def test_a_bad_file_says_what_is_wrong(raw: bytes, says: str) -> None:
    with pytest.raises(BundleError, match=says):
        decode_rollout(raw, "tickets")

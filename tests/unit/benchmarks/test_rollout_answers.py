"""What the rollout benchmark says of answers: a wrong one must not go unseen."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.rollout_answers import Change, Said, live_after, version_for, without_a_model, wrong_because
from benchmarks.rollout_worker import Answered
from lambdas.core.variant import BundleRef, Rollout

pytestmark = pytest.mark.unit

ALONE = Rollout("tickets", BundleRef("v1", "0" * 64))
HALF = Rollout("tickets", ALONE.champion, BundleRef("v2", "1" * 64), share=0.5, salt="r1")
CHANGES = [Change("before", 0.0, ALONE), Change("half", 100.0, HALF), Change("undone", 200.0, ALONE)]
SAID = {"v1": [Said("Billing", 0.9)], "v2": [Said("Billing", 0.8)]}
MOVED, STAYS = (
    next(f"c{k}" for k in range(100) if version_for(HALF, f"c{k}") == version) for version in ("v2", "v1")
)


def answer(at: float, entity: str = MOVED, version: str = "v1", **more: Any) -> Answered:
    said = SAID.get(version, [Said("", 0.0)])[0]
    given = {
        "version": version, "variant": "champion", "source": "model", "outcome": said.outcome,
        "confidence": said.confidence, **more,
    }  # fmt: skip
    return Answered(at, at + 0.01, 0.0, 0, entity, **given)


def wrong(given: Answered) -> str | None:
    return wrong_because(given, SAID, CHANGES, most_seconds=30.0)


def test_a_change_is_live_after_the_last_answer_by_what_stood_there_before() -> None:
    answers = [answer(99.0), answer(104.0), answer(105.0, version="v2"), answer(190.0, STAYS)]
    assert live_after(CHANGES, 1, answers) == 4.0
    assert live_after(CHANGES, 1, [*answers, answer(109.0)]) == 9.0, "another process was later"
    assert live_after(CHANGES, 1, [answer(150.0, STAYS)]) is None, "nobody's answer changes"
    assert live_after(CHANGES, 1, [answer(101.0, version="v2")]) == 0.0
    assert live_after(CHANGES, 2, [answer(203.0, version="v2"), answer(204.0)]) == 3.0


def test_an_answer_is_its_versions_own() -> None:
    assert wrong(answer(50.0)) is None
    assert wrong(answer(150.0, version="v2")) is None
    for mixed in ({"confidence": 0.8}, {"outcome": "Technical"}, {"version": "v1", "confidence": 0.85}):
        assert "which says" in str(wrong(answer(50.0, **mixed)))
    assert "which is none" in str(wrong(answer(50.0, version="v3")))


def test_an_answer_is_by_a_version_that_the_customer_fell_to_lately() -> None:
    assert wrong(answer(129.0)) is None, "the change is 29 s old"
    assert "turn" in str(wrong(answer(131.0)))
    assert wrong(answer(131.0, STAYS)) is None
    assert "turn" in str(wrong(answer(50.0, version="v2")))
    assert "turn" in str(wrong(answer(150.0, STAYS, version="v2")))
    assert wrong(answer(229.0, version="v2")) is None


def test_what_rules_answered_or_the_log_did_not_take_is_no_whole_answer() -> None:
    assert not without_a_model(answer(50.0))
    assert without_a_model(answer(50.0, source="rules"))
    assert without_a_model(answer(50.0, degraded=("decision_log",)))

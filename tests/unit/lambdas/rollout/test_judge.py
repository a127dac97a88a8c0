"""What the judge says of windows whose truth is known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from lambdas.observations.window import Column, Window
from lambdas.rollout.judge import Costs, Finding, Judgement, JudgePlan, Margins, judge
from tests.support.observations import window

pytestmark = pytest.mark.unit

PLAN = JudgePlan(service="tickets", champion="v1", challenger="v2", share=0.5)
OUTCOMES = ("a", "b", "c")


def world(
    n: int = 8000,
    *,
    share: float = 0.5,
    seed: int = 1,
    shadow: bool = False,
    compare: float = 0.1,
    wrong: float = 0.1,
    failing: float = 0.0,
    champion_failing: float = 0.0,
    review: float = 0.15,
    slower: float = 1.0,
    surer: float = 0.0,
    labelled: float = 0.3,
    mixed: float = 0.0,
) -> Window:
    """Decisions on entities that ask four times on average; the challenger is as the keywords say."""
    rng = np.random.default_rng(seed)
    entity = rng.integers(0, n // 4, n)
    new = np.zeros(n, bool) if shadow else (rng.random(n // 4) < share)[entity]
    truth = rng.integers(0, 3, n)
    answers = [np.where(rng.random(n) < p, (truth + 1) % 3, truth) for p in (0.1, wrong)]
    answers[1] = np.where(rng.random(n) < mixed, 0, answers[1])
    looks = [rng.random(n) < p for p in (0.15, review)]
    sure = [np.clip(rng.beta(8, 2, n) + more, 0, 1) for more in (0.0, surer)]
    fails = [rng.random(n) < p for p in (champion_failing, failing)]
    asked = rng.random(n) < (1.0 if shadow else compare)

    def own(pair: list[Any]) -> Any:
        return np.where(new, pair[1], pair[0])

    def other(pair: list[Any]) -> Any:
        return np.where(new, pair[0], pair[1])

    label = np.where(rng.random(n) < np.where(own(looks), 0.9, labelled), truth, -1)
    return window(
        n,
        entity=entity + 1,
        assigned=["challenger" if each else "champion" for each in new],
        variant=[
            "none" if failed else "challenger" if each else "champion"
            for each, failed in zip(new, own(fails), strict=True)
        ],
        version=["v2" if each else "v1" for each in new],
        outcome=[OUTCOMES[k] for k in own(answers)],
        review=own(looks),
        confidence=own(sure),
        ms=np.exp(rng.normal(1, 0.5, n)) * np.where(new, slower, 1.0),
        label=[OUTCOMES[k] if k >= 0 else None for k in label],
        other_version=[("v1" if each else "v2") if k else None for each, k in zip(new, asked, strict=True)],
        other_outcome=[
            OUTCOMES[k] if there and not failed else None
            for k, there, failed in zip(other(answers), asked, other(fails), strict=True)
        ],
        other_review=other(looks),
        other_confidence=np.where(asked, other(sure), np.nan),
    )


def finding(said: Judgement, metric: str, about: str = "") -> Finding:
    return next(each for each in said.findings if (each.metric, each.about) == (metric, about))


def test_the_same_model_is_fine_once_it_has_decided_enough() -> None:
    said = judge(world(), PLAN)
    assert said.verdict == "fine"
    assert not said.worse()
    assert said.decisions > 3500
    assert 900 < said.entities < 1100
    assert "nothing shows that the challenger is worse" in said.reason


def test_too_few_decisions_are_waited_for() -> None:
    said = judge(world(1200), msgspec.structs.replace(PLAN, least_labelled=400))
    assert said.verdict == "wait"
    assert said.reason.startswith("The challenger has ")
    assert "of 400 labels yet" in said.reason


@pytest.mark.parametrize(
    ("metric", "about", "truth", "words"),
    [
        ("review", "", {"review": 0.3}, "to people"),
        ("latency", "", {"slower": 1.5}, "ms"),
        ("confidence", "", {"surer": -0.1}, "sure on average"),
        ("mix", "a", {"mixed": 0.3}, "Outcome a"),
        ("failures", "", {"failing": 0.05}, "failed at"),
        ("disagreement", "", {"wrong": 0.4, "compare": 0.5}, "differ on"),
        ("cost", "", {"wrong": 0.25}, "by the labels that people gave"),
    ],
)
def test_what_is_worse_is_found_and_said(metric: str, about: str, truth: dict[str, Any], words: str) -> None:
    said = judge(world(12_000, **truth), PLAN)
    found = finding(said, metric, about)
    assert said.verdict == "worse"
    assert found.state == "worse"
    assert words in found.sentence
    assert found.sentence in said.reason
    assert found.sentence.endswith(".")
    assert len(found.sentence) < 200


@pytest.mark.parametrize(
    "truth", [{"review": 0.05}, {"slower": 0.5}, {"surer": 0.1}, {"champion_failing": 0.05}, {"wrong": 0.1}]
)
def test_what_is_better_is_no_harm(truth: dict[str, Any]) -> None:
    assert judge(world(12_000, **truth), PLAN).verdict == "fine"


def test_a_harmless_difference_is_no_alarm() -> None:
    said = judge(world(40_000, slower=1.1, review=0.165, surer=-0.015), PLAN)
    assert said.verdict == "fine"
    assert finding(said, "latency").state == "within"
    assert finding(said, "latency").effect == pytest.approx(0.1, abs=0.02)


def test_a_failure_of_everything_is_found_in_the_smallest_step_at_once() -> None:
    said = judge(world(8000, share=0.01, failing=1.0), msgspec.structs.replace(PLAN, share=0.01))
    assert said.decisions < 150
    assert finding(said, "failures").state == "worse"


def test_failures_that_both_have_are_nobodys_fault() -> None:
    said = judge(world(12_000, failing=0.05, champion_failing=0.05), PLAN)
    assert finding(said, "failures").state == "open"


def test_one_entity_that_fails_a_hundred_times_is_one() -> None:
    made = world(8000)
    entity = np.where(np.arange(8000) < 100, 1, made.entity)
    new = made.assigned.codes.copy()
    new[:100] = made.assigned.words.index("challenger")
    new[made.entity == 1] = made.assigned.words.index("challenger")
    variant = np.where(np.arange(8000) < 100, -1, new)
    changed = with_entities(made, entity=entity, assigned=new, variant=variant)
    found = finding(judge(changed, PLAN), "failures")
    assert found.challenger == pytest.approx(100 / found.n_challenger, rel=1e-3)
    assert found.state == "open"


def with_entities(made: Window, *, entity: Any, assigned: Any, variant: Any) -> Window:
    """`made` with these entities; the codes of assigned and variant are those of `made.assigned`."""
    words = made.assigned.words
    return replace(
        made,
        entity=entity.astype(np.uint64),
        assigned=Column(words, assigned.astype(np.int32)),
        variant=Column(words, variant.astype(np.int32)),
        version=Column(
            tuple("v2" if word == "challenger" else "v1" for word in words), assigned.astype(np.int32)
        ),
    )


def test_a_broken_split_ends_it_and_nothing_else_is_said() -> None:
    said = judge(world(8000, share=0.4, slower=2.0), PLAN)
    assert said.verdict == "worse"
    assert said.reason == finding(said, "assignment").sentence
    assert "no other figure can be trusted" in said.reason
    assert finding(said, "latency").state == "worse"


def test_entities_that_saw_both_are_told() -> None:
    made = world(4000)
    said = judge(
        with_entities(
            made,
            entity=np.where(np.arange(4000) < 40, np.arange(4000) // 2 + 50_000, made.entity),
            assigned=np.where(np.arange(4000) < 40, np.arange(4000) % 2, made.assigned.codes),
            variant=np.where(np.arange(4000) < 40, np.arange(4000) % 2, made.assigned.codes),
        ),
        PLAN,
    )
    assert "20 saw both variants" in finding(said, "assignment").sentence


def test_decisions_of_other_versions_do_not_count() -> None:
    made = world(8000)
    older = msgspec.structs.replace(PLAN, champion="v0")
    assert finding(judge(made, older), "review").n_champion == 0
    assert finding(judge(made, older), "review").state == "unknown"


# ---- shadow -----------------------------------------------------------------------------------

SHADOW = JudgePlan(service="tickets", champion="v1", challenger="v2", share=0.0, shadow=True)


def test_in_shadow_the_same_model_is_fine() -> None:
    said = judge(world(shadow=True), SHADOW)
    assert said.verdict == "fine"
    assert said.decisions == 8000
    assert {each.metric for each in said.findings} == {
        "failures",
        "review",
        "confidence",
        "mix",
        "cost",
        "disagreement",
    }
    assert all(each.paired for each in said.findings)


@pytest.mark.parametrize(
    ("metric", "about", "truth"),
    [
        ("review", "", {"review": 0.3}),
        ("confidence", "", {"surer": -0.1}),
        ("mix", "a", {"mixed": 0.3}),
        ("failures", "", {"failing": 0.03}),
        ("disagreement", "", {"wrong": 0.3}),
        ("cost", "", {"wrong": 0.2}),
    ],
)
def test_in_shadow_what_is_worse_is_found(metric: str, about: str, truth: dict[str, Any]) -> None:
    said = judge(world(shadow=True, **truth), SHADOW)
    assert finding(said, metric, about).state == "worse", finding(said, metric, about)


def test_in_shadow_a_cost_is_that_of_the_same_items() -> None:
    said = judge(world(20_000, shadow=True, wrong=0.2), SHADOW)
    # 10 points more wrong where both act and the answers are independent: .85^2 of the decisions; where
    # only one acts, the other's look costs 0.2 against 0.1 or 0.2 wrong.
    truth = 0.85**2 * 0.1 + 0.85 * 0.15 * ((0.2 - 0.2) + (0.2 - 0.1))
    assert finding(said, "cost").effect == pytest.approx(truth, abs=0.012)


# ---- costs ------------------------------------------------------------------------------------


def test_costs_come_from_the_matrix() -> None:
    costs = Costs(
        review=1,
        wrong=5,
        missed={"fraud": 40},
        pairs={"fraud -> hold": 2},
        outcomes={"fraud": "decline", "*": "approve"},
    )
    assert costs.of("fraud", "decline") == 0
    assert costs.of("legitimate", "approve") == 0
    assert costs.of("legitimate", "decline") == 5
    assert costs.of("fraud", "approve") == 40
    assert costs.of("fraud", "hold") == 2


def test_labels_of_the_unclear_do_not_stand_for_the_clear() -> None:
    """The queue is labelled nearly whole and often wrong; the clear ones hardly and nearly always right."""
    rng = np.random.default_rng(3)
    n = 40_000
    review = rng.random(n) < 0.3
    wrong = rng.random(n) < np.where(review, 0.5, 0.02)
    labelled = rng.random(n) < np.where(review, 0.95, 0.05)
    new = rng.random(n) < 0.5
    made = window(
        n,
        assigned=["challenger" if each else "champion" for each in new],
        variant=["challenger" if each else "champion" for each in new],
        version=["v2" if each else "v1" for each in new],
        review=review,
        label=[("b" if bad else "a") if there else None for bad, there in zip(wrong, labelled, strict=True)],
    )
    found = finding(judge(made, PLAN), "cost")
    assert found.champion == pytest.approx(0.3 * 0.2 + 0.7 * 0.02, abs=0.01)
    assert found.challenger == pytest.approx(0.3 * 0.2 + 0.7 * 0.02, abs=0.01)


def test_labels_that_prefer_an_outcome_are_weighed_back() -> None:
    rng = np.random.default_rng(4)
    n = 40_000
    outcome = np.where(rng.random(n) < 0.2, "b", "a")
    wrong = rng.random(n) < np.where(outcome == "b", 0.4, 0.05)
    labelled = rng.random(n) < np.where(outcome == "b", 0.8, 0.05)
    new = rng.random(n) < 0.5
    said = ["c" if bad else str(o) for bad, o in zip(wrong, outcome, strict=True)]
    made = window(
        n,
        assigned=["challenger" if each else "champion" for each in new],
        variant=["challenger" if each else "champion" for each in new],
        version=["v2" if each else "v1" for each in new],
        outcome=[str(each) for each in outcome],
        label=[word if there else None for word, there in zip(said, labelled, strict=True)],
    )
    assert finding(judge(made, PLAN), "cost").champion == pytest.approx(0.2 * 0.4 + 0.8 * 0.05, abs=0.015)


# ---- edges ------------------------------------------------------------------------------------


def test_nothing_seen_is_waited_for() -> None:
    for plan in (PLAN, SHADOW):
        said = judge(window(0), plan)
        assert said.verdict == "wait"
        assert all(each.state == "unknown" for each in said.findings)


def test_one_decision_is_no_error() -> None:
    assert judge(window(1), PLAN).verdict == "wait"


def test_it_is_kept_as_json() -> None:
    for each in (judge(world(), PLAN), judge(window(0), PLAN), judge(world(shadow=True), SHADOW)):
        assert msgspec.json.decode(msgspec.json.encode(each), type=Judgement) == each


def test_what_cannot_be_a_margin_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"review": 0}, Margins)


def test_the_plan_says_which_outcomes_count() -> None:
    said = judge(world(), msgspec.structs.replace(PLAN, outcomes=["a", "b"]))
    assert [each.about for each in said.findings if each.metric == "mix"] == ["a", "b", "*"]
    assert "other than these" in finding(said, "mix", "*").sentence


def test_decisions_without_an_entity_stand_for_themselves() -> None:
    rng = np.random.default_rng(5)
    new = rng.random(4000) < 0.5
    made = window(
        4000,
        assigned=["challenger" if each else "champion" for each in new],
        variant=["challenger" if each else "champion" for each in new],
        version=["v2" if each else "v1" for each in new],
    )
    said = judge(made, PLAN)
    assert said.entities == said.decisions == int(new.sum())


def test_with_all_of_the_traffic_only_the_pairs_and_the_margin_are_left() -> None:
    made = world(8000, share=1.1, failing=0.05)
    said = judge(made, msgspec.structs.replace(PLAN, share=1.0))
    assert finding(said, "failures").state == "worse"
    assert finding(said, "review").paired


@pytest.mark.parametrize("plan", [PLAN, SHADOW])
def test_in_parts_it_is_the_same(plan: JudgePlan, monkeypatch: pytest.MonkeyPatch) -> None:
    made = world(2500, shadow=plan.shadow)
    whole = judge(made, plan)
    monkeypatch.setattr("lambdas.rollout.judge.PART", 700)
    assert judge(made, plan) == whole

"""What `make rollout` asks for, and how it is shown."""

from __future__ import annotations

import argparse

import pytest

from lambdas.rollout.judge_plan import Costs
from lambdas.rollout.record import Plan, Step
from local.errors import Misused
from local.rollout import add_options, announced, plan_of, wanted_from
from local.rollout_place import new_id
from local.rollout_view import look_lines
from tests.support.rollouts import asked, passed, world

pytestmark = pytest.mark.unit


def plan(*words: str, costs: Costs | None = None) -> Plan:
    parser = argparse.ArgumentParser()
    parser.add_argument("service")
    add_options(parser)
    preflight = passed("v2", costs=costs) if costs else None
    return plan_of(wanted_from(parser.parse_args(["tickets", *words])), preflight)


def test_the_defaults_are_four_steps_and_the_plans_own() -> None:
    assert plan() == Plan(steps=[Step(0.01), Step(0.1), Step(0.5), Step(1.0)])


def test_everything_can_be_said() -> None:
    made = plan(
        "--steps", "5, 100", "--wait", "7", "--most-wait", "70", "--least", "20", "--labelled", "3",
        "--compare", "0.5", "--shadow",
    )  # fmt: skip
    assert made == Plan(
        steps=[Step(0.0, shadow=True), Step(0.05), Step(1.0)], wait_seconds=7, most_wait_seconds=70,
        least_decisions=20, least_entities=4, least_labelled=3, compare=0.5,
    )  # fmt: skip


def test_costs_are_the_candidates_own() -> None:
    costs = Costs(review=1.0, wrong=7.0, missed={"fraud": 500.0}, outcomes={"fraud": "decline"})
    assert plan(costs=costs).costs == costs


@pytest.mark.parametrize("steps", ["", "x", "0", "101", "10,1", "1,1", "10,-5"])
def test_steps_that_are_none_are_refused(steps: str) -> None:
    with pytest.raises(Misused, match="STEPS="):
        plan("--steps", steps)


@pytest.mark.parametrize(
    ("words", "said"),
    [(("--wait", "0"), "WAIT=0: "), (("--compare", "2"), "--compare=2.0: "), (("--least", "0"), "LEAST=0: ")],
)
def test_numbers_that_cannot_be_are_refused_as_they_were_said(words: tuple[str, str], said: str) -> None:
    with pytest.raises(Misused, match=f"the rollout's plan, {said}"):
        plan(*words)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--wait", "600", "--most-wait", "60"), "60 s (--most-wait), less than the 600 s between two looks"),
        (
            ("--wait", "20", "--most-wait", "86400"),
            "17,280 looks, and one run can have 2,500: WAIT=139",
        ),
        (("--wait", "90000"), "86,400 s (--most-wait), less than the 90,000 s"),
        (("--steps", ",".join(f"{k / 100}" for k in range(1, 2_602))), "2,601 steps are more than the 2,500"),
    ],
)
def test_a_plan_that_cannot_be_run_is_refused_with_what_would_do(words: tuple[str, ...], why: str) -> None:
    with pytest.raises(Misused) as refused:
        plan(*words)
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


def test_with_short_waits_a_step_may_take_as_long_as_the_state_machine_can_look() -> None:
    assert plan("--wait", "20").most_wait_seconds == 12_500
    assert plan("--wait", "20", "--shadow").most_wait_seconds == 10_000


def test_it_is_said_that_nobody_waits_for_labels_unless_they_are_asked_for() -> None:
    takes, warning = announced(passed("v2"), plan("--wait", "60", "--most-wait", "600"))
    assert takes == (
        "tickets: v2 takes over from v1: 1 %, 10 %, 50 %, 100 %; a look every 60 s, at most 600 s a step"
    )
    assert warning.startswith("Warning: no step waits for people's labels")
    assert "--labelled 200" in warning
    assert len(announced(passed("v2"), plan("--labelled", "1"))) == 1


def test_ids_are_in_the_order_of_their_starts() -> None:
    made = [new_id() for _ in range(3)]
    assert [each[:16] for each in made] == sorted(each[:16] for each in made)
    assert len(set(made)) == 3


def test_a_look_is_a_line_and_what_is_worse_is_one_more() -> None:
    made = world(["worse"])
    made.run(made.moves.start(asked()))
    record = made.record()
    first, second = look_lines(record, record.looks[0])
    assert "1 %: worse (champion 90, challenger 10): it is worse" in first
    assert second == "    - failures 20 %, the champion's 0 %"

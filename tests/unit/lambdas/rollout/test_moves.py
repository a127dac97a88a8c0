"""A rollout from its start to its end, each move tried twice, and what may come between."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from lambdas.core.aws import Object
from lambdas.core.errors import PreconditionFailed
from lambdas.core.variant import Rollout
from lambdas.rollout.moves import WHOLE_LOOKS, _decided
from lambdas.rollout.record import GateSaid, Plan, Step
from lambdas.rollout.undo import Overtaken
from tests.support.bundles import Shelf
from tests.support.rollouts import BEGIN, GRACE, PLAN, SERVICE, World, asked, passed, ref, world

pytestmark = pytest.mark.unit


def put_live(made: World, rollout: Rollout) -> None:
    """As a publish that was forced does."""
    made.shelf.put_rollout(rollout)


def test_each_step_is_passed_and_the_challenger_becomes_the_champion() -> None:
    made = world(["fine", "wait", "fine", "fine"])
    moves = made.run(made.moves.start(asked()))
    assert moves == [
        "share", "wait", "share", "wait", "wait", "share", "wait", "promote", "ended",
    ]  # fmt: skip
    assert made.live() == Rollout(service=SERVICE, champion=ref("v2"))
    record = made.record()
    assert (record.status, record.step, len(record.looks)) == ("promoted", 2, 4)
    assert made.store.holder() is None
    ((subject, text),) = made.mailbox.sent
    assert subject == "Triage: tickets, v2 is the champion"
    assert "make rollback SERVICE=tickets brings v1 back" in text


def test_a_step_gives_the_challenger_its_share_and_keeps_everything_else() -> None:
    made = world()
    made.moves.start(asked())
    made.moves.share("r1")
    assert made.live() == Rollout(
        service=SERVICE, champion=ref("v1"), challenger=ref("v2"), share=0.01, salt="r1", compare=PLAN.compare
    )


def test_shadow_first_answers_nobody_and_compares_everything() -> None:
    made = world()
    plan = Plan(steps=[Step(0.0, shadow=True), Step(0.1)])
    made.moves.start(asked(plan=plan))
    made.moves.share("r1")
    live = made.live()
    assert (live.shadow, live.share, live.compare) == (True, 0.0, 1.0)


def test_a_look_is_at_what_was_decided_since_functions_know_of_the_share() -> None:
    made = world()
    made.run(made.moves.start(asked()))
    assert made.judged[0] == (BEGIN + GRACE, BEGIN + timedelta(seconds=PLAN.wait_seconds))


def test_a_worse_challenger_is_undone_and_people_hear_why() -> None:
    made = world(["fine", "worse"])
    assert made.run(made.moves.start(asked()))[-1] == "undo"
    live, record = made.live(), made.record()
    assert (live.champion, live.challenger, live.share) == (ref("v1"), None, 0.0)
    assert (record.status, record.cause, record.reason) == ("rolled-back", "judge", "it is worse")
    assert made.store.holder() is None
    ((subject, text),) = made.mailbox.sent
    assert subject == "Triage: tickets, the rollout of v2 was rolled back"
    assert "at step 2 of 3 (50 %): it is worse" in text
    assert "- failures 20 %, the champion's 0 %" in text
    assert "Runbook: https://book#rollback" in text


def test_too_little_traffic_stops_it_and_the_champion_stays() -> None:
    made = world(["fine"])
    moves = made.run(made.moves.start(asked()))
    record = made.record()
    assert moves.count("wait") == 1 + PLAN.most_wait_seconds // PLAN.wait_seconds
    assert (record.status, record.cause) == ("stopped", "traffic")
    assert record.reason.startswith("too little traffic: 600 s were not enough to tell at 50 %")
    assert (made.live().champion, made.live().challenger) == (ref("v1"), None)


@pytest.mark.parametrize("verdicts", [["fine", "fine", "fine"], ["fine", "worse"]])
def test_every_move_may_be_tried_again(verdicts: list[str]) -> None:
    once, twice = world(list(verdicts)), world(list(verdicts))
    once.run(once.moves.start(asked()))

    def both(what: str) -> Any:
        first = getattr(twice.moves, what)("r1")
        if what != "look":  # another look would be another verdict
            assert getattr(twice.another(), what)("r1").next in {first.next, "ended"}
        return first

    move = twice.moves.start(asked())
    assert twice.moves.start(asked()) == move
    while move.next in {"share", "wait", "promote"}:
        move = both({"wait": "look"}.get(move.next, move.next))
    if move.next == "undo":
        assert twice.undo("failure") == twice.undo("failure")
    assert msgspec.structs.replace(twice.live(), salt="") == msgspec.structs.replace(once.live(), salt="")
    assert twice.record().status == once.record().status
    assert len(twice.mailbox.sent) == 1


def test_a_look_that_is_tried_again_after_it_moved_on_does_not_skip_a_step() -> None:
    made = world(["fine", "fine"])
    made.moves.start(asked())
    made.moves.share("r1")
    assert made.moves.look("r1").next == "share"
    assert made.another().look("r1").next == "share"
    assert (made.record().step, len(made.verdicts)) == (1, 1)


def test_a_second_start_is_refused_with_who_holds_it_since_when_and_at_which_step() -> None:
    made = world(["fine"])
    made.moves.start(asked())
    made.moves.share("r1")
    made.moves.look("r1")
    refused = made.moves.start(asked("r2"))
    assert refused.next == "refused"
    for said in ("r1 by ana@desk", "since 2026-06-01T12:00:00+00:00", "at step 2 of 3 (50 %)"):
        assert said in refused.why
    assert made.mailbox.sent[0][0] == "Triage: tickets, a rollout was refused"
    holder = made.store.holder()
    assert holder is not None
    assert holder.id == "r1"


@dataclass
class Between:
    """The bucket, in which somebody else acts right before the n-th write."""

    shelf: Shelf
    before_write: int
    act: Any = None
    writes: int = 0

    def get(self, key: str, *, unless_etag: str | None = None) -> Object | None:
        return self.shelf.get(key, unless_etag=unless_etag)

    def put(self, key: str, body: bytes, **condition: Any) -> str:
        self.writes += 1
        if self.act is not None and self.writes == self.before_write:
            act, self.act = self.act, None
            act()
        return self.shelf.put(key, body, **condition)


def interrupted(n: int, act: Any) -> World:
    """A world whose n-th write from now on finds that `act(world on the bare bucket)` came first."""
    made = world(wrapped=lambda shelf: Between(shelf, n))
    bare = World(made.shelf, made.shelf, mailbox=made.mailbox)
    objects = made.objects
    assert isinstance(objects, Between)
    objects.writes, objects.act = 0, lambda: act(bare)
    return made


def test_two_starters_at_once_and_one_of_them_is_refused() -> None:
    made = interrupted(1, lambda bare: bare.moves.start(asked("r2")))
    refused = made.moves.start(asked("r1"))
    assert (refused.next, "r2 by ana@desk" in refused.why) == ("refused", True)
    holder = made.store.holder()
    assert holder is not None
    assert holder.id == "r2"
    assert made.shelf.objects.keys() >= {f"{SERVICE}/rollouts/r2.json"}
    assert f"{SERVICE}/rollouts/r1.json" not in made.shelf.objects


@pytest.mark.parametrize("write", [1, 2])
def test_an_undoing_beats_a_share_that_is_on_its_way(write: int) -> None:
    """Right before rollout.json is written, and right after it."""
    made = world(wrapped=lambda shelf: Between(shelf, 0))
    made.moves.start(asked())
    objects = made.objects
    assert isinstance(objects, Between)
    bare = World(made.shelf, made.shelf)
    objects.writes, objects.before_write, objects.act = 0, write, bare.undo
    assert made.moves.share("r1").next == "ended"
    assert (made.live().challenger, made.live().share) == (None, 0.0)
    assert made.record().status == "rolled-back"


@pytest.mark.parametrize("write", [1, 2])
def test_an_undoing_beats_a_promotion_that_is_on_its_way(write: int) -> None:
    made = world(["fine"], wrapped=lambda shelf: Between(shelf, 0))
    made.moves.start(asked(plan=Plan(steps=[Step(0.5)])))
    made.moves.share("r1")
    assert made.moves.look("r1").next == "promote"
    objects = made.objects
    assert isinstance(objects, Between)
    bare = World(made.shelf, made.shelf)
    objects.writes, objects.before_write, objects.act = 0, write, bare.undo
    assert made.moves.promote("r1").next == "ended"
    assert made.live().champion == ref("v1")
    assert made.record().status == "rolled-back"


def test_a_promoted_one_is_undone_too() -> None:
    made = world(["fine", "fine", "fine"])
    made.run(made.moves.start(asked()))
    assert made.undo().status == "rolled-back"
    assert (made.live().champion, made.live().challenger) == (ref("v1"), None)
    assert "the rollout of v2 was rolled back" in made.mailbox.sent[-1][0]


def test_what_was_published_after_a_promotion_is_not_undone_unless_forced() -> None:
    made = world(["fine", "fine", "fine"])
    made.run(made.moves.start(asked()))
    put_live(made, Rollout(service=SERVICE, champion=ref("v3")))
    with pytest.raises(Overtaken, match="v3 is the champion"):
        made.undo()
    assert made.live().champion == ref("v3")
    assert made.undo(force=True).status == "rolled-back"
    assert made.live().champion == ref("v1")


def test_a_forced_publish_ends_the_rollout_and_stays() -> None:
    made = world(["wait"])
    move = made.moves.start(asked())
    made.moves.share("r1")
    put_live(made, Rollout(service=SERVICE, champion=ref("v3")))
    assert made.run(move)[-1] == "undo"
    record = made.record()
    assert (record.status, record.cause) == ("stopped", "changed")
    assert made.live() == Rollout(service=SERVICE, champion=ref("v3"))
    assert "whatever rollout.json says now answers" in made.mailbox.sent[0][1]
    assert made.store.holder() is None


def test_a_candidate_that_waited_with_share_0_is_there_again_after_an_undoing() -> None:
    made = world()
    put_live(made, Rollout(service=SERVICE, champion=ref("v1"), challenger=ref("v2"), salt="v2"))
    made.moves.start(asked())
    made.moves.share("r1")
    assert made.live().share == 0.01
    made.undo()
    live = made.live()
    assert (live.champion, live.challenger, live.share) == (ref("v1"), ref("v2"), 0.0)


def test_a_candidate_that_was_judged_worse_does_not_wait_again() -> None:
    made = world(["worse"])
    put_live(made, Rollout(service=SERVICE, champion=ref("v1"), challenger=ref("v2"), compare=0.2))
    made.run(made.moves.start(asked()))
    assert (made.record().status, made.record().cause) == ("rolled-back", "judge")
    live = made.live()
    assert (live.champion, live.challenger, live.share, live.compare) == (ref("v1"), None, 0.0, 0.0)


def test_the_undoing_of_a_judged_one_may_be_tried_again_after_it_wrote_rollout_json() -> None:
    made = world(["worse"])
    put_live(made, Rollout(service=SERVICE, champion=ref("v1"), challenger=ref("v2")))
    made.moves.start(asked())
    made.moves.share("r1")
    assert made.moves.look("r1").next == "undo"
    put_live(made, made.record().undone())
    assert made.undo("failure").cause == "judge"
    assert made.live() == made.record().undone()


def test_another_candidate_that_waits_is_put_back_though_this_one_was_worse() -> None:
    made = world(["worse"])
    put_live(made, Rollout(service=SERVICE, champion=ref("v1"), challenger=ref("v3")))
    made.run(made.moves.start(asked()))
    assert (made.live().champion, made.live().challenger) == (ref("v1"), ref("v3"))


def test_a_candidate_that_comes_before_the_first_share_does_not_end_it() -> None:
    made = world()
    made.moves.start(asked())
    put_live(made, Rollout(service=SERVICE, champion=ref("v1"), challenger=ref("v3"), salt="v3"))
    assert made.moves.share("r1").next == "wait"
    assert (made.live().challenger, made.live().share) == (ref("v2"), 0.01)
    made.undo()
    assert (made.live().challenger, made.live().share) == (ref("v3"), 0.0)


@pytest.mark.parametrize(
    "other",
    [
        Rollout(service=SERVICE, champion=ref("v1"), challenger=ref("v3"), share=0.2),
        Rollout(service=SERVICE, champion=ref("v1"), challenger=ref("v3"), shadow=True),
        Rollout(service=SERVICE, champion=ref("v3"), challenger=ref("v2")),
    ],
)
def test_whatever_else_comes_before_the_first_share_ends_it(other: Rollout) -> None:
    made = world()
    made.moves.start(asked())
    put_live(made, other)
    assert made.moves.share("r1").next == "undo"
    assert (made.undo().cause, made.live()) == ("changed", other)


def test_a_candidate_that_comes_after_the_first_share_ends_it() -> None:
    made = world()
    made.moves.start(asked())
    made.moves.share("r1")
    put_live(made, Rollout(service=SERVICE, champion=ref("v1"), challenger=ref("v3")))
    assert made.moves.share("r1").next == "undo"


@pytest.mark.parametrize(
    ("wait", "most", "said"),
    [
        (60, 59, "less than the 60 s between two looks"),
        (10, 10_000, "3,000 looks, and one run can have 2,500: WAIT=13 would do, or --most-wait 8330"),
    ],
)
def test_a_plan_that_the_state_machine_cannot_run_is_refused(wait: int, most: int, said: str) -> None:
    made = world()
    plan = msgspec.structs.replace(PLAN, wait_seconds=wait, most_wait_seconds=most)
    refused = made.moves.start(asked(plan=plan))
    assert (refused.next, said in refused.why) == ("refused", True)
    assert made.store.holder() is None


def test_what_a_flawed_plan_is_told_to_do_is_no_flaw() -> None:
    for wait, most in ((13, 10_000), (10, 8_330)):
        assert msgspec.structs.replace(PLAN, wait_seconds=wait, most_wait_seconds=most).flaw() is None


def test_it_goes_on_from_its_step_after_it_was_undone() -> None:
    made = world(["fine", "fine", "fine"])
    made.moves.start(asked())
    made.moves.share("r1")
    made.moves.look("r1")
    made.moves.share("r1")
    made.undo()
    assert made.live().share == 0.0
    moves = made.run(made.moves.start(asked(attempt=2)))
    assert moves == ["share", "wait", "share", "wait", "promote", "ended"]
    assert (made.record().status, made.record().attempt) == ("promoted", 2)
    assert made.live().champion == ref("v2")


def test_it_goes_on_beside_a_candidate_that_was_left_meanwhile() -> None:
    made = world()
    made.run(made.moves.start(asked()))
    assert made.record().status == "stopped"
    left = msgspec.structs.replace(made.live(), challenger=ref("v3"), share=0.0)
    put_live(made, left)
    assert made.moves.start(asked(attempt=2)).next == "share"
    made.moves.share("r1")
    assert (made.live().challenger, made.live().share) == (ref("v2"), 0.01)
    made.undo()
    assert (made.live().challenger, made.live().share) == (ref("v3"), 0.0)


def test_after_a_dead_machine_the_observations_go_on_counting() -> None:
    made = world(["fine"])
    made.moves.start(asked())
    made.moves.share("r1")
    since = made.record().since
    made.at += 6 * GRACE
    assert made.moves.start(asked(attempt=2)).next == "share"
    assert made.moves.share("r1").next == "wait"
    assert made.record().since == since


@pytest.mark.parametrize(
    ("verdicts", "why"), [(["worse"], "over for good"), (["fine", "fine", "fine"], "over for good")]
)
def test_what_is_over_for_good_is_not_taken_up(verdicts: list[str], why: str) -> None:
    made = world(verdicts)
    made.run(made.moves.start(asked()))
    refused = made.moves.start(asked(attempt=2))
    assert (refused.next, why in refused.why) == ("refused", True)
    assert made.store.holder() is None


def test_it_is_not_taken_up_twice_nor_after_another_publish() -> None:
    made = world()
    made.moves.start(asked())
    assert "by somebody else" in made.moves.start(asked(attempt=3)).why
    made.undo()
    put_live(made, Rollout(service=SERVICE, champion=ref("v3")))
    assert "rollout.json is not what r1 left" in made.moves.start(asked(attempt=2)).why
    assert made.store.holder() is None


def test_a_late_start_does_not_begin_again_what_was_undone() -> None:
    made = world()
    made.moves.start(asked())
    made.undo()
    assert made.moves.start(asked()).next == "ended"
    assert made.store.holder() is None


@pytest.mark.parametrize(
    ("prepare", "why"),
    [
        (lambda made: made.shelf.objects.pop("tickets/preflight/v2.json"), "has passed no pre-flight"),
        (
            lambda made: made.store.set_preflight(
                passed("v2", verdicts=[GateSaid("parity", False, "9 rows")])
            ),
            "did not pass its pre-flight: parity: 9 rows",
        ),
        (
            lambda made: made.shelf.objects.update({"tickets/bundles/v2/manifest.json": b"{}"}),
            "is not the bundle that passed",
        ),
        (lambda made: made.store.set_preflight(passed("v2", champion="v0")), "compared v2 with v0"),
        (
            lambda made: put_live(made, Rollout(service=SERVICE, champion=ref("v2"))),
            "v2 is the champion already",
        ),
        (
            lambda made: put_live(
                made, Rollout(service=SERVICE, champion=ref("v1"), challenger=ref("v3"), share=0.1)
            ),
            "v3 answers for 10.0% outside of any rollout",
        ),
    ],
)
def test_what_may_not_start_is_refused_and_changes_nothing(prepare: Any, why: str) -> None:
    made = world()
    prepare(made)
    before = made.live()
    refused = made.moves.start(asked())
    assert (refused.next, made.live()) == ("refused", before)
    assert why in refused.why
    assert made.store.holder() is None
    assert why in made.mailbox.sent[0][1]


def test_forced_gates_are_passed_by() -> None:
    made = world()
    said = [GateSaid("not worse: errors", False, "worse")]
    made.store.set_preflight(passed("v2", champion="v0", verdicts=said, forced=True))
    assert made.moves.start(asked()).next == "share"


def test_a_mail_that_cannot_be_sent_stops_no_undoing() -> None:
    made = world()
    made.moves.start(asked())
    made.moves.share("r1")
    made.mailbox.down = True
    assert made.undo().status == "rolled-back"
    assert made.live().share == 0.0
    assert "nobody was told" in made.lost[0]


def test_a_lost_race_for_rollout_json_is_tried_again_from_reading_on() -> None:
    """Somebody moved a tag in rollout.json that means nothing to us: the salt of no challenger."""
    made = world(wrapped=lambda shelf: Between(shelf, 0))
    made.moves.start(asked())
    objects = made.objects
    assert isinstance(objects, Between)
    objects.writes, objects.before_write = 0, 1
    objects.act = lambda: put_live(made, Rollout(service=SERVICE, champion=ref("v1"), salt="x"))
    assert made.moves.share("r1").next == "wait"
    assert made.live().share == 0.01


def test_only_the_newest_looks_keep_their_figures() -> None:
    made = world(["worse"])
    made.run(made.moves.start(asked()))
    record = made.record()
    for _ in range(WHOLE_LOOKS + 3):
        record, _ = _decided(record, record.looks[-1], timedelta())
    assert len(record.looks) == WHOLE_LOOKS + 4
    whole = [bool(look.judgement.findings) for look in record.looks]
    assert whole == [False] * 3 + [True] * (WHOLE_LOOKS + 1)
    assert {look.judgement.reason for look in record.looks} == {"it is worse"}


def test_the_bucket_in_memory_refuses_as_s3_does() -> None:
    made = world()
    etag = made.store.live().etag
    made.store.set_live(Rollout(service=SERVICE, champion=ref("v3")), etag)
    with pytest.raises(PreconditionFailed):
        made.store.set_live(Rollout(service=SERVICE, champion=ref("v1")), etag)

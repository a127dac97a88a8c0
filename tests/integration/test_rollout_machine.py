"""Whole rollouts through the real state machine and its real function, in an embedded AWS.

Only the decisions are made up: what the observer would have written of them is put into the bucket.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec
import pytest
from rich.console import Console

from lambdas.core.errors import PreconditionFailed
from lambdas.core.variant import Rollout
from lambdas.observations.record import folder
from lambdas.rollout.moves import Moves
from lambdas.rollout.store import Held
from local import learning
from local.errors import Misused
from local.place import Place
from local.rollback import rollback
from local.rollout import Wanted, rollout
from local.rollout_view import follow
from model_build.errors import RolloutRuns
from model_build.publish import refuse_during_rollout
from tests.support.embedded_rollouts import BUCKET, PLAN, Embedded, Traffic, embedded_rollouts
from tests.support.rollouts import SERVICE, asked, ref

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("rollout_machine")]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with embedded_rollouts(tmp_path_factory.mktemp("rollouts")) as made:
        yield made


@pytest.fixture
def embedded(running: Embedded, monkeypatch: pytest.MonkeyPatch) -> Embedded:
    running.fresh()
    monkeypatch.setattr(learning, "where", lambda *_, **__: running.where)
    return running


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("place")
    return Place(root=folder, folder=folder, build=folder)


def printed() -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, width=500), out


def test_a_good_challenger_goes_from_share_to_share_and_is_promoted(embedded: Embedded) -> None:
    console, out = printed()
    with Traffic(embedded):
        embedded.start("good")
        assert follow(console, embedded.place, "good", 1) == 0
    record = embedded.ended("good")
    assert (record.status, record.step) == ("promoted", 2)
    assert embedded.store.live().value == Rollout(service=SERVICE, champion=ref("v2"))
    assert embedded.store.holder() is None
    assert [subject for subject, _ in embedded.mails()] == ["Triage: tickets, v2 is the champion"]
    shown = out.getvalue()
    for line in ("step 1 of 3 (10 %)", "step 2 of 3 (50 %)", "step 3 of 3 (100 %)", "v2 is the champion"):
        assert line in shown
    assert {look.judgement.verdict for look in record.looks} <= {"fine", "wait"}
    assert record.looks[-1].decisions["challenger"] >= PLAN.least_decisions


def test_a_broken_challenger_is_rolled_back_and_the_mail_says_why(embedded: Embedded) -> None:
    console, out = printed()
    with Traffic(embedded, broken=True):
        embedded.start("broken")
        assert follow(console, embedded.place, "broken", 1) == 1
    record = embedded.ended("broken")
    assert (record.status, record.cause) == ("rolled-back", "judge")
    live = embedded.store.live().value
    assert (live.champion, live.challenger, live.share) == (ref("v1"), None, 0.0)
    ((subject, text),) = embedded.mails()
    assert subject == "Triage: tickets, the rollout of v2 was rolled back"
    worse = record.looks[-1].judgement.worse()
    assert worse
    assert worse[0].sentence in text
    assert worse[0].sentence in out.getvalue()
    assert "docs/runbook.md#rollback" in text


def test_without_traffic_it_stops_and_says_so(embedded: Embedded) -> None:
    embedded.start("quiet", plan=msgspec.structs.replace(PLAN, most_wait_seconds=2))
    out = io.StringIO()
    screen = Console(file=out, width=200, force_terminal=True)
    assert follow(screen, embedded.place, "quiet", 1) == 1
    record = embedded.ended("quiet")
    assert (record.status, record.cause) == ("stopped", "traffic")
    for shown in (
        "v2 against v1, step 1 of 3 (10 %), running",
        "decisions: champion 0, challenger 0",
        "stopped",
    ):
        assert shown in out.getvalue()
    ((_, text),) = embedded.mails()
    assert "too little traffic" in text


def test_a_state_that_fails_for_good_leads_back(embedded: Embedded) -> None:
    """The observations cannot be read: an object of them is damaged."""
    embedded.start("damaged")
    embedded.until(lambda: embedded.store.live().value.share > 0, "the share is set")
    embedded.objects.put(f"{folder(SERVICE, datetime.now(UTC))}0.jsonl.gz", b"no gzip")
    record = embedded.ended("damaged")
    assert (record.status, record.cause) == ("rolled-back", "failure")
    assert record.reason.startswith("a step failed")
    assert embedded.store.live().value.share == 0.0
    assert embedded.place.execution("damaged", 1).status == "SUCCEEDED"


def test_make_rollback_undoes_it_at_once_and_resume_goes_on(embedded: Embedded, place: Place) -> None:
    console, out = printed()
    with Traffic(embedded):
        embedded.start("r1")
        embedded.until(lambda: embedded.store.live().value.share == 0.5, "the second step")
        rollback(place, console, SERVICE, on_aws=False, force=False)
        live = embedded.store.live().value
        assert (live.champion, live.challenger, live.share) == (ref("v1"), None, 0.0)
        assert embedded.ended("r1").cause == "person"
        assert "rolled back" in embedded.mails()[0][0]
        undone = embedded.ended("r1")
        wanted = Wanted(SERVICE, None, "1", None, None, None, None, None, False, True, False, False)
        assert rollout(place, console, wanted) == 0
    record = embedded.ended("r1", 2)
    assert (record.status, record.attempt) == ("promoted", 2)
    assert undone.step > 0
    assert record.looks[len(undone.looks)].step == undone.step
    assert "RESUME=1" in out.getvalue()
    assert embedded.store.live().value.champion == ref("v2")
    rollback(place, console, SERVICE, on_aws=False, force=False)
    assert embedded.store.live().value.champion == ref("v1")
    with pytest.raises(Misused, match="nothing to undo"):
        rollback(place, console, SERVICE, on_aws=False, force=False)


def test_a_dead_machine_is_told_and_taken_up(embedded: Embedded, place: Place) -> None:
    console, out = printed()
    with Traffic(embedded):
        embedded.start("dead")
        embedded.until(lambda: embedded.store.live().value.share > 0, "the share is set")
        embedded.place.stop("dead", 1)
        assert follow(console, embedded.place, "dead", 1) == 1
        wanted = Wanted(SERVICE, None, "1", None, None, None, None, None, False, False, False, False)
        with pytest.raises(Held, match="Its state machine is dead: go on with it"):
            rollout(place, console, wanted)
        embedded.start("dead", attempt=2)
        assert embedded.ended("dead", 2).status == "promoted"
    assert "the rollout has not" in out.getvalue()


def test_a_second_one_is_refused_by_the_command_and_by_the_machine(embedded: Embedded, place: Place) -> None:
    console, _ = printed()
    embedded.start("first")
    embedded.until(lambda: embedded.place.record("first"), "it has begun")
    wanted = Wanted(SERVICE, "v2", "1", None, None, None, None, None, False, False, False, False)
    with pytest.raises(Held, match=r"first by ana@desk, since .*Wait for it, or undo it"):
        rollout(place, console, wanted)
    with pytest.raises(RolloutRuns, match="first by ana@desk"):
        refuse_during_rollout(embedded.client("s3"), BUCKET, SERVICE)
    embedded.start("second")
    embedded.until(lambda: not embedded.place.execution("second", 1).runs, "the second one has ended")
    assert embedded.place.execution("second", 1).next == "refused"
    assert "first by ana@desk" in embedded.place.execution("second", 1).why
    assert embedded.mails()[0][0] == "Triage: tickets, a rollout was refused"
    rollback(place, console, SERVICE, on_aws=False, force=False)
    refuse_during_rollout(embedded.client("s3"), BUCKET, SERVICE)


def test_where_there_never_was_one_rollback_says_so(embedded: Embedded, place: Place) -> None:
    with pytest.raises(Misused, match="There never was a rollout of tickets"):
        rollback(place, printed()[0], SERVICE, on_aws=False, force=False)


def test_of_eight_starters_at_once_one_gets_the_lock(embedded: Embedded) -> None:
    gate, taken, held = threading.Barrier(8), [], []

    def start(k: int) -> None:
        place = embedded.place
        moves = Moves(place.store, judge=None, tell=place.tell(print), grace=None)  # type: ignore[arg-type]
        gate.wait()
        move = moves.start(asked(f"r{k}"))
        (taken if move.next == "share" else held).append((f"r{k}", move.why))

    threads = [threading.Thread(target=start, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ((winner, _),) = taken
    holder = embedded.store.holder()
    assert holder is not None
    assert holder.id == winner
    assert len(held) == 7
    assert all(winner in why for _, why in held)


def test_the_bucket_writes_only_over_what_was_read(embedded: Embedded) -> None:
    store = embedded.store
    etag = store.live().etag
    store.set_live(Rollout(service=SERVICE, champion=ref("v3")), etag)
    with pytest.raises(PreconditionFailed):
        store.set_live(Rollout(service=SERVICE, champion=ref("v2")), etag)
    with pytest.raises(PreconditionFailed):
        embedded.objects.put(f"{SERVICE}/rollout.json", b"{}", if_new=True)
    assert store.live().value.champion == ref("v3")

"""Rollouts in the deployed app: a good model takes over, a worse one is undone and a mail says why."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from lambdas.core.variant import Rollout
from lambdas.rollout.record import Record
from lambdas.rollout.store import RolloutStore
from local import inbox
from local.place import ROOT, Place
from local.stack import Stack
from model_build.objects import BotoObjects
from model_build.publish import publish
from tests.conftest import TrainedTickets
from tests.support.other_versions import another

BATCH = "/v1/tickets:classifyBatch"
REFRESH_SECONDS = 10.0
"""ROLLOUT_REFRESH_SECONDS of the templates."""
BODIES = (
    "I was charged twice on my card for this invoice, please refund the payment",
    "the app crashes with error 500 when I open the reports",
    "please add a dark mode, it would be a great feature",
    "what are your opening hours and where is the office",
    "this is a terrible service, I want to complain about the agent",
)


@pytest.fixture
def build(trained_tickets: TrainedTickets, tmp_path: Path) -> Path:
    """A copy of the build folder, to add bundles to: the tests of other processes read the original."""
    for part in ("work", "bundles"):
        shutil.copytree(trained_tickets.build / "tickets" / part, tmp_path / "build" / "tickets" / part)
    return tmp_path / "build"


@pytest.fixture
def store(stack: Stack, trained_tickets: TrainedTickets) -> Iterator[RolloutStore]:
    """The rollouts of tickets; the champion of before answers again at the end, in warm functions too."""
    made = RolloutStore(BotoObjects(stack.client("s3"), stack.bucket), "tickets")
    publish(trained_tickets.bundle, "tickets", stack.bucket, client=stack.client("s3"), force=True)
    yield made
    publish(trained_tickets.bundle, "tickets", stack.bucket, client=stack.client("s3"), force=True)
    # Each of the warm functions looks when it is next asked after this; nothing says how many there are.
    threading.Event().wait(REFRESH_SECONDS)


@contextmanager
def traffic(stack: Stack) -> Iterator[list[int]]:
    """Batches of tickets of ever new customers until the end; the statuses of all answers."""
    over, statuses = threading.Event(), []

    def run() -> None:
        while not over.is_set():
            tickets = [
                {"body": f"{BODIES[k % len(BODIES)]} ({k})", "customer_id": uuid.uuid4().hex}
                for k in range(100)
            ]
            statuses.append(stack.call("POST", BATCH, {"tickets": tickets}).status)
            over.wait(0.3)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield statuses
    finally:
        over.set()
        thread.join()


def make(place: Place, build: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the laptop on this build folder, as the Makefile does."""
    folders = {"TRIAGE_STATE_DIR": str(place.folder), "TRIAGE_BUILD_DIR": str(build)}
    return subprocess.run(
        [sys.executable, "-m", "local", *words], cwd=ROOT,
        env={**os.environ, **folders, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=400,
    )  # fmt: skip


def mails(stack: Stack, place: Place, subject: str) -> list[inbox.Mail]:
    inbox.fetch(stack.endpoint, stack.output("InboxQueueUrl"), place.inbox)
    return [mail for mail in inbox.read(place.inbox) if mail.subject == subject]


def newest(stack: Stack, store: RolloutStore) -> Record:
    objects = BotoObjects(stack.client("s3"), stack.bucket)
    keys = [key for key in objects.keys("tickets/rollouts/") if "active" not in key]
    return store.record(keys[-1].rpartition("/")[2].removesuffix(".json")).value


def test_a_good_one_takes_over_step_by_step_and_is_undone_by_one_command(
    stack: Stack, laptop: Place, store: RolloutStore, build: Path
) -> None:
    before, version = store.live().value, another(build, "a copy")
    with traffic(stack) as statuses:
        done = make(
            laptop, build, "rollout", "tickets", "--version", version, "--steps", "2,50,100", "--wait", "5",
            "--least", "30",
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(statuses) == {200}
    live, record = store.live().value, newest(stack, store)
    assert (live.champion.version, live.challenger, live.share) == (version, None, 0.0)
    assert (record.status, record.step, record.before) == ("promoted", 2, before)
    assert {look.step for look in record.looks} == {0, 1, 2}
    for told in ("step 1 of 3 (2 %)", "step 3 of 3 (100 %)", f"{version} is the champion"):
        assert told in done.stdout
    assert "contract: determinism" in done.stderr
    assert mails(stack, laptop, f"Triage: tickets, {version} is the champion")
    undone = make(laptop, build, "rollback", "tickets")
    assert undone.returncode == 0, undone.stderr
    assert store.live().value.champion == before.champion
    assert msgspec.structs.replace(store.live().value, salt=before.salt) == before


def test_a_worse_one_is_stopped_by_the_gates_and_if_forced_by_the_judge(
    stack: Stack, laptop: Place, store: RolloutStore, build: Path
) -> None:
    before, version = store.live().value, another(build, "a turned one", turned=True)
    words = ("rollout", "tickets", "--version", version, "--steps", "50,100", "--wait", "5", "--least", "200")
    gated = make(laptop, build, *words)
    assert gated.returncode == 1
    assert "not worse: errors" in gated.stderr
    assert store.live().value == before
    with traffic(stack) as statuses:
        done = make(laptop, build, *words, "--force")
    assert done.returncode == 1, done.stdout + done.stderr
    assert set(statuses) == {200}
    live, record = store.live().value, newest(stack, store)
    assert (record.status, record.cause, record.step) == ("rolled-back", "judge", 0)
    assert msgspec.structs.replace(live, salt="") == Rollout("tickets", before.champion)
    (mail,) = mails(stack, laptop, f"Triage: tickets, the rollout of {version} was rolled back")
    worst = record.looks[-1].judgement.worse()[0]
    assert worst.sentence in mail.text
    assert worst.sentence in done.stdout
    assert "docs/runbook.md#rollback" in mail.text

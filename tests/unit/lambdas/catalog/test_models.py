"""What is live is told for each service, and what cannot be vouched for hides nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from lambdas.catalog.models import live_service
from lambdas.core.errors import DependencyDown
from lambdas.core.variant import Rollout
from tests.support.bundles import Shelf, write_bundle

CHALLENGER = "tickets/bundles/v2/manifest.json"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """A bucket with a champion, v1, and a challenger, v2."""
    made = Shelf()
    champion, challenger = (write_bundle(tmp_path, version) for version in ("v1", "v2"))
    for version in ("v1", "v2"):
        made.put_bundle(tmp_path, version)
    made.put_rollout(Rollout("tickets", champion, challenger, share=0.1))
    return made


def test_both_variants_are_told(shelf: Shelf) -> None:
    live = live_service("tickets", shelf)
    assert live.champion and live.challenger
    assert (live.champion.version, live.challenger.version) == ("v1", "v2")
    assert (live.share, live.problems) == (0.1, [])


def test_nothing_is_live_where_nothing_was_published() -> None:
    live = live_service("tickets", Shelf())
    assert (live.champion, live.challenger, live.problems) == (None, None, [])


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_challenger_that_nobody_vouches_for_is_told_beside_the_champion(shelf: Shelf, damage: str) -> None:
    if damage == "missing":
        del shelf.objects[CHALLENGER]
    else:
        shelf.objects[CHALLENGER] += b" "
    live = live_service("tickets", shelf)
    assert live.champion is not None
    assert live.champion.version == "v1"
    assert live.challenger is None
    (problem,) = live.problems
    assert problem.startswith("challenger: ")


def test_a_rollout_that_cannot_be_read_is_told(shelf: Shelf) -> None:
    shelf.objects["tickets/rollout.json"] = b"{"
    live = live_service("tickets", shelf)
    assert (live.champion, len(live.problems)) == (None, 1)


def test_a_bucket_that_is_down_is_no_answer(shelf: Shelf) -> None:
    shelf.fail_with = DependencyDown("s3 did not answer")
    with pytest.raises(DependencyDown):
        live_service("tickets", shelf)

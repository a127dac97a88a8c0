"""One stack for all end-to-end tests: the real app, deployed by the real CDK CLI into its own emulator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from local import reviewers, running
from local.daemon import free_port
from local.place import ROOT, Place
from local.process import Commands
from local.progress import Steps
from local.stack import Stack
from local.up import Up
from tests.conftest import TrainedContent, TrainedTickets, TrainedTransactions

HERE = Path(__file__).parent
SERVICES = ("tickets", "transactions", "content")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, and keep all of them in one worker: they share the stack."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.xdist_group("e2e"))


def stop_all(place: Place) -> None:
    """Stop whatever runs in `place`."""
    found = running.find(place)
    if found is not None:
        running.stop(place, found)
    running.stop_beside(place)


@pytest.fixture(scope="session")
def laptop(
    tmp_path_factory: pytest.TempPathFactory,
    trained_tickets: TrainedTickets,
    trained_transactions: TrainedTransactions,
    trained_content: TrainedContent,
) -> Iterator[Place]:
    """Where the session's stack lives. Whatever runs there at the end is stopped."""
    build = tmp_path_factory.mktemp("build")
    for trained in (trained_tickets, trained_transactions, trained_content):
        (build / trained.service).symlink_to(trained.build / trained.service)
    place = Place(root=ROOT, folder=tmp_path_factory.mktemp("laptop"), build=build)
    place.create()
    try:
        yield place
    finally:
        stop_all(place)


@pytest.fixture(scope="session")
def stack(laptop: Place) -> Stack:
    """The app deployed with `-c local=true` and every model published: what `make up` leaves behind.

    Tests may call it, write to it and publish to it; they leave it running and answering.
    """
    with (laptop.folder / "up.log").open("w") as log:
        steps = Steps(Console(file=log, width=120))
        made = Up(laptop, SERVICES, steps, Commands()).run(free_port())
    reviewers.ensure(laptop, made)
    return made


@pytest.fixture
def own_place(tmp_path: Path) -> Iterator[Place]:
    """A place with nothing in it, not even a model, for one test; what runs there at the end is stopped."""
    place = Place(root=ROOT, folder=tmp_path / "own", build=tmp_path / "build")
    place.create()
    try:
        yield place
    finally:
        stop_all(place)

"""The state file: whole, private, and forgiving of what it cannot read."""

from __future__ import annotations

import stat
from io import StringIO

import pytest
from rich.console import Console

from local import emulator, running, state
from local.emulator import Emulator
from local.errors import NotRunning
from local.place import Place
from local.progress import Steps
from local.state import Account, State


def test_what_is_saved_is_loaded(place: Place) -> None:
    kept = State(
        port=4601, endpoint="http://127.0.0.1:4601", pid=17, deployed="abc", api_url="u", api_key="k"
    )
    state.save(place, kept)
    assert state.load(place) == kept


def test_only_the_owner_reads_the_key(place: Place) -> None:
    place.state.with_suffix(".part").write_text("left by an interrupted run")
    state.save(place, State(port=1, endpoint="e", api_key="k"))
    assert stat.S_IMODE(place.state.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "{", "[]", '{"port": "x"}', '{"pid": 3}'])
def test_what_cannot_be_read_counts_as_nothing(place: Place, content: str) -> None:
    place.state.write_text(content)
    assert state.load(place) is None


def test_an_update_leaves_the_rest(place: Place) -> None:
    state.save(place, State(port=1, endpoint="e", pid=2, deployed="abc"))
    running.update(place, pid=None, api_key="k")
    assert state.load(place) == State(port=1, endpoint="e", deployed="abc", api_key="k")


def test_there_must_be_a_state_to_update(place: Place) -> None:
    with pytest.raises(NotRunning, match="make up"):
        running.update(place, pid=None)


def test_the_reviewers_password_outlasts_a_stop_and_a_start(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The emulator itself is not started: what is kept about it is the point."""
    account = Account("reviewer@example.com", "a password")
    stopped = State(port=4601, endpoint="http://127.0.0.1:4601", deployed="abc", reviewer=account)
    state.save(place, stopped)
    monkeypatch.setattr(emulator, "launch", lambda place, port: Emulator(17, port))
    monkeypatch.setattr(emulator, "wait", lambda started, place: None)
    running.start(place, None, Steps(Console(file=StringIO())))
    kept = state.load(place)
    assert kept is not None
    assert (kept.pid, kept.deployed, kept.reviewer) == (17, "abc", account)

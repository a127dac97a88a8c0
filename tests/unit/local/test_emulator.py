"""Whose process it is, whose port it is, and an emulator that does not come up."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from local import emulator
from local.emulator import Emulator
from local.errors import EmulatorFailed, PortBusy
from local.place import Place


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken


def test_a_dead_process_is_not_the_emulator(place: Place) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert emulator.find(place, ended.pid, 4601) is None
    assert emulator.find(place, None, 4601) is None


def test_another_process_with_that_id_is_not_the_emulator(place: Place) -> None:
    assert emulator.find(place, os.getpid(), 4601) is None


def test_another_places_emulator_is_not_ours(place: Place, tmp_path: os.PathLike[str]) -> None:
    # Its command line has the word, its working folder is not ours.
    other = subprocess.Popen(
        [sys.executable, "-c", "input()", emulator.MODULE], stdin=subprocess.PIPE, cwd=tmp_path
    )
    ours = subprocess.Popen(
        [sys.executable, "-c", "input()", emulator.MODULE], stdin=subprocess.PIPE, cwd=place.emulator
    )
    try:
        assert emulator.find(place, other.pid, 4601) is None
        assert emulator.find(place, ours.pid, 4601) == Emulator(ours.pid, 4601)
    finally:
        for process in (other, ours):
            process.communicate(b"\n", timeout=30)
    assert emulator.find(place, ours.pid, 4601) is None


def test_a_busy_port_names_itself_its_holder_and_the_way_out(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    with pytest.raises(PortBusy) as busy:
        emulator.check_port(port)
    message = busy.value.detail
    assert f"Port {port} is in use" in message
    assert f"process {os.getpid()}" in message
    assert f"TRIAGE_PORT={port + 1} make up" in message


def test_a_port_that_is_bound_but_not_listening_is_busy_too() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(PortBusy, match="is in use"):
            emulator.check_port(taken.getsockname()[1])


def test_a_free_port_passes(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    listener.close()
    emulator.check_port(port)


def test_an_emulator_that_ends_at_once_shows_why(place: Place) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    emulator.log_of(place).write_text("Traceback\nModuleNotFoundError: no such thing\n")
    with pytest.raises(EmulatorFailed) as failed:
        emulator.wait(Emulator(ended.pid, 1), place)
    assert "    ModuleNotFoundError: no such thing" in failed.value.detail
    assert str(emulator.log_of(place)) in failed.value.detail


def test_an_emulator_that_stays_mute_is_ended(place: Place) -> None:
    mute = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)", emulator.MODULE],
        cwd=place.emulator, start_new_session=True,
    )  # fmt: skip
    with pytest.raises(EmulatorFailed, match="did not answer on port 1 in 0 s"):
        emulator.wait(Emulator(mute.pid, 1), place, seconds=0.0)
    assert mute.wait(timeout=30) is not None


def test_the_functions_inherit_no_path_and_no_account(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("AWS_PROFILE", "production")
    given = emulator.settings(place, 4601)
    assert not {"PYTHONPATH", "AWS_PROFILE"} & set(given)
    assert given["BIND_HOST"] == "127.0.0.1"
    assert given["MODEL_CACHE_DIR"] == str(place.models)


def test_forgetting_leaves_an_empty_emulator_and_the_inbox(place: Place) -> None:
    (place.emulator / "state").mkdir()
    place.inbox.write_text("{}")
    emulator.forget(place)
    assert list(place.emulator.iterdir()) == []
    assert place.inbox.exists()
    shutil.rmtree(place.folder)
    emulator.forget(place)
    assert place.emulator.is_dir()


def test_after_a_restart_readers_of_streams_begin_where_the_empty_streams_do(place: Place) -> None:
    emulator.rewind_streams(place)
    state = place.emulator / "state" / "lambda.json"
    state.parent.mkdir(parents=True)
    positions = {"__account_region_scoped__": True, "data": {"one": 4169, "two": 0}}
    saved = {"__ministack_format__": 2, "payload": {"esms": {"a": 1}, "dynamodb_stream_positions": positions}}
    state.write_text(json.dumps(saved))
    emulator.rewind_streams(place)
    payload = json.loads(state.read_text())["payload"]
    assert payload["dynamodb_stream_positions"]["data"] == {"one": 0, "two": 0}
    assert payload["esms"] == {"a": 1}

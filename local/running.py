"""The emulator of a place: found, started or stopped, with what is known of it kept in `state.json`."""

from __future__ import annotations

import msgspec

from local import emulator, signals
from local.emulator import Emulator
from local.errors import Misused, NotRunning
from local.place import DEFAULT_PORT, Place
from local.progress import Steps
from local.state import State, load, save


def find(place: Place) -> Emulator | None:
    """The running emulator of `place`, None when none runs."""
    state = load(place)
    return emulator.find(place, state.pid, state.port) if state else None


def require(place: Place) -> Emulator:
    """The running emulator of `place`; raises NotRunning when none runs."""
    found = find(place)
    if found is None:
        raise NotRunning("The laptop stack is not running. Start it with: make up")
    return found


def start(place: Place, asked_port: int | None, steps: Steps) -> Emulator:
    """The emulator of `place`, started unless it runs.

    A running one is kept, unless it no longer answers. One that died without saving would come back
    with parts of its state: it starts empty instead.
    """
    state = load(place)
    found = emulator.find(place, state.pid, state.port) if state else None
    if found is not None:
        if asked_port not in (None, found.port):
            raise Misused(f"The stack runs on port {found.port}. To move it: make down, then this again.")
        if emulator.answers(found):
            return found
        with steps.step("stopping the embedded AWS, which no longer answers"):
            emulator.stop(found)
    if state is not None and state.pid is not None:
        steps.note("The embedded AWS was not stopped by `make down` last time, so it starts empty.")
        reset(place)
        state = load(place)
    place.create()
    with steps.step("starting the embedded AWS", emulator.log_of(place)):
        return _launch(place, asked_port or DEFAULT_PORT, state)


def restart_empty(place: Place, running: Emulator) -> Emulator:
    """Stop `running`, delete what it kept, and start it again on the same port."""
    stop(place, running)
    reset(place)
    return _launch(place, running.port, load(place))


def _launch(place: Place, port: int, known: State | None) -> Emulator:
    with signals.deferred():
        started = emulator.launch(place, port)
        deployed = known.deployed if known else None
        save(place, State(port=port, endpoint=started.endpoint, pid=started.pid, deployed=deployed))
    emulator.wait(started, place)
    return started


def stop(place: Place, running: Emulator) -> None:
    """Stop `running` and note that it was stopped cleanly."""
    emulator.stop(running)
    update(place, pid=None)


def reset(place: Place) -> None:
    """Delete what the stopped emulator of `place` kept, and what is known of the deployment in it."""
    emulator.forget(place)
    if load(place) is not None:
        update(place, pid=None, deployed=None, api_url=None, api_key=None)


def update(place: Place, **changes: object) -> None:
    """Change fields of the kept state."""
    state = load(place)
    if state is None:
        raise NotRunning("There is no laptop stack yet. Start it with: make up")
    save(place, msgspec.structs.replace(state, **changes))

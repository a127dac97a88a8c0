"""What runs in a place: found, started or stopped, with what is known of it kept in `state.json`.

The embedded AWS is what counts: the feature store and the Kafka broker run beside it, and go with it.
"""

from __future__ import annotations

import msgspec

from local import daemon, emulator, kafka, signals, valkey
from local.daemon import Daemon
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
        stop_beside(place)
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
        # What is known of the API is asked for again; the reviewer's password has to be the same afterwards.
        deployed, reviewer = (known.deployed, known.reviewer) if known else (None, None)
        save(
            place,
            State(
                port=port,
                endpoint=started.endpoint,
                pid=started.pid,
                deployed=deployed,
                reviewer=reviewer,
            ),
        )
    emulator.wait(started, place)
    return started


def start_valkey(place: Place, running: Emulator, steps: Steps) -> Daemon:
    """The feature store of `place`, started unless it runs; the functions find it by its secret.

    One that died beside a running embedded AWS comes back on its own port, which warm functions know.
    """
    state = load(place)
    known = state.valkey if state else None
    found = valkey.find(place, known)
    if found is None:
        if known is not None:
            steps.note("Valkey ended by itself; it starts again with what it had written down.")
        with steps.step("starting Valkey, the feature store", valkey.log_of(place)), signals.deferred():
            found = valkey.start(place, known.port if known else None)
            update(place, valkey=found)
    valkey.publish(place, found.port, running.endpoint)
    return found


def start_kafka(place: Place, running: Emulator, steps: Steps) -> None:
    """The Kafka broker of `place` and the poller that feeds the stream's function, started unless they run.

    The broker keeps everything in memory: a new one begins with an empty topic, and needs a new poller.
    """
    state = load(place)
    broker = kafka.find_broker(place, state.broker if state else None)
    poller = kafka.find_poller(place, state.poller if state else None)
    if broker is None:
        if poller is not None:
            daemon.stop(poller)
            poller = None
        with steps.step("starting the Kafka broker"), signals.deferred():
            broker = kafka.start_broker(place)
            update(place, broker=broker, poller=None)
    if poller is None:
        with steps.step("starting the Kafka poller"), signals.deferred():
            update(place, poller=kafka.start_poller(place, broker, running.endpoint))


def beside(place: Place) -> dict[str, Daemon]:
    """What runs beside the embedded AWS: `poller`, `broker` and `valkey`, those that are there."""
    state = load(place)
    if state is None:
        return {}
    found = {
        "poller": kafka.find_poller(place, state.poller),
        "broker": kafka.find_broker(place, state.broker),
        "valkey": valkey.find(place, state.valkey),
    }
    return {name: each for name, each in found.items() if each is not None}


def stop_beside(place: Place) -> bool:
    """Stop what runs beside the embedded AWS; whether anything did."""
    running = beside(place)
    for each in running.values():
        daemon.stop(each)
    if load(place) is not None:
        update(place, valkey=None, broker=None, poller=None)
    return bool(running)


def stop(place: Place, running: Emulator) -> None:
    """Stop `running` and what runs beside it, and note that it was stopped cleanly.

    What feeds the functions goes first and what they need last, so that nothing fails on the way down.
    """
    there = beside(place)
    for name in ("poller", "broker"):
        if name in there:
            daemon.stop(there[name])
    emulator.stop(running)
    stop_beside(place)
    update(place, pid=None)


def reset(place: Place) -> None:
    """Delete what the stopped emulator of `place` and its feature store kept, and what is known of them."""
    emulator.forget(place)
    valkey.forget(place)
    if load(place) is not None:
        update(place, pid=None, deployed=None, api_url=None, api_key=None, reviewer=None)


def update(place: Place, **changes: object) -> None:
    """Change fields of the kept state."""
    state = load(place)
    if state is None:
        raise NotRunning("There is no laptop stack yet. Start it with: make up")
    save(place, msgspec.structs.replace(state, **changes))

"""What the laptop remembers between commands: `state.json`, written whole or not at all."""

from __future__ import annotations

import os

import msgspec

from local.daemon import Daemon
from local.place import Place


class Account(msgspec.Struct, frozen=True):
    """What a reviewer signs in with; no password when Cognito has mailed one."""

    email: str
    password: str | None


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """The stack as last known.

    `pid` is None once it was stopped cleanly; a pid whose process is gone means that it died.
    `deployed` is the fingerprint of the sources that the stack was deployed from, None while a
    deployment is under way. `valkey`, `broker` and `poller` are what runs beside the embedded AWS. `reviewer`
    is the account that `make up` makes.
    """

    port: int
    endpoint: str
    pid: int | None = None
    deployed: str | None = None
    api_url: str | None = None
    api_key: str | None = None
    valkey: Daemon | None = None
    broker: Daemon | None = None
    poller: Daemon | None = None
    reviewer: Account | None = None


def load(place: Place) -> State | None:
    """The state of `place`; None when there is none or a former version's cannot be read."""
    try:
        return msgspec.json.decode(place.state.read_bytes(), type=State)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def save(place: Place, state: State) -> None:
    """Replace the state of `place`. Only its owner may read it: it holds the API key."""
    part = place.state.with_suffix(".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(state), indent=2))
    part.replace(place.state)

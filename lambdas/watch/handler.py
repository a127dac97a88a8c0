"""The function of the watch's schedule."""

from __future__ import annotations

import msgspec

from lambdas.core.aws import Queue
from lambdas.core.settings import load
from lambdas.core.telemetry import Telemetry
from lambdas.watch.watch import Watch


class WatchSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the watch needs: a JSON object of queues, name to URL."""

    dead_letter_queues: str


_queues = msgspec.json.decode(load(WatchSettings).dead_letter_queues, type=dict[str, str])

handle = Watch({name: Queue(url, timeout=3.0) for name, url in _queues.items()}, Telemetry("watch"))

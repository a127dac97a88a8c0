"""How long the oldest message of a queue has waited, which the emulator's SQS does not say.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from local.embedded.data import Datum, data

NAMESPACE: Final = "AWS/SQS"
TIRED: Final = 3
"""What was received more often is left out of a standard queue's age, as on AWS: it is poison."""
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))

Message = Mapping[str, Any]


class Queues:
    """The queues of the emulator at `endpoint`."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._waited: set[str] = set()

    def data(self, name: str, now: float) -> list[Datum]:
        """The age in seconds at `now` (since the epoch), 0 once when the queue has become empty, and nothing
        while it stays so: an idle queue has no metrics on AWS either. Raises OSError."""
        age = oldest(self._messages(name), now, fifo=name.endswith(".fifo"))
        if age is None and name not in self._waited:
            return []
        (self._waited.discard if age is None else self._waited.add)(name)
        return data("ApproximateAgeOfOldestMessage", {"QueueName": name}, "Seconds", [age or 0.0])

    def _messages(self, name: str) -> list[Message]:
        """All that lie in the queue, by the emulator's own way to look without receiving."""
        url = f"{self._endpoint}/_ministack/sqs/messages?{urlencode({'QueueUrl': name})}"
        with _DIRECT.open(url, timeout=30) as answer:
            accounts = json.load(answer)["messages"]
        queues = [
            queue for regions in accounts.values() for found in regions.values() for queue in found.values()
        ]
        return [message for queue in queues for message in queue]


def oldest(messages: Sequence[Message], now: float, *, fifo: bool) -> float | None:
    """The age in seconds of the oldest of the emulator's `messages`; None where there is none."""
    sent = [
        int(each["Attributes"]["SentTimestamp"]) / 1000
        for each in messages
        if fifo or each["ReceiveCount"] <= TIRED
    ]
    return max(0.0, now - min(sent)) if sent else None

"""What can never be scored goes to the dead-letter queue, and says why."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from typing import NamedTuple

from lambdas.core.aws import Message, Queue, message_group
from lambdas.core.errors import TriageError

MOST_BYTES = 180_000
"""Of a record's own bytes: SQS takes 256 kB with the attributes, and base64 adds a third."""
MOST_DETAIL = 500

_NOT_ALLOWED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What SQS refuses in a body or an attribute."""


class Letter(NamedTuple):
    """A record's content, why it cannot be scored, the card's group, and the record's name on its stream."""

    content: bytes
    error: TriageError
    group: str
    record: str = ""


class DeadLetters:
    """Sends to the queue that people look at and redrive from."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def send(self, letters: Sequence[Letter]) -> dict[int, str]:
        """Send each letter; returns why, by index, for each that was not taken. Does not raise."""
        fifo = self._queue.url.endswith(".fifo")
        return self._queue.send([message_of(letter, in_order=fifo) for letter in letters])


def message_of(letter: Letter, *, in_order: bool) -> Message:
    """The letter with `reason`, `detail` and `field` as attributes; bytes that SQS refuses as base64.

    With `in_order` it is for a FIFO queue, which wants a group and an id.
    """
    attributes = {
        "reason": letter.error.title,
        "detail": _NOT_ALLOWED.sub("\ufffd", letter.error.detail)[:MOST_DETAIL],
        "field": _NOT_ALLOWED.sub("\ufffd", letter.error.field or "$"),
    }
    content = letter.content
    if len(content) > MOST_BYTES:
        content = content[:MOST_BYTES]
        attributes["truncated"] = str(len(letter.content))
    try:
        body = content.decode()
        plain = body != "" and not _NOT_ALLOWED.search(body)
    except UnicodeDecodeError:
        plain = False
    if not plain:
        body = base64.b64encode(content).decode() or "="
        attributes["encoding"] = "base64"
    if not in_order:
        return Message(body, attributes=attributes)
    # Of the record, not of the content alone: one that was sent back and is still wrong is a new record, and
    # SQS would drop its letter as sent before.
    digest = hashlib.sha256(letter.record.encode("utf-8", "replace") + b"\0" + letter.content).hexdigest()
    return Message(body, message_group(letter.group), digest, attributes)

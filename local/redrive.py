"""`make redrive`: what lies among the dead letters and why, and back on the stream with it when asked to."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError
from rich.console import Console
from rich.text import Text

from cdk.names import PROJECT
from cdk.services import SERVICES
from local.errors import Misused

AT_ONCE = 10
PATIENCE_SECONDS = 120
"""How long a letter is invisible to others while it is listed and sent back."""
WAIT_SECONDS = 1
"""Without waiting SQS asks only some of its servers, and may say that there is nothing."""
SEEN_AGAIN: Final = ("ReceiptHandleIsInvalid", "MessageNotInflight", "InvalidParameterValue")
"""What SQS says of a letter that others see already, as its time has run out or it is gone."""
_OURS = ("reason", "detail", "field", "encoding", "truncated")


@dataclass(frozen=True)
class DeadLetter:
    """One message of a dead-letter queue; without a reason SQS itself gave it up."""

    body: str
    group: str
    receipt: str
    reason: str
    detail: str
    field: str
    encoding: str
    truncated: bool

    @property
    def content(self) -> str | None:
        """What was on the stream; None when a queue cannot carry it: it was too long, or is no text."""
        return None if self.truncated or self.encoding else self.body


def streams(sqs: Any) -> list[str]:
    """The services of which there is a queue for what their stream could not decide."""
    with_stream = [service.name for service in SERVICES if service.stream]
    return [name for name in with_stream if _url(sqs, f"{PROJECT}-{name}-dlq.fifo")]


def urls(sqs: Any, service: str) -> tuple[str, str]:
    """The URLs of the dead letters and of the stream's queue, empty when the stream is no queue."""
    return _url(sqs, f"{PROJECT}-{service}-dlq.fifo"), _url(sqs, f"{PROJECT}-{service}.fifo")


def _url(sqs: Any, name: str) -> str:
    try:
        return str(sqs.get_queue_url(QueueName=name)["QueueUrl"])
    except ClientError as error:
        if "NonExistentQueue" in error.response["Error"]["Code"] or "QueueDoesNotExist" in str(error):
            return ""
        raise


def letters(sqs: Any, url: str) -> Iterator[DeadLetter]:
    """Each letter of the queue, once; they stay there, and invisible for a while."""
    while found := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=AT_ONCE, VisibilityTimeout=PATIENCE_SECONDS,
        MessageAttributeNames=["All"], AttributeNames=["All"], WaitTimeSeconds=WAIT_SECONDS,
    ).get("Messages", []):  # fmt: skip
        for message in found:
            told = {
                name: given["StringValue"]
                for name, given in message.get("MessageAttributes", {}).items()
                if name in _OURS
            }
            yield DeadLetter(
                body=message["Body"],
                group=message.get("Attributes", {}).get("MessageGroupId", "none"),
                receipt=message["ReceiptHandle"],
                reason=told.get("reason", "given up"),
                detail=told.get("detail", "the function failed on it again and again: see its log"),
                field=told.get("field", ""),
                encoding=told.get("encoding", ""),
                truncated="truncated" in told,
            )


def show(console: Console, found: list[DeadLetter]) -> None:
    """Print each letter: why it is there, and its beginning."""
    for letter in found:
        where = f" at {letter.field}" if letter.field not in ("", "$") else ""
        console.print(Text.assemble((f"{letter.reason}{where}: ", "bold red"), letter.detail))
        console.print(Text(f"    {(letter.content or letter.body)[:160]}", "dim"))


def send_back(sqs: Any, found: list[DeadLetter], dead: str, source: str) -> int:
    """Send `found` from the queue `dead` to `source`, in order; how many could be.

    A letter is deleted once the source has it. It gets a new deduplication id, or SQS would drop it as sent
    before; the decision log still decides each transaction once. Raises Misused when the stream is no queue.
    """
    if found and not source:
        raise Misused("This stream is no queue: put what is listed above on it yourself.")
    sent = 0
    for letter in found:
        content = letter.content
        if content is None:
            continue
        once = hashlib.sha256(f"{content} {uuid.uuid4()}".encode()).hexdigest()
        sqs.send_message(
            QueueUrl=source, MessageBody=content, MessageGroupId=letter.group, MessageDeduplicationId=once
        )
        sqs.delete_message(QueueUrl=dead, ReceiptHandle=letter.receipt)
        sent += 1
    return sent


def send_all(
    sqs: Any, held: list[DeadLetter], dead: str, source: str, shown: Callable[[list[DeadLetter]], None]
) -> tuple[int, int]:
    """Send back what is `held`, then what SQS hands out after it: of a card it gives ten at a time.

    What is dead again within the run is not sent once more, or that would go on for ever. How many went
    back, and how many of them are dead again; `held` is then what stays. Raises Misused as send_back.
    """
    sent, tried, fresh = 0, set[str](), list(held)
    while fresh:
        for letter in fresh:
            if send_back(sqs, [letter], dead, source):
                held.remove(letter)
                tried.add(letter.body)
                sent += 1
        more = list(letters(sqs, dead))
        fresh = [letter for letter in more if letter.body not in tried]
        shown(fresh)
        held += more
    return sent, sum(letter.body in tried for letter in held)


def put_back(sqs: Any, found: list[DeadLetter], dead: str) -> None:
    """Let others see `found` again at once."""
    for letter in found:
        try:
            sqs.change_message_visibility(QueueUrl=dead, ReceiptHandle=letter.receipt, VisibilityTimeout=0)
        except ClientError as error:
            if error.response["Error"]["Code"] not in SEEN_AGAIN:
                raise

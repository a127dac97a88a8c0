"""The mails: read as they come, kept, and shown as a person would get them."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from local import inbox
from local.place import Place

ALARM = {
    "AlarmName": "triage-tickets-fallbacks",
    "AlarmDescription": "Rules answer in place of the model. Search the log for `model failed`.",
    "NewStateValue": "ALARM",
    "OldStateValue": "OK",
    "NewStateReason": "Threshold Crossed: Average 1.0",
    "StateChangeTime": "2026-11-24T00:37:09.000+0000",
}


def envelope(message: str, mail_id: str = "m-1", **members: Any) -> str:
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": mail_id,
            "Message": message,
            "Timestamp": "2026-11-24T00:37:10Z",
        }
        | members
    )


class Queue:
    """Stands for SQS: hands out `bodies`, at most `size` at a time, until they are deleted."""

    def __init__(self, *bodies: str, size: int = 2) -> None:
        self.waiting = dict(enumerate(bodies))
        self.size = size
        self.deleted: list[int] = []

    def get_queue_url(self, QueueName: str) -> dict[str, str]:  # noqa: N803 - AWS's name
        return {"QueueUrl": f"here/{QueueName}"}

    def receive_message(self, QueueUrl: str, MaxNumberOfMessages: int) -> dict[str, Any]:  # noqa: N803
        assert QueueUrl == "here/Inbox"
        found = list(self.waiting.items())[: min(self.size, MaxNumberOfMessages)]
        return {"Messages": [{"MessageId": f"s-{n}", "Body": b, "ReceiptHandle": str(n)} for n, b in found]}

    def delete_message_batch(self, QueueUrl: str, Entries: list[dict[str, str]]) -> None:  # noqa: N803
        for entry in Entries:
            del self.waiting[int(entry["ReceiptHandle"])]


def fetch(monkeypatch: pytest.MonkeyPatch, place: Place, queue: Queue) -> list[inbox.Mail]:
    monkeypatch.setattr(inbox, "client", lambda service, endpoint: queue)
    return inbox.fetch("http://127.0.0.1:1", "http://localhost:4566/000000000000/Inbox", place.inbox)


def shown(mails: list[inbox.Mail], new: set[str]) -> str:
    console = Console(file=io.StringIO(), soft_wrap=True)
    inbox.show(console, mails, new)
    text = console.file
    assert isinstance(text, io.StringIO)
    return text.getvalue()


def test_an_alarm_becomes_a_mail() -> None:
    mail = inbox.parse(envelope(json.dumps(ALARM), Subject='ALARM: "triage-tickets-fallbacks"'), "s-1")
    assert mail == inbox.Mail(
        id="m-1",
        time=ALARM["StateChangeTime"],
        subject='ALARM: "triage-tickets-fallbacks"',
        text=ALARM["AlarmDescription"],
        alarm="triage-tickets-fallbacks",
        state="ALARM",
        reason="Threshold Crossed: Average 1.0",
    )


@pytest.mark.parametrize("body", [envelope("the model was rolled back"), "the model was rolled back"])
def test_what_is_no_alarm_is_a_mail_too(body: str) -> None:
    mail = inbox.parse(body, "s-1")
    assert (mail.text, mail.alarm) == ("the model was rolled back", "")
    assert mail.subject == "Notification from Triage"


def test_every_message_is_kept_once_in_order_and_then_leaves_the_queue(
    monkeypatch: pytest.MonkeyPatch, place: Place
) -> None:
    bodies = [
        envelope(json.dumps(ALARM | {"StateChangeTime": f"2026-11-24T00:0{n}:00.000+0000"}), f"m-{n}")
        for n in (3, 1, 2)
    ]
    queue = Queue(*bodies, bodies[0])
    assert [mail.id for mail in fetch(monkeypatch, place, queue)] == ["m-1", "m-2", "m-3"]
    assert queue.waiting == {}
    assert fetch(monkeypatch, place, Queue(bodies[1])) == []
    assert [mail.id for mail in inbox.read(place.inbox)] == ["m-1", "m-2", "m-3"]


def test_a_mail_that_cannot_be_kept_stays_in_the_queue(monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    queue = Queue(envelope("x"))
    place.inbox.mkdir()
    with pytest.raises(OSError, match="directory"):
        fetch(monkeypatch, place, queue)
    assert len(queue.waiting) == 1


def test_an_empty_inbox_says_so(place: Place) -> None:
    assert "The inbox is empty" in shown(inbox.read(place.inbox), set())


def test_a_raw_alarm_shows_what_happened_and_what_to_do() -> None:
    text = shown([inbox.parse(envelope(json.dumps(ALARM)), "s-1")], {"m-1"})
    for line in (
        'Subject: ALARM: "triage-tickets-fallbacks" (new)',
        "State:   ALARM",
        "Reason:  Threshold Crossed: Average 1.0",
        "Rules answer in place of the model. Search the log for `model failed`.",
        "1 mail, 1 new.",
    ):
        assert line in text


def test_a_mail_made_of_an_alarm_is_shown_as_it_was_sent() -> None:
    said = {"alarm": "triage-fallbacks", "state": "OK"}
    attributes = {name: {"Type": "String", "Value": value} for name, value in said.items()}
    body = envelope(
        "Over: rules answer.\n\nWhat to do: Nothing now.\n",
        Subject="OK: triage-fallbacks is over",
        MessageAttributes=attributes,
    )
    mail = inbox.parse(body, "s-1")
    assert (mail.alarm, mail.state, mail.reason) == ("triage-fallbacks", "OK", "")
    text = shown([mail], set())
    assert "Alarm:   triage-fallbacks" in text
    assert "Over: rules answer.\n\nWhat to do: Nothing now.\n" in text
    assert "Reason" not in text
    assert "(new)" not in text


def test_old_mails_are_counted_and_not_shown() -> None:
    mails = [inbox.parse(envelope(f"text {n}", f"m-{n}"), "s") for n in range(inbox.SHOWN + 5)]
    text = shown(mails, set())
    assert "(5 older mails are not shown)" in text
    assert "text 4\n" not in text
    assert "text 5\n" in text
    assert "25 mails, 0 new." in text

"""Dead letters: why they are there, what can be sent back, and what cannot."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from local import redrive
from local.errors import Misused


class Queues:
    """The two calls of SQS that sending back makes, over lists."""

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.dead = messages
        self.sent: list[dict[str, Any]] = []
        self.deleted: list[str] = []
        self._given = 0

    def receive_message(self, MaxNumberOfMessages: int, **_: Any) -> dict[str, Any]:  # noqa: N803
        found = self.dead[self._given : self._given + MaxNumberOfMessages]
        self._given += len(found)
        return {"Messages": found} if found else {}

    def send_message(self, **said: Any) -> None:
        self.sent.append(said)

    def delete_message(self, ReceiptHandle: str, **_: Any) -> None:  # noqa: N803
        self.deleted.append(ReceiptHandle)


def message(number: int, body: str = "{}", group: str = "c1", **attributes: str) -> dict[str, Any]:
    told = {name: {"StringValue": value, "DataType": "String"} for name, value in attributes.items()}
    return {
        "MessageId": str(number), "ReceiptHandle": f"r{number}", "Body": body,
        "Attributes": {"MessageGroupId": group}, "MessageAttributes": told,
    }  # fmt: skip


def test_a_letter_says_why_and_one_without_reason_was_given_up() -> None:
    queues = Queues([message(1, reason="Invalid request", detail="too low", field="amount"), message(2)])
    found = list(redrive.letters(queues, "dead"))
    text = StringIO()
    redrive.show(Console(file=text, width=200), found)
    assert "Invalid request at amount: too low" in text.getvalue()
    assert "given up: the function failed on it" in text.getvalue()


def test_all_are_listed_however_many() -> None:
    assert len(list(redrive.letters(Queues([message(n) for n in range(25)]), "dead"))) == 25


def test_sent_back_in_order_with_its_card_under_a_new_id_and_only_then_deleted() -> None:
    queues = Queues([message(n, body=f'{{"n": {n}}}', group=f"c{n % 2}") for n in range(4)])
    found = list(redrive.letters(queues, "dead"))
    assert redrive.send_back(queues, found, "dead", "source") == 4
    assert [(s["MessageBody"], s["MessageGroupId"]) for s in queues.sent] == [
        (f'{{"n": {n}}}', f"c{n % 2}") for n in range(4)
    ]
    assert len({s["MessageDeduplicationId"] for s in queues.sent}) == 4
    assert queues.deleted == ["r0", "r1", "r2", "r3"]


def test_what_a_queue_cannot_carry_stays() -> None:
    queues = Queues([message(1, body="/w==", encoding="base64"), message(2, body="{...", truncated="999")])
    found = list(redrive.letters(queues, "dead"))
    assert [letter.content for letter in found] == [None, None]
    assert redrive.send_back(queues, found, "dead", "source") == 0
    assert queues.deleted == []


def test_a_stream_that_is_no_queue_is_said() -> None:
    with pytest.raises(Misused, match="no queue"):
        redrive.send_back(Queues([]), list(redrive.letters(Queues([message(1)]), "dead")), "dead", "")


class Returning(Queues):
    """A queue of dead letters whose stream cannot decide one of them, however often it is sent back."""

    def send_message(self, **said: Any) -> None:
        super().send_message(**said)
        if said["MessageBody"] == "bad":
            self.dead.append(message(100 + len(self.sent), body="bad"))


def test_what_is_dead_again_is_not_sent_for_ever() -> None:
    queues = Returning([message(1, body="bad"), message(2, body="good"), message(3, body="x", truncated="9")])
    held = list(redrive.letters(queues, "dead"))
    assert redrive.send_all(queues, held, "dead", "source", lambda more: None) == (2, 1)
    assert [letter.body for letter in held] == ["x", "bad"]


@pytest.mark.parametrize(("code", "raises"), [("ReceiptHandleIsInvalid", False), ("AccessDenied", True)])
def test_a_letter_that_others_see_already_is_left_alone(code: str, raises: bool) -> None:
    class Late(Queues):
        def change_message_visibility(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": code}}, "ChangeMessageVisibility")

    queues = Late([message(1)])
    held = list(redrive.letters(queues, "dead"))
    if raises:
        with pytest.raises(ClientError):
            redrive.put_back(queues, held, "dead")
    else:
        redrive.put_back(queues, held, "dead")

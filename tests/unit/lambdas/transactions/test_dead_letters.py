"""A dead letter keeps the record and says why; what SQS refuses is encoded."""

from __future__ import annotations

import base64
import re

from lambdas.core.errors import InvalidRequest
from lambdas.transactions.dead_letters import MOST_BYTES, MOST_DETAIL, Letter, message_of


def letter(content: bytes, detail: str = "why", field: str | None = "at") -> Letter:
    return Letter(content, InvalidRequest(detail, field=field), "card")


def test_it_says_why() -> None:
    message = message_of(letter(b'{"a":1}'), in_order=True)
    assert message.body == '{"a":1}'
    assert message.attributes == {"reason": "Invalid request", "detail": "why", "field": "at"}
    assert message_of(letter(b"x", field=None), in_order=False)[1:] == (
        None, None, {"reason": "Invalid request", "detail": "why", "field": "$"},
    )  # fmt: skip


def test_the_group_is_one_that_sqs_takes_whatever_the_partition_key_is() -> None:
    groups = [
        message_of(letter(b"x")._replace(group=group), in_order=True).group
        for group in ("card", "card one", "tarjeta-ñ", "", "x" * 500)
    ]
    assert groups[0] == "card"
    assert len(set(groups)) == 5
    assert all(group and re.fullmatch("[0-9a-f]{32}", group) for group in groups[1:])


def test_the_largest_record_fits_into_a_message_with_its_attributes() -> None:
    message = message_of(letter(b"\xff" * (MOST_BYTES + 1), detail="\ufffd" * 9_000), in_order=True)
    said = sum(len(name) + len(value.encode()) + 20 for name, value in message.attributes.items())
    assert len(message.body) + said < 262_144


def test_what_sqs_refuses_is_encoded() -> None:
    for content in (b"\xff\x00", b"a\x00b", "\uffff".encode(), b""):
        message = message_of(letter(content), in_order=False)
        assert message.attributes["encoding"] == "base64"
        assert message.body
        assert base64.b64decode(message.body.rstrip("=") + "==") == content
    said = message_of(letter(b"x", detail="\x00" * 9_000), in_order=False).attributes["detail"]
    assert said == "\ufffd" * MOST_DETAIL


def test_a_huge_record_is_cut_and_says_so() -> None:
    message = message_of(letter(b"x" * (MOST_BYTES + 1)), in_order=False)
    assert len(message.body) == MOST_BYTES
    assert message.attributes["truncated"] == str(MOST_BYTES + 1)


def test_a_letter_is_known_by_its_record() -> None:
    """What comes again is one letter; what was sent back and is still wrong is another."""
    one, again, other, sent_back = (
        message_of(letter(body)._replace(record=name), in_order=True).id
        for body, name in ((b"a", "m1"), (b"a", "m1"), (b"b", "m1"), (b"a", "m2"))
    )
    assert one == again
    assert len({one, other, sent_back}) == 3

"""The routes: what they read of a request, and that who asks is never in it."""

from __future__ import annotations

from typing import Any, cast

import msgspec
import pytest

from lambdas.core.errors import Forbidden, InvalidRequest, Unauthorized
from lambdas.core.http import Asked
from lambdas.review import schema
from lambdas.review.claims import Claims
from lambdas.review.desk import Desk
from lambdas.review.moves import Moves
from lambdas.review.opened import Opener
from lambdas.review.tables import Tables
from lambdas.review.verdicts import Verdicts
from tests.unit.lambdas.review.test_items import Nothing

ANA = {"token_use": "id", "aud": "client", "email": "ana@example.com", "cognito:groups": "[reviewers]"}
BODIES = (schema.ClaimRequest, schema.VerdictRequest, schema.NoteRequest)


class Empty(Nothing):
    """A DynamoDB with nothing in it."""

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append({"operation": operation, **request})
        return {}


def desk(dynamo: Nothing) -> Desk:
    tables = Tables(dynamo, reviews="r", audit="a")
    return Desk(
        tables=tables, claims=Claims(tables, ["tickets", "content"], minutes=15), moves=Moves(tables),
        verdicts=cast("Verdicts", None), opener=cast("Opener", None), services=["tickets", "content"],
        client="client",
    )  # fmt: skip


def asked(body: object = None, who: dict[str, str] | None = None, **query: str) -> Asked:
    return Asked(body, {"id": "tickets.a"}, query, {}, None, ANA if who is None else who)


@pytest.mark.parametrize(
    "route", ["list", "claim", "show", "verdict", "skip", "escalate", "release", "agreement", "quality"]
)
def test_nobody_comes_in_without_a_verified_token_of_a_reviewer(route: str) -> None:
    dynamo = Empty()
    with pytest.raises(Unauthorized):
        getattr(desk(dynamo), route)(asked(who={}))
    with pytest.raises(Forbidden):
        getattr(desk(dynamo), route)(asked(who={**ANA, "cognito:groups": "[]"}))
    assert dynamo.asked == [], "nothing was read either"


@pytest.mark.parametrize("kind", BODIES)
def test_no_body_says_who_asks(kind: type) -> None:
    names = {field.name for field in msgspec.structs.fields(kind)}
    assert not names & {"by", "who", "email", "reviewer", "groups"}
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.json.decode(b'{"by": "lea@example.com"}', type=kind)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"state": "gone"}, "state"), ({"kind": "x"}, "kind"), ({"service": "cards"}, "service"),
        ({"limit": "0"}, "limit"), ({"limit": "101"}, "limit"), ({"limit": "-1"}, "limit"),
        ({"limit": "ten"}, "limit"), ({"limit": "٣"}, "limit"), ({"cursor": "!"}, "cursor"),
    ],
)  # fmt: skip
def test_what_a_list_cannot_be_asked(query: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        desk(Empty()).list(asked(**query))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("query", "groups", "read"),
    [
        ({}, "[reviewers]", {"claimed#tickets", "open#tickets", "claimed#content", "open#content"}),
        ({"service": "tickets"}, "[leads]", {"claimed#tickets", "open#tickets", "leads#tickets"}),
        ({"service": "tickets", "state": "open"}, "[leads]", {"claimed#tickets", "open#tickets"}),
        ({"service": "tickets", "state": "claimed"}, "[leads]", {"claimed#tickets"}),
        ({"service": "tickets", "state": "settled"}, "[leads]", {"settled#tickets"}),
        ({"service": "tickets", "state": "escalated"}, "[reviewers]", {"leads#tickets"}),
    ],
)
def test_which_lines_a_list_reads(query: dict[str, str], groups: str, read: set[str]) -> None:
    dynamo = Empty()
    found = desk(dynamo).list(asked(who={**ANA, "cognito:groups": groups}, **query))
    assert (found.reviews, found.cursor) == ([], None)
    assert {each["ExpressionAttributeValues"][":line"]["S"] for each in dynamo.asked} == read


def test_an_empty_queue_has_nothing_to_claim_and_nothing_to_report() -> None:
    assert desk(Empty()).claim(asked(schema.ClaimRequest())).review is None
    with pytest.raises(InvalidRequest) as caught:
        desk(Empty()).claim(asked(schema.ClaimRequest(service="cards")))
    assert caught.value.field == "service"
    (tickets, _) = desk(Empty()).agreement(asked()).agreement
    assert (tickets.service, tickets.n, tickets.kappa) == ("tickets", 0, None)
    assert desk(Empty()).quality(asked()).quality[1].share is None

"""Decisions that people look at, from the live endpoint to the label: sign-in, claims, verdicts, appeals."""

from __future__ import annotations

import base64
import json
import struct
import time
import urllib.request
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest

from lambdas.core.service import decision_id
from local import reviewers
from local.call import Answer
from local.stack import Stack
from tests.e2e.transactions import eventually, fresh, score

CLAIM = "/v1/reviews:claim"
SIGN_IN = "/v1/reviewers:signIn"


@dataclass
class Person:
    """A reviewer with a token."""

    stack: Stack
    email: str
    password: str
    token: str = field(default="", repr=False)

    def call(self, method: str, path: str, body: object = None, *, token: str | None = None) -> Answer:
        """A call as the page makes it: with the token, and no API key."""
        headers = {"x-api-key": "", "authorization": f"Bearer {self.token if token is None else token}"}
        return self.stack.call(method, path, body, headers=headers)

    def sign_in(self) -> dict[str, Any]:
        answer = self.stack.call("POST", SIGN_IN, {"email": self.email, "password": self.password},
                                 headers={"x-api-key": ""})  # fmt: skip
        assert answer.status == 200, answer.body
        said: dict[str, Any] = answer.json()
        self.token = said["id_token"]
        return said

    def claim(self, review_id: str) -> dict[str, Any]:
        answer = self.call("POST", CLAIM, {"id": review_id})
        assert answer.status == 200, answer.body
        review: dict[str, Any] = answer.json()["review"]
        return review

    def say(self, review_id: str, **said: str) -> dict[str, Any]:
        answer = self.call("POST", f"/v1/reviews/{review_id}/verdict", said)
        assert answer.status == 200, answer.body
        after: dict[str, Any] = answer.json()["review"]
        return after


@pytest.fixture(scope="module")
def person(stack: Stack) -> Callable[..., Person]:
    """Makes an account of its own for a test, signed in."""

    def make(*, lead: bool = False) -> Person:
        made = Person(stack, f"{fresh('person')}@example.com", reviewers.new_password())
        pool = stack.output("ReviewerPoolId")
        reviewers.add(stack.client("cognito-idp"), pool, made.email, password=made.password, lead=lead)
        made.sign_in()
        return made

    return make


@pytest.fixture(scope="module")
def ana(person: Callable[..., Person]) -> Person:
    return person()


@pytest.fixture(scope="module")
def lea(person: Callable[..., Person]) -> Person:
    return person(lead=True)


def unclear_ticket(stack: Stack) -> str:
    """A ticket that says nothing: a person must look. Its decision's id."""
    answer = stack.call("POST", "/v1/tickets:classify", {"body": "hmm ok", "ticket_id": fresh("t")}).json()
    assert answer["review"], answer
    return str(answer["decision_id"])


def unclear_transaction(stack: Stack) -> str:
    """A transaction that goes to review, by what the model thinks of ever stranger ones."""
    for amount in (300, 600, 900, 1500, 2500, 4000, 8000):
        for hour in ("03", "12"):
            said = {"transaction_id": fresh("t"), "amount": float(amount), "merchant_id": fresh("m")}
            at = time.strftime(f"%Y-%m-%dT{hour}:00:00Z", time.gmtime(time.time() - 86_400))
            answer = score(stack, card_id=fresh("card"), at=at, **said)
            if answer["review"]:
                return str(answer["decision_id"])
    pytest.fail("no transaction was unclear")


def one_pixel() -> bytes:
    """A PNG of one grey pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\x00\x80")) + chunk(b"IEND", b"")


def queued(person: Person, review_id: str) -> dict[str, Any]:
    """The item, once the stream brought it into the queue."""

    def look() -> Any:
        answer = person.call("GET", f"/v1/reviews/{review_id}")
        return answer.json() if answer.status == 200 else None

    found: dict[str, Any] = eventually(look, f"{review_id} in the queue")
    return found


def labelled(stack: Stack, own: str) -> tuple[str, str]:
    """The label on the decision, and who gave it."""
    item = stack.client("dynamodb").get_item(
        TableName=stack.output("DecisionsTable"), Key={"id": {"S": own}}, ConsistentRead=True
    )["Item"]
    return item["label"]["S"], item["label_by"]["S"]


class TestSigningIn:
    def test_tokens_and_new_ones(self, stack: Stack, person: Callable[..., Person]) -> None:
        one = person()
        said = one.sign_in()
        assert said["expires_in"] == 3600
        again = stack.call(
            "POST", SIGN_IN, {"refresh_token": said["refresh_token"]}, headers={"x-api-key": ""}
        )
        assert again.status == 200, again.body
        assert again.json()["id_token"]

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"email": "nobody@example.com", "password": "x"}, 401),
            ({"email": "nobody@example.com"}, 400),
            ({}, 400),
            ({"refresh_token": "x"}, 401),
            ({"email": "nobody@example.com", "password": "x", "role": "lead"}, 400),
        ],
    )
    def test_what_does_not_sign_in(self, stack: Stack, body: object, status: int) -> None:
        answer = stack.call("POST", SIGN_IN, body, headers={"x-api-key": ""})
        assert answer.status == status, answer.body
        assert answer.headers["content-type"].startswith("application/problem+json")

    def test_a_wrong_password_says_no_more_than_an_unknown_address(self, stack: Stack, ana: Person) -> None:
        said = [
            stack.call("POST", SIGN_IN, {"email": email, "password": "Wrong-1234567"}).json()["detail"]
            for email in (ana.email, "nobody@example.com")
        ]
        assert said[0] == said[1]

    def test_a_first_password_must_be_changed(self, stack: Stack) -> None:
        email, first = f"{fresh('new')}@example.com", reviewers.new_password()
        cognito, pool = stack.client("cognito-idp"), stack.output("ReviewerPoolId")
        reviewers.add(cognito, pool, email, password=first, lead=False)
        cognito.admin_set_user_password(UserPoolId=pool, Username=email, Password=first, Permanent=False)
        said = stack.call("POST", SIGN_IN, {"email": email, "password": first}).json()
        assert said["challenge"] == "new_password"
        assert said["id_token"] is None
        step = {"email": email, "session": said["session"]}
        done = stack.call("POST", SIGN_IN, {**step, "new_password": reviewers.new_password()})
        assert done.status == 200, done.body
        assert done.json()["id_token"]

    def test_only_a_whole_and_fresh_token_of_a_reviewer_is_let_in(self, stack: Stack, ana: Person) -> None:
        head, claims, signature = ana.token.split(".")
        forged = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        forged["cognito:groups"] = ["leads"]
        other = base64.urlsafe_b64encode(json.dumps(forged).encode()).decode().rstrip("=")
        assert ana.call("GET", "/v1/reviews").status == 200
        for token in ("", "x", f"{head}.{other}.{signature}", f"{head}.{claims}.{signature[:-4]}AAAA"):
            answer = ana.call("GET", "/v1/reviews", token=token)
            assert answer.status == 401, (token[:10], answer.body)
            assert answer.headers["content-type"].startswith("application/problem+json")
        key_alone = stack.call("GET", "/v1/reviews")
        assert key_alone.status == 401

    def test_a_token_that_has_expired_or_is_of_another_client_is_refused(
        self, stack: Stack, ana: Person
    ) -> None:
        """Another client's tokens are told apart by the function, expired ones by API Gateway already."""
        cognito, pool = stack.client("cognito-idp"), stack.output("ReviewerPoolId")
        client = cognito.create_user_pool_client(
            UserPoolId=pool, ClientName=fresh("short"), ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
            IdTokenValidity=2, TokenValidityUnits={"IdToken": "seconds"},
        )["UserPoolClient"]["ClientId"]  # fmt: skip
        token = cognito.initiate_auth(
            ClientId=client, AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": ana.email, "PASSWORD": ana.password},
        )["AuthenticationResult"]["IdToken"]  # fmt: skip
        early = ana.call("GET", "/v1/reviews", token=token)
        assert (early.status, early.json()["detail"]) == (
            401,
            "send the id_token of POST /v1/reviewers:signIn",
        )

        def refused_at_the_door() -> bool:
            late = ana.call("GET", "/v1/reviews", token=token)
            assert late.status == 401
            return "Bearer" in late.json()["detail"]

        eventually(refused_at_the_door, "the token's end", seconds=20.0)

    def test_who_is_in_no_group_may_do_nothing(self, stack: Stack) -> None:
        email, password = f"{fresh('guest')}@example.com", reviewers.new_password()
        cognito, pool = stack.client("cognito-idp"), stack.output("ReviewerPoolId")
        reviewers.add(cognito, pool, email, password=password, lead=False)
        cognito.admin_remove_user_from_group(UserPoolId=pool, Username=email, GroupName="reviewers")
        guest = Person(stack, email, password)
        guest.sign_in()
        assert guest.call("GET", "/v1/reviews").status == 403


def listed(person: Person, query: str) -> set[str]:
    """The ids of all that waits: the most severe come first, and other tests leave some too."""
    found, cursor = set(), ""
    while True:
        page = person.call("GET", f"/v1/reviews?{query}&limit=100{cursor}").json()
        found |= {item["id"] for item in page["reviews"]}
        if not page["cursor"]:
            return found
        cursor = f"&cursor={quote(page['cursor'])}"


class TestFromDecisionToLabel:
    """Given decisions that the models were not sure of."""

    def test_a_ticket(self, stack: Stack, ana: Person) -> None:
        own = unclear_ticket(stack)
        waiting = queued(ana, own)
        assert (waiting["state"], waiting["kind"], waiting["service"]) == ("open", "review", "tickets")
        assert own in listed(ana, "service=tickets&kind=review")
        claimed = ana.claim(own)
        assert (claimed["state"], claimed["mine"], claimed["held_by"]) == ("claimed", True, ana.email)
        assert claimed["asked"]["body"] == "hmm ok"
        assert {"Billing", "Technical"} <= set(claimed["labels"])
        wrong = ana.call("POST", f"/v1/reviews/{own}/verdict", {"label": "Nonsense"})
        assert (wrong.status, wrong.json()["field"]) == (400, "label")
        assert ana.say(own, label="Billing", note="an invoice")["state"] == "settled"
        assert labelled(stack, own) == ("Billing", ana.email)
        done = ana.call("GET", f"/v1/reviews/{own}").json()
        assert [entry["action"] for entry in done["history"]] == ["queued", "claimed", "decided"]
        assert done["intact"] is True

    def test_a_transaction_and_the_learner_hears_of_it(self, stack: Stack, ana: Person) -> None:
        own = unclear_transaction(stack)
        queued(ana, own)
        assert ana.claim(own)["labels"] == ["legitimate", "fraud"]
        ana.say(own, label="fraud")
        assert labelled(stack, own) == ("fraud", ana.email)

    def test_a_post_with_its_picture(self, stack: Stack, ana: Person) -> None:
        """Its sound cannot be read, so people must look, whatever the model thinks of the rest."""
        picture = one_pixel()
        broken = b"RIFF\x24\x00\x00\x00WAVE" + bytes(60)
        answer = stack.call("POST", "/v1/content:moderate", {
            "content_id": fresh("c"), "text": "a walk in the park",
            "image": {"data": base64.b64encode(picture).decode()},
            "audio": {"data": base64.b64encode(broken).decode()},
        })  # fmt: skip
        assert (answer.status, answer.json()["outcome"]) == (200, "review"), answer.body
        own = answer.json()["decision_id"]
        queued(ana, own)
        claimed = ana.claim(own)
        assert claimed["asked"]["text"] == "a walk in the park"
        links = {link["name"]: link for link in claimed["media"]}
        assert links["image"]["type"] == "image/png"
        with urllib.request.urlopen(links["image"]["url"], timeout=30) as found:  # noqa: S310 - our own
            assert found.read() == picture
        ana.say(own, label="ok")
        assert labelled(stack, own) == ("ok", ana.email)

    def test_nobody_gets_what_somebody_has(self, stack: Stack, ana: Person, lea: Person) -> None:
        own = unclear_ticket(stack)
        queued(ana, own)
        ana.claim(own)
        taken = lea.call("POST", CLAIM, {"id": own})
        assert (taken.status, "has claimed it" in taken.json()["detail"]) == (409, True)
        assert lea.call("POST", f"/v1/reviews/{own}/verdict", {"label": "Billing"}).status == 409
        assert ana.call("POST", f"/v1/reviews/{own}/release", {}).json()["review"]["state"] == "open"
        lea.claim(own)
        assert lea.call("POST", f"/v1/reviews/{own}/skip", {"note": "later"}).status == 200

    def test_what_is_escalated_is_a_leads(self, stack: Stack, ana: Person, lea: Person) -> None:
        own = unclear_ticket(stack)
        queued(ana, own)
        ana.claim(own)
        moved = ana.call("POST", f"/v1/reviews/{own}/escalate", {"note": "I am not sure"}).json()["review"]
        assert (moved["state"], moved["escalated"]) == ("escalated", True)
        assert ana.call("POST", CLAIM, {"id": own}).status == 403
        listed = lea.call("GET", "/v1/reviews?state=escalated&limit=100").json()["reviews"]
        assert own in {item["id"] for item in listed}
        lea.claim(own)
        assert lea.say(own, label="Technical")["state"] == "settled"
        assert labelled(stack, own) == ("Technical", lea.email)

    def test_the_reports(self, ana: Person) -> None:
        for report in ("agreement", "quality"):
            found = ana.call("GET", f"/v1/reviews/{report}").json()[report]
            assert {"tickets", "transactions"} <= {each["service"] for each in found}


class TestAppeals:
    def test_a_decline_is_overturned_by_somebody_else(
        self, stack: Stack, ana: Person, person: Callable[..., Person]
    ) -> None:
        own = unclear_transaction(stack)
        path = f"/v1/decisions/{own}/appeal"
        early = stack.call("POST", path, {"reason": "it was me", "by": "customer 7"})
        assert (early.status, "not decided yet" in early.json()["detail"]) == (409, True)
        queued(ana, own)
        ana.claim(own)
        ana.say(own, label="fraud", note="looks stolen")
        filed = stack.call("POST", path, {"reason": "it was me", "by": "customer 7"})
        assert filed.status == 200, filed.body
        assert stack.call("GET", path).json()["state"] == "open"
        assert ana.call("POST", CLAIM, {"id": f"{own}.appeal"}).status == 403
        other = person()
        other.claim(f"{own}.appeal")
        silent = other.call("POST", f"/v1/reviews/{own}.appeal/verdict", {"ruling": "uphold"})
        assert (silent.status, silent.json()["field"]) == (400, "note")
        other.say(f"{own}.appeal", ruling="overturn", label="legitimate", note="the owner called us")
        state = stack.call("GET", path).json()
        assert (state["state"], state["ruling"], state["why"]) == (
            "settled",
            "overturn",
            "the owner called us",
        )
        assert labelled(stack, own) == ("legitimate", other.email)

    def test_appeals_are_for_who_has_a_key_and_about_what_there_is(self, stack: Stack, ana: Person) -> None:
        body = {"reason": "x", "by": "y"}
        path = f"/v1/decisions/{decision_id('tickets', fresh('t'))}/appeal"
        assert stack.call("POST", path, body).status == 404
        assert stack.call("GET", path).status == 404
        assert ana.call("POST", path, body).status == 403


class TestThePage:
    def test_it_is_served_with_a_strict_policy(self, stack: Stack) -> None:
        page = stack.call("GET", "/console", headers={"x-api-key": ""})
        assert (page.status, b"<title>" in page.body) == (200, True)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert f"img-src 'self' data: blob: {stack.endpoint}" in policy
        assert (page.headers["x-content-type-options"], page.headers["x-frame-options"]) == (
            "nosniff",
            "DENY",
        )
        script = stack.call("GET", "/console/app.js", headers={"x-api-key": ""})
        assert (script.status, script.headers["content-type"]) == (200, "text/javascript; charset=utf-8")
        assert stack.call("GET", "/console/nothing.js", headers={"x-api-key": ""}).status == 404

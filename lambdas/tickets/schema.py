"""What a ticket looks like at the door, and what is answered."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from lambdas.core.errors import InvalidRequest
from lambdas.core.schema import Decision, HeadAnswer, Term

MAX_BATCH = 100
CHANNELS = ("email", "web", "chat", "phone", "social")
TIERS = ("free", "standard", "business", "enterprise")

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

Identifier = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
Name = Annotated[str, msgspec.Meta(max_length=40)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class TicketRequest(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One support ticket. Only a text is needed: a subject, a body or both."""

    subject: Annotated[str, msgspec.Meta(max_length=1_000, description="The subject line.")] = ""
    body: Annotated[str, msgspec.Meta(max_length=20_000, description="The customer's own words.")] = ""
    ticket_id: Annotated[
        Identifier | None,
        msgspec.Meta(description="Your id. Send it again and you get the same answer, counted once."),
    ] = None
    customer_id: Annotated[
        Identifier | None, msgspec.Meta(description="A customer always sees one model variant.")
    ] = None
    channel: Annotated[Name | None, msgspec.Meta(description="email, web, chat, phone or social.")] = None
    customer_tier: Annotated[
        Name | None, msgspec.Meta(description="free, standard, business or enterprise.")
    ] = None
    previous_tickets: Annotated[
        Count | None, msgspec.Meta(description="Tickets of this customer before this one.")
    ] = None
    language: Annotated[Name | None, msgspec.Meta(description="A language tag, for reports only.")] = None

    def check(self, at: str = "") -> None:
        """Raise InvalidRequest for what types cannot say; `at` prefixes the field's name."""
        for name in ("subject", "body", "ticket_id", "customer_id"):
            found = _CONTROL.search(getattr(self, name) or "")
            if found:
                raise InvalidRequest(
                    f"control character U+{ord(found.group()):04X} at position {found.start()}: remove it",
                    field=f"{at}{name}",
                )
        if not self.subject.strip() and not self.body.strip():
            raise InvalidRequest("there is no text: send a subject, a body or both", field=f"{at}body")


class ClassifyBatchRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Up to 100 tickets, classified in one model run."""

    tickets: Annotated[list[TicketRequest], msgspec.Meta(min_length=1, max_length=MAX_BATCH)]


class TicketDecision(Decision, kw_only=True):
    """Where the ticket goes. `outputs` holds one entry a label column the model was trained on."""

    ticket_id: str | None
    outputs: dict[str, HeadAnswer]
    terms: Annotated[list[Term], msgspec.Meta(description="The words that counted most, strongest first.")]


class ClassifyBatchResponse(msgspec.Struct):
    """One decision a ticket, in the order of the request."""

    decisions: list[TicketDecision]

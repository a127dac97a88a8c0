"""Hand-made features: sensible to a person, and honest about what a ticket does not say."""

from __future__ import annotations

import math

import pytest

from lambdas.tickets.features import FEATURE_NAMES, handmade
from lambdas.tickets.schema import TicketRequest


def feature(ticket: TicketRequest, name: str) -> float:
    return float(handmade([ticket])[0, FEATURE_NAMES.index(name)])


def test_no_tickets_have_no_features() -> None:
    assert handmade([]).shape == (0, len(FEATURE_NAMES))


def test_what_the_ticket_does_not_say_is_nan_and_an_unknown_value_is_zero() -> None:
    silent = TicketRequest(body="x")
    assert math.isnan(feature(silent, "channel_email"))
    assert math.isnan(feature(silent, "log_previous_tickets"))
    assert feature(TicketRequest(body="x", channel="Email "), "channel_email") == 1.0
    assert feature(TicketRequest(body="x", channel="fax"), "channel_email") == 0.0


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("Me han cobrado dos veces la factura", "terms_billing"),
        ("J'ai été facturé deux fois, remboursement svp", "terms_billing"),
        ("the app crashes with an error", "terms_error"),
        ("la aplicación falla", "terms_error"),
        ("l'application plante", "terms_error"),
        ("please refund $20", "money_mentions"),
        ("I get ERR-503", "error_codes"),
        ("HELP ME NOW", "shouted_words"),
        ("why?!", "exclamation_marks"),
    ],
)
def test_a_feature_sees_what_a_person_sees(body: str, name: str) -> None:
    assert feature(TicketRequest(body=body), name) > 0
    assert feature(TicketRequest(body="good morning"), name) == 0

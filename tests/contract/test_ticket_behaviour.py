"""What a support lead would expect of the ticket model, one sentence a test."""

from __future__ import annotations

import pytest

from lambdas.core.bundle import decode_manifest
from lambdas.core.service import Stamp
from lambdas.tickets.schema import TicketDecision, TicketRequest
from lambdas.tickets.service import TicketModel, Tickets
from tests.conftest import TrainedTickets

pytestmark = pytest.mark.contract

STAMP = Stamp("id", "2026-01-01T00:00:00.000Z", "champion", "v")


@pytest.fixture(scope="module")
def model(trained_tickets: TrainedTickets) -> TicketModel:
    raw = (trained_tickets.bundle / "manifest.json").read_bytes()
    return Tickets().open(trained_tickets.bundle, decode_manifest(raw, "tickets"))


def ask(model: TicketModel, body: str, **more: object) -> TicketDecision:
    return Tickets().predict(model, [TicketRequest(body=body, **more)], [STAMP])[0]  # type: ignore[arg-type]


PLAIN = [
    ("I was charged twice on my credit card, please refund the second payment of the invoice", "Billing"),
    ("Me han cobrado dos veces la factura, quiero el reembolso del pago", "Billing"),
    ("J'ai été prélevé deux fois pour la facture, merci de rembourser le paiement", "Billing"),
    ("The app crashes with an error every time I log in", "Technical"),
    ("La aplicación se cierra y da un error cada vez que inicio sesión", "Technical"),
    ("L'application plante avec une erreur à chaque connexion", "Technical"),
    ("It would be great if you could add a dark mode option to the app", "Feature Request"),
    ("Estaría genial que añadierais un modo oscuro a la aplicación", "Feature Request"),
    ("Ce serait bien d'ajouter un mode sombre à l'application", "Feature Request"),
]


@pytest.mark.parametrize(("body", "department"), PLAIN)
def test_a_plain_ticket_goes_where_anybody_would_send_it_or_to_a_person(
    model: TicketModel, body: str, department: str
) -> None:
    answer = ask(model, body)
    assert answer.outcome == department or answer.review


def test_most_plain_tickets_need_no_second_thought(model: TicketModel) -> None:
    right = [ask(model, body).outcome == department for body, department in PLAIN]
    assert sum(right) >= len(PLAIN) - 2


@pytest.mark.parametrize("number", ["4432", "99817", "1"])
def test_an_order_number_does_not_change_the_department(model: TicketModel, number: str) -> None:
    text = "Order {}: I was charged twice, please refund the invoice"
    first, second = ask(model, text.format("1234")), ask(model, text.format(number))
    assert first.outcome == second.outcome
    assert abs(first.confidence - second.confidence) < 0.1


@pytest.mark.parametrize("name", ["Anna", "Mohammed", "José", "Chloé", "Wei"])
def test_a_customers_name_does_not_change_the_department(model: TicketModel, name: str) -> None:
    base = ask(model, "Hello, the app crashes with an error. Regards, John")
    other = ask(model, f"Hello, the app crashes with an error. Regards, {name}")
    assert base.outcome == other.outcome


def test_talk_of_money_makes_billing_likelier(model: TicketModel) -> None:
    before = ask(model, "I have a problem with my account")
    after = ask(model, "I have a problem with my account: wrong charge on the invoice, refund the payment")
    label = "Billing"
    assert (
        after.outputs["department"].probabilities[label] > before.outputs["department"].probabilities[label]
    )


def test_an_outage_is_more_urgent_than_a_wish(model: TicketModel) -> None:
    def severe(body: str) -> float:
        shares = ask(model, body).outputs["urgency"].probabilities
        return shares["high"] + shares["critical"]

    outage = severe("URGENT: production is down for all our users, we are losing money, fix it immediately!")
    wish = severe("No rush at all, just an idea for some day: a different colour for the button")
    assert outage > wish + 0.2


def test_the_terms_it_names_are_words_of_the_ticket(model: TicketModel) -> None:
    answer = ask(model, "Please refund the invoice, I was charged twice")
    assert answer.terms
    assert {term.term for term in answer.terms} <= {
        "please",
        "refund",
        "the",
        "invoice",
        "i",
        "was",
        "charged",
        "twice",
    }


def test_nonsense_goes_to_a_person(model: TicketModel) -> None:
    assert ask(model, "qwzx vbnm plok jhgf").review

"""Routing without a model: counts the domain's own terms. A person looks at each of these."""

from __future__ import annotations

from typing import Final

from lambdas.core.ngrams import words_of
from lambdas.core.schema import HeadAnswer, Term
from lambdas.tickets.features import text_of
from lambdas.tickets.lexicon import TERMS
from lambdas.tickets.schema import TicketRequest

DEPARTMENTS: Final = ("Technical", "Billing", "General", "Complaint", "Feature Request")
URGENCIES: Final = ("low", "medium", "high", "critical")

_DEPARTMENT_TERMS: Final = {
    "Technical": "error",
    "Billing": "billing",
    "General": "question",
    "Complaint": "complaint",
    "Feature Request": "wish",
}


def route(ticket: TicketRequest) -> tuple[dict[str, HeadAnswer], list[Term]]:
    """Department and urgency by term counts, and the terms that were found.

    The confidence is the winner's share of all hits with one hit added to each class (Laplace), so
    a ticket without any known term gets 1 in 5. It is not calibrated.
    """
    words = set(words_of(text_of(ticket.subject, ticket.body)))
    hits = {name: sorted(words & TERMS[terms]) for name, terms in _DEPARTMENT_TERMS.items()}
    department = _answer({name: len(found) for name, found in hits.items()}, tie="General")
    urgency = _answer(_urgency_hits(words), tie="medium")
    terms = [Term(word, 1.0) for word in hits[department.label]]
    return {"department": department, "urgency": urgency}, terms


def _urgency_hits(words: set[str]) -> dict[str, int]:
    urgent, calm = len(words & TERMS["urgent"]), len(words & TERMS["calm"])
    return {"low": calm, "medium": 0, "high": min(urgent, 2), "critical": urgent if urgent > 2 else 0}


def _answer(hits: dict[str, int], *, tie: str) -> HeadAnswer:
    total = sum(hits.values()) + len(hits)
    shares = {name: (count + 1) / total for name, count in hits.items()}
    best = max(shares, key=lambda name: (shares[name], name == tie))
    return HeadAnswer(best, shares[best], shares, sorted(shares, key=shares.__getitem__, reverse=True))

"""The ticket service: its share of the one path."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lambdas.core.bundle import Head, Manifest
from lambdas.core.errors import BundleError
from lambdas.core.marks import Marks
from lambdas.core.model import Array, OnnxModel
from lambdas.core.ngrams import Grams, grams, words_of
from lambdas.core.policy import Verdict, judge
from lambdas.core.schema import Term
from lambdas.core.service import Kept, Stamp, kept, refuse_repeats
from lambdas.core.terms import top_terms
from lambdas.core.tokeniser import Tokens, open_tokeniser
from lambdas.tickets.features import FEATURE_NAMES, handmade, text_of
from lambdas.tickets.rules import route
from lambdas.tickets.schema import TicketDecision, TicketRequest

ENTRIES_A_RUN = 60_000
"""Bounds the memory of one model run: a batch of very long tickets is run in parts."""


_SEVERITY = {"low": 1, "medium": 3, "high": 5, "critical": 7}


class TicketModel(NamedTuple):
    """A ticket bundle in memory; `tokeniser` only when it was trained with an encoder."""

    onnx: OnnxModel
    heads: list[Head]
    tokeniser: Tokens | None

    def feeds(self, tickets: Sequence[TicketRequest]) -> tuple[Grams, dict[str, Array]]:
        """The n-grams of `tickets`, and every input of the graph."""
        texts = [text_of(ticket.subject, ticket.body) for ticket in tickets]
        spoken = [words_of(text) for text in texts]
        found = grams(texts, spoken)
        feeds: dict[str, Array] = {
            "rows": found.rows,
            "buckets": found.buckets,
            "counts": found.counts,
            "features": handmade(tickets, spoken),
        }
        if self.tokeniser is not None:
            feeds["ids"], feeds["mask"] = self.tokeniser.tokens(texts)
        return found, feeds

    def run(self, tickets: Sequence[TicketRequest]) -> tuple[Grams, dict[str, Array]]:
        """The n-grams of `tickets`, and every output of the graph. Raises BundleError."""
        found, feeds = self.feeds(tickets)
        return found, self.onnx.run(feeds)


class Tickets:
    """Implements `lambdas.core.service.Service`."""

    name = "tickets"
    request = TicketRequest
    answer = TicketDecision

    def open(self, folder: Path, manifest: Manifest) -> TicketModel:
        """The model, tried once on a short ticket. Raises BundleError."""
        if tuple(manifest.features) != FEATURE_NAMES:
            raise BundleError(f"bundle {manifest.version} was trained with other features: train it again")
        model = TicketModel(
            OnnxModel(folder), manifest.heads, open_tokeniser(manifest.settings.get("encoder"), folder)
        )
        _, outputs = model.run([TicketRequest(body="hello")])
        for head in manifest.heads:
            shape = outputs[head.output].shape if head.output in outputs else None
            if shape != (1, len(head.classes)):
                raise BundleError(f"bundle {manifest.version}: output '{head.output}' has shape {shape}")
        return model

    def caller_id(self, request: TicketRequest) -> str | None:
        """The ticket's id."""
        return request.ticket_id

    def entity(self, request: TicketRequest) -> str | None:
        """The customer."""
        return request.customer_id

    def check(self, requests: Sequence[TicketRequest]) -> None:
        """Raise InvalidRequest for a ticket without text, with control characters, or an id sent twice."""
        for index, request in enumerate(requests):
            request.check(f"tickets[{index}]." if len(requests) > 1 else "")
        refuse_repeats([request.ticket_id for request in requests], lambda k: f"tickets[{k}].ticket_id")

    def prepare(
        self, requests: Sequence[TicketRequest], ids: Sequence[str], received: datetime
    ) -> list[TicketRequest]:
        """The tickets themselves: nothing is remembered of a customer."""
        return list(requests)

    def defer(
        self, items: Sequence[TicketRequest], answers: Sequence[TicketDecision]
    ) -> list[TicketDecision]:
        """Nothing is left for later."""
        return list(answers)

    def keep(self, item: TicketRequest) -> Kept:
        """The ticket itself."""
        return kept(item)

    def marks(self, answer: TicketDecision) -> Marks:
        """The more urgent a ticket is, the earlier it is looked at; none is worth an immediate alert."""
        urgency = answer.outputs.get("urgency")
        return Marks(severity=_SEVERITY.get(urgency.label, 3) if urgency else 3)

    def settle(self, items: Sequence[TicketRequest]) -> None:
        """Nothing is remembered."""

    def predict(
        self, model: TicketModel, items: Sequence[TicketRequest], stamps: Sequence[Stamp]
    ) -> list[TicketDecision]:
        """Decisions by the model, several runs only where the tickets are very long."""
        decisions: list[TicketDecision] = []
        start = 0
        while start < len(items):
            stop, size = start, 0
            while stop < len(items) and (stop == start or size < ENTRIES_A_RUN):
                size += 4 * (len(items[stop].subject) + len(items[stop].body))
                stop += 1
            decisions += self._predict(model, items[start:stop], stamps[start:stop])
            start = stop
        return decisions

    def rules(self, items: Sequence[TicketRequest], stamps: Sequence[Stamp]) -> list[TicketDecision]:
        """Decisions by term counts, all for review."""
        decisions = []
        for request, stamp in zip(items, stamps, strict=True):
            outputs, terms = route(request)
            first = next(iter(outputs.values()))
            decisions.append(
                TicketDecision(
                    decision_id=stamp.decision_id,
                    outcome=first.label,
                    review=True,
                    reasons=["no model is available: routed by rules"],
                    confidence=first.confidence,
                    source="rules",
                    variant=stamp.variant,
                    model_version=stamp.model_version,
                    degraded=["model"],
                    decided_at=stamp.decided_at,
                    ticket_id=request.ticket_id,
                    outputs=outputs,
                    terms=terms,
                )
            )
        return decisions

    @staticmethod
    def _predict(
        model: TicketModel, requests: Sequence[TicketRequest], stamps: Sequence[Stamp]
    ) -> list[TicketDecision]:
        found, outputs = model.run(requests)
        terms = top_terms(found, outputs["contributions"], len(requests))
        rows = {head.name: outputs[head.output].astype(np.float64).tolist() for head in model.heads}
        decisions = []
        for index, (request, stamp) in enumerate(zip(requests, stamps, strict=True)):
            verdicts = {head.name: judge(head, rows[head.name][index]) for head in model.heads}
            decisions.append(_decision(request, stamp, verdicts, terms[index]))
        return decisions


def _decision(
    request: TicketRequest, stamp: Stamp, verdicts: dict[str, Verdict], terms: list[Term]
) -> TicketDecision:
    first, reasons = next(iter(verdicts.values()))  # the first head decides, the others inform
    return TicketDecision(
        decision_id=stamp.decision_id,
        outcome=first.label,
        review=bool(reasons),
        reasons=reasons,
        confidence=first.confidence,
        source="model",
        variant=stamp.variant,
        model_version=stamp.model_version,
        degraded=[],
        decided_at=stamp.decided_at,
        ticket_id=request.ticket_id,
        outputs={name: verdict.answer for name, verdict in verdicts.items()},
        terms=terms,
    )

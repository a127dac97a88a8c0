"""A batch of a ticket data set as the model's inputs, by the functions that serving uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from lambdas.tickets.features import BUCKETS, grams, handmade, text_of, words_of
from lambdas.tickets.schema import TicketRequest
from model_build.dataset import Batch

CHARACTERS_AT_ONCE: Final = 500_000
"""Bounds the memory of making n-grams, which takes some 200 bytes a character for a moment."""


class Inputs(NamedTuple):
    """counts: n-gram counts, sparse [rows, BUCKETS]; features: hand-made, [rows, features], NaN unknown."""

    counts: sp.csr_matrix
    features: npt.NDArray[np.float32]


def tickets_of(batch: Batch) -> list[TicketRequest]:
    """The rows of `batch` as requests."""
    n = len(batch)
    none: list[str | None] = [None] * n
    columns = {
        name: batch.columns.get(name, none) for name in ("subject", "body", "channel", "customer_tier")
    }
    previous = batch.columns.get("previous_tickets", none)
    return [
        TicketRequest(
            subject=columns["subject"][k] or "",
            body=columns["body"][k] or "",
            channel=columns["channel"][k],
            customer_tier=columns["customer_tier"][k],
            previous_tickets=None if previous[k] is None else int(float(previous[k] or 0)),
        )
        for k in range(n)
    ]


def texts_of(tickets: Sequence[TicketRequest]) -> list[str]:
    """The text that the model reads of each ticket."""
    return [text_of(ticket.subject, ticket.body) for ticket in tickets]


def inputs_of(tickets: Sequence[TicketRequest]) -> Inputs:
    """The inputs of `tickets`."""
    texts = texts_of(tickets)
    parts = [_inputs(tickets[start:stop], texts[start:stop]) for start, stop in _portions(texts)]
    if len(parts) == 1:
        return parts[0]
    counts = sp.vstack([part.counts for part in parts], format="csr")
    return Inputs(counts, np.vstack([part.features for part in parts]))


def _inputs(tickets: Sequence[TicketRequest], texts: Sequence[str]) -> Inputs:
    spoken = [words_of(text) for text in texts]
    found = grams(texts, spoken)
    counts = sp.csr_matrix(
        (found.counts, (found.rows, found.buckets)), shape=(len(texts), BUCKETS), dtype=np.float32
    )
    return Inputs(counts, handmade(tickets, spoken))


def _portions(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Consecutive texts of about CHARACTERS_AT_ONCE together, as (start, stop); at least one portion."""
    portions, start, size = [], 0, 0
    for place, text in enumerate(texts):
        if place > start and size + len(text) > CHARACTERS_AT_ONCE:
            portions.append((start, place))
            start, size = place, 0
        size += len(text)
    return [*portions, (start, len(texts))]

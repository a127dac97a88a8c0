"""How the ticket service's rows become what its model sees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from lambdas.tickets.features import handmade, text_of
from lambdas.tickets.schema import TicketRequest
from model_build.dataset import Batch


class TicketReader:
    """Implements `model_build.text.inputs.Reader`."""

    name = "tickets"

    def items(self, batch: Batch) -> list[TicketRequest]:
        """The rows of `batch` as requests."""
        return tickets_of(batch)

    def texts(self, items: Sequence[TicketRequest]) -> list[str]:
        """Subject and body as serving joins them."""
        return [text_of(ticket.subject, ticket.body) for ticket in items]

    def handmade(
        self, items: Sequence[TicketRequest], spoken: Sequence[list[str]]
    ) -> npt.NDArray[np.float32]:
        """The hand-made features by the served function."""
        return handmade(items, spoken)


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

"""The ticket service's share of training: what its fields are, and which functions do the work.

Whatever is heavy is imported by the method that needs it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import numpy.typing as npt
from msgspec import inspect

from lambdas.tickets.features import FEATURE_NAMES, handmade, text_of, words_of
from lambdas.tickets.schema import TicketRequest
from model_build.dataset import Batch, Dataset
from model_build.service import CandidateScores, Exported, Field, Fitted, Progress

TEXT_FIELDS: Final = ("subject", "body")
EXTRA_FIELDS: Final = ("channel", "customer_tier", "previous_tickets")


class TicketTraining:
    """Implements `model_build.service.TrainingService`."""

    name = "tickets"

    @property
    def fields(self) -> Mapping[str, Field]:
        """The fields that a CSV can fill, with the limits that the request schema sets at the door."""
        request = cast("inspect.StructType", inspect.type_info(TicketRequest))
        known = {field.name: field.type for field in request.fields}
        return {name: _field(name, known[name]) for name in (*TEXT_FIELDS, *EXTRA_FIELDS)}

    def text_fields(self, columns: Sequence[str]) -> dict[str, list[str]]:
        """Which text columns fill the subject and which the body.

        Columns of these names fill them; otherwise the last one is the body, those before it the subject.
        """
        if set(columns) <= set(TEXT_FIELDS):
            return {name: [name] for name in TEXT_FIELDS if name in columns}
        *before, last = columns
        return {"subject": before, "body": [last]} if before else {"body": [last]}

    def write_synthetic(self, path: Path, *, rows: int, seed: int) -> None:
        """Write seeded tickets in three languages."""
        from model_build.tickets.synthetic import TicketParameters, write_csv

        write_csv(path, TicketParameters(rows=rows, seed=seed))

    def feature_names(self) -> list[str]:
        """The names that serving compares with its own."""
        return list(FEATURE_NAMES)

    def handmade(self, batch: Batch) -> npt.NDArray[np.float32]:
        """The hand-made features by the served function, [tickets, features]."""
        return handmade(tickets_of(batch))

    def texts(self, batch: Batch) -> list[str]:
        """Subject and body as serving joins them."""
        return [text_of(ticket.subject, ticket.body) for ticket in tickets_of(batch)]

    def words(self, batch: Batch) -> list[list[str]]:
        """The words by the served tokeniser."""
        return [words_of(text) for text in self.texts(batch)]

    def cross_validate(
        self, dataset: Dataset, model: Mapping[str, Any], progress: Progress
    ) -> CandidateScores:
        """Choose among the linear candidates."""
        raise NotImplementedError

    def fit(
        self, dataset: Dataset, model: Mapping[str, Any], chosen: CandidateScores, progress: Progress
    ) -> Fitted:
        """Fit the chosen candidate."""
        raise NotImplementedError

    def export(
        self, fitted: Fitted, temperatures: Mapping[str, float], dataset: Dataset, folder: Path
    ) -> Exported:
        """Write the graph, and the tokeniser of an encoder beside it."""
        raise NotImplementedError


def tickets_of(batch: Batch) -> list[TicketRequest]:
    """The rows of `batch` as the requests that serving would get."""
    columns = batch.columns
    nothing: list[str | None] = [None] * len(batch)
    rows = zip(*(columns.get(name, nothing) for name in (*TEXT_FIELDS, *EXTRA_FIELDS)), strict=True)
    return [
        TicketRequest(
            subject=subject or "",
            body=body or "",
            channel=channel,
            customer_tier=tier,
            previous_tickets=None if previous is None else int(previous),
        )
        for subject, body, channel, tier, previous in rows
    ]


def _field(name: str, kind: Any) -> Field:
    kind = kind.type if isinstance(kind, inspect.Metadata) else kind
    if isinstance(kind, inspect.UnionType):
        kind = next(part for part in kind.types if not isinstance(part, inspect.NoneType))
    if isinstance(kind, inspect.IntType):
        return Field("integer", least=kind.ge, most=kind.le)
    return Field("text" if name in TEXT_FIELDS else "category", longest=kind.max_length)

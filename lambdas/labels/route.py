"""Answers `POST /v1/decisions/{id}/label`."""

from __future__ import annotations

from lambdas.core.http import Asked
from lambdas.core.labelling import Labelling
from lambdas.labels.schema import LabelRequest, LabelResponse


class LabelRoute:
    """The route, over `labelling`."""

    def __init__(self, labelling: Labelling) -> None:
        self._labelling = labelling

    def __call__(self, asked: Asked) -> LabelResponse:
        """The label as it stands; raises what `Labelling.give` does."""
        request: LabelRequest = asked.body
        given = self._labelling.give(asked.path.get("id", ""), request.label, request.by)
        return LabelResponse(given.decision_id, given.service, given.label, given.by, given.at.isoformat())

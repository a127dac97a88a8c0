"""The ticket service's share of training: what its fields are, and which functions do the work.

Whatever is heavy is imported by the method that needs it.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import numpy.typing as npt
from msgspec import inspect

from lambdas.core.bundle import MODEL, Head, Manifest
from lambdas.core.ngrams import words_of
from lambdas.tickets.features import FEATURE_NAMES, handmade, text_of
from lambdas.tickets.rules import route
from lambdas.tickets.schema import TicketRequest
from model_build.dataset import Batch, Binary, Dataset
from model_build.service import Answered, CandidateScores, Exported, Field, Fitted, Progress, Serve
from model_build.tickets.reader import TicketReader, tickets_of

if TYPE_CHECKING:
    from model_build.calibration import Calibration
    from model_build.card import Story
    from model_build.clean import Cleaned
    from model_build.examine import Derived, Layout
    from model_build.task import Task
    from model_build.text.model import FittedText

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

    delayed = False
    yes_or_no = False

    @property
    def task(self) -> Task:
        """One of the departments."""
        from model_build.classification import Classification

        return Classification()

    def binaries(self, labels: Sequence[str], positive: Sequence[str]) -> list[Binary]:
        """Labels are classes."""
        return []

    def look(
        self,
        files: Mapping[str, Sequence[Path]],
        layout: Layout,
        model: Mapping[str, Any],
        folder: Path,
        progress: Progress,
    ) -> list[Derived]:
        """A ticket has no files."""
        return []

    def replay(self, cleaned: Cleaned, test: Cleaned | None, dataset: Dataset, progress: Progress) -> None:
        """A ticket has no history."""

    def beside(self, fitted: Fitted, batch: Batch) -> Mapping[str, npt.NDArray[Any]]:
        """Nothing."""
        return {}

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

    def handmade(self, batch: Batch, model: Mapping[str, Any]) -> npt.NDArray[np.float32]:
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
        from model_build.text.choose import cross_validate

        return cross_validate(dataset, model, TicketReader(), progress)

    def fit(
        self, dataset: Dataset, model: Mapping[str, Any], chosen: CandidateScores, progress: Progress
    ) -> Fitted:
        """Fit the chosen candidate."""
        from model_build.text.model import fit

        return fit(dataset, model, chosen, TicketReader(), progress)

    def export(
        self,
        fitted: Fitted,
        calibrations: Mapping[str, Calibration],
        dataset: Dataset,
        folder: Path,
        costs: Mapping[str, Any],
    ) -> Exported:
        """Write the graph, and the tokeniser of an encoder beside it."""
        from model_build.text.graph import build
        from model_build.text.tables import write_graph

        model = cast("FittedText", fitted)
        encoder = model.loaded_encoder()
        text = None if encoder is None else encoder.graph()
        graph = build(model.terms, model.scaling, model.heads, calibrations, text)
        files = write_graph(graph, folder)
        for name, source in (encoder.files if encoder else {}).items():
            files[name] = Path(shutil.copyfile(source, folder / name))
        return Exported(folder / MODEL, files, {"encoder": encoder.settings if encoder else None})

    def served(self, folder: Path, heads: Sequence[Head], settings: Mapping[str, Any]) -> Serve:
        """The graph in `folder`, run as the ticket function runs it."""
        from lambdas.core.model import OnnxModel
        from lambdas.core.tokeniser import open_tokeniser
        from lambdas.tickets.service import TicketModel

        model = TicketModel(OnnxModel(folder), list(heads), open_tokeniser(settings.get("encoder"), folder))

        def serve(batch: Batch) -> dict[str, npt.NDArray[np.float32]]:
            _, outputs = model.run(tickets_of(batch))
            return {head.name: outputs[head.output] for head in heads}

        return serve

    def answered(self, folder: Path, manifest: Manifest, batch: Batch) -> Answered:
        """See answered.py."""
        from model_build.tickets.answered import answered

        return answered(folder, manifest, batch)

    def story(self, settings: Mapping[str, Any]) -> Story:
        """What tickets are, and what the model is for."""
        from model_build.tickets.story import story

        return story((settings.get("encoder") or {}).get("name"))

    def rules(self, batch: Batch) -> list[str] | None:
        """The department that term counts give each ticket."""
        return [next(iter(route(ticket)[0].values())).label for ticket in tickets_of(batch)]


def _field(name: str, kind: Any) -> Field:
    kind = kind.type if isinstance(kind, inspect.Metadata) else kind
    if isinstance(kind, inspect.UnionType):
        kind = next(part for part in kind.types if not isinstance(part, inspect.NoneType))
    if isinstance(kind, inspect.IntType):
        return Field("integer", least=kind.ge, most=kind.le)
    return Field("text" if name in TEXT_FIELDS else "category", longest=kind.max_length)

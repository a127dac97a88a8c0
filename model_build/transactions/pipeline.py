"""The transaction service's share of training: what its fields are, and which functions do the work.

Whatever is heavy is imported by the method that needs it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import numpy.typing as npt
from msgspec import inspect

from lambdas.core.bundle import MODEL, Head, Manifest
from lambdas.transactions.features import FEATURE_NAMES, matrix
from lambdas.transactions.schema import TransactionRequest
from model_build.dataset import Batch, Binary, Dataset
from model_build.service import Answered, CandidateScores, Exported, Field, Fitted, Progress, Serve

if TYPE_CHECKING:
    from model_build.calibration import Calibration
    from model_build.card import Story
    from model_build.clean import Cleaned
    from model_build.examine import Derived, Layout
    from model_build.task import Task
    from model_build.transactions.ensemble import FittedEnsemble

NEEDED: Final = ("card_id", "merchant_id", "amount")
OPTIONAL: Final = (
    "transaction_id", "category", "latitude", "longitude", "home_latitude", "home_longitude",
)  # fmt: skip
FRAUD_WORDS: Final = frozenset({"1", "true", "yes", "y", "t", "fraud", "fraudulent", "chargeback"})
LEGITIMATE_WORDS: Final = frozenset(
    {"0", "false", "no", "n", "f", "legitimate", "legit", "genuine", "normal", "ok"}
)


class TransactionTraining:
    """Implements `model_build.service.TrainingService`."""

    name = "transactions"
    delayed = True
    yes_or_no = True

    @property
    def task(self) -> Task:
        """Find the rare fraud."""
        from model_build.detection.task import Detection
        from model_build.transactions.members import MODELS

        return Detection(MODELS)

    @property
    def fields(self) -> Mapping[str, Field]:
        """The fields that a CSV can fill, with the limits that the request schema sets at the door."""
        request = cast("inspect.StructType", inspect.type_info(TransactionRequest))
        known = {field.name: field.type for field in request.fields}
        return {name: _field(name, known[name]) for name in (*NEEDED, *OPTIONAL)}

    def binaries(self, labels: Sequence[str], positive: Sequence[str]) -> list[Binary]:
        """Fraud or legitimate; with words of the user's for fraud everything else is legitimate."""
        own = frozenset(word.strip().casefold() for word in positive)
        words = (own, frozenset[str]()) if own else (FRAUD_WORDS, LEGITIMATE_WORDS)
        return [Binary("fraud", "legitimate", "fraud", *words, column=labels[0])]

    def look(
        self,
        files: Mapping[str, Sequence[Path]],
        layout: Layout,
        model: Mapping[str, Any],
        folder: Path,
        progress: Progress,
    ) -> list[Derived]:
        """A transaction has no files."""
        return []

    def text_fields(self, columns: Sequence[str]) -> dict[str, list[str]]:
        """A transaction has no text."""
        return {}

    def write_synthetic(self, path: Path, *, rows: int, seed: int) -> None:
        """Write a seeded stream."""
        from model_build.transactions.synthetic import TransactionParameters, write_csv

        write_csv(path, TransactionParameters(rows=rows, seed=seed))

    def feature_names(self) -> list[str]:
        """The names that serving compares with its own."""
        return list(FEATURE_NAMES)

    def replay(self, cleaned: Cleaned, test: Cleaned | None, dataset: Dataset, progress: Progress) -> None:
        """All of history through the fold that serves."""
        from model_build.transactions.replay import replay

        replay(cleaned, test, dataset, progress)

    def handmade(self, batch: Batch, model: Mapping[str, Any]) -> npt.NDArray[np.float32]:
        """The features that the replay gave each row."""
        from model_build.transactions.ensemble import features_of

        return features_of(batch)

    def texts(self, batch: Batch) -> list[str]:
        """None."""
        return []

    def words(self, batch: Batch) -> list[list[str]]:
        """None."""
        return []

    def beside(self, fitted: Fitted, batch: Batch) -> Mapping[str, npt.NDArray[Any]]:
        """The amount, the time and the card of each row; what each model and the rules say."""
        from lambdas.transactions.event import hash_of
        from lambdas.transactions.rules import fired, score

        model = cast("FittedEnsemble", fitted)
        return {
            "amount": np.array([float(amount or "nan") for amount in batch.columns["amount"]]),
            "time": np.zeros(len(batch), dtype=np.int64) if batch.times is None else batch.times,
            "card": np.array([hash_of(card) for card in batch.columns["card_id"]], dtype=np.int64),
            "scores": model.raw(batch),
            "rules": np.array([score(fired(row)) for row in self.handmade(batch, {}).tolist()]),
        }

    def cross_validate(
        self, dataset: Dataset, model: Mapping[str, Any], progress: Progress
    ) -> CandidateScores:
        """Learn the meta-model out of fold, in the order of time."""
        from model_build.transactions.ensemble import cross_validate

        return cross_validate(dataset, model, progress)

    def fit(
        self, dataset: Dataset, model: Mapping[str, Any], chosen: CandidateScores, progress: Progress
    ) -> Fitted:
        """Fit the four models."""
        from model_build.transactions.ensemble import fit

        return fit(dataset, model, chosen, progress)

    def export(
        self,
        fitted: Fitted,
        calibrations: Mapping[str, Calibration],
        dataset: Dataset,
        folder: Path,
        costs: Mapping[str, Any],
    ) -> Exported:
        """Write the graph, with the calibration in its meta-model, and the two files beside it."""
        from model_build.detection.costs import decode_costs
        from model_build.transactions.files import write_background, write_holdout
        from model_build.transactions.graph import build, calibrated
        from model_build.transactions.members import MODELS
        from model_build.transactions.replay import HEAD, read_risks

        model = cast("FittedEnsemble", fitted)
        members = model.members
        meta = calibrated(model.meta, calibrations[HEAD])
        graph = build(members.forests(), members.network_layers(), meta, len(FEATURE_NAMES))
        path = folder / MODEL
        path.write_bytes(graph.SerializeToString(deterministic=True))
        beside = [write_background(dataset, folder), write_holdout(model, dataset, folder)]
        settings = {
            "models": list(MODELS),
            "category_risk": read_risks(dataset),
            "costs": decode_costs(costs).settings(),
        }
        return Exported(path, {each.name: each for each in beside}, settings)

    def served(self, folder: Path, heads: Sequence[Head], settings: Mapping[str, Any]) -> Serve:
        """The graph in `folder`, fed as the transactions function feeds it."""
        from lambdas.core.model import OnnxModel

        model = OnnxModel(folder)
        nothing: list[str | None] = []

        def serve(batch: Batch) -> dict[str, npt.NDArray[np.float32]]:
            categories = batch.columns.get("category", nothing) or [None] * len(batch)
            rows = matrix(cast("Any", self.handmade(batch, {})), categories, settings["category_risk"])
            outputs = model.run({"features": rows})
            return {**outputs, **{head.name: outputs[head.output] for head in heads}}

        return serve

    def answered(self, folder: Path, manifest: Manifest, batch: Batch) -> Answered:
        """See answered.py."""
        from model_build.transactions.answered import answered

        return answered(folder, manifest, batch)

    def story(self, settings: Mapping[str, Any]) -> Story:
        """What the model is for."""
        from model_build.transactions.story import story

        return story()

    def rules(self, batch: Batch) -> list[str] | None:
        """They give a score, not a class: see `beside`."""
        return None


def _field(name: str, kind: Any) -> Field:
    kind = kind.type if isinstance(kind, inspect.Metadata) else kind
    if isinstance(kind, inspect.UnionType):
        kind = next(part for part in kind.types if not isinstance(part, inspect.NoneType))
        kind = kind.type if isinstance(kind, inspect.Metadata) else kind
    needed = name in NEEDED
    if isinstance(kind, inspect.FloatType):
        least = math.nextafter(kind.gt, math.inf) if kind.gt is not None else kind.ge
        return Field("number", least=least, most=kind.le, needed=needed)
    return Field("category", longest=kind.max_length, needed=needed)

"""A fraud bundle in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from lambdas.core.bundle import Manifest
from lambdas.core.errors import BundleError
from lambdas.core.model import OnnxModel
from lambdas.transactions.features import FEATURE_NAMES
from lambdas.transactions.verdict import Bounds, bounds_of

BACKGROUND = "background.json"
PROBABILITIES, SCORES = "fraud_probabilities", "scores"

Rows = npt.NDArray[np.float32]


class _Background(msgspec.Struct):
    rows: list[list[float | None]]


class _Settings(msgspec.Struct):
    models: list[str]
    category_risk: dict[str, float]


class Scored(NamedTuple):
    """For each row the probability of fraud, and what each single model says."""

    probabilities: list[float]
    scores: list[list[float]]


class FraudModel(NamedTuple):
    """The graph, and what goes with it: `background` rows are usual ones, the first their medians."""

    onnx: OnnxModel
    bounds: Bounds
    models: list[str]
    category_risk: dict[str, float]
    background: Rows

    def score(self, rows: Rows) -> Scored:
        """One run on float32 [n, features]. Raises BundleError."""
        outputs = self.onnx.run({"features": rows})
        probabilities = outputs[PROBABILITIES][:, 1].astype(np.float64).clip(0.0, 1.0)
        scores = outputs[SCORES].astype(np.float64).clip(0.0, 1.0)
        if not (np.isfinite(probabilities).all() and np.isfinite(scores).all()):
            raise BundleError("the model answered with a probability that is no number")
        return Scored(probabilities.tolist(), scores.tolist())

    def probability(self, rows: Rows) -> npt.NDArray[np.floating[Any]]:
        """The probability of fraud alone, [n]. Raises BundleError."""
        return self.onnx.run({"features": rows})[PROBABILITIES][:, 1]


def open_model(folder: Path, manifest: Manifest) -> FraudModel:
    """The model, tried once on its own background. Raises BundleError when it does not work."""
    if tuple(manifest.features) != FEATURE_NAMES:
        raise BundleError(f"bundle {manifest.version} was trained with other features: train it again")
    try:
        settings = msgspec.convert(manifest.settings, _Settings)
        rows = msgspec.json.decode((folder / BACKGROUND).read_bytes(), type=_Background).rows
        background = np.array(rows, dtype=np.float32).reshape(-1, len(FEATURE_NAMES))
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise BundleError(f"bundle {manifest.version}: {error}") from error
    if not len(background):
        raise BundleError(f"bundle {manifest.version}: {BACKGROUND} has no row")
    model = FraudModel(
        OnnxModel(folder),
        bounds_of(manifest.head("fraud")),
        settings.models,
        settings.category_risk,
        background,
    )
    outputs = model.onnx.run({"features": background[:1]})
    for name, width in ((PROBABILITIES, 2), (SCORES, len(settings.models))):
        shape = outputs[name].shape if name in outputs else None
        if shape != (1, width):
            raise BundleError(f"bundle {manifest.version}: output '{name}' has shape {shape}")
    return model

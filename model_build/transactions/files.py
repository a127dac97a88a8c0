"""What goes into the bundle beside the graph: rows to explain against, and rows to judge candidates by."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from model_build.dataset import Dataset
from model_build.transactions.ensemble import FittedEnsemble, features_of
from model_build.transactions.replay import HEAD

BACKGROUND: Final = "background.json"
HOLDOUT: Final = "holdout.json"
BACKGROUND_ROWS: Final = 32
HOLDOUT_ROWS: Final = 20_000


def write_background(dataset: Dataset, folder: Path) -> Path:
    """Legitimate rows of the train split, the first being the medians of all of them; null for unknown."""
    yes = dataset.classes[HEAD].index(HEAD)
    usual = [features_of(batch)[batch.labels[HEAD] != yes] for batch in _some(dataset)]
    rows = np.concatenate(usual)
    known = ~np.isnan(rows).all(axis=0)
    medians = np.full(rows.shape[1], np.nan, dtype=np.float32)
    medians[known] = np.nanmedian(rows[:, known], axis=0)
    found = np.vstack([medians, rows[: BACKGROUND_ROWS - 1]])
    return _written(folder / BACKGROUND, {"rows": [[_number(v) for v in row] for row in found.tolist()]})


def write_holdout(fitted: FittedEnsemble, dataset: Dataset, folder: Path) -> Path:
    """The newest rows of the test split in the order of their time: what each model said, and the truth."""
    yes = dataset.classes[HEAD].index(HEAD)
    scores, fraud, amounts, times = [], [], [], []
    for batch in dataset.batches("test"):
        scores.append(fitted.outputs(batch)["scores"].astype(np.float32))
        fraud.append(batch.labels[HEAD] == yes)
        amounts.append([float(amount or "nan") for amount in batch.columns["amount"]])
        times.append(np.stack([np.zeros(len(batch)) if batch.times is None else batch.times, batch.rows]))
    order = np.lexsort(np.concatenate(times, axis=1)[::-1])[-HOLDOUT_ROWS:]
    content = {
        "scores": [[round(v, 7) for v in row] for row in np.concatenate(scores)[order].tolist()],
        "fraud": np.concatenate(fraud)[order].astype(int).tolist(),
        "amount": [_number(amount) for amount in np.concatenate(amounts)[order].tolist()],
    }
    return _written(folder / HOLDOUT, content)


def _some(dataset: Dataset) -> Any:
    """Batches of the train split, whose order is random, up to a fair sample."""
    seen = 0
    for batch in dataset.batches("train"):
        yield batch
        seen += len(batch)
        if seen >= HOLDOUT_ROWS:
            return


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value


def _written(path: Path, content: Any) -> Path:
    path.write_bytes(msgspec.json.encode(content))
    return path

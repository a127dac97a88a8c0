"""Parity: the exported graph answers as the fitted model does, on every row of the test split."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from model_build.calibration import Calibration
from model_build.dataset import Batch, Dataset, Split
from model_build.errors import ParityError
from model_build.service import Fitted, Progress, quiet

TOLERANCE: Final = 1e-5

Floats = npt.NDArray[np.floating[Any]]
Serve = Callable[[Batch], Mapping[str, Floats]]
"""The exported model: each head's probabilities, [rows, classes]."""


class Parity(msgspec.Struct, frozen=True):
    """`largest` is the largest difference of a probability, over all heads, `rows` rows and classes.

    `flipped` counts the rows where another class wins; within the tolerance that takes a tie.
    """

    rows: int
    largest: float
    flipped: int
    tolerance: float


def verify(
    fitted: Fitted,
    calibrations: Mapping[str, Calibration],
    serve: Serve,
    dataset: Dataset,
    *,
    split: Split = "test",
    tolerance: float = TOLERANCE,
    progress: Progress = quiet,
) -> Parity:
    """Compare every row of `split`; raises ParityError naming the worst row of the first bad batch."""
    rows, largest, flipped = 0, 0.0, 0
    for batch in dataset.batches(split):
        scores, served = fitted.logits(batch), serve(batch)
        for head, calibration in calibrations.items():
            wanted = calibration.probabilities(scores[head])
            gaps = _gaps(head, wanted, served.get(head), batch)
            worst = int(gaps.argmax())
            if not gaps[worst] <= tolerance:  # written so that NaN fails
                raise ParityError(_story(head, dataset, batch, worst, wanted, served[head], tolerance))
            largest = max(largest, float(gaps[worst]))
            flipped += int((wanted.argmax(axis=1) != served[head].argmax(axis=1)).sum())
        for name, wanted in fitted.outputs(batch).items():
            gaps = _gaps(name, wanted, served.get(name), batch)
            if not gaps.max() <= tolerance:
                raise ParityError(
                    f"the exported model differs from the fitted one by {gaps.max():g} in {name} on row "
                    f"{batch.rows[int(gaps.argmax())]}; nothing was bundled, please report it"
                )
            largest = max(largest, float(gaps.max()))
        rows += len(batch)
        progress(rows, dataset.split_rows[split])
    return Parity(rows, largest, flipped, tolerance)


def _gaps(head: str, wanted: Floats, served: Floats | None, batch: Batch) -> Floats:
    """The largest difference of each row, [rows]; a NaN counts as infinite."""
    shape = None if served is None else served.shape
    if served is None or shape != wanted.shape:
        raise ParityError(
            f"the exported model answers for {head} with shape {shape}, the fitted one with "
            f"{wanted.shape} (rows {batch.rows[0]} to {batch.rows[-1]}): export it again"
        )
    gaps: Floats = np.abs(served.astype(np.float64) - wanted).max(axis=1)
    return np.nan_to_num(gaps, nan=np.inf)


def _story(
    head: str, dataset: Dataset, batch: Batch, row: int, wanted: Floats, served: Floats, tolerance: float
) -> str:
    k = int(np.nan_to_num(np.abs(served[row] - wanted[row]), nan=np.inf).argmax())
    file, label = dataset.test_source or dataset.source, dataset.classes[head][k]
    return (
        f"the exported model differs from the fitted one by more than {tolerance:g} on row "
        f"{batch.rows[row]} of {file}: {head}={label} has probability {served[row, k]:.8f} served and "
        f"{wanted[row, k]:.8f} fitted; nothing was bundled, please report it"
    )

"""The frozen holdout: a candidate must beat the champion there, by a margin, or it goes nowhere."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from lambdas.core.errors import BundleError
from lambdas.transactions.learning.meta import Floats, Meta, average_precision, logits_of

LEAST_FRAUDS: Final = 20
BETTER_PRECISION: Final = 0.002
BETTER_LOSS: Final = 0.005
"""A share of the champion's log-loss."""
SURE: Final = 2.0
"""Standard errors of the mean difference of the two losses, row by row, that lie between it and nothing."""


class _File(msgspec.Struct):
    scores: list[list[float]]
    fraud: list[int]


class Comparison(msgspec.Struct, frozen=True):
    """How candidate and champion did on the holdout; `better` when the candidate may go on."""

    rows: int
    frauds: int
    champion_precision: float
    candidate_precision: float
    champion_loss: float
    candidate_loss: float
    standard_errors: float
    better: bool


class Holdout:
    """The rows of a bundle's holdout.json."""

    def __init__(self, data: bytes) -> None:
        """Raises BundleError for what is no holdout."""
        try:
            file = msgspec.json.decode(data, type=_File)
            self.logits: Floats = logits_of(file.scores)
        except (msgspec.DecodeError, ValueError) as error:
            raise BundleError(f"holdout.json cannot be read: {error}") from error
        self.fraud: npt.NDArray[np.bool_] = np.array(file.fraud, dtype=bool)
        if len(self.fraud) != len(self.logits):
            raise BundleError("holdout.json has scores and labels of different numbers of rows")

    def compare(self, champion: Meta, candidate: Meta) -> Comparison:
        """Average precision and log-loss of both."""
        frauds = int(self.fraud.sum())
        if frauds < LEAST_FRAUDS:
            return Comparison(len(self.fraud), frauds, 0.0, 0.0, 0.0, 0.0, 0.0, better=False)
        old, new = champion.probabilities(self.logits), candidate.probabilities(self.logits)
        old_precision, new_precision = average_precision(self.fraud, old), average_precision(self.fraud, new)
        gain = _losses(self.fraud, old) - _losses(self.fraud, new)
        old_loss = float(_losses(self.fraud, old).mean())
        sure = float(gain.mean() / (gain.std(ddof=1) / np.sqrt(len(gain)) + 1e-15))
        return Comparison(
            rows=len(self.fraud),
            frauds=frauds,
            champion_precision=old_precision,
            candidate_precision=new_precision,
            champion_loss=old_loss,
            candidate_loss=old_loss - float(gain.mean()),
            standard_errors=sure,
            better=new_precision >= old_precision + BETTER_PRECISION
            and float(gain.mean()) >= BETTER_LOSS * old_loss
            and sure >= SURE,
        )


def _losses(fraud: npt.NDArray[np.bool_], probability: Floats) -> Floats:
    held = np.clip(probability, 1e-12, 1.0 - 1e-12)
    return -np.log(np.where(fraud, held, 1.0 - held))

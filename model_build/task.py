"""What kind of question a model answers, as far as training has to know: one of many classes
(`classification.py`), or a rare yes among many noes (`detection/`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from lambdas.core.bundle import Conformal, Head, Manifest
from lambdas.value.worth import Worth
from model_build.calibration import Calibration
from model_build.dataset import Dataset
from model_build.decided import Decisions
from model_build.predictions import Predictions
from model_build.service import Fitted, Progress
from model_build.thresholds import Thresholds

if TYPE_CHECKING:
    from model_build.card import Facts
    from model_build.job import Job


class HeadCalibration(msgspec.Struct, frozen=True):
    """What a head learned on the calibrate split; no `conformal` where no sets are wanted."""

    calibration: Calibration
    conformal: Conformal | None


class Measured(Protocol):
    """Everything measured on the test split; the task knows what else is in it."""

    @property
    def rows(self) -> int:
        """How many rows that was."""


@dataclass(frozen=True)
class CardParts:
    """The parts of a model card that depend on the task: what comes first, what each output does, what it
    is worth, and what the test split is too small for."""

    overview: list[str]
    outputs: list[str]
    worth: list[str]
    limits: list[str]


class Task(Protocol):
    """How such a model is calibrated, decided with, measured and told about."""

    floors: bool
    """Whether calibration may use a floor, which is more than a linear change of the logits."""

    def thresholds(
        self, job: Job, dataset: Dataset, calibrated: Mapping[str, HeadCalibration], held: Predictions
    ) -> dict[str, Thresholds]:
        """From which confidence each class is acted on, from the scores on the calibrate split."""

    def more_heads(self, job: Job, dataset: Dataset) -> list[Head]:
        """The manifest's heads that the data has no labels for."""

    def test(self, job: Job, dataset: Dataset, fitted: Fitted, progress: Progress) -> Predictions:
        """The scores on the test split, with all that `measure` needs."""

    def measure(
        self,
        job: Job,
        dataset: Dataset,
        tested: Predictions,
        calibrated: Mapping[str, HeadCalibration],
        thresholds: Mapping[str, Thresholds],
    ) -> Measured:
        """Everything measured on the test split."""

    def decisions(
        self,
        dataset: Dataset,
        tested: Predictions,
        calibrated: Mapping[str, HeadCalibration],
        thresholds: Mapping[str, Thresholds],
    ) -> Decisions | None:
        """What the served policy does with the test split; None where the data cannot say."""

    def in_short(self, report: Any) -> str:
        """The one figure that matters."""

    def report(self) -> type[Any]:
        """The type of what `measure` returns, to read it back."""

    def metrics(self, report: Any) -> dict[str, Any]:
        """The manifest's metrics that come from the report."""

    def worth(self, job: Job, report: Any) -> Worth:
        """What live decisions are counted with, from the parameters and the report."""

    def card(self, facts: Facts) -> CardParts:
        """The task's parts of the model card."""

    def tell(self, job: Job, manifest: Manifest, report: Any) -> None:
        """What the user reads at the end of a training."""

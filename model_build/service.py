"""What a service brings to training. Everything else in model_build is shared by all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from lambdas.core.bundle import Head, Manifest
from lambdas.core.schema import Decision
from lambdas.core.service import Stamp
from model_build.dataset import Batch, Binary, Dataset

if TYPE_CHECKING:
    from model_build.calibration import Calibration  # it imports scipy
    from model_build.card import Story
    from model_build.clean import Cleaned
    from model_build.examine import Derived, Layout
    from model_build.task import Task

Floats = npt.NDArray[np.floating[Any]]
FieldKind = Literal["text", "words", "file", "category", "integer", "number"]
"""text: joined from the text columns. words: a text with a column of its own. file: a path beside the CSV."""

Progress = Callable[[int, int], None]
"""Called with (steps done, steps in all) by whatever takes more than a second."""


def quiet(done: int, total: int) -> None:
    """A Progress that says nothing."""


@dataclass(frozen=True)
class Field:
    """A field of the service's request schema that training can fill from a CSV column."""

    kind: FieldKind
    longest: int | None = None
    """Characters; longer texts are cut in training, because serving would refuse them."""
    least: float | None = None
    most: float | None = None
    needed: bool = False
    """There is no row without it."""
    alone: bool = False
    """A row that has it needs no text."""
    flaw: Callable[[Path], str | None] | None = None
    """Why a file cannot be read, None when it can."""


class Fitted(Protocol):
    """A fitted model, on the training side only (it is cached with joblib, never served)."""

    def logits(self, batch: Batch) -> dict[str, Floats]:
        """Each head's uncalibrated scores, [rows, classes]; their softmax is the probability."""

    def outputs(self, batch: Batch) -> Mapping[str, Floats]:
        """What else the graph puts out, by name: it must answer alike there too."""


@dataclass(frozen=True)
class CandidateScores:
    """Cross-validation's result, as far as the shared pipeline reads it.

    `candidates` maps the name of each candidate to its score in each fold; `chosen` is one of them and
    `parameters` is what `fit` needs to build it.
    """

    candidates: dict[str, list[float]]
    chosen: str
    metric: str
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Exported:
    """What `export` wrote: the graph, the files beside it (by name in the flat bundle folder), and the
    manifest's settings."""

    model: Path
    files: Mapping[str, Path]
    settings: dict[str, Any]


Serve = Callable[[Batch], Mapping[str, Floats]]
"""The exported model: each head's probabilities, [rows, classes]."""


class Answered(NamedTuple):
    """What the code that serves answers: `by_model` and `by_rules` have an answer a row of `batch`.

    `probabilities` are each head's, as `by_model` says them: [rows, classes], NaN where it says nothing.
    """

    batch: Batch
    by_model: Sequence[Decision]
    by_rules: Sequence[Decision]
    probabilities: Mapping[str, Floats]


def stamps(count: int, variant: str, version: str | None) -> list[Stamp]:
    """What decisions that nobody asked for are stamped with."""
    return [Stamp(f"id{k}", "2026-01-01T00:00:00.000Z", variant, version) for k in range(count)]


class TrainingService(Protocol):
    """One service's share of training; `model_build.tickets.pipeline.TicketTraining` is one."""

    @property
    def name(self) -> str:
        """The service's name in URLs, folders and params.yaml."""

    @property
    def fields(self) -> Mapping[str, Field]:
        """The fields a CSV can fill, by their name in the request schema."""

    @property
    def task(self) -> Task:
        """What kind of question the model answers."""

    @property
    def yes_or_no(self) -> bool:
        """Whether labels say yes or no, so that the user may name the words for yes."""

    @property
    def delayed(self) -> bool:
        """Whether features come from a replay of all that was before a row; then there must be times."""

    def binaries(self, labels: Sequence[str], positive: Sequence[str]) -> list[Binary]:
        """What the columns `labels` mean that say yes or no; none where labels are classes. `positive` are
        the values that the user says mean yes, none for the usual words. Raises ParametersError."""

    def look(
        self,
        files: Mapping[str, Sequence[Path]],
        layout: Layout,
        model: Mapping[str, Any],
        folder: Path,
        progress: Progress,
    ) -> list[Derived]:
        """Look once at the files that fields of the CSV name; returns the texts that were found in them. What
        is kept of them is kept in `folder`. Only called where there are such fields."""

    def replay(self, cleaned: Cleaned, test: Cleaned | None, dataset: Dataset, progress: Progress) -> None:
        """Write the features that come from what was before each row, or from its files:
        model_build/history.py."""

    def beside(self, fitted: Fitted, batch: Batch) -> Mapping[str, npt.NDArray[Any]]:
        """What the task measures with beside the scores, an entry a row."""

    def text_fields(self, columns: Sequence[str]) -> dict[str, list[str]]:
        """Which text columns of the CSV fill which field; several are joined by a new line."""

    def write_synthetic(self, path: Path, *, rows: int, seed: int) -> None:
        """Write the default training data as a CSV."""

    def feature_names(self) -> list[str]:
        """The hand-made features, in the order of the manifest."""

    def handmade(self, batch: Batch, model: Mapping[str, Any]) -> Floats:
        """The hand-made features of `batch`, [rows, features]; NaN where the row does not say. `model` is
        params.yaml's section."""

    def texts(self, batch: Batch) -> list[str]:
        """The text that the model reads, a row each; for statistics. None of them where there is none."""

    def words(self, batch: Batch) -> list[list[str]]:
        """The words of each row's text, as the model's features tell them apart; for statistics."""

    def cross_validate(
        self, dataset: Dataset, model: Mapping[str, Any], progress: Progress
    ) -> CandidateScores:
        """Score the candidates over `dataset.folds` and choose one; `model` is params.yaml's section."""

    def fit(
        self, dataset: Dataset, model: Mapping[str, Any], chosen: CandidateScores, progress: Progress
    ) -> Fitted:
        """Fit the chosen candidate on the train split."""

    def export(
        self,
        fitted: Fitted,
        calibrations: Mapping[str, Calibration],
        dataset: Dataset,
        folder: Path,
        costs: Mapping[str, Any],
    ) -> Exported:
        """Write the calibrated graph and what goes with it into `folder`; `costs` are the section."""

    def served(self, folder: Path, heads: Sequence[Head], settings: Mapping[str, Any]) -> Serve:
        """What was exported into `folder`, run by the code that serves it."""

    def answered(self, folder: Path, manifest: Manifest, batch: Batch) -> Answered:
        """The whole answers of the code that serves to the rows of `batch` that can be asked again, by the
        bundle in `folder` and by the rules. Raises BundleError."""

    def story(self, settings: Mapping[str, Any]) -> Story:
        """What the model card says beyond its figures."""

    def rules(self, batch: Batch) -> list[str] | None:
        """What the service's rules would answer to each row, the baseline; None when it has none."""

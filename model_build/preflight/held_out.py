"""Rows that neither bundle learned from, with what people say that they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lambdas.core.bundle import Manifest
from model_build.csv_source import open_csv
from model_build.dataset import Batch, Dataset, load_dataset
from model_build.errors import StageNotRun
from model_build.examine import Examiner, Layout
from model_build.fairness.declared import declared
from model_build.service import TrainingService
from model_build.workspace import Workspace

BATCH_ROWS: Final = 1024
Labels = npt.NDArray[np.str_]


@dataclass(frozen=True)
class HeldOut:
    """`labels` are each head's true classes by name, [rows]; `batches` are the same rows for the model."""

    source: str
    batches: list[Batch]
    labels: Mapping[str, Labels]
    texts: list[str] = field(default_factory=list)
    languages: list[str] | None = None
    declared: Mapping[str, list[str]] = field(default_factory=dict)
    """Columns of the CSV in which people say what they are."""

    def __len__(self) -> int:
        return sum(map(len, self.batches))


def test_split(
    place: Workspace,
    service: TrainingService,
    manifest: Manifest,
    groups: Sequence[str] = (),
    delimiter: str = ",",
) -> HeldOut | None:
    """The test split that the bundle of `manifest` was measured on, if it is still in the workspace."""
    try:
        dataset = load_dataset(place.work / "dataset")
    except StageNotRun:
        return None
    if (dataset.sha256, dataset.seed) != (manifest.training_data.sha256, manifest.seed):
        return None
    found = of_dataset(dataset, service)
    if not groups or not found.batches:
        return found
    numbers = np.concatenate([batch.rows for batch in found.batches])
    return replace(found, declared=declared(dataset, place, groups, numbers, delimiter))


def of_dataset(dataset: Dataset, service: TrainingService) -> HeldOut:
    """The test split of `dataset`."""
    batches = list(dataset.batches("test", BATCH_ROWS))
    labels = {
        head: np.array(classes)[np.concatenate([batch.labels[head] for batch in batches])]
        for head, classes in dataset.classes.items()
    }
    languages = [language or "" for batch in batches for language in batch.languages or []]
    return HeldOut(
        source=f"the test split of {Path(dataset.test_source or dataset.source).name}",
        batches=batches,
        labels=labels,
        texts=[text for batch in batches for text in service.texts(batch)],
        languages=languages or None,
    )


def of_csv(path: Path, service: TrainingService, layout: Layout, source: str) -> HeldOut | None:
    """The rows of a CSV like the one trained on; None when none of them can be used.

    Raises DataValidationError for a file that is no such CSV.
    """
    examiner, used = Examiner(layout, path.parent), layout.columns.used
    batches: list[Batch] = []
    labels: dict[str, list[str]] = {head: [] for head in layout.heads}
    for chunk in open_csv(path, used).chunks(used):
        examined = examiner.examine(chunk)
        if examined.rows:
            batches.append(_batch(examined))
            for head, found in examined.labels.items():
                labels[head] += found
    if not batches:
        return None
    languages = [language or "" for batch in batches for language in batch.languages or []]
    return HeldOut(
        source=source,
        batches=batches,
        labels={head: np.array(found) for head, found in labels.items()},
        texts=[text for batch in batches for text in service.texts(batch)],
        languages=languages or None,
    )


def _batch(examined: Any) -> Batch:
    rows = np.array(examined.rows, dtype=np.int64)
    return Batch(
        columns=examined.fields,
        labels={},
        rows=rows,
        folds=np.full(len(rows), -1, dtype=np.int64),
        groups=examined.groups,
        languages=examined.languages,
        times=None if examined.times is None else np.array(examined.times, dtype=np.int64),
    )

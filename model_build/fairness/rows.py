"""Labelled rows to audit a bundle on: the test split, which nothing was learned from, or a CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from model_build.clean import key_of
from model_build.csv_source import open_csv
from model_build.dataset import Batch, Dataset, Split
from model_build.errors import ParametersError
from model_build.fairness.declared import declared
from model_build.service import TrainingService
from model_build.workspace import Workspace

Bools = npt.NDArray[np.bool_]

OUTCOME: Final = "outcome"
BATCH_ROWS: Final = 1024


@dataclass(frozen=True)
class Rows:
    """`truth` is by policy, [rows], for the policies that the labels speak of, and for the OUTCOME: whether
    anything at all is wrong. `batches` are the same rows as the model takes them."""

    source: str
    texts: list[str]
    truth: Mapping[str, Bools]
    batches: list[Batch]
    languages: list[str] | None = None
    declared: Mapping[str, list[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.texts)


def of_split(
    dataset: Dataset,
    service: TrainingService,
    place: Workspace | None = None,
    groups: Sequence[str] = (),
    *,
    delimiter: str = ",",
    split: Split = "test",
) -> Rows:
    """The rows of a split. `groups` are columns of the CSV of `place` in which people say what they are."""
    batches = list(dataset.batches(split, BATCH_ROWS))
    truth = {
        head: np.concatenate([batch.labels[head] for batch in batches]) == classes.index(head)
        for head, classes in dataset.classes.items()
        if head in classes
    }
    languages = [language or "" for batch in batches for language in batch.languages or []]
    numbers = np.concatenate([batch.rows for batch in batches])
    return Rows(
        source=f"the {split} split of {Path(dataset.source).name}",
        texts=[text for batch in batches for text in service.texts(batch)],
        truth=with_outcome(truth),
        batches=batches,
        languages=languages or None,
        declared={}
        if place is None
        else declared(dataset, place, groups, numbers, delimiter, tested=split == "test"),
    )


def of_texts(
    service: TrainingService,
    texts: Sequence[str],
    truth: Mapping[str, Bools],
    source: str,
    *,
    languages: list[str] | None = None,
    declared: Mapping[str, list[str]] | None = None,
) -> Rows:
    """Rows that are a text each and nothing else."""
    return Rows(
        source=source,
        texts=list(texts),
        truth=with_outcome(truth),
        batches=list(text_batches(service, texts)),
        languages=languages,
        declared=declared or {},
    )


def of_csv(
    service: TrainingService,
    path: Path,
    *,
    text: str,
    label: str,
    groups: Sequence[str] = (),
    language: str | None = None,
    positive: Sequence[str] = (),
    delimiter: str = ",",
) -> Rows:
    """The rows of a labelled CSV, its column `label` read as training reads it.

    Raises DataValidationError for a file that is no such CSV, ParametersError for a label that means nothing.
    """
    used = list(dict.fromkeys([text, label, *groups, *([language] if language else [])]))
    cells: dict[str, list[str]] = {name: [] for name in used}
    for chunk in open_csv(path, used, delimiter).chunks(used):
        for name in used:
            cells[name] += chunk.cells[name]
    kept = [k for k, cell in enumerate(cells[text]) if cell.strip()]
    cells = {name: [values[k] for k in kept] for name, values in cells.items()}
    return of_texts(
        service,
        cells[text],
        truth_of(service, label, cells[label], positive),
        path.name,
        languages=cells[language] if language else None,
        declared={name: cells[name] for name in groups},
    )


def truth_of(
    service: TrainingService, label: str, cells: Sequence[str], positive: Sequence[str]
) -> dict[str, Bools]:
    """By policy, what the cells of the column `label` say, [rows], read as training reads them.

    Raises ParametersError for a word that means neither yes nor no.
    """
    found: dict[str, Bools] = {}
    tidy = [" ".join(cell.split()) for cell in cells]
    for binary in service.binaries([label], positive):
        said = [binary.says(cell) for cell in tidy]
        if None in said:
            raise ParametersError(
                f"the label '{tidy[said.index(None)]}' says neither yes nor no: name with --positive the "
                "labels that mean that something is wrong"
            )
        found[binary.head] = np.array([each == binary.yes for each in said], dtype=np.bool_)
    return found


def halves(rows: Rows, service: TrainingService) -> tuple[Rows, Rows]:
    """Rows of texts in two parts, one to choose on, one to measure on; a text is on one side only."""
    first = np.array([key_of(text) % 2 == 0 for text in rows.texts], dtype=np.bool_)
    return _part(rows, service, first, "one half"), _part(rows, service, ~first, "the other half")


def _part(rows: Rows, service: TrainingService, which: Bools, name: str) -> Rows:
    places = np.flatnonzero(which).tolist()
    return of_texts(
        service,
        [rows.texts[k] for k in places],
        {target: values[which] for target, values in rows.truth.items()},
        f"{name} of {rows.source}",
        languages=[rows.languages[k] for k in places] if rows.languages else None,
        declared={column: [values[k] for k in places] for column, values in rows.declared.items()},
    )


def with_outcome(truth: Mapping[str, Bools]) -> dict[str, Bools]:
    """`truth`, with what any of it makes of the whole post."""
    policies = {name: values for name, values in truth.items() if name != OUTCOME}
    if not policies:
        raise ParametersError("there is no label of a policy: nothing can be said of who is treated how")
    return {**policies, OUTCOME: np.logical_or.reduce(list(policies.values()))}


def text_batches(service: TrainingService, texts: Sequence[str]) -> Iterator[Batch]:
    """Batches of rows that have a text and no other field."""
    (field_name, _), *_ = service.text_fields(["text"]).items()
    for start in range(0, len(texts), BATCH_ROWS):
        part = list(texts[start : start + BATCH_ROWS])
        nothing: list[str | None] = [None] * len(part)
        columns: dict[str, list[str | None]] = {
            name: list(part) if name == field_name else nothing for name in service.fields
        }
        yield Batch(
            columns=columns,
            labels={},
            rows=np.arange(start, start + len(part), dtype=np.int64),
            folds=np.full(len(part), -1, dtype=np.int64),
            groups=None,
            languages=None,
        )

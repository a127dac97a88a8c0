"""A fitted model's scores on one split, with the truth beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model_build.dataset import Batch, Dataset, Ints, Split
from model_build.service import Fitted, Progress, quiet

Floats = npt.NDArray[np.floating[Any]]

_BESIDE = "beside:"


@dataclass(frozen=True)
class Predictions:
    """logits: each head's uncalibrated scores, [rows, classes]. labels: the true class of each head,
    [rows]. rows: where they stand in the CSV. languages: "" where unknown. rules: what the service's rules
    answer, if that was asked. beside: whatever else the task measures with, an entry a row."""

    logits: Mapping[str, Floats]
    labels: Mapping[str, Ints]
    rows: Ints
    languages: list[str]
    rules: list[str] | None = None
    beside: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Keep them as an .npz file without pickles."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "rows": self.rows,
            "languages": np.array(self.languages, dtype=np.str_),
            "heads": np.array(list(self.logits), dtype=np.str_),
        }
        if self.rules is not None:
            arrays["rules"] = np.array(self.rules, dtype=np.str_)
        for number, head in enumerate(self.logits):
            arrays[f"logits{number}"] = self.logits[head]
            arrays[f"labels{number}"] = self.labels[head]
        arrays |= {f"{_BESIDE}{name}": values for name, values in self.beside.items()}
        with path.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)


def load_predictions(path: Path) -> Predictions:
    """What `Predictions.save` kept."""
    with np.load(path, allow_pickle=False) as arrays:
        heads = arrays["heads"].tolist()
        return Predictions(
            logits={head: arrays[f"logits{number}"] for number, head in enumerate(heads)},
            labels={head: arrays[f"labels{number}"] for number, head in enumerate(heads)},
            rows=arrays["rows"],
            languages=arrays["languages"].tolist(),
            rules=arrays["rules"].tolist() if "rules" in arrays else None,
            beside={name[len(_BESIDE) :]: arrays[name] for name in arrays if name.startswith(_BESIDE)},
        )


def predict(
    fitted: Fitted,
    dataset: Dataset,
    split: Split,
    *,
    each: Callable[[Batch], None] = lambda _: None,
    beside: Callable[[Batch], Mapping[str, npt.NDArray[Any]]] = lambda _: {},
    progress: Progress = quiet,
) -> Predictions:
    """The scores of `fitted` on every row of `split`; `each` is shown the batches as they pass,
    `beside` says what else is kept of each."""
    logits: dict[str, list[Floats]] = {head: [] for head in dataset.heads}
    labels: dict[str, list[Ints]] = {head: [] for head in dataset.heads}
    rows: list[Ints] = []
    more: dict[str, list[npt.NDArray[Any]]] = {}
    languages: list[str] = []
    done = 0
    for batch in dataset.batches(split):
        for head, scores in fitted.logits(batch).items():
            logits[head].append(scores)
            labels[head].append(batch.labels[head])
        rows.append(batch.rows)
        languages += [language or "" for language in batch.languages or [""] * len(batch)]
        each(batch)
        for name, values in beside(batch).items():
            more.setdefault(name, []).append(values)
        done += len(batch)
        progress(done, dataset.split_rows[split])
    return Predictions(
        logits={head: np.concatenate(parts) for head, parts in logits.items()},
        labels={head: np.concatenate(parts) for head, parts in labels.items()},
        rows=np.concatenate(rows),
        languages=languages,
        beside={name: np.concatenate(parts) for name, parts in more.items()},
    )

"""What a bundle decides of rows: its calibrated probabilities, and the outcome that its thresholds make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lambdas.content.verdict import bounds_of
from lambdas.core.bundle import Head, Manifest
from model_build.dataset import Batch
from model_build.fairness.rows import OUTCOME, Rows
from model_build.service import Progress, TrainingService, quiet

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.floating[Any]]

REMOVED, FLAGGED = "removed", "removed or reviewed"
POINTS: Final = (REMOVED, FLAGGED)
ALLOW, REVIEW, REMOVE = 0, 1, 2


@dataclass(frozen=True)
class Decided:
    """`probabilities`, [rows, policies]; of each policy the probability from which a post is removed for it,
    and from which people look at it."""

    policies: tuple[str, ...]
    probabilities: Floats
    remove_from: tuple[float, ...]
    review_from: tuple[float, ...]

    def chosen(self, target: str, point: str) -> Bools:
        """Which rows are hit, [rows], for the policy `target`, or for any of them when it is the OUTCOME."""
        limits = np.array(self.remove_from if point == REMOVED else self.review_from)
        over: Bools = self.probabilities >= limits
        if target == OUTCOME:
            return np.asarray(over.any(axis=1))
        return np.asarray(over[:, self.policies.index(target)])

    def outcomes(self) -> npt.NDArray[np.int64]:
        """ALLOW, REVIEW or REMOVE of each row, [rows]."""
        flagged, removed = self.chosen(OUTCOME, FLAGGED), self.chosen(OUTCOME, REMOVED)
        return flagged.astype(np.int64) + removed

    def most_likely(self) -> Floats:
        """The highest probability of any policy, [rows]."""
        highest: Floats = self.probabilities.max(axis=1)
        return highest

    def with_limits(self, remove_from: Sequence[float], review_from: Sequence[float]) -> Decided:
        """The same probabilities under other thresholds."""
        return replace(self, remove_from=tuple(remove_from), review_from=tuple(review_from))


def policy_heads(manifest: Manifest) -> list[Head]:
    """The heads of the policies, in the order of POLICIES. Raises BundleError when one is missing."""
    return [manifest.head(policy) for policy in bounds_of(manifest.heads)]


def decide(
    service: TrainingService,
    folder: Path,
    manifest: Manifest,
    batches: Sequence[Batch],
    progress: Progress = quiet,
) -> Decided:
    """What the bundle in `folder` says of `batches`, by the code that serves it."""
    heads, bounds = policy_heads(manifest), bounds_of(manifest.heads).values()
    serve = service.served(folder, heads, manifest.settings)
    found, done, total = [], 0, sum(map(len, batches))
    for batch in batches:
        answers = serve(batch)
        found.append(np.column_stack([np.asarray(answers[head.name])[:, 1] for head in heads]))
        done += len(batch)
        progress(done, total)
    return Decided(
        policies=tuple(head.name for head in heads),
        probabilities=np.concatenate(found).astype(np.float64) if found else np.zeros((0, len(heads))),
        remove_from=tuple(bound.remove for bound in bounds),
        review_from=tuple(bound.review for bound in bounds),
    )


def questions(decided: Decided, rows: Rows) -> Iterator[tuple[str, str, Bools, Bools]]:
    """(target, point, truth, chosen) of everything that both the labels and the bundle speak of."""
    for target in (OUTCOME, *decided.policies):
        if target in rows.truth:
            for point in POINTS:
                yield target, point, rows.truth[target], decided.chosen(target, point)

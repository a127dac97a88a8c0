"""Is the candidate worse than the champion? Row by row on the same rows, with the paired bootstrap."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from lambdas.core.bundle import Head
from model_build.intervals import RESAMPLES, Interval, percentile_interval
from model_build.preflight.bundles import Opened
from model_build.preflight.held_out import HeldOut
from model_build.preflight.parameters import GateParameters
from model_build.preflight.verdict import Verdict
from model_build.service import Progress, TrainingService, quiet

LEAST: Final = 1e-6
"""The probability that a true class is given at least: a bundle that does not know a class gives it this."""

Floats = npt.NDArray[np.floating[Any]]


class RowScores(NamedTuple):
    """Of each row the log-loss, summed over the heads, and the share of the heads whose winner is wrong."""

    loss: Floats
    wrong: Floats


def row_scores(
    bundle: Opened, service: TrainingService, rows: HeldOut, progress: Progress = quiet
) -> RowScores:
    """How the bundle does on each of the rows, [rows]. Heads that it lacks count as wholly wrong."""
    serve = bundle.serve(service)
    heads = {head.name: head for head in bundle.manifest.heads}
    losses, wrongs, start, total = [], [], 0, len(rows)
    for batch in rows.batches:
        answers, stop = serve(batch), start + len(batch)
        loss, wrong = np.zeros(len(batch)), np.zeros(len(batch))
        for name, labels in rows.labels.items():
            own, missed = _of_head(heads.get(name), answers, labels[start:stop])
            loss += own
            wrong += missed / len(rows.labels)
        losses.append(loss)
        wrongs.append(wrong)
        start = stop
        progress(start, total)
    return RowScores(np.concatenate(losses), np.concatenate(wrongs))


def _of_head(head: Head | None, answers: Any, labels: npt.NDArray[np.str_]) -> tuple[Floats, Floats]:
    """(log-loss, 1 where the winner is wrong) of each row, for one head."""
    if head is None or head.name not in answers:
        return np.full(len(labels), -np.log(LEAST)), np.ones(len(labels))
    probabilities = np.asarray(answers[head.name], dtype=np.float64)
    places = {name: k for k, name in enumerate(head.classes)}
    truth = np.array([places.get(str(label), -1) for label in labels], dtype=np.int64)
    given = probabilities[np.arange(len(truth)), np.maximum(truth, 0)]
    given = np.where(truth < 0, LEAST, np.clip(given, LEAST, 1.0))
    return -np.log(given), (probabilities.argmax(axis=1) != truth).astype(np.float64)


def not_worse(
    candidate: RowScores, champion: RowScores, source: str, parameters: GateParameters, *, seed: int
) -> list[Verdict]:
    """The verdicts on log-loss and errors on the rows called `source`."""
    allowed = parameters.most_loss * float(champion.loss.mean())
    found = (
        ("log-loss", candidate.loss, champion.loss, allowed),
        ("errors", candidate.wrong, champion.wrong, parameters.most_errors),
    )
    return [
        _verdict(name, source, new, old, most, parameters.least_rows, seed=seed)
        for name, new, old, most in found
    ]


def _verdict(
    name: str, source: str, new: Floats, old: Floats, most: float, least_rows: int, *, seed: int
) -> Verdict:
    change = paired(new - old, seed=seed)
    few = len(new) < least_rows
    passed = change.low <= most if few else change.high <= most
    said = (
        f"{name} on {source} {new.mean():.4f}, the champion's {old.mean():.4f}: {change.value:+.4f} "
        f"({change.low:+.4f} to {change.high:+.4f}), {most:+.4f} is allowed, {len(new):,} rows"
    )
    if few:
        said += f"; fewer than {least_rows:,}, so only a candidate that is worse beyond doubt is refused"
    figures = {
        "candidate": round(float(new.mean()), 6),
        "champion": round(float(old.mean()), 6),
        "change": [round(value, 6) for value in (change.value, change.low, change.high)],
        "allowed": round(most, 6),
        "rows": len(new),
    }
    return Verdict(f"not worse: {name}", bool(passed), said, figures)


def paired(differences: Floats, *, seed: int, resamples: int = RESAMPLES) -> Interval:
    """The mean of `differences`, [rows], with the percentile interval of drawing whole rows again."""
    rng, n = np.random.default_rng(seed), len(differences)
    if not n:
        return Interval(0.0, 0.0, 0.0, 0)
    drawn = np.array([differences[rng.integers(0, n, n)].mean() for _ in range(resamples)])
    return percentile_interval(float(differences.mean()), drawn, n)

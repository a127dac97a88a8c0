"""Cross-validation: which regularisation, and what an embedding counts beside the n-grams."""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from model_build.calibration import fit_temperature, row_losses
from model_build.dataset import Dataset
from model_build.service import CandidateScores, Progress
from model_build.tickets.parameters import ModelParameters
from model_build.tickets.rows import Design, Rows, make_design, pick, present_in, read_rows
from model_build.tickets.solvers import Streaming, exact, exact_path
from model_build.tickets.weights import Floats, Ints

Way = Literal["exact", "streaming"]

PROBE_ROWS: Final = 1_000
ITERATIONS: Final = 20
"""Of the exact solver, from one candidate to the next, which is near."""
PASSES: Final = 2
"""Of the streaming solver."""


class _Fold:
    """One round: the rows it fits on and the rows it scores, and the columns they share."""

    def __init__(
        self, rows: Rows, train: npt.NDArray[np.bool_], held: npt.NDArray[np.bool_], design: Design
    ) -> None:
        self.train, self.held = train, held
        self.fit_on = design.matrix(pick(rows.inputs, train))
        self.score_on = design.matrix(pick(rows.inputs, held))


def choose_way(dataset: Dataset, parameters: ModelParameters) -> tuple[Way, int]:
    """Which solver the data is for, and how many rows cross-validation takes."""
    probe = read_rows(dataset, min(PROBE_ROWS, dataset.split_rows["train"]))
    entries = probe.inputs.counts.nnz / len(probe)
    most_classes = max(map(len, dataset.classes.values()))
    in_all = entries * dataset.split_rows["train"]
    fits = in_all <= parameters.exact_entries and in_all * most_classes <= parameters.exact_work
    affordable = int(parameters.selection_work / max(entries * most_classes, 1.0))
    rows = min(parameters.selection_rows, max(affordable, 20 * most_classes), dataset.split_rows["train"])
    return ("exact" if fits else "streaming"), rows


def cross_validate(dataset: Dataset, parameters: ModelParameters, progress: Progress) -> CandidateScores:
    """The candidates of each head, scored over the folds; reported for the deciding head.

    The score is the log-loss of the held-out rows at the best temperature for them, since calibration
    comes later anyway: lower is better, and it tells candidates apart that accuracy cannot.
    """
    way, size = choose_way(dataset, parameters)
    rows = read_rows(dataset, size)
    embedded = embed(parameters.encoder, rows.texts)
    classes = sum(map(len, dataset.classes.values()))
    folds = _folds(dataset, rows, classes, parameters)
    chosen: dict[str, dict[str, float]] = {}
    shown: dict[str, list[float]] = {}
    best = ""
    for number, head in enumerate(dataset.heads):
        weights = class_weights(dataset, parameters, head)
        scores: dict[tuple[float, float], list[float]] = {}
        for done, fold in enumerate(folds):
            for candidate, loss in _losses(
                fold, rows.labels[head], weights, embedded, way, dataset.seed, parameters
            ):
                scores.setdefault(candidate, []).append(loss)
            progress(number * len(folds) + done + 1, len(dataset.heads) * len(folds))
        winner = (
            min(scores, key=lambda candidate: (float(np.mean(scores[candidate])), candidate))
            if scores
            else _first(way, parameters)
        )
        chosen[head] = {"strength": winner[0], "embedding": winner[1]}
        if number == 0:
            shown = {_name(way, candidate, parameters): found for candidate, found in scores.items()}
            best = _name(way, winner, parameters)
    shown.setdefault(best, [])
    return CandidateScores(shown, best, f"log-loss of {dataset.heads[0]}", {"way": way, "heads": chosen})


def class_weights(dataset: Dataset, parameters: ModelParameters, head: str) -> Floats:
    """What a row of each class counts in training, [classes]."""
    given = parameters.class_weights.get(head, {})
    return np.array([given.get(name, 1.0) for name in dataset.classes[head]])


def embed(encoder: str | None, texts: list[str]) -> Floats | None:
    """The embedding of each text, [texts, dimension]; None without an encoder."""
    if encoder is None:
        return None
    from model_build.encoders.base import load

    return load(encoder).embed(texts)


def _folds(dataset: Dataset, rows: Rows, classes: int, parameters: ModelParameters) -> list[_Fold]:
    """The rounds that have something to fit on and something to score."""
    found = []
    for fold in dataset.folds:
        train, held = np.isin(rows.folds, fold.train), rows.folds == fold.validate
        if held.any() and all(len(np.unique(labels[train])) > 1 for labels in rows.labels.values()):
            inputs = pick(rows.inputs, train)
            design = make_design(present_in(inputs), int(train.sum()), inputs.features, classes, parameters)
            found.append(_Fold(rows, train, held, design))
    return found


def _losses(
    fold: _Fold,
    labels: Ints,
    weights: Floats,
    embedded: Floats | None,
    way: Way,
    seed: int,
    parameters: ModelParameters,
) -> list[tuple[tuple[float, float], float]]:
    """The loss of each candidate (strength, weight of the embedding's scores)."""
    truth = labels[fold.held]
    by_strength = _scores(fold, labels[fold.train], weights, way, seed, parameters)
    if embedded is None:
        return [((strength, 0.0), _loss(scores, truth)) for strength, scores in by_strength.items()]
    solver = exact(
        embedded[fold.train].astype(np.float64),
        labels[fold.train],
        weights,
        c=parameters.embedding_regularisation,
        iterations=4 * parameters.iterations,
    )
    dense = solver.scores(embedded[fold.held].astype(np.float64))
    if not parameters.ngrams:
        return [((parameters.regularisation[0], 1.0), _loss(dense, truth))]
    return [
        ((strength, weight), _loss(scores + weight * dense, truth))
        for strength, scores in by_strength.items()
        for weight in parameters.embedding_weights
    ]


def _scores(
    fold: _Fold, labels: Ints, weights: Floats, way: Way, seed: int, parameters: ModelParameters
) -> dict[float, Floats]:
    """The n-grams' scores of the held-out rows, by strength."""
    if not parameters.ngrams:
        return {}
    if way == "exact":
        path = tuple(sorted(parameters.regularisation))
        solvers = exact_path(fold.fit_on, labels, weights, regularisation=path, iterations=ITERATIONS)
        return {c: solver.scores(fold.score_on) for c, solver in zip(path, solvers, strict=True)}
    found = {}
    for step in parameters.steps:
        solver = Streaming(weights, step=step, seed=seed)
        for _ in range(PASSES):
            solver.learn(fold.fit_on, labels)
        found[step] = solver.scores(fold.score_on)
    return found


def _loss(scores: Floats, truth: Ints) -> float:
    return float(row_losses(scores / fit_temperature(scores, truth), truth).mean())


def _first(way: Way, parameters: ModelParameters) -> tuple[float, float]:
    """What is taken where no fold can be scored."""
    strengths: Any = parameters.regularisation if way == "exact" else parameters.steps
    return strengths[len(strengths) // 2], parameters.embedding_weights[0] if parameters.encoder else 0.0


def _name(way: Way, candidate: tuple[float, float], parameters: ModelParameters) -> str:
    strength, weight = candidate
    name = f"C={strength:g}" if way == "exact" else f"step {strength:g}"
    if parameters.encoder is None:
        return name
    if not parameters.ngrams:
        return f"{parameters.encoder} alone"
    return f"{name}, {parameters.encoder} x {weight:g}"

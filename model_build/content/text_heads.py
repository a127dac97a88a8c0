"""The text heads: fitted on rows in memory, crossed over the folds, and brought to log-odds.

What the fusion learns from must come from heads that have not seen the row: heads are fitted on the other
folds, and each text of a held row is scored apart, as serving scores it. The same scores say how a head's
margin becomes log-odds (Platt 1999), which is folded into its weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lambdas.content.text.normalise import normalise
from model_build.content.texts import PostReader, channel_texts, has_media, whole_texts
from model_build.dataset import Batch, Dataset
from model_build.encoders.base import Encoder
from model_build.service import Progress, quiet
from model_build.text import design
from model_build.text.embedding import Candidate, fit_embedding
from model_build.text.inputs import Inputs, inputs_of
from model_build.text.model import FittedText
from model_build.text.parameters import ModelParameters
from model_build.text.solvers import in_memory
from model_build.text.weights import Floats, Ints, Linear

Bools = npt.NDArray[np.bool_]
FLATTEST, STEEPEST = 0.1, 50.0
"""The limits of the log-odds that one unit of margin means."""


class Texts(NamedTuple):
    """Different texts as the model sees them; `blank` are those in which nothing is left to read."""

    inputs: Inputs
    embedded: Floats | None
    blank: Bools

    def rows(self, which: npt.NDArray[Any]) -> Texts:
        """The texts at the places `which`."""
        own = None if self.embedded is None else self.embedded[which]
        return Texts(design.rows_of(self.inputs, which), own, self.blank[which])


class Crossed(NamedTuple):
    """What heads that have not seen a row say of it: `whole` [rows, heads] of all its texts together, and
    `channels` by name of each text apart; NaN where there is none, or where no fold holds the row out."""

    whole: Floats
    channels: dict[str, Floats]


def read_texts(texts: Sequence[str], reader: PostReader, encoder: Encoder | None) -> Texts:
    """`texts` as the model sees them."""
    items = [normalise(text) for text in texts]
    embedded = None if encoder is None else encoder.embed(reader.texts(items))
    blank = np.array([not item.text for item in items], dtype=np.bool_)
    return Texts(inputs_of(items, reader), embedded, blank)


def fit_rows(
    texts: Texts,
    labels: Mapping[str, Ints],
    elsewhere: Bools,
    dataset: Dataset,
    parameters: ModelParameters,
    chosen: Candidate,
    reader: PostReader,
    counted: Mapping[str, Floats] | None = None,
) -> FittedText:
    """The heads on these rows, all in memory; see `blamed` for `elsewhere`. `counted`: what each row counts
    for each head, 1 where nothing is said."""
    terms, scaling = design.prepare(texts.inputs, dataset, parameters)
    matrix = design.matrix(texts.inputs, terms, scaling, parameters)
    heads: dict[str, Linear] = {}
    for head, every in labels.items():
        weights = design.class_weights(dataset, parameters, head)
        used = blamed(every, elsewhere)
        own = every[used]
        rows = None if counted is None else counted[head][used]
        solver = in_memory(matrix[used], own, 2, c=chosen.c, weights=weights, seed=dataset.seed, rows=rows)
        first = len(terms.buckets)
        by_feature = parameters.feature_weight * solver.weights[first:]
        linear = Linear(solver.weights[:first], by_feature, solver.bias)
        if texts.embedded is not None:
            dense = fit_embedding(texts.embedded[used], own, weights, parameters, rows)
            linear = replace(
                linear,
                bias=linear.bias + chosen.embedding * dense.bias,
                embedding=chosen.embedding * dense.weights,
            )
        heads[head] = linear
    return FittedText(terms, scaling, heads, reader, parameters.encoder)


def blamed(labels: Ints, elsewhere: Bools) -> Bools:
    """Which rows a text head learns from. Where a post has a picture or a sound too (`elsewhere`), that may
    be what breaks the policy, so its broken rows are not held against the text, as long as half of them are
    left."""
    doubtful = elsewhere & (labels == 1)
    return ~doubtful if 2 * doubtful.sum() <= (labels == 1).sum() else np.ones(len(labels), dtype=np.bool_)


def margins(fitted: FittedText, texts: Texts) -> Floats:
    """How much each head is for yes, [texts, heads]; NaN for a blank text."""
    values = fitted.terms.values(texts.inputs.counts)
    scaled = fitted.scaling.apply(texts.inputs.features)
    found = [head.logits(values, scaled, texts.embedded) for head in fitted.heads.values()]
    made: Floats = np.stack([logits[:, 1] - logits[:, 0] for logits in found], axis=1)
    made[texts.blank] = np.nan
    return made


class Rows(NamedTuple):
    """Train rows with their different texts: `places[name]` [rows] is where the text of a channel, or
    "whole", stands among `texts`, -1 for none; `counted[head]` [rows] what a row counts, if not 1."""

    texts: Texts
    places: dict[str, Ints]
    labels: dict[str, Ints]
    folds: Ints
    elsewhere: Bools
    reader: PostReader
    counted: dict[str, Floats] | None = None

    @property
    def spoken(self) -> Bools:
        """Which rows have any text."""
        return np.asarray(self.places["whole"] >= 0)


def rows_of(
    batches: Sequence[Batch], heads: Sequence[str], reader: PostReader, encoder: Encoder | None
) -> Rows:
    """The rows of `batches`; a text that occurs more than once is read once."""
    known: dict[str, int] = {}
    places: dict[str, list[int]] = {}
    for batch in batches:
        for name, texts in {"whole": whole_texts(batch), **channel_texts(batch)}.items():
            places.setdefault(name, []).extend(
                known.setdefault(text, len(known)) if text else -1 for text in texts
            )
    return Rows(
        texts=read_texts(list(known), reader, encoder),
        places={name: np.array(found, dtype=np.int64) for name, found in places.items()},
        labels={head: np.concatenate([batch.labels[head] for batch in batches]) for head in heads},
        folds=np.concatenate([batch.folds for batch in batches]),
        elsewhere=np.concatenate([has_media(batch) for batch in batches]),
        reader=reader,
    )


def fit_all(rows: Rows, dataset: Dataset, parameters: ModelParameters, chosen: Candidate) -> FittedText:
    """The heads on every row that has a text."""
    return _fit(rows, rows.spoken, dataset, parameters, chosen)


def cross(
    rows: Rows, dataset: Dataset, parameters: ModelParameters, chosen: Candidate, progress: Progress = quiet
) -> Crossed:
    """The scores of every row that a fold holds out."""
    count, heads = len(rows.folds), len(rows.labels)
    channels = [name for name in rows.places if name != "whole"]
    made = {name: np.full((count, heads), np.nan) for name in rows.places}
    for number, fold in enumerate(dataset.folds, start=1):
        train = np.isin(rows.folds, fold.train) & rows.spoken
        held = (rows.folds == fold.validate) & rows.spoken
        if not held.any() or not all(len(np.unique(own[train])) == 2 for own in rows.labels.values()):
            continue
        fitted = _fit(rows, train, dataset, parameters, chosen)
        wanted = np.unique(np.concatenate([places[held] for places in rows.places.values()]))
        wanted = wanted[wanted >= 0]
        said = margins(fitted, rows.texts.rows(wanted))
        for name, places in rows.places.items():
            mine = held & (places >= 0)
            made[name][mine] = said[np.searchsorted(wanted, places[mine])]
        progress(number, len(dataset.folds))
    return Crossed(made["whole"], {name: made[name] for name in channels})


def _fit(
    rows: Rows,
    which: Bools,
    dataset: Dataset,
    parameters: ModelParameters,
    chosen: Candidate,
) -> FittedText:
    labels = {head: own[which] for head, own in rows.labels.items()}
    own = rows.texts.rows(rows.places["whole"][which])
    counted = rows.counted and {head: weights[which] for head, weights in rows.counted.items()}
    return fit_rows(own, labels, rows.elsewhere[which], dataset, parameters, chosen, rows.reader, counted)


class Odds(NamedTuple):
    """How a head's margin becomes log-odds: slope * margin + shift."""

    slope: float
    shift: float


def odds_of(margin: Floats, broken: Bools) -> Odds:
    """Platt's scaling of margins, [rows] with NaN for those not known; as it is where nothing is known."""
    from scipy.optimize import minimize

    known = ~np.isnan(margin)
    own, truth = margin[known], broken[known].astype(np.float64)
    if len(np.unique(truth)) < 2:
        return Odds(1.0, 0.0)

    def loss(numbers: Floats) -> tuple[float, Floats]:
        logits = numbers[0] * own + numbers[1]
        value = float((np.logaddexp(0.0, logits) - truth * logits).mean())
        error = np.exp(-np.logaddexp(0.0, -logits)) - truth
        return value, np.array([error @ own, error.sum()]) / len(own)

    bounds = [(FLATTEST, STEEPEST), (None, None)]
    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds).x
    return Odds(float(found[0]), float(found[1]))


def as_odds(fitted: FittedText, odds: Mapping[str, Odds]) -> FittedText:
    """`fitted` with its heads' margins being log-odds."""
    heads = {}
    for name, head in fitted.heads.items():
        by, shift = odds[name]
        heads[name] = Linear(
            head.terms * by,
            head.features * by,
            head.bias * by + np.array([-shift / 2, shift / 2]),
            None if head.embedding is None else head.embedding * by,
        )
    return replace(fitted, heads=heads)

"""What every served model must do whatever it was trained on: tests/contract, for any bundle, in seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from lambdas.core.errors import BundleError
from lambdas.core.schema import Decision
from model_build.dataset import Batch
from model_build.preflight.bundles import Opened
from model_build.preflight.held_out import HeldOut
from model_build.preflight.verdict import Verdict
from model_build.service import Serve, TrainingService

ROWS: Final = 64
SINGLES: Final = 16
CLOSE: Final = 1e-5
"""Within float32: a batch of another shape may be added up in another order."""

BARE: Final = ("hello", "?!", "你好 🙂 مرحبا", "word " * 2_000)
"""Texts with nothing beside them: the least that a request may say, and the most."""

Floats = npt.NDArray[np.floating[Any]]
Answers = Mapping[str, Floats]


def contract(opened: Opened, service: TrainingService, rows: Sequence[HeldOut]) -> list[Verdict]:
    """A verdict a rule, on some of `rows` and on requests that say next to nothing.

    Raises BundleError when the model cannot be opened.
    """
    serve, bare = opened.serve(service), _bare(service, len(opened.manifest.features))
    batches = [bare, *(each.batches[0].first(ROWS) for each in rows if each.batches)]
    answers = [serve(batch) for batch in batches]
    pairs = list(zip(batches, answers, strict=True))
    return [
        _probabilities(opened, pairs),
        _verdict("determinism", max(_apart(serve(batch), said) for batch, said in pairs), most=0.0),
        _verdict("batch = single", max(_singles(serve, *pair) for pair in pairs), most=CLOSE),
        _verdict("order", max(_reversed(serve, *pair) for pair in pairs), most=CLOSE),
        _missing(answers[0], len(bare)),
        _actionable(opened),
        *_served(opened, service, serve, batches),
    ]


def _probabilities(opened: Opened, pairs: Sequence[tuple[Batch, Answers]]) -> Verdict:
    """One of each of the manifest's classes a row, 0 to 1, and 1 in all; a threshold for each class."""
    flaws = []
    for head in opened.manifest.heads:
        if set(head.thresholds) != set(head.classes):
            flaws.append(f"{head.name} has thresholds for {', '.join(sorted(head.thresholds))}")
        for batch, answers in pairs:
            found = answers.get(head.name)
            if found is None or found.shape != (len(batch), len(head.classes)):
                flaws.append(f"{head.name} is answered with {None if found is None else found.shape}")
            elif not (found.min() >= 0.0 and np.abs(found.sum(axis=1) - 1.0).max() <= CLOSE):
                flaws.append(f"{head.name}: a row is no probability")
    said = "; ".join(dict.fromkeys(flaws)) or f"of {len(opened.manifest.heads)} heads, for every class"
    return Verdict("contract: probabilities", not flaws, said)


def _actionable(opened: Opened) -> Verdict:
    """Of two classes the thresholds say what is unclear; of more the conformal threshold does."""
    flaws = []
    for head in opened.manifest.heads:
        if head.conformal is None and len(head.classes) != 2:
            flaws.append(f"{head.name} has {len(head.classes)} classes and nothing says which are plausible")
        elif head.conformal is not None and not 0.0 <= head.conformal.threshold <= 1.0:
            flaws.append(f"{head.name}'s conformal threshold is {head.conformal.threshold:g}")
    said = "; ".join(flaws) or f"of {len(opened.manifest.heads)} heads, every class is acted on or looked at"
    return Verdict("contract: actionable", not flaws, said)


def _served(
    opened: Opened, service: TrainingService, serve: Serve, batches: Sequence[Batch]
) -> list[Verdict]:
    """The rules that need whole answers, by the code that serves."""
    try:
        answered = [service.answered(opened.folder, opened.manifest, batch) for batch in batches]
    except BundleError as error:
        return [Verdict("contract: serving", False, f"the code that serves cannot: {error.detail}")]
    asked = [each for each in answered if len(each.batch)]
    rows = sum(len(each.batch) for each in asked)
    by_model = [answer for each in asked for answer in each.by_model]
    by_rules = [answer for each in asked for answer in each.by_rules]
    apart = max((_unlike(each.probabilities, serve(each.batch)) for each in asked), default=np.inf)
    return [
        _verdict("serving", apart, most=CLOSE),
        _of_each("JSON", "are read as they were written", [*map(_survives, by_model)], rows),
        _of_each("reasons", "have a reason if they go to people, and none if not",
                 [each.review == bool(each.reasons) for each in by_model], rows),
        _of_each("rules", "are answered by the rules, for people to look at",
                 [each.source == "rules" and each.review and "model" in each.degraded for each in by_rules],
                 rows),
    ]  # fmt: skip


def _of_each(name: str, what: str, kept: Sequence[bool], rows: int) -> Verdict:
    """Whether each of `rows` answers keeps a rule."""
    said = f"{sum(kept)} of {rows} answers {what}"
    return Verdict(f"contract: {name}", sum(kept) == rows == len(kept) and rows > 0, said)


def _survives(answer: Decision) -> bool:
    """Whether a caller reads from its JSON what was answered."""
    try:
        return bool(msgspec.json.decode(msgspec.json.encode(answer), type=type(answer)) == answer)
    except msgspec.MsgspecError:
        return False


def _unlike(said: Answers, graph: Answers) -> float:
    """How far answers are from what the graph put out, where they say something of it."""
    if not said or not said.keys() <= graph.keys():
        return float("inf")
    told = {name: np.where(np.isnan(each), graph[name], each) for name, each in said.items()}
    return _apart(told, {name: graph[name] for name in said})


def _missing(answers: Answers, rows: int) -> Verdict:
    """Requests that say next to nothing are answered like any other."""
    known = all(np.isfinite(each).all() and len(each) == rows for each in answers.values())
    said = f"{rows} requests that say next to nothing are {'answered' if known else 'not answered'}"
    return Verdict("contract: missing inputs", bool(known), said)


def _singles(serve: Serve, batch: Batch, answers: Answers) -> float:
    """How far a row's answer is from what it is alone."""
    apart = 0.0
    for k in range(min(len(batch), SINGLES)):
        alone = serve(batch.part(k, k + 1))
        apart = max(apart, _apart(alone, {name: each[k : k + 1] for name, each in answers.items()}))
    return apart


def _reversed(serve: Serve, batch: Batch, answers: Answers) -> float:
    """How far the answers are from those to the same rows in the other order."""
    backward = serve(_turned(batch))
    return _apart({name: each[::-1] for name, each in backward.items()}, answers)


def _turned(batch: Batch) -> Batch:
    return replace(
        batch,
        columns={name: values[::-1] for name, values in batch.columns.items()},
        labels={head: labels[::-1] for head, labels in batch.labels.items()},
        rows=batch.rows[::-1],
        folds=batch.folds[::-1],
        groups=None if batch.groups is None else batch.groups[::-1],
        languages=None if batch.languages is None else batch.languages[::-1],
        times=None if batch.times is None else batch.times[::-1],
        history=None if batch.history is None else batch.history[::-1],
    )


def _apart(one: Answers, other: Answers) -> float:
    """The largest difference of a probability; infinite where one of the two says nothing."""
    if one.keys() != other.keys():
        return float("inf")
    gaps = [np.abs(one[name].astype(np.float64) - other[name]) for name in one]
    return max((float(np.nan_to_num(gap, nan=np.inf).max()) for gap in gaps if gap.size), default=0.0)


def _verdict(name: str, apart: float, *, most: float) -> Verdict:
    said = f"the largest difference is {apart:.2g}, {most:g} is allowed"
    return Verdict(f"contract: {name}", apart <= most, said, {"largest": apart, "allowed": most})


def _bare(service: TrainingService, features: int) -> Batch:
    """Rows of which only the text is known, or, where items have none, nothing at all."""
    texts = service.text_fields(["text"])
    count = len(BARE)
    nothing: list[str | None] = [None] * count
    return Batch(
        columns={name: list(BARE) if name in [*texts][:1] else nothing for name in service.fields},
        labels={},
        rows=np.arange(count, dtype=np.int64),
        folds=np.full(count, -1, dtype=np.int64),
        groups=None,
        languages=None,
        history=np.full((count, features), np.nan, dtype=np.float32),
    )

"""What the live content service decides on the synthetic generator's posts, with the truth beside it.

Posts of text alone: media would cost hours, and are looked at by the same networks before and after a change.
The generator's posts have neither a time nor an author; here they come evenly through the days, from authors
some of whom are busier than others.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import numpy as np

from lambdas.core.bundle import Manifest
from lambdas.observations.record import entity_hash, row_id
from lambdas.observations.window import Window
from tests.support.observations import window

AUTHORS: Final = 3_000
AT_ONCE: Final = 256


class _Decided(NamedTuple):
    """What is kept of one decision."""

    outcome: str
    confidence: float
    review: bool
    features: list[float]
    segments: dict[str, str]


_known: dict[tuple[str, str, str], _Decided] = {}
"""By bundle, text and language: most posts of a changed stream are those of the unchanged one."""


def write(path: Path, rows: int, seed: int, shift: Any) -> None:
    """The stream, as a CSV."""
    from model_build.content.synthetic import PostParameters, write_csv

    write_csv(path, PostParameters(rows=rows, seed=seed, channels={"text": 1.0}, shift=shift))


def options() -> list[str]:
    """How the model is trained on them: as the default one is."""
    label = "toxicity,threat,sexual,violence"
    return ["--text", "text", "--label", label, "--group", "template_group", "--language", "language"]


def decided(
    rows: Sequence[dict[str, str]],
    first: int,
    span: tuple[datetime, datetime],
    folder: Path,
    manifest: Manifest,
    build: Path,
) -> tuple[Window, list[str]]:
    """The decisions on the rows from number `first` on, and the labels that people would give; `span` is the
    time of all rows."""
    from lambdas.content.observed import NAMES
    from lambdas.content.policies import OK, POLICIES

    begin, end = (each.timestamp() for each in span)
    chance = np.random.default_rng(3)
    busy = np.random.default_rng(4).pareto(2.5, AUTHORS) + 1.0
    at = begin + (end - begin) * (np.arange(len(rows)) + chance.random(len(rows))) / len(rows)
    authors = chance.choice(AUTHORS, len(rows), p=busy / busy.sum())
    rows, at, authors = rows[first:], at[first:], authors[first:]
    found = _decisions(rows, folder, manifest, build)
    names = {name for each in found for name in each.segments}
    made = window(
        len(rows),
        service="content",
        names=NAMES,
        features=[each.features for each in found],
        version=manifest.version,
        at=at,
        id=[row_id(f"P{k}") for k in range(first, first + len(rows))],
        entity=[int(entity_hash("content", f"A{each}"), 16) for each in authors],
        outcome=[each.outcome for each in found],
        confidence=[each.confidence for each in found],
        review=[each.review for each in found],
        segments={name: [each.segments.get(name) for each in found] for name in sorted(names)},
    )
    broken = [[policy for policy in POLICIES if row[policy] == "1"] for row in rows]
    return made, [",".join(each) or OK for each in broken]


def _decisions(
    rows: Sequence[dict[str, str]], folder: Path, manifest: Manifest, build: Path
) -> list[_Decided]:
    """By the served code, each different post once."""
    keys = [(manifest.version, row["text"], row["language"]) for row in rows]
    new = sorted(set(keys) - set(_known))
    if new:
        _decide(new, folder, manifest, build)
    return [_known[key] for key in keys]


def _decide(keys: Sequence[tuple[str, str, str]], folder: Path, manifest: Manifest, build: Path) -> None:
    import msgspec

    from lambdas.content.item import Item
    from lambdas.content.observed import observed
    from lambdas.content.schema import ContentRequest
    from lambdas.content.service import Content
    from lambdas.core.assets import Assets
    from model_build.content.pretrained import Left
    from model_build.service import stamps

    assets = Assets("content", Left(build), build / "content" / "opened")
    # Texts alone are neither kept nor handed over.
    service = Content(cast("Any", None), assets, cast("Any", None), budget=0.0)
    model = service.open(folder, manifest)
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        items = [Item(ContentRequest(text=text, language=language), "", {}) for _, text, language in some]
        said = service.predict(model, items, stamps(len(some), "champion", manifest.version))
        for key, item, answer in zip(some, items, said, strict=True):
            seen = observed(msgspec.json.encode(item.request), msgspec.json.encode(answer))
            _known[key] = _Decided(
                answer.outcome, answer.confidence, answer.review, seen.values, seen.segments
            )

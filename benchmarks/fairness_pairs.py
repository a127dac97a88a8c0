"""`python -m benchmarks fairness_pairs`: what the fairness gate says of models that differ by their seed.

Four content models of synthetic posts, trained by the pipeline, each held against each other by the gate's
own functions, on posts that none of them has seen and on the sentences of our own. `TRIAGE_PAIRS_BUILD` is a
folder whose trained bundles are taken.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.embedded import run_module
from benchmarks.table import Table
from lambdas.content.policies import POLICIES
from local.place import ROOT
from model_build.bundle import find_bundle, read_bundle
from model_build.content.pipeline import ContentTraining
from model_build.content.synthetic import PostParameters, generate
from model_build.fairness.decided import FLAGGED, Decided, decide
from model_build.fairness.groups import Dimension, dimensions
from model_build.fairness.parameters import FairnessParameters
from model_build.fairness.report import by_of
from model_build.fairness.rows import OUTCOME, text_batches
from model_build.fairness.swaps import templates
from model_build.preflight.gaps import not_less_fair

SEEDS: Final = (1, 2, 3, 4)
TRAINED: Final = 6_000
HELD_OUT: Final = 4_000

Bools = npt.NDArray[np.bool_]


class Items(NamedTuple):
    """Texts, whether each breaks a policy, and the groups that they are told apart by."""

    source: str
    texts: list[str]
    truth: Bools
    by: list[Dimension]


def run() -> None:
    """Train, compare, print the table and save it."""
    os.environ.setdefault("TRIAGE_PRETRAINED", str(ROOT / "build" / "pretrained"))
    table = Table("fairness_pairs", "python -m benchmarks fairness_pairs")
    sets = [_posts(), _own()]
    with tempfile.TemporaryDirectory() as folder:
        build = Path(os.environ.get("TRIAGE_PAIRS_BUILD") or folder)
        decided = [[_decided(build / str(seed), seed, each.texts) for each in sets] for seed in SEEDS]
    pairs = list(itertools.permutations(decided, 2))
    differ = [_differing(new[0], old[0]) for new, old in pairs]
    for name, parameters in (
        ("as it is", FairnessParameters()),
        ("with chance_excuses", FairnessParameters(chance_excuses=True)),
    ):
        refused = [_refusals(new, old, sets, parameters) for new, old in pairs]
        gates = sorted({gate for each in refused for gate in each})
        table.add(
            f"refused, {name}",
            f"{sum(map(bool, refused))} of {len(pairs)} pairs",
            against=", ".join(f"{gate}: {sum(gate in each for each in refused)}" for gate in gates),
        )
    table.add("posts that two models tell apart by review", f"{min(differ):.1%} to {max(differ):.1%}")
    table.notes.append(
        f"{len(SEEDS)} models of {TRAINED:,} synthetic posts; seeds differ, and so do splits and thresholds. "
        f"{HELD_OUT:,} new posts. Every pair stands twice, each of the two being the candidate once."
    )
    table.save()


def _posts() -> Items:
    parameters = PostParameters(rows=HELD_OUT, seed=99, channels={"text": 1.0}, missed=0.0, raised=0.0)
    rows = list(generate(parameters))
    texts = [row["text"] for row in rows]
    truth = np.array([any(row[policy] == "1" for policy in POLICIES) for row in rows])
    by = dimensions(texts, languages=[row["language"] for row in rows], declared={})
    return Items("new posts", texts, truth, list(by))


def _own() -> Items:
    own = templates()
    hostile = np.zeros(len(own.texts), np.bool_) if own.hostile is None else own.hostile
    return Items(own.kind, list(own.texts), hostile, list(by_of(own)))


def _decided(build: Path, seed: int, texts: list[str]) -> Decided:
    """What the model of `seed` says of `texts`; trained when `build` has none."""
    bundles = build / "content" / "bundles"
    if not bundles.is_dir():
        given = ["--rows", str(TRAINED), "--seed", str(seed), "--build-dir", str(build), "--no-tracking"]
        run_module("model_build", "train", "content", *given)
    service, folder = ContentTraining(build), find_bundle(bundles, "content")
    training: Any = service
    batches = list(text_batches(training, texts))
    return decide(training, folder, read_bundle(folder, "content"), batches)


def _refusals(
    new: list[Decided], old: list[Decided], sets: list[Items], parameters: FairnessParameters
) -> list[str]:
    """The gates that refuse `new` beside `old`."""
    found = []
    for candidate, champion, items in zip(new, old, sets, strict=True):
        verdicts = not_less_fair(candidate, champion, items.truth, items.by, items.source, parameters, seed=1)
        found += [f"{each.gate}, {items.source}" for each in verdicts if each.passed is False]
    return found


def _differing(new: Decided, old: Decided) -> float:
    return float((new.chosen(OUTCOME, FLAGGED) != old.chosen(OUTCOME, FLAGGED)).mean())

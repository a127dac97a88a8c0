"""A tiny, real content bundle: its text graph knows four words, and the worst channel decides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lambdas.content.fusion import FUSION, output_of
from lambdas.content.policies import OK, POLICIES
from lambdas.content.text.features import FEATURE_NAMES
from lambdas.core.bundle import Head
from lambdas.core.ngrams import WORD_BUCKETS, grams
from lambdas.core.variant import BundleRef
from model_build.content.fusion import FusionModel, untrained
from model_build.content.fusion import build as build_fusion
from model_build.text.graph import build_uncalibrated
from model_build.text.weights import Linear, Scaling, Terms
from tests.support.bundles import finished

WORDS = {"toxicity": "idiot", "threat": "kill", "sexual": "nude", "violence": "blood"}
"""The one word that the model knows of each policy."""
SEVERITY = {"toxicity": "medium", "threat": "severe", "sexual": "high", "violence": "high"}
REVIEW, REMOVE = 0.3, 0.9


def bucket_of(word: str) -> int:
    """The bucket of a word alone."""
    return int(next(bucket for bucket in grams([word]).buckets if bucket < WORD_BUCKETS))


def write_content_bundle(
    folder: Path, version: str = "v1", settings: dict[str, Any] | None = None
) -> BundleRef:
    """A complete bundle in `folder`/`version`; returns how rollout.json would name it."""
    target = folder / version
    target.mkdir(parents=True)
    (target / "model.onnx").write_bytes(_text_graph())
    fusion = FusionModel({policy: untrained() for policy in POLICIES}, ())
    (target / FUSION).write_bytes(build_fusion(fusion).SerializeToString())
    heads = [Head(p, output_of(p), [OK, p], {OK: 1.0 - REVIEW, p: REMOVE}) for p in POLICIES]
    said = {
        "encoder": None,
        "labels": [OK, *POLICIES],
        "policies": {policy: {"severity": SEVERITY[policy], "text": "trained"} for policy in POLICIES},
        "image": {"encoder": {"kind": "lite0"}, "head": None},
        "audio": {"head": None},
        "assets": {},
        **(settings or {}),
    }
    return finished(target, "content", heads, FEATURE_NAMES, said)


def _text_graph() -> bytes:
    """The log-odds of a policy are -4, and its word, alone in a text, adds 9."""
    buckets = np.array(sorted(bucket_of(word) for word in WORDS.values()), dtype=np.int64)
    none = np.zeros((len(FEATURE_NAMES), 2))
    heads = {}
    for policy, word in WORDS.items():
        terms = np.zeros((len(buckets), 2))
        terms[np.searchsorted(buckets, bucket_of(word)), 1] = 9.0
        heads[policy] = Linear(terms, none, np.array([0.0, -4.0]))
    same = np.zeros(len(FEATURE_NAMES))
    graph = build_uncalibrated(
        Terms(buckets, np.ones(len(buckets))), Scaling(same, same, np.ones(len(same))), heads, name="texts"
    )
    return graph.SerializeToString()

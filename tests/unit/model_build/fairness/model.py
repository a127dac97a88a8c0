"""A content model that scores by words: what the fairness code is tried on, fast and with a known bias."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import structs

from lambdas.content.policies import OK, POLICIES
from lambdas.core.bundle import Head, Manifest, TrainingData
from lambdas.core.schema import Decision
from model_build.content.labels import binaries
from model_build.dataset import Batch, Binary
from model_build.service import Answered, Field, stamps

Score = Callable[[str], float]


class ByWords:
    """As much of a `TrainingService` as the fairness code asks for; `score` gives a text's toxicity."""

    name = "content"
    fields: Mapping[str, Field] = {"text": Field("text"), "image": Field("file")}

    def __init__(self, score: Score) -> None:
        self.score = score

    def text_fields(self, columns: Sequence[str]) -> dict[str, list[str]]:
        return {"text": list(columns)}

    def texts(self, batch: Batch) -> list[str]:
        return [text or "" for text in batch.columns["text"]]

    def binaries(self, labels: Sequence[str], positive: Sequence[str]) -> list[Binary]:
        return binaries(labels, positive)

    def served(self, folder: Path, heads: Sequence[Head], settings: Mapping[str, Any]) -> Any:
        # The candidate and the champion are told apart by the name of their folder.
        score = settings.get("score", self.score)

        def serve(batch: Batch) -> dict[str, Any]:
            found = np.array([score(text) for text in self.texts(batch)])
            quiet = np.full(len(found), 0.01)
            return {
                head.name: np.column_stack([1 - value, value])
                for head in heads
                for value in [found if head.name == "toxicity" else quiet]
            }

        return serve

    def answered(self, folder: Path, manifest: Manifest, batch: Batch) -> Answered:
        found = self.served(folder, manifest.heads, manifest.settings)(batch)
        sure = found["toxicity"].max(axis=1).clip(0.0, 1.0)
        made = [
            Decision(
                decision_id=stamp.decision_id, outcome=OK, review=False, reasons=[],
                confidence=float(sure[k]),
                source="model", variant=stamp.variant, model_version="v", degraded=[],
                decided_at=stamp.decided_at,
            )
            for k, stamp in enumerate(stamps(len(batch), "champion", "v"))
        ]  # fmt: skip
        ruled = [
            structs.replace(each, review=True, reasons=["rules"], source="rules", degraded=["model"])
            for each in made
        ]
        return Answered(batch, made, ruled, found)


def manifest(
    version: str = "v1", *, review: float = 0.4, remove: float = 0.8, score: Score | None = None
) -> Manifest:
    """A manifest whose policies all have the same bounds."""
    heads = [
        Head(policy, f"{policy}_probabilities", [OK, policy], {OK: 1 - review, policy: remove})
        for policy in POLICIES
    ]
    return Manifest(
        format=1,
        service="content",
        version=version,
        created_at="2026-01-01T00:00:00Z",
        bundle_hash=version,
        git_commit="none",
        seed=1,
        training_data=TrainingData("posts.csv", "0" * 64, 10),
        heads=heads,
        features=[],
        settings={"score": score} if score else {},
        metrics={"parity": {"rows": 10, "tolerance": 1e-5}},
        files={},
    )


def fair(text: str) -> float:
    """Toxic by what is said."""
    words = set(text.casefold().replace(".", " ").replace(",", " ").split())
    hostile = {"hate", "odio", "déteste", "asco", "dégoûtent", "disgusting", "worthless", "vermin", "scum"}
    return 0.9 if words & hostile else 0.05


def biased(text: str) -> float:
    """The same, but the name of one group is enough for a second look."""
    found = fair(text)
    said = text.casefold()
    return max(found, 0.6) if any(word in said for word in ("gay", "homosex")) else found

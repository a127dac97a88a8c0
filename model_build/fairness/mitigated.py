"""A bundle with other thresholds: the files of the one it comes from, and in its card what changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from lambdas.content.policies import OK
from lambdas.core.bundle import CARD, MANIFEST, Manifest
from model_build.bundle import Draft, write_bundle
from model_build.fairness.decided import Decided
from model_build.fairness.thresholds import Price
from model_build.moderation.live import unmeasured

MITIGATED = "mitigated"


def write_mitigated(
    bundles: Path, folder: Path, manifest: Manifest, decided: Decided, before: Price, after: Price
) -> Manifest:
    """Write the bundle of `folder` with the thresholds of `decided` into `bundles`; returns its manifest."""
    limits = {
        policy: {OK: 1.0 - review, policy: remove}
        for policy, review, remove in zip(
            decided.policies, decided.review_from, decided.remove_from, strict=True
        )
    }
    heads = [
        msgspec.structs.replace(head, thresholds=limits.get(head.name, head.thresholds))
        for head in manifest.heads
    ]
    told: dict[str, Any] = {
        "from": manifest.version,
        "before": msgspec.to_builtins(before),
        "after": msgspec.to_builtins(after),
    }
    draft = Draft(
        service=manifest.service,
        seed=manifest.seed,
        training_data=manifest.training_data,
        heads=heads,
        features=manifest.features,
        settings=unmeasured(manifest.settings),
        metrics={**manifest.metrics, MITIGATED: told},
        files={name: folder / name for name in manifest.files if name not in {CARD, MANIFEST}},
    )

    def card(path: Path, made: Manifest) -> None:
        old = (folder / CARD).read_text(encoding="utf-8")
        path.write_text(old + _section(manifest, made, before, after), encoding="utf-8")

    return write_bundle(bundles, draft, card)


def lines(before: Price, after: Price) -> list[tuple[str, str, str]]:
    """(what, before, after) of everything that the thresholds change."""
    gaps = [("none" if each.gap is None else f"{each.gap:.3f} ({each.gap_of})") for each in (before, after)]
    rows = [("widest gap", gaps[0], gaps[1])]
    for what, name in (
        ("cost of 1,000 posts", "money_per_1000"),
        ("accuracy", "accuracy"),
        ("recall: of what is wrong, removed or reviewed", "recall"),
        ("looked at by people", "review_share"),
        ("removed", "removed_share"),
    ):
        rows.append((what, str(getattr(before, name)), str(getattr(after, name))))
    return rows


def _section(old: Manifest, new: Manifest, before: Price, after: Price) -> str:
    rows = "\n".join(f"| {what} | {first} | {second} |" for what, first, second in lines(before, after))
    return (
        "\n\n## Other thresholds, for a narrower gap between groups\n\n"
        f"Version {new.version} is {old.version} with the thresholds of its policies moved, for everybody "
        "alike; all figures above are under those of before. "
        f"On rows that they were not chosen on:\n\n| | before | after |\n|---|---|---|\n{rows}\n"
    )

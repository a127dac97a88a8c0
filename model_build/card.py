"""The model card: what the model is, how good it is and for whom, what it is worth, and its limits.

After Mitchell et al. 2019, "Model cards for model reporting". The plots are inlined, so it is one file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from lambdas.core.bundle import Manifest
from model_build.dataset import Dataset
from model_build.markdown import bullets, folded, percent, table
from model_build.service import CandidateScores

if TYPE_CHECKING:
    from model_build.predictions import Predictions
    from model_build.stages_bundle import Verified
    from model_build.task import HeadCalibration, Task
    from model_build.thresholds import Thresholds

CLASSES_SHOWN: Final = 30


@dataclass(frozen=True)
class Story:
    """What only the service can say about its model. The lists are one line an item."""

    title: str
    what: str
    intended: list[str]
    not_intended: list[str]
    limits: list[str]
    synthetic: str
    """What to know about the synthetic data; shown when the model was trained on it."""
    features: Mapping[str, str] = field(default_factory=dict)
    """What the model sees, by the names of the features or of groups of them."""
    more: Sequence[str] = ()
    """Further parts of the card, in Markdown."""


@dataclass(frozen=True)
class Facts:
    """Everything that a card is made of; `tested` are the scores on the test split."""

    manifest: Manifest
    dataset: Dataset
    story: Story
    chosen: CandidateScores
    calibrated: Mapping[str, HeadCalibration]
    thresholds: Mapping[str, Thresholds]
    task: Task
    report: Any
    verified: Verified
    tested: Predictions
    command: str = ""
    """What to type to build the model again."""


def model_card(facts: Facts) -> str:
    """The card of a bundle, in Markdown."""
    manifest, story = facts.manifest, facts.story
    parts = [
        f"# {story.title}",
        f"Version `{manifest.version}`, built {manifest.created_at} from commit "
        f"`{manifest.git_commit[:12]}`.",
        story.what,
    ]
    if facts.dataset.synthetic:
        parts.append(f"> **Trained on synthetic data.** {story.synthetic}")
    own = facts.task.card(facts)
    parts += own.overview
    parts += [part for section in (_use, _data, _features) for part in section(facts)]
    parts += [*story.more, *_selection(facts)]
    parts += own.outputs + own.worth
    parts += [*_serving(facts), *_limits(facts, own.limits), *_again(facts)]
    return "\n\n".join(parts) + "\n"


def _use(facts: Facts) -> list[str]:
    return [
        "## Intended use",
        bullets(facts.story.intended),
        "It is not meant for:",
        bullets(facts.story.not_intended),
    ]


def _data(facts: Facts) -> list[str]:
    data = facts.dataset
    origin = "generated" if data.synthetic else f"`{data.source.rsplit('/', 1)[-1]}`"
    lines = [
        f"Source: {origin}, {data.rows:,} rows, sha256 `{data.sha256[:16]}…`.",
        f"Split {data.split_kind}: {data.split_why}.",
        ", ".join(f"{part} {rows:,}" for part, rows in data.split_rows.items())
        + " rows. *train* fits, *calibrate* calibrates and chooses thresholds, *test* only measures.",
    ]
    lines += [f"Left out: {count:,} rows, {reason}." for reason, count in data.left_out.items()]
    if data.test_source:
        lines.append(f"The test rows come from a file of their own, `{data.test_source.rsplit('/', 1)[-1]}`.")
    tables = []
    for head, classes in data.classes.items():
        counts = [data.class_counts[part][head] for part in ("train", "calibrate", "test")]
        total = max(sum(counts[0]), 1)
        rows = [
            [name, percent(counts[0][k] / total), *(f"{part[k]:,}" for part in counts)]
            for k, name in enumerate(classes)
        ]
        shown = table([head, "share", "train", "calibrate", "test"], rows)
        tables.append(shown if len(rows) <= CLASSES_SHOWN else folded(f"{head}: {len(rows)} classes", shown))
    return ["## Data", bullets(lines), *tables]


def _features(facts: Facts) -> list[str]:
    if not facts.story.features:
        return []
    return [
        "## What it sees",
        table(["feature", "what it is"], list(facts.story.features.items()), numbers=2),
    ]


def _selection(facts: Facts) -> list[str]:
    chosen = facts.chosen
    if not chosen.candidates:
        return []
    rows = []
    for name, scores in chosen.candidates.items():
        mean = sum(scores) / max(len(scores), 1)
        spread = f"{min(scores):.3f} to {max(scores):.3f}" if scores else "-"
        rows.append([f"**{name}**" if name == chosen.chosen else name, f"{mean:.3f}", spread])
    text = (
        f"Cross-validated over {len(facts.dataset.folds)} folds of the train split, cut the way the data "
        f"was split; the figure is {chosen.metric}."
    )
    return ["## Choice of the model", text, table(["candidate", "mean", "folds"], rows)]


def _serving(facts: Facts) -> list[str]:
    size = sum(entry.bytes for entry in facts.manifest.files.values())
    parity = facts.verified.parity
    lines = [
        f"Size: {size / 1e6:.1f} MB, of which the graph "
        f"{facts.manifest.files['model.onnx'].bytes / 1e6:.1f} MB.",
        f"One row, features and graph, on the machine that trained: {facts.verified.p50_ms:.2f} ms at the "
        f"median, {facts.verified.p95_ms:.2f} ms at the 95th percentile.",
        f"Served = trained: on all {parity.rows:,} test rows the exported graph gives the fitted model's "
        f"probabilities to within {parity.largest:.1e} (allowed: {parity.tolerance:g}); {parity.flipped} "
        "rows have another winner.",
    ]
    return ["## Serving", bullets(lines)]


def _limits(facts: Facts, own: list[str]) -> list[str]:
    lines = list(facts.story.limits)
    if facts.dataset.split_kind == "group":
        lines.append(
            "Rows of a group are alike, so the intervals, which count rows, are narrower than the truth."
        )
    if facts.dataset.split_kind == "stratified":
        lines.append(
            "The split is at random: it says nothing about how the model ages. Name a time column to see "
            "that."
        )
    return ["## Limits", bullets([*lines, *own])]


def _again(facts: Facts) -> list[str]:
    data = facts.manifest.training_data
    command = facts.command or f"make train SERVICE={facts.manifest.service}"
    return [
        "## Build it again",
        f"```\n{command}\n```",
        f"Seed {facts.manifest.seed}; data sha256 `{data.sha256}`. The same data, parameters and seed give "
        f"the same bundle hash, `{facts.manifest.bundle_hash}`.",
    ]

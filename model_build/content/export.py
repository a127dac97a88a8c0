"""Writes what a content bundle holds, and runs it as the content function runs it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lambdas.content.fusion import FUSION, Fusion
from lambdas.content.model import OTHER_WRITING, Folders
from lambdas.content.policies import OK, POLICIES
from lambdas.content.text.model import TextModel
from lambdas.core.assets import Assets, assets_of
from lambdas.core.bundle import MODEL, Head
from lambdas.core.model import OnnxModel
from model_build.calibration import Calibration
from model_build.content.classifier import TOXIC
from model_build.content.fusion import build as build_fusion
from model_build.content.media import Seen, seen_in, widths_in
from model_build.content.media_head import build as build_head
from model_build.content.model import FittedContent
from model_build.content.networks import ASSETS, classifier_of, weights_of
from model_build.content.packaged_text import add_heads
from model_build.content.parameters import OURS
from model_build.content.pretrained import Left, leave_assets, packaged
from model_build.content.signals import signals_of
from model_build.dataset import Batch
from model_build.encoders.base import Encoder
from model_build.moderation.costs import ModerationCosts
from model_build.pretrained.base import About, Pretrained
from model_build.service import Exported
from model_build.text.graph import build_uncalibrated
from model_build.text.tables import Apart, write_graph

REST: Final = "rest"
"""The folder of what is left out of the bundle, beside the one that is exported to."""
HEADS: Final = {"image": "image.onnx", "audio": "audio.onnx"}

Floats = npt.NDArray[np.floating[Any]]


def export(
    model: FittedContent,
    calibrations: Mapping[str, Calibration],
    folder: Path,
    costs: ModerationCosts,
    build: Path,
) -> Exported:
    """The graphs and files of a bundle in `folder`; the weights of others are left where publishing finds
    them, below `build`."""
    encoder = model.text.loaded_encoder()
    graph = build_uncalibrated(
        model.text.terms,
        model.text.scaling,
        model.text.heads,
        None if encoder is None else encoder.graph(),
        name=model.text.reader.name,
    )
    graph = add_heads(graph, [policy for policy, source in model.sources.items() if source == "packaged"])
    rest = folder.parent / REST
    shutil.rmtree(rest, ignore_errors=True)
    rest.mkdir()
    everyday = None if encoder is None else encoder.everyday
    files = write_graph(graph, folder, Apart(*everyday, rest) if everyday else None)
    made = {FUSION: build_fusion(model.fusion.calibrated(calibrations))}
    made |= {HEADS[kind]: build_head(head) for kind, head in model.media.items()}
    for name, proto in made.items():
        files[name] = folder / name
        files[name].write_bytes(proto.SerializeToString(deterministic=True))
    classifier = classifier_of(model.networks, build)
    copied = {**(encoder.files if encoder else {})}
    encoding = encoder.settings if encoder else None
    other_writing: dict[str, Pretrained] = {}
    if encoder is not None and everyday:
        shutil.copyfile(copied.pop(encoder.settings["file"]), rest / encoder.settings["file"])
        other_writing[OTHER_WRITING] = _rest_of(encoder, rest)
        encoding = {**encoder.settings, "rest": OTHER_WRITING}
    copied |= packaged(TOXIC, build).files if classifier is None else {}
    for name, source in copied.items():
        files[name] = Path(shutil.copyfile(source, folder / name))
    # An encoder of the user's own serves the head that was trained on it, and nothing else.
    weights = {
        kind: weights_of(kind, model.networks if kind in model.media else OURS, build) for kind in HEADS
    }
    assets = {name: made for each in weights.values() for name, made in each.models.items()}
    assets |= other_writing
    if classifier is not None:
        assets[ASSETS["text"]] = classifier.model
    settings = {
        "encoder": encoding,
        "classifier": None if classifier is None else classifier.settings,
        "labels": [OK, *POLICIES],
        "policies": {
            policy: {"severity": costs.of(policy).severity, "text": model.sources[policy]}
            for policy in POLICIES
        },
        **{kind: {**weights[kind].settings, "head": _head_settings(model, kind)} for kind in HEADS},
        "assets": leave_assets(assets, build),
    }
    return Exported(folder / MODEL, files, settings)


def _rest_of(encoder: Encoder, folder: Path) -> Pretrained:
    """What of the encoder no everyday text needs, as an asset: it is fetched with the first other text."""
    about = About(
        name=f"{encoder.name}, other writing",
        package=encoder.source.package,
        version=encoder.source.version,
        licence=encoder.licence,
        about="the rows of the encoder's table for other than everyday text, and its tokeniser's file",
    )
    return Pretrained(about, folder, {path.name: path for path in sorted(folder.iterdir())})


def _head_settings(model: FittedContent, kind: str) -> dict[str, Any] | None:
    head = model.media.get(kind)
    return None if head is None else {"file": HEADS[kind], "policies": list(head.policies)}


def served(
    folder: Path, heads: Sequence[Head], settings: Mapping[str, Any], build: Path
) -> Callable[[Batch], Mapping[str, Floats]]:
    """The graphs in `folder`, fed as the content function feeds them; what was seen in media is taken from
    the records."""
    assets = Assets("content", Left(build), build / "content" / "opened")
    text = TextModel(folder, settings, Folders(folder, assets_of(settings), assets))
    fusion, widths = Fusion(folder), widths_in(folder.parent)
    trained = {
        kind: (OnnxModel(folder, own["head"]["file"]), own["head"]["policies"])
        for kind in HEADS
        if (own := settings.get(kind)) and own["head"] is not None
    }

    def read_media(kind: str, seen: Seen) -> Floats:
        said = seen.signals.copy()
        there = ~np.isnan(seen.features).any(axis=1)
        if kind in trained and there.any():
            model, policies = trained[kind]
            found = model.run({"features": seen.features[there]})["logits"]
            for place in (POLICIES.index(policy) for policy in policies):
                said[there, place] = found[:, place]
        return said

    def read_texts(texts: Sequence[str]) -> Floats:
        return text.read(texts).signals

    def serve(batch: Batch) -> dict[str, Floats]:
        signals = signals_of(batch, read_texts, seen_in(batch, widths), read_media)
        found = fusion.probabilities(signals)
        both = np.stack([1.0 - found, found], axis=2)
        return {head.name: both[:, POLICIES.index(head.name)] for head in heads}

    return serve

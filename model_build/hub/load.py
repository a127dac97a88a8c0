"""One loader for models by name: `text` classifiers (unitary/toxic-bert), `image` models
(google/vit-base-patch16-224) and `sound` models (facebook/wav2vec2-base).

Each becomes one ONNX file and the settings by which serving feeds it. PyTorch and transformers are needed to
make it, never to serve it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from model_build.encoders.errors import EncoderDamaged, EncoderNotInstalled, EncoderUnsupported
from model_build.hub.folder import (
    PREPROCESSOR,
    Config,
    Located,
    config_of,
    licence_of,
    locate,
    tokeniser_json,
    weights_of,
)

INSTALL: Final = "make setup-encoders"
MODEL: Final = "hub.onnx"
TOKENISER_FILE: Final = "hub-tokeniser.json"
MAX_TOKENS: Final = 256

Kind = Literal["text", "image", "sound"]


@dataclass(frozen=True)
class HubModel:
    """A model of the hub as serving takes it: its files by name, and the settings for the manifest."""

    name: str
    version: str
    licence: str
    files: dict[str, Path]
    settings: dict[str, Any]


class _Preprocessor(msgspec.Struct):
    """What is read of `preprocessor_config.json`."""

    image_mean: list[float] | None = None
    image_std: list[float] | None = None
    size: int | dict[str, int] | None = None
    sampling_rate: int | None = None
    do_normalize: bool = True


def load(kind: Kind, model: str, into: Path) -> HubModel:
    """The `kind` of model called `model` (a hub's id with, if wanted, `@revision`, or a local folder),
    exported into the folder `into`.

    Raises EncoderNotInstalled without PyTorch and transformers, UnknownEncoder when there is no such model
    or no hub in reach, EncoderUnsupported for one of another kind, EncoderDamaged for unreadable files.
    """
    try:
        from model_build.hub import networks
    except ImportError as error:
        raise EncoderNotInstalled(
            f"hf:{model} needs PyTorch and transformers ({error.name} is missing): run `{INSTALL}`"
        ) from error
    found = locate(model, bins=True)
    weights_of(found.folder, bins=True)
    config = config_of(found.folder)
    path = into / MODEL
    match kind:
        case "text":
            settings = _text(found, config)
            graph = networks.text_classifier(found.folder)
        case "image":
            settings = _image(found)
            graph = networks.image_model(found.folder, settings["size"])
        case "sound":
            settings = _sound(found)
            graph = networks.sound_model(found.folder)
    path.write_bytes(graph.SerializeToString(deterministic=True))
    files = {MODEL: path}
    if kind == "text":
        files[TOKENISER_FILE] = into / TOKENISER_FILE
        files[TOKENISER_FILE].write_bytes(tokeniser_json(found.folder))
    return HubModel(found.name, found.version, licence_of(found.folder), files, settings)


def _text(found: Located, config: Config) -> dict[str, Any]:
    """Labels in the order of the logits; `many`: each stands for itself, not one of them for all."""
    positions = (config.max_position_embeddings or MAX_TOKENS + 2) - 2
    labels = [config.id2label[key] for key in sorted(config.id2label, key=int)]
    if not labels:
        raise EncoderUnsupported(f"{found.folder} names no labels (id2label): it is no classifier")
    return {
        "name": found.name,
        "kind": "huggingface",
        "file": TOKENISER_FILE,
        "max_tokens": min(MAX_TOKENS, positions),
        "pad": config.pad_token_id or 0,
        "labels": labels,
        "many": config.problem_type == "multi_label_classification",
    }


def _image(found: Located) -> dict[str, Any]:
    """Pictures are made `size` pixels square, RGB, and (x / 255 - mean) / std, by
    lambdas/content/image/networks.py."""
    read = _preprocessor(found)
    size = read.size if isinstance(read.size, int) else (read.size or {}).get("height")
    if not size or not read.image_mean or not read.image_std:
        raise EncoderUnsupported(f"{found.folder}: {PREPROCESSOR} says no size, image_mean and image_std")
    return {
        "name": found.name,
        "kind": "onnx",
        "file": MODEL,
        "size": size,
        "mean": read.image_mean,
        "std": read.image_std,
    }


def _sound(found: Located) -> dict[str, Any]:
    """Sounds are 16 kHz mono and, with `normalise`, of mean 0 and variance 1, by
    lambdas/content/audio/own.py."""
    read = _preprocessor(found)
    if read.sampling_rate != 16_000:
        raise EncoderUnsupported(f"{found.folder} wants {read.sampling_rate} samples a second, not 16,000")
    return {"name": found.name, "kind": "onnx", "file": MODEL, "normalise": read.do_normalize}


def _preprocessor(found: Located) -> _Preprocessor:
    path = found.folder / PREPROCESSOR
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Preprocessor)
    except (OSError, msgspec.DecodeError) as error:
        raise EncoderDamaged(f"{path} cannot be read: {error}") from error

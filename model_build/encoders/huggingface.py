"""`hf:<model>`: any BERT-like model of the Hugging Face hub, or of a local folder in its layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from lambdas.core.bundle import sha256_of
from model_build.encoders.base import Source
from model_build.encoders.errors import (
    EncoderDamaged,
    EncoderNotInstalled,
    EncoderUnsupported,
    UnknownEncoder,
)
from model_build.encoders.runtime import OnnxEncoder

INSTALL: Final = "make setup-encoders"
FILE: Final = "tokeniser.json"
MAX_TOKENS: Final = 128
"""Attention costs the square of it, and a ticket says what it wants early."""

TOKENISER: Final = "tokenizer.json"
CONFIG: Final = "config.json"
POOLING: Final = "1_Pooling/config.json"
MODULES: Final = "modules.json"
CARD: Final = "README.md"
WANTED: Final = (CONFIG, TOKENISER, MODULES, POOLING, CARD, "*.safetensors", "*.safetensors.index.json")
"""What is fetched of a hub's model: no pickle and no code, ever."""

LOCAL: Final = "local"
UNKNOWN: Final = "unknown: see the model's own card"


class Config(msgspec.Struct):
    """What is read of `config.json`."""

    model_type: str
    pad_token_id: int | None = None
    max_position_embeddings: int | None = None
    is_encoder_decoder: bool = False


class Layer(msgspec.Struct):
    """What is read of an entry of `modules.json`."""

    type: str


class Pooling(msgspec.Struct):
    """What is read of a sentence-transformers' pooling: mean unless told."""

    pooling_mode_cls_token: bool = False
    pooling_mode_mean_tokens: bool = True


def load(model: str) -> OnnxEncoder:
    """The encoder of `model`: a local folder, or a model id of the hub with, if wanted, `@revision`.

    Raises EncoderNotInstalled without PyTorch and transformers, UnknownEncoder when there is no such model
    or no hub in reach, EncoderUnsupported for a model of another kind, EncoderDamaged for unreadable files.
    """
    try:
        from model_build.encoders import huggingface_export as export
    except ImportError as error:
        raise EncoderNotInstalled(
            f"hf:{model} needs PyTorch and transformers ({error.name} is missing): run `{INSTALL}`"
        ) from error
    folder, version = _locate(model)
    weights = _weights(folder)
    config = _config(folder)
    name = f"hf:{folder.name if version == LOCAL else model}"
    network = export.Network(folder, first_token=_first_token(folder))
    return OnnxEncoder(
        name=name,
        dimension=network.dimension,
        files={FILE: folder / TOKENISER},
        settings=_settings(name, config),
        licence=_licence(folder),
        source=Source(name, version, {path.name: sha256_of(path) for path in (*weights, folder / TOKENISER)}),
        build=network.graph,
    )


def _locate(model: str) -> tuple[Path, str]:
    """The folder of `model` and its version: the hub's commit, or LOCAL."""
    if Path(model).is_dir():
        return Path(model).resolve(), LOCAL
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    identity, _, revision = model.partition("@")
    try:
        folder = Path(snapshot_download(identity, revision=revision or None, allow_patterns=list(WANTED)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError) as error:
        raise UnknownEncoder(
            f"hf:{model} is not a folder here and could not be fetched from the hub ({error}): "
            f"check the name and the network, or give a local folder",
            field="encoder",
        ) from error
    return folder, folder.name


def _weights(folder: Path) -> list[Path]:
    """The weight files, once all that is needed is there."""
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise EncoderUnsupported(f"{folder} has no .safetensors weights; pickled ones are never loaded")
    if not (folder / TOKENISER).is_file():
        raise EncoderUnsupported(
            f"{folder} has no {TOKENISER}: `AutoTokenizer.from_pretrained(…).save_pretrained(…)` makes one"
        )
    return weights


def _config(folder: Path) -> Config:
    try:
        config = msgspec.json.decode((folder / CONFIG).read_bytes(), type=Config)
    except (OSError, msgspec.DecodeError) as error:
        raise EncoderDamaged(f"{folder / CONFIG} cannot be read: {error}") from error
    if config.is_encoder_decoder:
        raise EncoderUnsupported(f"{folder} is an encoder-decoder ({config.model_type}): choose an encoder")
    return config


def _settings(name: str, config: Config) -> dict[str, Any]:
    # RoBERTa-like models count positions from behind the padding's id: the table has two more than fit.
    positions = (config.max_position_embeddings or MAX_TOKENS + 2) - 2
    return {
        "name": name,
        "kind": "huggingface",
        "file": FILE,
        "max_tokens": min(MAX_TOKENS, positions),
        "pad": config.pad_token_id or 0,
    }


def _first_token(folder: Path) -> bool:
    """True when a sentence-transformers model is pooled by its first token, False for the mean."""
    try:
        if (folder / MODULES).is_file():
            layers = msgspec.json.decode((folder / MODULES).read_bytes(), type=list[Layer])
            kinds = [layer.type.rsplit(".", 1)[-1] for layer in layers]
            if set(kinds) - {"Transformer", "Pooling", "Normalize"}:
                raise EncoderUnsupported(f"{folder} has a layer that cannot be exported: {', '.join(kinds)}")
        if not (folder / POOLING).is_file():
            return False
        pooling = msgspec.json.decode((folder / POOLING).read_bytes(), type=Pooling)
    except msgspec.DecodeError as error:
        raise EncoderDamaged(f"{folder}: {MODULES} or {POOLING} cannot be read: {error}") from error
    if pooling.pooling_mode_cls_token == pooling.pooling_mode_mean_tokens:
        raise EncoderUnsupported(f"{folder} is pooled neither by the mean nor by the first token")
    return pooling.pooling_mode_cls_token


def _licence(folder: Path) -> str:
    """What the model's own card says."""
    from huggingface_hub import ModelCard

    if not (folder / CARD).is_file():
        return UNKNOWN
    try:
        return str(ModelCard.load(folder / CARD).data.get("license") or UNKNOWN)
    except (ValueError, yaml.YAMLError):  # a card whose head is not YAML is no reason not to use the model
        return UNKNOWN

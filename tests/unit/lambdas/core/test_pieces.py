"""The pieces of everyday text: as good as the library's, no text that the library would read otherwise."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st

from lambdas.core.errors import BundleError
from lambdas.core.pieces import EVERYDAY, LONGEST_KEPT, Pieces
from lambdas.core.tokeniser import Tokeniser
from model_build.encoders.errors import EncoderDamaged
from model_build.encoders.use_pieces import pieces_of

SENTENCES = [
    "my order is late and nobody answers", "the invoice is wrong", "mi pedido llega tarde", "¿dónde está?",
    "la facture est fausse, ça plante", "nobody likes you", "what a lovely day at the lake, isn't it?",
]  # fmt: skip
TEXT = st.text(st.sampled_from("abdeinorstvyABÉéñç !?,.'0123€“\n😀☀ẞ中"), max_size=60)


def train(prefix: Path, **more: object) -> Path:
    """A small vocabulary."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        **{
            "sentence_iterator": iter(SENTENCES * 20), "model_writer": model, "vocab_size": 90,
            "model_type": "unigram", "hard_vocab_limit": False, "minloglevel": 2, **more,
        }
    )  # fmt: skip
    prefix.write_bytes(model.getvalue())
    return prefix


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pieces")
    path = train(made / "tokeniser.model")
    (made / "tokeniser.pieces").write_bytes(pieces_of(path))
    return made


@pytest.fixture(scope="module")
def pieces(folder: Path) -> Pieces:
    return Pieces(folder / "tokeniser.pieces")


@pytest.fixture(scope="module")
def library(folder: Path) -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokeniser.model"))


@given(text=TEXT)
def test_the_pieces_spell_the_text_as_well_as_the_library_s(
    pieces: Pieces, library: sentencepiece.SentencePieceProcessor, text: str
) -> None:
    """Where two ways have the same sum of scores either is right."""
    if not pieces.takes(text):
        return
    mine, theirs = pieces.encode(text), library.encode(text)
    if mine != theirs:
        assert sum(map(library.get_score, mine)) == pytest.approx(sum(map(library.get_score, theirs)))
        assert library.decode(mine) == library.decode(theirs)


def test_everyday_sentences_have_the_library_s_ids(
    pieces: Pieces, library: sentencepiece.SentencePieceProcessor
) -> None:
    for text in [*SENTENCES, " ".join(SENTENCES), "x" * 200, "", "  late\t now "]:
        assert pieces.takes(text)
        assert pieces.encode(text) == pieces.encode(text) == library.encode(text)


@pytest.mark.parametrize(
    "text", ["中文", "e\u0301", "ﬁle", "½", "…", "a\u00a0b", "a\u200bb", "a\x00b", "Привет"]
)
def test_other_text_is_left_to_the_library(folder: Path, pieces: Pieces, text: str) -> None:
    assert not pieces.takes(text)
    settings = {"name": "x", "kind": "sentencepiece", "file": "tokeniser.model", "max_tokens": 20}
    with_pieces = Tokeniser({**settings, "pieces": "tokeniser.pieces"}, folder)
    alone = Tokeniser(settings, folder)
    for texts in ([text], ["my order", text], ["my order is late"]):
        assert with_pieces.tokens(texts)[0].tolist() == alone.tokens(texts)[0].tolist()


def test_the_library_s_file_is_asked_for_with_the_first_text_that_needs_it(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "tokeniser.pieces").write_bytes((folder / "tokeniser.pieces").read_bytes())
    settings = {
        "name": "x", "kind": "sentencepiece", "file": "tokeniser.model", "max_tokens": 20,
        "pieces": "tokeniser.pieces", "rest": "other-writing",
    }  # fmt: skip
    asked: list[str] = []

    def rest() -> Path:
        asked.append("rest")
        return folder

    apart, whole = Tokeniser(settings, tmp_path, rest), Tokeniser({**settings, "rest": None}, folder)
    for texts, times in ((["my order is late"], 0), (["my order", "中文"], 1), (["Привет"], 1)):
        assert apart.tokens(texts)[0].tolist() == whole.tokens(texts)[0].tolist()
        assert len(asked) == times
    with pytest.raises(BundleError, match="not to be had"):
        Tokeniser(settings, tmp_path)


def test_the_words_that_are_remembered_are_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lambdas.core.pieces.MOST_WORDS", 50)
    own = Pieces(folder / "tokeniser.pieces")
    for number in range(200):
        own.encode(f"w{number} {'y' * (LONGEST_KEPT + 1)}")
    assert len(own._words) <= 50
    assert all(len(word) <= LONGEST_KEPT for word in own._words)


def test_a_vocabulary_whose_words_cannot_be_cut_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderDamaged, match="as it is"):
        pieces_of(train(tmp_path / "bytes.model", byte_fallback=True, vocab_size=320))


def test_a_damaged_file_is_refused(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "junk").write_bytes(b"junk")
    (tmp_path / "short").write_bytes((folder / "tokeniser.pieces").read_bytes()[:-40])
    for name in ("junk", "short", "missing"):
        with pytest.raises(BundleError):
            Pieces(tmp_path / name)


def test_the_characters_of_everyday_text_are_a_part_of_a_pattern() -> None:
    assert "]" not in EVERYDAY

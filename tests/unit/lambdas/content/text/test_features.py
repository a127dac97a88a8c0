"""The hand-made features of a post: what a person sees, and silence where nothing is known."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from lambdas.content.text.features import FEATURE_NAMES, handmade, language_of
from lambdas.content.text.lexicon import KINDS, LANGUAGES, PAIRS, SPOKEN, WORDS, plain
from lambdas.content.text.normalise import normalise
from lambdas.content.text.toxic import LABELS
from lambdas.core.ngrams import words_of


class Labels:
    """Says 3 of every label, for English."""

    languages = ("en",)

    def __init__(self) -> None:
        self.asked: list[str] = []

    def log_odds(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.asked += texts
        return np.full((len(texts), len(LABELS)), 3.0, dtype=np.float32)


def features(*texts: str, labels: Labels | None = None) -> npt.NDArray[np.float32]:
    normals = [normalise(text) for text in texts]
    return handmade(normals, [words_of(normal.text) for normal in normals], labels)


def feature(text: str, name: str) -> float:
    return float(features(text)[0, FEATURE_NAMES.index(name)])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("you idiot", "words_insult"),
        ("you 1d10t", "words_insult"),
        ("eres un IMBECIL", "words_insult"),
        ("quel crétin", "words_insult"),
        ("oh shit", "words_profanity"),
        ("I will kill you", "pairs_threat"),
        ("te voy a matar", "words_threat"),
        ("te voy a buscar", "pairs_threat"),
        ("photos nue", "words_sexual"),
        ("la sangre", "words_violence"),
        ("you there", "second_person"),
        ("tú allí", "second_person"),
        ("i d i o t", "trick_spaced"),
        ("id\u200biot", "trick_unseen"),
        ("GO AWAY NOW", "shouted_words"),
        ("what?!", "exclamation_marks"),
        ("the dog is here", "language_en"),
        ("el perro está aquí", "language_es"),
        ("le chien est ici", "language_fr"),
    ],
)
def test_a_feature_sees_what_a_person_sees(text: str, name: str) -> None:
    assert feature(text, name) > 0
    assert feature("blue mountain", name) == 0


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("you are late", "en"),
        ("la casa es azul", "es"),
        ("la maison est bleue", "fr"),
        ("stupid moron", "en"),
        ("привет", "other"),
        ("", "other"),
    ],
)
def test_the_language_is_guessed_by_everyday_words(text: str, language: str) -> None:
    assert language_of([plain(word) for word in words_of(text)]) == language


def test_only_texts_in_its_language_are_shown_to_the_model_of_labels() -> None:
    labels = Labels()
    found = features("you are late", "la casa es azul", "it is a k1nd 1d10t", labels=labels)
    assert labels.asked == ["you are late", "it is a kind idiot"]
    assert found[[0, 2], -len(LABELS) :].tolist() == [[3.0] * len(LABELS)] * 2
    assert np.isnan(found[1, -len(LABELS) :]).all()
    assert np.isnan(features("you are late")[0, -len(LABELS) :]).all()


def test_everything_else_is_a_number_for_any_text() -> None:
    found = features("", " ", "😀" * 50, "a" * 5_000, "x\x00y", "中文")
    assert found.shape == (6, len(FEATURE_NAMES))
    assert np.isfinite(found[:, : -len(LABELS)]).all()
    assert features().shape == (0, len(FEATURE_NAMES))


def test_the_lexicon_is_plain_and_its_pairs_are_pairs() -> None:
    assert set(WORDS) == set(KINDS)
    assert set(SPOKEN) == set(LANGUAGES)
    for words in (*WORDS.values(), *SPOKEN.values()):
        assert all(word == plain(word) and words_of(word) == [word] for word in words)
    for pairs in PAIRS.values():
        assert all(len(words_of(pair)) == 2 for pair in pairs)
    assert plain("Ñandú CŒUR") == "nandu coeur"
    assert not math.isnan(feature("a", "log_words"))

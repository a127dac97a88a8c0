"""Which words a text's scores hang on, found by reading it again without each of them.

This sees all that the model sees, the encoder and the hand-made features too, where `words_that_mattered`
knows only what the n-grams add; it costs a run with as many texts as there are words.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np

from lambdas.content.policies import POLICIES
from lambdas.content.text.model import TextModel, words_that_mattered
from lambdas.content.text.normalise import normalise
from lambdas.core.ngrams import words_of
from lambdas.core.schema import Term
from lambdas.core.terms import TOP

MOST_WORDS: Final = 40
MOST_CHARACTERS: Final = 1_500
"""A longer text is explained by what its n-grams add."""

_WORD = re.compile(r"\w+")


def words_by_leaving_out(model: TextModel, text: str) -> dict[str, list[Term]]:
    """By policy with a text head, the words without which the log-odds of `text` would be lower, and by how
    much, as the author wrote them; the words of a policy that none of them raises are an empty list.

    Raises BundleError.
    """
    normal = normalise(text)
    places: dict[str, list[tuple[int, int]]] = {}
    for found in _WORD.finditer(normal.text):
        for word in words_of(found[0]):
            places.setdefault(word, []).append(found.span())
    if not 0 < len(places) <= MOST_WORDS or len(normal.text) > MOST_CHARACTERS:
        read = model.read([text])
        return {policy: words_that_mattered(read, 0, policy) for policy in model.policies}
    signals = model.read([normal.text, *(_without(normal.text, spans) for spans in places.values())]).signals
    # Without its only word a text says nothing: then all that it said was that word's.
    lower = signals[0] - np.nan_to_num(signals[1:], nan=0.0)
    spelled = normal.spellings()
    return {
        policy: _top([spelled.get(word, word) for word in places], lower[:, POLICIES.index(policy)].tolist())
        for policy in model.policies
    }


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    kept, end = [], 0
    for start, stop in spans:
        kept.append(text[end:start])
        end = max(end, stop)
    return "".join([*kept, text[end:]])


def _top(words: list[str], weights: list[float]) -> list[Term]:
    ranked = sorted(zip(words, weights, strict=True), key=lambda pair: -pair[1])[:TOP]
    return [Term(word, round(weight, 4)) for word, weight in ranked if weight > 0.0]

from __future__ import annotations

import numpy as np
import pytest

from lambdas.content.audio import timing
from lambdas.content.audio.timing import Phrase
from lambdas.content.audio.tokens import Tokens

pytestmark = pytest.mark.unit
KNOWN = Tokens(
    words=["a", "b", "c"], end=3, start=4, transcribe=5, no_speech=6, no_times=7, languages=[],
    first_language=4, never=[], not_first=[],
)  # fmt: skip
ZERO = KNOWN.zero
TOKENS = ZERO + 1501


def allowed(*said: int, likely: int = 0) -> set[int]:
    logits = np.zeros(TOKENS, dtype=np.float32)
    logits[likely] = 20.0
    timing.allow(logits, said, KNOWN)
    return set(np.flatnonzero(np.isfinite(logits)).tolist())


def test_it_begins_with_a_time_within_a_second() -> None:
    assert allowed() == set(range(ZERO, ZERO + 51))


def test_a_phrase_begins_after_its_time() -> None:
    assert allowed(ZERO) == set(range(ZERO))
    assert allowed(ZERO, 1, ZERO + 9, ZERO + 9) == set(range(ZERO))


def test_a_phrase_ends_with_a_later_time_or_goes_on() -> None:
    assert allowed(ZERO + 5, 1) == {*range(ZERO), *range(ZERO + 6, TOKENS)}


def test_after_the_end_of_a_phrase_comes_the_end_or_the_next_one() -> None:
    found = allowed(ZERO, 1, ZERO + 9, likely=KNOWN.end)
    assert found.isdisjoint(range(KNOWN.end))
    assert KNOWN.end in found
    assert {token for token in found if token >= ZERO} == set(range(ZERO + 9, TOKENS))


def test_times_together_likelier_than_any_word_are_taken() -> None:
    logits = np.zeros(TOKENS, dtype=np.float32)
    logits[1] = 5.0
    timing.allow(logits, [ZERO, 0], KNOWN)
    assert int(logits.argmax()) >= ZERO


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], []),
        ([ZERO, ZERO + 50], []),
        ([ZERO, 0, 1, ZERO + 50], [Phrase(1, 3, 0.0, 1.0)]),
        ([ZERO + 5, 0, ZERO + 50, ZERO + 75, 1, ZERO + 100],
         [Phrase(1, 2, 0.1, 1.0), Phrase(4, 5, 1.5, 2.0)]),
        ([ZERO + 5, 0, 1, 2], [Phrase(1, 4, 0.1, 4.0)]),
        ([ZERO, 0, ZERO + 1500], [Phrase(1, 2, 0.0, 4.0)]),
    ],
)  # fmt: skip
def test_phrases(said: list[int], expected: list[Phrase]) -> None:
    found = timing.phrases(said, KNOWN, 4.0)
    assert [(p.first, p.last) for p in found] == [(p.first, p.last) for p in expected]
    assert [(p.start, p.end) for p in found] == [
        (pytest.approx(p.start), pytest.approx(p.end)) for p in expected
    ]

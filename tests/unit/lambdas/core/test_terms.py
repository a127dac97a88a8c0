"""The words of an explanation."""

from __future__ import annotations

import numpy as np
import pytest

from lambdas.core.ngrams import grams
from lambdas.core.terms import top_terms


def test_terms_are_words_with_their_share_of_the_contributions() -> None:
    """Each entry of `bad` contributes 1, everything else 0; `bad` stands twice."""
    found = grams(["bad day, bad luck", "fine"])
    bad = {int(bucket) for bucket in grams(["bad"]).buckets}
    contributions = np.array([float(int(b) in bad) for b in found.buckets], dtype=np.float32)
    first, second = top_terms(found, contributions, 2)
    assert [term.term for term in first] == ["bad"]
    assert first[0].weight == pytest.approx(len(bad))
    assert second == []

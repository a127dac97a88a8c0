"""The languages of texts, for figures by language where the data does not say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

SAMPLE: Final = 1_000
LEAST_SHARE: Final = 0.05
"""Of the sample: what is rarer is more often a short text misread than a language."""


def detect(texts: Sequence[str]) -> list[str]:
    """A two-letter tag for each of `texts`.

    The languages that are there are looked for in the first texts, which should be in a random order;
    then each text is given the likeliest of those. Naive Bayes on bytes (Lui and Baldwin 2012, langid.py).
    """
    from py3langid import langid

    identifier = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE)
    sample = texts[:SAMPLE]
    seen = Counter(identifier.classify(text)[0] for text in sample)
    common = sorted(tag for tag, count in seen.items() if count >= LEAST_SHARE * len(sample))
    if not common:
        return [""] * len(texts)
    if len(common) == 1:
        return common * len(texts)
    identifier.set_languages(common)
    return [identifier.classify(text)[0] for text in texts]

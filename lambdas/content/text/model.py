"""The text model: from texts to what they say of each policy, and which words said it.

Serving and training both read texts with it, so they cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from lambdas.content.policies import MOST, POLICIES
from lambdas.content.text.classifier import open_classifier
from lambdas.content.text.features import FEATURE_NAMES, ToxicLabels, handmade
from lambdas.content.text.normalise import Normal, normalise
from lambdas.content.text.toxic import FILE as TOXIC_FILE
from lambdas.content.text.toxic import ToxicEnglish
from lambdas.core.errors import BundleError, DependencyDown
from lambdas.core.model import Array, OnnxModel
from lambdas.core.ngrams import Grams, grams, words_of
from lambdas.core.schema import Term
from lambdas.core.terms import top_terms
from lambdas.core.tokeniser import Tokens, open_tokeniser

CHARACTERS_A_RUN: Final = 15_000
"""Bounds the memory of one model run: many long texts are read in parts."""
_NO_SIGNALS: Final = np.empty((0, len(POLICIES)), dtype=np.float32)
_NO_FEATURES: Final = np.empty((0, len(FEATURE_NAMES)), dtype=np.float32)


class Part(msgspec.Struct, frozen=True, eq=False):
    """Some of the texts of a Read, from `start` on: what explains them."""

    start: int
    normals: list[Normal]
    grams: Grams
    contributions: Mapping[str, npt.NDArray[np.float32]]


class Read(msgspec.Struct, frozen=True, eq=False):
    """What was read in texts.

    signals: float32 [texts, POLICIES], log-odds that are not yet calibrated, held within MOST; NaN for a
    policy without a text head, and for a text in which nothing is left to read. features: [texts,
    FEATURE_NAMES].
    """

    signals: npt.NDArray[np.float32]
    features: npt.NDArray[np.float32]
    parts: list[Part]


class TextModel:
    """The text model in a bundle's folder; `folders` are those of the assets that it needs, by name.

    A large classifier is such an asset and not a file of the bundle: champion and challenger share it, and a
    new version does not bring it again. It is fetched here and not with the first text: every text needs it,
    and a bundle that cannot get it is not made live. The encoder's rows for other than everyday text are one
    too, which is fetched with the first such text. Raises BundleError, and what asking for a folder raises.
    """

    def __init__(
        self, folder: Path, settings: Mapping[str, Any], folders: Mapping[str, Path] | None = None
    ) -> None:
        encoder = settings.get("encoder") or {}
        self._folders = folders or {}
        self._tokeniser: Tokens | None = open_tokeniser(encoder, folder, lambda: self._rest(encoder["rest"]))
        own = settings.get("classifier")
        self._labels: ToxicLabels | None = None
        if own is not None:
            self._labels = open_classifier(own, self._folders)
        elif (folder / TOXIC_FILE).is_file():
            self._labels = ToxicEnglish(folder)
        self._onnx = OnnxModel(folder)  # last: at a start it is still being opened
        self.policies = [policy for policy in POLICIES if f"{policy}_logits" in self._onnx.outputs]
        """Those that the model has a head for."""
        if not self.policies:
            raise BundleError(f"{folder.name}: the text model has no output for any of {', '.join(POLICIES)}")

    def read(self, texts: Sequence[str]) -> Read:
        """What `texts` say, in one run unless they are long. Raises BundleError."""
        normals = [normalise(text) for text in texts]
        parts, features, signals = [], [_NO_FEATURES], [_NO_SIGNALS]
        for start, stop in _portions(normals):
            part, given, odds = self._run(start, normals[start:stop])
            parts.append(part)
            features.append(given)
            signals.append(odds)
        return Read(np.concatenate(signals), np.concatenate(features), parts)

    def _rest(self, name: str) -> Path:
        """The folder with what texts need that are not everyday ones; from then on the graph knows them."""
        try:
            folder = self._folders[name]
        except (KeyError, DependencyDown) as error:
            raise BundleError(f"a text is in another writing, and {name} cannot be had: {error}") from error
        self._onnx.add_rows(folder)
        return folder

    def _run(
        self, start: int, normals: list[Normal]
    ) -> tuple[Part, npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        texts = [normal.text for normal in normals]
        spoken = [words_of(text) for text in texts]
        found = grams(texts, spoken)
        features = handmade(normals, spoken, self._labels)
        feeds: dict[str, Array] = {
            "rows": found.rows,
            "buckets": found.buckets,
            "counts": found.counts,
            "features": features,
        }
        if self._tokeniser is not None:
            feeds["ids"], feeds["mask"] = self._tokeniser.tokens(texts)
        outputs = self._onnx.run(feeds)
        given = {policy: outputs[f"{policy}_contributions"] for policy in self.policies}
        return Part(start, normals, found, given), features, self._signals(outputs, normals)

    def _signals(self, outputs: Mapping[str, Array], normals: Sequence[Normal]) -> npt.NDArray[np.float32]:
        """The log-odds of each policy, [texts, POLICIES]. In Python: a run has few texts."""
        said = {policy: outputs[f"{policy}_logits"].tolist() for policy in self.policies}
        rows = []
        for row, normal in enumerate(normals):
            if not normal.text.strip():
                rows.append([np.nan] * len(POLICIES))
                continue
            odds = {policy: logits[row][1] - logits[row][0] for policy, logits in said.items()}
            rows.append([odds.get(policy, np.nan) for policy in POLICIES])
        return np.clip(np.array(rows, dtype=np.float32), -MOST, MOST)


def words_that_mattered(read: Read, row: int, policy: str) -> list[Term]:
    """The words of text `row` that added most to the log-odds of `policy`, as the author wrote them.

    None where the policy has no text head.
    """
    part = next(part for part in reversed(read.parts) if part.start <= row)
    if policy not in part.contributions:
        return []
    own = row - part.start
    found, entries = _of_row(part.grams, own)
    terms = top_terms(found, part.contributions[policy][entries], 1)[0]
    spelled = part.normals[own].spellings(found.words) if terms else {}
    return [Term(spelled.get(term.term, term.term), term.weight) for term in terms]


def _of_row(found: Grams, row: int) -> tuple[Grams, slice]:
    """The n-grams of one text alone, and which entries of `found` they are."""
    if not found.word_rows.any() and row == 0:  # it is alone, as most are
        return found, slice(None)
    first, last = np.searchsorted(found.rows, [row, row + 1]).tolist()
    begin, end = np.searchsorted(found.word_rows, [row, row + 1]).tolist()
    mine = (found.occurrence_words >= begin) & (found.occurrence_words < end)
    entries = slice(first, last)
    alone = Grams(
        rows=found.rows[entries] - row,
        buckets=found.buckets[entries],
        counts=found.counts[entries],
        words=found.words[begin:end],
        word_rows=found.word_rows[begin:end] - row,
        occurrence_words=found.occurrence_words[mine] - begin,
        occurrence_entries=found.occurrence_entries[mine] - first,
    )
    return alone, entries


def _portions(normals: Sequence[Normal]) -> Iterator[tuple[int, int]]:
    """Consecutive texts of about CHARACTERS_A_RUN together, as (start, stop)."""
    start = size = 0
    for place, normal in enumerate(normals):
        if place > start and size + len(normal.text) > CHARACTERS_A_RUN:
            yield start, place
            start, size = place, 0
        size += len(normal.text)
    if normals:
        yield start, len(normals)

"""A classifier of the user's own in the place of the packaged English model, such as unitary/toxic-bert.

It reads one text at a time: what it says of a text does not depend on the texts beside it, and padding would
cost more than a run saves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from lambdas.content.policies import MOST
from lambdas.content.text.toxic import LABELS
from lambdas.core.errors import BundleError
from lambdas.core.model import OnnxModel
from lambdas.core.tokeniser import Tokeniser

LOGITS: Final = "logits"


class ClassifierSettings(msgspec.Struct, frozen=True):
    """What `manifest.settings["classifier"]` holds.

    `folder` names the asset, `file` the graph in it: `ids` int64 and `mask` float32 [n, tokens] in, `logits`
    [n, labels] out. `reads`: which of its labels each of LABELS is, by place; the others are not known. With
    `many` each label stands for itself, without it a text has one of them. `languages`: those of
    `features.language_of` that it is asked about.
    """

    name: str
    folder: str
    file: str
    tokeniser: dict[str, Any]
    labels: list[str]
    reads: dict[str, int]
    many: bool
    languages: list[str]


class OwnClassifier:
    """The classifier in the folder of its asset. Raises BundleError when it cannot be used."""

    def __init__(self, folder: Path, settings: ClassifierSettings) -> None:
        places = [settings.reads.get(label) for label in LABELS]
        known = [place for place in places if place is not None]
        if not known or not set(known) <= set(range(len(settings.labels))):
            raise BundleError(f"the classifier {settings.name} has no label that is known here")
        self.languages: tuple[str, ...] = tuple(settings.languages)
        self._columns = places
        self._many = settings.many
        self._tokeniser = Tokeniser(settings.tokeniser, folder)
        self._onnx = OnnxModel(folder, settings.file)

    def log_odds(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """The log-odds of each of LABELS, [texts, LABELS], held within MOST; NaN for a label that it does not
        have. Raises BundleError."""
        found = np.full((len(texts), len(LABELS)), np.nan, dtype=np.float32)
        for row, text in enumerate(texts):
            ids, mask = self._tokeniser.tokens([text])
            odds = self._odds(self._onnx.run({"ids": ids, "mask": mask})[LOGITS][0])
            for column, place in enumerate(self._columns):
                if place is not None:
                    found[row, column] = odds[place]
        return np.clip(found, -MOST, MOST)

    def _odds(self, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """The log-odds of each of its own labels: against not having it, or against all others together."""
        own = logits.astype(np.float64)
        if self._many or len(own) == 1:
            return own
        raised = np.exp(own - own.max())
        rest = raised.sum() - raised
        odds: npt.NDArray[np.float64] = np.log(np.maximum(raised, 1e-300)) - np.log(np.maximum(rest, 1e-300))
        return odds


def open_classifier(settings: Mapping[str, Any], folders: Mapping[str, Path]) -> OwnClassifier:
    """The classifier that `manifest.settings["classifier"]` names, from the folder of its asset.

    Raises BundleError, and what asking for the folder raises.
    """
    try:
        read = msgspec.convert(settings, ClassifierSettings)
    except msgspec.ValidationError as error:
        raise BundleError(f"the manifest's classifier cannot be used: {error}") from error
    if read.folder not in folders:
        raise BundleError(f"the classifier {read.name} is not among the bundle's assets")
    return OwnClassifier(folders[read.folder], read)

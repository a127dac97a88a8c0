"""What tells the toxic labels of a text at training: the packaged English model, or one of the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from lambdas.content.text.classifier import OwnClassifier, open_classifier
from lambdas.content.text.features import ToxicLabels
from lambdas.content.text.toxic import LABELS, ToxicEnglish
from model_build.content.networks import ASSETS, classifier_of
from model_build.content.parameters import Networks
from model_build.content.pretrained import packaged

TOXIC: Final = "toxic-en"
MOST_REMEMBERED: Final = 500_000


@lru_cache(maxsize=2)
def toxic_labels(networks: Networks, build: Path) -> ToxicLabels:
    """It, opened once a process. Raises PretrainedError, EncoderError."""
    hub = classifier_of(networks, build)
    if hub is None:
        return ToxicEnglish(packaged(TOXIC, build).folder)
    return _Remembering(open_classifier(hub.settings, {ASSETS["text"]: hub.model.folder}))


def told_by(networks: Networks, build: Path) -> tuple[str, ...]:
    """Which of LABELS it tells."""
    hub = classifier_of(networks, build)
    return LABELS if hub is None else tuple(hub.settings["reads"])


class _Remembering:
    """Each stage of training reads the same texts again, and a large classifier takes a tenth of a second for
    one."""

    def __init__(self, model: OwnClassifier) -> None:
        self._model = model
        self._known: dict[str, npt.NDArray[np.float32]] = {}
        self.languages = model.languages

    def log_odds(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """As `OwnClassifier.log_odds`."""
        if len(self._known) > MOST_REMEMBERED:
            self._known.clear()
        for text in texts:
            if text not in self._known:
                self._known[text] = self._model.log_odds([text])[0]
        return np.stack([self._known[text] for text in texts])

"""The packaged English toxicity model: its own preprocessing, word for word, and its six labels.

The words are what Keras's `Tokenizer` makes of a text (lower case, punctuation as spaces, only the known
ones), their ids are padded in front to LENGTH and cut in front, as its `pad_sequences` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from lambdas.content.policies import MOST
from lambdas.core.errors import BundleError
from lambdas.core.model import OnnxModel

FILE: Final = "toxic-en.onnx"
WORDS_FILE: Final = "toxic-en.txt"
LABELS: Final = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")
LENGTH: Final = 100

_SPACES = str.maketrans(dict.fromkeys('!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n', " "))


class ToxicEnglish:
    """The model of a bundle. Raises BundleError when its files cannot be used."""

    languages: Final = ("en",)

    def __init__(self, folder: Path) -> None:
        self._onnx = OnnxModel(folder, FILE)
        try:
            lines = (folder / WORDS_FILE).read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise BundleError(f"{WORDS_FILE} cannot be read: {error}") from error
        self._ids = dict(zip(lines, range(1, len(lines) + 1), strict=True))

    def log_odds(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """The log-odds of each of LABELS, [texts, LABELS], held within MOST. Raises BundleError."""
        if not texts:
            return np.empty((0, len(LABELS)), dtype=np.float32)
        logits = self._onnx.run({"ids": self.ids(texts)})["logits"]
        return np.clip(logits, -MOST, MOST)

    def ids(self, texts: Sequence[str]) -> npt.NDArray[np.int64]:
        """The ids of the last LENGTH known words of each text, [texts, LENGTH], 0 in front of them."""
        found = np.zeros((len(texts), LENGTH), dtype=np.int64)
        known = self._ids
        for row, text in enumerate(texts):
            words = text.lower().translate(_SPACES).split(" ")
            mine = [known[word] for word in words if word in known][-LENGTH:]
            if mine:
                found[row, -len(mine) :] = mine
        return found

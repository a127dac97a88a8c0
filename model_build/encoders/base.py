"""What an encoder is, and how one is had by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from model_build.encoders.errors import UnknownEncoder

if TYPE_CHECKING:
    import onnx

IDS = "ids"
MASK = "mask"
EMBEDDING = "embedding"

Ids = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]
"""Called with (texts done, texts in all)."""


@dataclass(frozen=True)
class Source:
    """Where the weights come from: enough to fetch and to recognise them again.

    `sha256` maps each file that was read to its hex digest.
    """

    package: str
    version: str
    sha256: Mapping[str, str]


class Encoder(Protocol):
    """A text encoder whose arithmetic is one ONNX graph.

    `files` are the tokeniser's files by the name they take in the flat bundle folder; `settings` is
    what `lambdas.core.tokeniser.Tokeniser` needs, and goes into the manifest as it is.
    """

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    @property
    def files(self) -> Mapping[str, Path]: ...

    @property
    def settings(self) -> dict[str, Any]: ...

    @property
    def licence(self) -> str: ...

    @property
    def source(self) -> Source: ...

    def graph(self) -> onnx.ModelProto:
        """The graph: `ids` int64 [N, L] and `mask` float32 [N, L] in, `embedding` float32 [N, D] out.

        Rows are unit vectors. Padding changes a row by at most 1e-6. The bytes are the same at every call.
        """

    @property
    def everyday(self) -> tuple[str, int] | None:
        """What the name of the graph's table with a row a piece ends in, and how many of its rows everyday
        text needs, the first ones; None when it needs all, or there is no such table."""

    def tokens(self, texts: Sequence[str]) -> tuple[Ids, Floats]:
        """`ids` and `mask` of `texts`, [N, L], padded to the longest; made by the serving tokeniser."""

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Floats:
        """The embedding of each text, [N, D], by the same graph that is served."""


@lru_cache(maxsize=1)
def shared(name: str) -> Encoder:
    """The same as `load`, once a process: its graph takes seconds to make."""
    return load(name)


CHOICES = "use, minilm, hf:<model id or local folder>"


def load(name: str) -> Encoder:
    """The encoder called `name`: `use`, `minilm` or `hf:<model id or local folder>`.

    Raises UnknownEncoder for another name, EncoderNotInstalled with the command that installs what is
    missing, EncoderDamaged when the weights are not the pinned ones.
    """
    # Imported here: each one brings packages that the others do not need.
    if name == "use":
        from model_build.encoders import use

        return use.load()
    if name == "minilm":
        from model_build.encoders import minilm

        return minilm.load()
    if name.startswith("hf:") and len(name) > len("hf:"):
        from model_build.encoders import huggingface

        return huggingface.load(name.removeprefix("hf:"))
    raise UnknownEncoder(f"there is no encoder '{name}': choose one of {CHOICES}", field="encoder")

"""An encoder at work: its graph in onnxruntime, its tokeniser the one that serves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime

from lambdas.core.tokeniser import Tokeniser
from model_build.encoders.base import EMBEDDING, IDS, MASK, Floats, Ids, Progress, Source

BATCH: Final = 64
"""Texts of one run: enough to keep two threads busy; the longest ones still fit in about 200 MB."""

THREADS: Final = 2


class OnnxEncoder:
    """Implements `model_build.encoders.base.Encoder` around a function that builds the graph."""

    def __init__(
        self,
        *,
        name: str,
        dimension: int,
        files: Mapping[str, Path],
        settings: dict[str, Any],
        licence: str,
        source: Source,
        build: Callable[[], onnx.ModelProto],
        made: Mapping[str, Callable[[], bytes]] | None = None,
        everyday: Callable[[], tuple[str, int]] | None = None,
    ) -> None:
        self.name = name
        self.dimension = dimension
        self._given = files
        self._made = made or {}
        self.settings = settings
        self.licence = licence
        self.source = source
        self._build = build
        self._everyday = everyday

    @cached_property
    def files(self) -> Mapping[str, Path]:
        """The tokeniser's files; those that are `made` lie in a folder that goes with the encoder."""
        files = dict(self._given)
        if self._made:
            self._folder = TemporaryDirectory()
            for name, write in self._made.items():
                files[name] = Path(self._folder.name) / name
                files[name].write_bytes(write())
        return files

    @cached_property
    def _model(self) -> onnx.ModelProto:
        return self._build()

    @cached_property
    def _tokeniser(self) -> Tokeniser:
        with TemporaryDirectory() as folder:
            for name, path in self.files.items():
                (Path(folder) / name).symlink_to(path)
            return Tokeniser(self.settings, Path(folder))

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        return onnxruntime.InferenceSession(
            self._model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def graph(self) -> onnx.ModelProto:
        """A copy of the graph; see Encoder."""
        copy = onnx.ModelProto()
        copy.CopyFrom(self._model)
        return copy

    @cached_property
    def everyday(self) -> tuple[str, int] | None:
        """See Encoder."""
        return None if self._everyday is None else self._everyday()

    def tokens(self, texts: Sequence[str]) -> tuple[Ids, Floats]:
        """`ids` and `mask` of `texts`; see Encoder."""
        return self._tokeniser.tokens(texts)

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Floats:
        """[len(texts), dimension]; texts of like length run together, so little is spent on padding."""
        made = np.empty((len(texts), self.dimension), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        for start in range(0, len(texts), BATCH):
            rows = order[start : start + BATCH]
            ids, mask = self.tokens([texts[row] for row in rows])
            made[rows] = self._session.run([EMBEDDING], {IDS: ids, MASK: mask})[0]
            if progress is not None:
                progress(start + len(rows), len(texts))
        return made

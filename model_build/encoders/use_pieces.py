"""Writes a sentencepiece vocabulary in the form that serving reads at once: `lambdas/core/pieces.py`."""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
from sentencepiece import SentencePieceProcessor

from lambdas.core.pieces import EVERYDAY, SPACE, Stored, head_of
from model_build.encoders.errors import EncoderDamaged

PENALTY: Final = 10.0
"""An unknown character's score is the least one less this, as the library has it."""

_EVERYDAY = re.compile(f"{SPACE}?[{EVERYDAY}]*")


def everyday_ids(path: Path, pad: int) -> npt.NDArray[np.int32]:
    """The ids, in order, that everyday text is made of, in the model at `path`; padding is one of them."""
    stored = msgspec.msgpack.decode(pieces_of(path), type=Stored)
    ids = np.frombuffer(stored.ids, dtype=np.int32)
    return np.unique([*ids, stored.first, stored.last, stored.unknown, pad]).astype(np.int32)


@lru_cache(maxsize=2)
def pieces_of(path: Path) -> bytes:
    """The pieces of the model at `path` that everyday text may be cut into.

    Raises EncoderDamaged for a model whose words cannot be cut alone.
    """
    stored_model: Any = import_module("sentencepiece.sentencepiece_model_pb2")
    model = stored_model.ModelProto()
    model.ParseFromString(path.read_bytes())
    kinds = stored_model.ModelProto.SentencePiece
    normal = [(k, piece) for k, piece in enumerate(model.pieces) if piece.type == kinds.NORMAL]
    split = model.normalizer_spec
    if (
        any(SPACE in piece.piece[1:] for _, piece in normal)
        or not (split.add_dummy_prefix and split.remove_extra_whitespaces and split.escape_whitespaces)
        or model.trainer_spec.model_type != stored_model.TrainerSpec.UNIGRAM
        or model.trainer_spec.byte_fallback
    ):
        raise EncoderDamaged(f"{path} has pieces with spaces inside, or is of another kind: use it as it is")
    library = SentencePieceProcessor(model_file=str(path))
    everyday = [(k, piece) for k, piece in normal if _EVERYDAY.fullmatch(piece.piece)]
    kept = sorted(everyday, key=lambda each: head_of(each[1].piece))
    made = Stored(
        **_groups([piece.piece for _, piece in kept]),
        ids=_stored("i", [k for k, _ in kept]),
        scores=_stored("f", [piece.score for _, piece in kept]),
        first=library.bos_id(),
        last=library.eos_id(),
        unknown=library.unk_id(),
        unknown_score=min(piece.score for _, piece in normal) - PENALTY,
        reserved=[piece.piece for piece in model.pieces if piece.type == kinds.USER_DEFINED],
        longest=max(len(piece.piece) for _, piece in kept),
    )
    return msgspec.msgpack.encode(made)


def _groups(pieces: Sequence[str]) -> dict[str, Any]:
    """What `Stored` has of pieces that are sorted by their heads."""
    heads, starts, firsts, said = [], [0], [0], bytearray()
    for head, members in groupby(pieces, key=head_of):
        group = list(members)
        heads.append(head)
        said += "\n".join(group).encode()
        starts.append(len(said))
        firsts.append(firsts[-1] + len(group))
    return {
        "heads": "\n".join(heads),
        "starts": _stored("i", starts),
        "firsts": _stored("i", firsts),
        "pieces": memoryview(said),
    }


def _stored(kind: str, values: Sequence[float]) -> memoryview:
    return memoryview(array(kind, values)).cast("B")

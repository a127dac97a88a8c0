"""The serving tokeniser: both kinds, their limits, and files that cannot be used."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sentencepiece
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from lambdas.core.errors import BundleError
from lambdas.core.tokeniser import Tokeniser

WORDS = [
    "my",
    "order",
    "is",
    "late",
    "the",
    "invoice",
    "mi",
    "pedido",
    "llega",
    "tarde",
    "la",
    "facture",
    "est",
]
TEXTS = ["my order is late", "mi pedido", "", "la facture est fausse " * 30, "my order is late"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("bundle")
    pieces = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(WORDS * 5),
        model_writer=pieces,
        vocab_size=30,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    (made / "pieces.model").write_bytes(pieces.getvalue())
    vocabulary = {
        word: k for k, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *dict.fromkeys(WORDS)])
    }
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.enable_padding(length=50)  # what a published file may be set to must not matter
    tokenizer.enable_truncation(4)
    tokenizer.save(str(made / "words.json"))
    (made / "broken.model").write_bytes(b"neither of the two")
    return made


def settings(kind: str, **changed: Any) -> dict[str, Any]:
    file = "pieces.model" if kind == "sentencepiece" else "words.json"
    return {"name": "test", "kind": kind, "file": file, "max_tokens": 16, "pad": 0, **changed}


KINDS = pytest.mark.parametrize("kind", ["sentencepiece", "huggingface"])


@KINDS
def test_shapes_and_types(kind: str, folder: Path) -> None:
    ids, mask = Tokeniser(settings(kind), folder).tokens(TEXTS)
    assert ids.shape == mask.shape == (len(TEXTS), 16)
    assert (ids.dtype, mask.dtype) == (np.int64, np.float32)
    assert set(np.unique(mask)) == {0.0, 1.0}
    assert np.array_equal(ids[0], ids[4])


@KINDS
def test_a_batch_is_its_texts_one_by_one(kind: str, folder: Path) -> None:
    tokeniser = Tokeniser(settings(kind, pad=5), folder)
    ids, mask = tokeniser.tokens(TEXTS)
    for row, text in enumerate(TEXTS):
        own, own_mask = tokeniser.tokens([text])
        length = own.shape[1]
        assert own_mask.all()
        assert np.array_equal(ids[row, :length], own[0])
        assert mask[row].sum() == length
        assert (ids[row, length:] == 5).all()


@KINDS
def test_a_long_text_is_cut_and_keeps_its_special_tokens(kind: str, folder: Path) -> None:
    short, _ = Tokeniser(settings(kind, max_tokens=8), folder).tokens(["la facture est fausse " * 30])
    longer, _ = Tokeniser(settings(kind, max_tokens=20), folder).tokens(["la facture est fausse " * 30])
    assert short.shape == (1, 8)
    assert np.array_equal(short[0, :7], longer[0, :7])
    first, last = (1, 2) if kind == "sentencepiece" else (2, 3)
    assert (short[0, 0], short[0, -1]) == (first, last)


@KINDS
def test_an_empty_text_is_its_special_tokens(kind: str, folder: Path) -> None:
    ids, mask = Tokeniser(settings(kind), folder).tokens([""])
    assert ids.shape == (1, 2)
    assert mask.all()


def test_no_texts(folder: Path) -> None:
    ids, mask = Tokeniser(settings("sentencepiece"), folder).tokens([])
    assert ids.shape == mask.shape == (0, 0)


@pytest.mark.parametrize(
    "changed",
    [
        {"file": "gone.model"},
        {"file": "broken.model"},
        {"file": "../outside.model"},
        {"kind": "bytes"},
        {"max_tokens": 2},
        {"max_tokens": "many"},
        {"pad": -1},
    ],
    ids=str,
)
@KINDS
def test_what_cannot_be_used_is_a_bundle_error(kind: str, changed: dict[str, Any], folder: Path) -> None:
    (folder.parent / "outside.model").write_bytes((folder / "pieces.model").read_bytes())
    with pytest.raises(BundleError, match=r"tokeniser file|encoder settings"):
        Tokeniser(settings(kind) | changed, folder)


def test_settings_without_a_name_say_so(folder: Path) -> None:
    with pytest.raises(BundleError, match="name"):
        Tokeniser({"kind": "sentencepiece", "file": "pieces.model", "max_tokens": 9}, folder)


@KINDS
def test_only_the_library_of_its_kind_is_imported(kind: str, folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from lambdas.core.tokeniser import Tokeniser\n"
        "seen = lambda: [name for name in ('sentencepiece', 'tokenizers') if name in sys.modules]\n"
        f"before = seen(); Tokeniser({settings(kind)!r}, Path({str(folder)!r})); print(before, seen())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    library = "sentencepiece" if kind == "sentencepiece" else "tokenizers"
    assert done.stdout.strip() == f"[] ['{library}']"

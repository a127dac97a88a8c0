"""A classifier of the user's own: how its labels are read, and what texts it is asked about."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from lambdas.content.text.classifier import open_classifier
from lambdas.content.text.features import FEATURE_NAMES, handmade
from lambdas.content.text.normalise import normalise
from lambdas.content.text.toxic import LABELS
from lambdas.core.errors import BundleError
from lambdas.core.ngrams import words_of
from model_build.encoders.graph import GraphBuilder

WORDS = ["[CLS]", "[SEP]", "[UNK]", "idiot", "the", "you", "are", "el", "que"]
WEIGHTS = np.array([[1.0, 0.0, -1.0], [0.5, 2.0, 0.0]], dtype=np.float32)
"""What a text of n tokens, m of them known words, says: the logits are [n, m] @ WEIGHTS."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A graph whose logits can be counted by hand, and a tokeniser of single words."""
    graph = GraphBuilder("classifier")
    ids = graph.input("ids", TensorProto.INT64, ["n", "tokens"])
    mask = graph.input("mask", TensorProto.FLOAT, ["n", "tokens"])
    known = graph.add("Cast", graph.add("Greater", ids, graph.integers(2)), to=TensorProto.FLOAT)
    axis = graph.integers(1)
    counts = graph.add(
        "Concat", graph.add("ReduceSum", mask, axis), graph.add("ReduceSum", known, axis), axis=1
    )
    graph.output(graph.add("MatMul", counts, graph.constant(WEIGHTS)), "logits", ["n", 3])
    onnx.save(graph.model(), tmp_path / "hub.onnx")
    tokenizer = Tokenizer(models.WordLevel({word: k for k, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 0), ("[SEP]", 1)]
    )
    tokenizer.save(str(tmp_path / "hub-tokeniser.json"))
    return tmp_path


def settings(**changed: Any) -> dict[str, Any]:
    return {
        "name": "hf:mine",
        "folder": "hub-text",
        "file": "hub.onnx",
        "tokeniser": {
            "name": "hf:mine",
            "kind": "huggingface",
            "file": "hub-tokeniser.json",
            "max_tokens": 8,
            "pad": 0,
        },
        "labels": ["threat", "toxicity", "spam"],
        "reads": {"toxic": 1, "threat": 0},
        "many": True,
        "languages": ["en", "es"],
    } | changed


def test_each_label_for_itself(folder: Path) -> None:
    said = open_classifier(settings(), {"hub-text": folder}).log_odds(["you idiot", "you whatever"])
    assert said[:, LABELS.index("toxic")].tolist() == [4.0, 2.0]
    assert said[:, LABELS.index("threat")].tolist() == [5.0, 4.5]
    assert np.isnan(said[:, LABELS.index("insult")]).all(), "it has no such label"


def test_one_label_of_all(folder: Path) -> None:
    """Against all others together: p / (1 - p) of the softmax."""
    said = open_classifier(settings(many=False), {"hub-text": folder}).log_odds(["you idiot"])[0]
    logits = [4 + 0.5 * 2, 2.0 * 2, -4.0]
    share = math.exp(logits[1]) / sum(math.exp(each) for each in logits)
    assert said[LABELS.index("toxic")] == pytest.approx(math.log(share / (1 - share)), abs=1e-5)


def test_a_long_text_is_cut_and_a_sure_answer_is_held(folder: Path) -> None:
    said = open_classifier(settings(), {"hub-text": folder}).log_odds(["idiot " * 500])
    assert said[0, LABELS.index("toxic")] == 10.0, "six words of two each, held within 10"
    assert said[0, LABELS.index("threat")] == 10.0


def test_no_texts_are_no_rows(folder: Path) -> None:
    assert open_classifier(settings(), {"hub-text": folder}).log_odds([]).shape == (0, len(LABELS))


def test_it_is_asked_about_its_languages_alone(folder: Path) -> None:
    texts = ["you are the idiot", "el que es la de los", "xyz"]
    normals = [normalise(text) for text in texts]
    model = open_classifier(settings(), {"hub-text": folder})
    made = handmade(normals, [words_of(normal.text) for normal in normals], model)
    toxic = made[:, FEATURE_NAMES.index("toxic_en_toxic")]
    assert np.isfinite(toxic).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"reads": {}}, "no label that is known"),
        ({"reads": {"toxic": 3}}, "no label that is known"),
        ({"folder": "elsewhere"}, "not among the bundle's assets"),
        ({"labels": None}, "cannot be used"),
        ({"file": "other.onnx"}, "cannot be loaded"),
    ],
)
def test_what_cannot_be_used_is_a_damaged_bundle(folder: Path, changed: dict[str, Any], why: str) -> None:
    with pytest.raises(BundleError, match=why):
        open_classifier(settings(**changed), {"hub-text": folder})

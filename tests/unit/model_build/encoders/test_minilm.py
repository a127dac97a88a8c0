"""The English encoder: our graph against the packaged one, with the pooling done by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from model_build.encoders import minilm, packaged
from model_build.encoders.base import Encoder
from tests.unit.model_build.encoders import checks

pytestmark = pytest.mark.xdist_group("encoder_minilm")


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return minilm.load()


def test_the_same_as_the_packaged_graph_mean_pooled(encoder: Encoder) -> None:
    path = packaged.find(minilm.SOURCE, "make setup")[minilm.MODEL]
    original = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for text in checks.SAID:
        ids, mask = encoder.tokens([text])
        feeds = {
            "input_ids": ids,
            "attention_mask": mask.astype(np.int64),
            "token_type_ids": np.zeros_like(ids),
        }
        mean = original.run(None, feeds)[0][0].mean(axis=0)
        assert np.abs(encoder.embed([text])[0] - mean / np.linalg.norm(mean)).max() <= 1e-5


def test_what_every_encoder_must_do(encoder: Encoder, tmp_path: Path) -> None:
    checks.check_signature(encoder)
    checks.check_padding_changes_nothing(encoder)
    checks.check_embed(encoder)
    checks.check_served_tokeniser(encoder, tmp_path)
    checks.check_bytes_repeat(encoder, minilm.load())


def test_paraphrases_are_near_and_other_things_are_far(encoder: Encoder) -> None:
    one, same, other = encoder.embed(
        ["I cannot log in to my account", "Signing in does not work for me", "The cake needs three eggs"]
    )
    assert one @ same > 0.5
    assert one @ other < 0.3

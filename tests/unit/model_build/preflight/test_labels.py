"""A candidate with other labels than the champion's is not rolled out, and the sentence names them."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs

from lambdas.core.bundle import Head
from model_build.preflight.bundles import Opened
from model_build.preflight.labels import MOST_NAMED, same_labels
from model_build.preflight.verdict import GateFailed, require
from tests.unit.model_build.fairness.model import manifest

pytestmark = pytest.mark.unit


def opened(version: str, **heads: list[str]) -> Opened:
    made = [Head(name, name, classes, dict.fromkeys(classes, 0.5)) for name, classes in heads.items()]
    return Opened(Path(version), structs.replace(manifest(version), heads=made))


def test_the_same_labels_in_another_order_pass() -> None:
    found = same_labels(
        opened("new", category=["b", "a"], priority=["low", "high"]),
        opened("old", priority=["low", "high"], category=["a", "b"]),
    )
    assert found.passed is True
    assert found.said == "the champion's: 4 labels of 2 heads"


def test_new_and_missing_labels_are_named_and_what_to_do() -> None:
    found = same_labels(
        opened("v2", category=["billing", "login", "refund"], priority=["low", "high"]),
        opened("v1", category=["billing", "account"], priority=["low", "high"]),
    )
    assert found.passed is False
    assert found.said.startswith("v2 has other labels than the champion v1 (category: new ")
    assert "new 'login', 'refund', missing 'account')" in found.said
    with pytest.raises(GateFailed, match=r"labels: .*make publish.*FORCE=1"):
        require([found], "it may not answer")


def test_one_label_more_and_a_head_that_is_gone_are_other_labels_too() -> None:
    more = same_labels(opened("v2", category=["a", "b", "c"]), opened("v1", category=["a", "b"]))
    assert more.passed is False and "(category: new 'c')" in more.said
    gone = same_labels(
        opened("v2", category=["a", "b"]), opened("v1", category=["a", "b"], priority=["low", "high"])
    )
    assert gone.passed is False and "(priority: missing 'high', 'low')" in gone.said


def test_of_many_labels_the_first_are_named() -> None:
    names = [f"label{k:02d}" for k in range(MOST_NAMED + 5)]
    found = same_labels(opened("v2", category=["a", *names]), opened("v1", category=["a", "b"]))
    assert "'label07' and 5 more, missing 'b'" in found.said

"""The contract suite, for any bundle: what breaks a rule is told by that rule, and by no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from lambdas.core.bundle import Conformal, Manifest
from lambdas.core.errors import BundleError
from model_build.dataset import Batch
from model_build.fairness.rows import text_batches
from model_build.preflight.bundles import Opened
from model_build.preflight.contract import contract
from model_build.preflight.held_out import HeldOut
from model_build.service import Answered
from tests.unit.model_build.fairness.model import ByWords, fair, manifest

pytestmark = pytest.mark.unit

Serve = Callable[[Batch], Mapping[str, Any]]
CALLS = count()


class Bent(ByWords):
    """Serves what `bend` makes of the honest answers."""

    def __init__(self, bend: Callable[[Mapping[str, Any], Batch], Mapping[str, Any]]) -> None:
        super().__init__(fair)
        self._bend = bend

    def served(self, folder: Path, heads: Any, settings: Any) -> Serve:
        honest = super().served(folder, heads, settings)
        return lambda batch: self._bend(honest(batch), batch)


def shifted(answers: Mapping[str, Any], by: Any) -> dict[str, Any]:
    """Each row's probability of yes moved by `by`, and the other one with it."""
    return {name: each + np.column_stack([-np.broadcast_to(by, len(each)), np.broadcast_to(by, len(each))])
            for name, each in answers.items()}  # fmt: skip


def failed(service: Any, known: Manifest | None = None) -> set[str]:
    texts = [f"I {'hate' if k % 3 == 0 else 'met'} you, number {k}" for k in range(40)]
    rows = HeldOut("rows", list(text_batches(service, texts)), {})
    found = contract(Opened(Path(), known or manifest("v1")), service, [rows])
    assert all(each.gate.startswith("contract: ") for each in found)
    return {each.gate.removeprefix("contract: ") for each in found if not each.passed}


def test_an_honest_model_keeps_every_rule() -> None:
    assert failed(ByWords(fair)) == set()


@pytest.mark.parametrize(
    ("bend", "broken"),
    [
        (lambda answers, _: shifted(answers, 1e-3 * (next(CALLS) % 7)), {"determinism"}),
        (lambda answers, batch: shifted(answers, 1e-3 * (len(batch) == 1)), {"batch = single"}),
        (lambda answers, batch: shifted(answers, 1e-4 * np.arange(len(batch))), {"batch = single", "order"}),
        (lambda answers, _: {name: each * 0.9 for name, each in answers.items()}, {"probabilities"}),
        (lambda answers, _: {name: each[:, :1] for name, each in answers.items()}, {"probabilities"}),
    ],
)
def test_what_breaks_a_rule_is_told_by_it(bend: Any, broken: set[str]) -> None:
    found = failed(Bent(bend))
    assert broken <= found
    if "determinism" not in broken:
        assert found == broken


def test_a_request_that_says_next_to_nothing_must_be_answered() -> None:
    def bend(answers: Mapping[str, Any], batch: Batch) -> Mapping[str, Any]:
        unknown = np.array([text == "?!" for text in batch.columns["text"]])
        return {name: np.where(unknown[:, None], np.nan, each) for name, each in answers.items()}

    assert "missing inputs" in failed(Bent(bend))


def test_a_class_without_a_threshold_cannot_be_acted_on() -> None:
    known = manifest("v1")
    first, *others = known.heads
    bare = msgspec.structs.replace(first, thresholds={})
    assert failed(ByWords(fair), msgspec.structs.replace(known, heads=[bare, *others])) == {"probabilities"}


def test_three_classes_need_a_conformal_threshold() -> None:
    known = manifest("v1")
    first, *others = known.heads
    three = msgspec.structs.replace(first, classes=["a", "b", "c"], thresholds=dict.fromkeys("abc", 0.5))
    kept = msgspec.structs.replace(three, conformal=Conformal(0.9, 0.1))
    wrong = msgspec.structs.replace(three, conformal=Conformal(0.9, 1.1))
    found = {
        name: "actionable" in failed(ByWords(fair), msgspec.structs.replace(known, heads=[head, *others]))
        for name, head in {"none": three, "kept": kept, "wrong": wrong}.items()
    }
    assert found == {"none": True, "kept": False, "wrong": True}


class Said(ByWords):
    """Its code that serves answers what `change` makes of the honest answers."""

    def __init__(self, change: Callable[[Answered], Answered]) -> None:
        super().__init__(fair)
        self._change = change

    def answered(self, folder: Path, known: Manifest, batch: Batch) -> Answered:
        return self._change(super().answered(folder, known, batch))


def each(answers: Any, **more: Any) -> Any:
    return [msgspec.structs.replace(answer, **more) for answer in answers]


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (lambda a: a._replace(by_model=each(a.by_model, review=True)), {"reasons"}),
        (lambda a: a._replace(by_model=each(a.by_model, reasons=["why"])), {"reasons"}),
        (lambda a: a._replace(by_model=each(a.by_model, confidence=float("nan"))), {"JSON"}),
        (lambda a: a._replace(by_model=a.by_model[1:]), {"JSON", "reasons"}),
        (lambda a: a._replace(by_rules=each(a.by_rules, review=False)), {"rules"}),
        (lambda a: a._replace(by_rules=each(a.by_rules, degraded=[])), {"rules"}),
        (lambda a: a._replace(by_rules=a.by_model), {"rules"}),
        (lambda a: a._replace(probabilities=shifted(a.probabilities, 1e-3)), {"serving"}),
        (lambda a: a._replace(probabilities={}), {"serving"}),
        (lambda a: a._replace(probabilities={"other": np.zeros((len(a.batch), 2))}), {"serving"}),
    ],
)
def test_an_answer_of_the_serving_code_that_breaks_a_rule_is_told(change: Any, broken: set[str]) -> None:
    assert failed(Said(change)) == broken


def test_what_the_serving_code_says_nothing_of_is_not_held_against_it() -> None:
    def unsaid(answered: Answered) -> Answered:
        first, *_ = answered.probabilities
        nothing = np.full_like(answered.probabilities[first], np.nan)
        return answered._replace(probabilities={**answered.probabilities, first: nothing})

    assert failed(Said(unsaid)) == set()


def test_serving_code_that_cannot_open_the_bundle_is_a_verdict() -> None:
    class Older(ByWords):
        def answered(self, folder: Path, known: Manifest, batch: Batch) -> Answered:
            raise BundleError("trained with other features")

    assert failed(Older(fair)) == {"serving"}


def test_a_model_that_does_not_open_is_no_verdict() -> None:
    class Broken(ByWords):
        def served(self, folder: Path, heads: Any, settings: Any) -> Serve:
            raise BundleError("the graph cannot be read")

    with pytest.raises(BundleError, match="the graph"):
        failed(Broken(fair))

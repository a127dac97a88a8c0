"""A day's totals: each decision once, whatever comes again, late or in another order."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from itertools import count
from typing import Any

import msgspec
import numpy as np
import pytest

from lambdas.exporter.performance import measured, on_test_split
from lambdas.exporter.totals import (
    BOUNDS,
    MOST_OUTCOMES,
    MOST_VERSIONS,
    OTHER,
    Answered,
    By,
    Line,
    Totals,
    Unreadable,
)
from lambdas.observations.record import Observation
from tests.support.observations import object_of

DAY = datetime(2026, 11, 25, tzinfo=UTC)
AT = "2026-11-25T10:00:00.000Z"


def seen(own: str, at: str = AT, outcome: str = "Billing", **more: Any) -> Observation:
    return Observation(
        id=own, at=at, outcome=outcome, **{"review": False, "confidence": 0.9, "version": "v1", **more}
    )


def test_the_version_is_of_who_answered_not_of_who_should_have() -> None:
    made = totals(
        seen("1", assigned="challenger", variant="champion", version="v2", stand_in="v1", ms=2.0),
        seen("2", assigned="challenger", variant="none", version="v2", source="rules", ms=9.0),
        seen("3", variant="none", version="v1", source="rules"),
        seen("4", assigned="challenger", variant="champion", version="v2"),
    )
    assert made.answered == {
        Answered("champion", "v1", "Billing", "model"): 1,
        Answered("champion", "unknown", "Billing", "model"): 1,
        Answered("none", "none", "Billing", "rules"): 2,
    }
    assert set(made.latency) == {By("champion", "v1")}


def totals(*lines: Observation) -> Totals:
    made = Totals(DAY)
    made.add(object_of("tickets", ["length"], lines))
    return made


def test_a_line_is_a_part_of_an_observation() -> None:
    whole = {field.name: field for field in msgspec.structs.fields(Observation)}
    for field in msgspec.structs.fields(Line):
        assert (field.type, field.default) == (whole[field.name].type, whole[field.name].default), field.name


def test_decisions_are_counted_by_who_made_them_and_what_they_were() -> None:
    made = totals(
        seen("1", ms=4.0), seen("2", ms=30.0, review=True), seen("3", outcome="Technical", ms=60_000.0),
        seen("4", assigned="challenger", variant="challenger", version="v2", ms=1.0),
        seen("5", variant="none", version=None, source="rules"),
    )  # fmt: skip
    assert made.answered == {
        Answered("champion", "v1", "Billing", "model"): 2,
        Answered("champion", "v1", "Technical", "model"): 1,
        Answered("challenger", "v2", "Billing", "model"): 1,
        Answered("none", "none", "Billing", "rules"): 1,
    }
    assert made.reviews == {By("champion", "v1"): 1, By("challenger", "v2"): 0, By("none", "none"): 0}
    took = made.latency[By("champion", "v1")]
    assert {BOUNDS[k]: n for k, n in enumerate(took.counts[:-1]) if n} == {0.005: 1, 0.05: 1}
    assert (took.counts[-1], took.nanoseconds) == (1, 60_034_000_000)
    assert By("none", "none") not in made.latency, "rules have no model's time"


@pytest.mark.parametrize(("ms", "bound"), [(0.0, 0.0005), (0.5, 0.0005), (0.51, 0.001), (10_000.0, 10.0)])
def test_a_bucket_holds_what_took_at_most_its_bound(ms: float, bound: float) -> None:
    counts = totals(seen("1", ms=ms)).latency[By("champion", "v1")].counts
    assert counts.index(1) == BOUNDS.index(bound)


def test_what_comes_again_counts_once_and_what_is_pending_not_yet() -> None:
    made = totals(seen("1"), seen("1"), seen("2", pending=True))
    assert sum(made.answered.values()) == 1
    made.add(
        object_of(
            "tickets",
            [],
            [seen("2", label="Billing", labelled_at=AT), seen("1", label="Technical", labelled_at=AT)],
        )
    )
    assert sum(made.answered.values()) == 2
    assert sorted(said.label for said in made.labelled.values()) == ["Billing", "Technical"]


def test_a_label_for_a_decision_of_another_day_is_a_label_of_today_and_no_decision() -> None:
    made = totals(seen("1", at="2026-11-20T10:00:00Z", label="Billing", labelled_at=AT))
    assert not made.answered
    assert len(made.labelled) == 1
    assert not totals(seen("1", label="Billing", labelled_at="2026-11-24T23:59:59Z")).labelled


def test_a_decision_of_just_before_midnight_that_comes_after_it_is_counted() -> None:
    late = "2026-11-24T23:59:59.950Z"
    assert sum(totals(seen("1", at=late)).answered.values()) == 1
    assert not totals(seen("1", at=late, label="Billing", labelled_at=AT)).answered, "counted yesterday"
    assert not totals(seen("1", at="2026-11-24T22:00:00Z")).answered


def test_the_newest_word_on_a_decision_counts_whatever_comes_first() -> None:
    first = seen("1", label="Billing", labelled_at="2026-11-25T11:00:00+00:00")
    second = seen("1", label="Technical", labelled_at="2026-11-25T12:00:00+00:00")
    for lines in ((first, second), (second, first)):
        assert [said.label for said in totals(*lines).labelled.values()] == ["Technical"]


def test_the_order_of_the_objects_makes_no_difference() -> None:
    rng = np.random.default_rng(7)
    # The same id has the same content wherever it comes, as in the log.
    lines = [seen(str(k), outcome="ab"[k % 2], ms=k * 0.37, review=k % 3 == 0) for k in range(300)]
    objects = [
        object_of("tickets", [], [lines[k] for k in rng.choice(300, 40, replace=False)]) for _ in range(30)
    ]
    made = []
    for _ in range(3):
        rng.shuffle(objects)
        each = Totals(DAY)
        for body in objects:
            each.add(body)
        made.append((each.answered, each.reviews, each.latency, each.newest))
    assert made[0] == made[1] == made[2]


def test_series_stay_few_whatever_is_decided() -> None:
    made = totals(
        *(seen(f"v{k}", version=f"v{k}") for k in range(50)),
        *(seen(f"o{k}", outcome=f"o{k}") for k in range(500)),
    )
    assert len({key.version for key in made.answered}) == MOST_VERSIONS + 1
    assert len({key.outcome for key in made.answered}) == MOST_OUTCOMES + 1
    assert sum(made.answered.values()) == 550
    assert any(key.outcome == OTHER for key in made.answered)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"text", object_of("t", [], [seen("1")])[:-20], object_of("t", [], [seen("1")])[:40] + b"x" * 80,
        object_of("t", [], [seen("1"), seen("2", at="yesterday")]),
    ],
    ids=["empty", "text", "cut", "overwritten", "no time"],  # gzip writes the time: no name of a test
)  # fmt: skip
def test_a_damaged_object_adds_nothing(body: bytes) -> None:
    made = Totals(DAY)
    with pytest.raises(Unreadable):
        made.add(body)
    assert not made.answered


def test_an_object_of_a_later_format_is_refused() -> None:
    with pytest.raises(Unreadable, match="format 2"):
        Totals(DAY).add(gzip.compress(b'{"service":"t","features":[],"format":2}\n'))


_number = count()


def said(outcome: str, label: str, version: str = "v1") -> Observation:
    own = f"{outcome}-{label}-{version}-{next(_number)}"
    return seen(own, outcome=outcome, label=label, labelled_at=AT, version=version)


def test_accuracy_where_labels_are_outcomes() -> None:
    made = totals(said("a", "a"), said("a", "b"), said("b", "b"), said("b", "b"), said("a", "b", "v2"))
    found = measured(made.labelled.values(), {})
    assert found["v1"].scores == {"accuracy": 0.75}
    assert found["v1"].labels == 4
    assert found["v2"].scores == {"accuracy": 0.0}


def test_precision_and_recall_where_labels_have_a_meaning() -> None:
    made = totals(
        *[said("approve", "legitimate") for _ in range(5)], said("approve", "fraud"),
        *[said("decline", "fraud") for _ in range(3)], said("decline", "legitimate"),
        *[said("review", "fraud") for _ in range(4)],
    )  # fmt: skip
    found = measured(made.labelled.values(), {"legitimate": "approve", "fraud": "decline"})["v1"]
    assert found.labels == 14
    assert found.scores == {"accuracy": 0.8, "precision": 0.75, "recall": 0.75}
    content = totals(said("allow", "ok"), said("remove", "toxicity,threat"), said("allow", "hate"))
    scores = measured(content.labelled.values(), {"ok": "allow", "*": "remove"})["v1"].scores
    assert scores == {"accuracy": pytest.approx(2 / 3), "precision": 1.0, "recall": 0.5}
    only_reviews = totals(said("review", "fraud"))
    assert measured(only_reviews.labelled.values(), {"fraud": "decline"})["v1"] == (1, {})


def test_the_plain_numbers_of_a_manifest_are_its_test_scores() -> None:
    metrics = {"accuracy": 0.9, "heads": {"x": 1}, "note": "a", "flag": True, "bad": float("nan"), "rows": 5}
    assert on_test_split(metrics) == {"accuracy": 0.9, "rows": 5.0}
    assert len(on_test_split({f"m{k}": k for k in range(99)})) == 20

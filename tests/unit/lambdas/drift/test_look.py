"""One look: what alarms after how many windows, what is left out, and what customers are not."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from lambdas.core.errors import BundleError
from lambdas.drift.bins import of_distribution, of_shares
from lambdas.drift.limits import Limits
from lambdas.drift.look import Bundle, Span, look
from lambdas.drift.page import page
from lambdas.drift.plots import scores
from lambdas.drift.reference import decode_reference
from lambdas.drift.report import Finding, Report, State
from lambdas.observations.window import Window
from model_build.distribution import distribution
from tests.support.observations import column_of, window
from tests.unit.lambdas.drift.worlds import World

pytestmark = pytest.mark.unit

WORLD = World(21, features=6, customers=5_000)
BUNDLE = WORLD.bundle()
NONE = WORLD.window(0, 5).where(np.zeros(5, np.bool_))


def after(changes: list[Window], bundle: Bundle = BUNDLE, start: int = 8) -> list[Report]:
    """The reports on `changes`, after `start` windows in which nothing changes."""
    state, found = State(bundle.version, "", ""), []
    for number, each in enumerate([*(WORLD.window(k, 500) for k in range(start)), *changes]):
        report, state = look(each, NONE, bundle, Limits(), state, Span(str(number), str(number + 1)))
        found.append(report)
    return found[start:]


def finding(report: Report, name: str) -> Finding:
    return next(each for each in report.findings if each.name == name)


def moved(number: int, by: float, n: int = 500) -> Window:
    found = WORLD.window(number, n)
    features = found.features.copy()
    features[:, 0] += by
    return replace(found, features=features)


def test_a_shift_alarms_in_its_third_window() -> None:
    reports = after([moved(100 + k, 0.8) for k in range(4)])
    assert [r.alarm for r in reports] == [False, False, True, True]
    assert [r.started for r in reports] == [False, False, True, False]
    assert [finding(reports[2], "normal0").in_a_row, finding(reports[2], "normal0").verdict] == [3, "alarm"]
    assert finding(reports[2], "normal0").moved == pytest.approx(0.8, abs=0.15)


def test_a_shift_too_small_for_a_day_is_seen_in_a_week() -> None:
    changed = []
    for number in range(100, 114):
        found = WORLD.window(number, 160)
        words = [found.outcome.words[code] for code in found.outcome.codes]
        for k in np.random.default_rng(number).permutation(160)[:8]:
            words[k] = "other"
        changed.append(replace(found, outcome=column_of(words)))
    reports = after(changed)
    alarmed = [k for k, r in enumerate(reports) if r.alarm]
    assert alarmed and finding(reports[alarmed[0]], "outcome").recent


def test_what_is_a_little_unlike_training_from_the_first_week_on_is_no_drift_later() -> None:
    """On the edge of what is drift it would alarm by turns. From the second week on a real change is held
    against its own past."""
    state, found = State("v1", "", ""), []
    for number in range(60):
        report, state = look(moved(number, 0.42), NONE, BUNDLE, Limits(), state, Span(str(number), ""))
        found.append(report)
    assert not any(report.alarm for report in found), "nothing changes"
    assert all(report.unlike == [] for report in found), "and it is too little for a mail"
    assert finding(found[5], "normal0").against == "training"
    assert finding(found[7], "normal0").against == "own past" and finding(found[7], "normal0").unlike_training
    for number in range(3):
        report, state = look(moved(70 + number, 1.2), NONE, BUNDLE, Limits(), state, Span(str(number), ""))
    assert finding(report, "normal0").verdict == "alarm"


def test_one_customer_who_sends_half_of_everything_is_no_drift() -> None:
    busy = []
    for k in range(4):
        found = WORLD.window(200 + k, 1_000)
        features, entity = found.features.copy(), found.entity.copy()
        features[:500], entity[:500] = features[0], entity[0]
        busy.append(replace(found, features=features, entity=entity))
    assert not any(r.off() for r in after(busy))
    strangers = [replace(each, entity=np.zeros(1_000, np.uint64)) for each in busy]
    assert after(strangers)[2].alarm, "the same rows of a thousand customers are"


def test_outcomes_for_people_and_confidences_are_watched() -> None:
    changed = []
    for k in range(3):
        found = WORLD.window(300 + k, 500)
        changed.append(replace(found, outcome=column_of(["praise"] * 250 + [found.outcome.words[0]] * 250)))
    assert finding(after(changed)[2], "outcome").verdict == "alarm"
    unsure = [replace(WORLD.window(310 + k, 500), confidence=np.full(500, 0.5)) for k in range(3)]
    assert finding(after(unsure)[2], "confidence").verdict == "alarm"


def test_a_value_that_training_never_saw_is_a_bin_of_its_own() -> None:
    bins = of_distribution(distribution(np.array([0.0, 1.0, 1.0, np.nan])), 4)
    assert bins is not None and bins.names == ("0", "1", "other", "missing")
    assert bins.codes(np.array([0, 1, 0.5, np.nan, 7], np.float32)).tolist() == [0, 1, 2, 3, 2]
    words = of_shares({"en": 3.0, "": 1.0}, 4)
    assert words.word_codes(column_of(["en", None, "de"])).tolist() == [0, 2, 1]
    assert words.shares.tolist() == [0.75, 0.0, 0.25]


def test_bins_hold_what_training_counted_into_them() -> None:
    numbers = np.random.default_rng(0).lognormal(size=3_000).astype(np.float32)
    told = distribution(numbers)
    bins = of_distribution(told, 3_000)
    assert bins is not None
    assert (
        np.bincount(bins.codes(numbers), minlength=len(bins.names)).tolist()[: len(told.counts)]
        == told.counts
    )


def test_too_few_decisions_give_no_verdict_and_move_nothing() -> None:
    state = State("v1", "then", "then")
    report, same = look(WORLD.window(1, 40), NONE, BUNDLE, Limits(), state, Span("a", "b"))
    assert not report.enough and same is state
    assert {each.verdict for each in report.findings} == {"too few"}
    assert "Too few decisions" in page(report)


def test_a_calendar_and_an_unknown_feature_are_left_out_and_said() -> None:
    reference = msgspec.structs.replace(BUNDLE.reference, calendar=["flag0"])
    found = WORLD.window(1, 500)
    found = replace(found, names=("brand_new", *found.names[1:]))
    state = State("v1", "", "")
    report, _ = look(found, NONE, replace(BUNDLE, reference=reference), Limits(), state, Span("a", "b"))
    assert set(report.skipped) == {"brand_new", "flag0"}
    assert "calendar" in page(report)


def test_what_training_knows_to_move_is_compared_with_its_own_past() -> None:
    bundle = replace(BUNDLE, reference=msgspec.structs.replace(BUNDLE.reference, moving=["normal0"]))
    state = State("v1", "", "")
    for number in range(9):
        found = moved(number, 1.5 + 0.01 * number)
        report, state = look(found, NONE, bundle, Limits(), state, Span(str(number), ""))
        assert not report.off() and report.unlike == []
        assert finding(report, "normal0").verdict == ("learning" if number == 0 else "fine")
    for number in range(3):
        report, state = look(moved(50 + number, 0.5), NONE, bundle, Limits(), state, Span(str(number), ""))
    assert finding(report, "normal0").verdict == "alarm" and finding(report, "normal0").against == "own past"


def test_a_bundle_from_before_decisions_were_in_the_reference() -> None:
    old = replace(BUNDLE, reference=msgspec.structs.replace(BUNDLE.reference, decisions=None))
    state = State("v1", "", "")
    for number in range(6):
        report, state = look(WORLD.window(number, 500), NONE, old, Limits(), state, Span(str(number), ""))
    assert finding(report, "outcome").against == "own past" and not report.off()
    changed = replace(WORLD.window(9, 500), outcome=column_of(["other"] * 500))
    for number in range(3):
        report, state = look(changed, NONE, old, Limits(), state, Span(str(number), ""))
    assert finding(report, "outcome").verdict == "alarm"


def test_labels_say_what_is_wrong_by_the_outcome_that_they_stand_for() -> None:
    bundle = replace(BUNDLE, label_outcomes={"ok": "allow", "*": "remove"})
    found = window(
        4, outcome=["allow", "remove", "review", "allow"], label=["toxicity,threat", "violence", "ok", None]
    )
    assert bundle.claims(found).tolist() == [True, True, False, True]
    assert bundle.wrong(found).tolist() == [True, False, True, False]
    plain = window(3, outcome=["a", "b", "a"], label=["a", "a", None])
    assert BUNDLE.claims(plain).all() and BUNDLE.wrong(plain).tolist() == [False, True, False]


def test_the_page_needs_nothing_from_elsewhere_and_escapes_what_it_is_told() -> None:
    report = after([moved(400, 0.8)])[0]
    hostile = msgspec.structs.replace(report.findings[0], name="<script>alert(1)</script>")
    html = page(msgspec.structs.replace(report, findings=[hostile, *report.findings[1:]]))
    assert "<script>" not in html and "&lt;script&gt;" in html
    assert "http" not in html.replace("http-equiv", "") and html.count("<svg") >= 5
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report


def test_a_long_name_is_short_beside_its_bar_and_whole_when_pointed_at() -> None:
    report = after([moved(400, 0.8)], start=3)[0]
    name = "a & " + "very_long_name_of_a_feature_" * 2
    long = msgspec.structs.replace(report.findings[0], name=name)
    drawn = scores([long, *report.findings[1:]])
    assert f"{name[:27]}…".replace("&", "&amp;") + f"<title>{name}</title>".replace("&", "&amp;") in drawn
    assert ">outcome</text>" in drawn


def test_a_reference_that_is_none_says_so() -> None:
    with pytest.raises(BundleError, match="cannot be read"):
        decode_reference(b"{}", "v1")
    with pytest.raises(BundleError, match="format 9"):
        decode_reference(b'{"format": 9, "rows": 0, "features": {}}', "v1")

"""The A/B report finds what is there, and no more."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import msgspec
import numpy as np
import pytest
from scipy import stats

from lambdas.observations.columns import column_of
from lambdas.observations.window import Window
from lambdas.rollout.ab import report
from lambdas.rollout.ab_effects import (
    Effect,
    Metric,
    Rows,
    cost_values,
    discoveries,
    effect_of,
    p_valid,
    raw_effect,
)
from lambdas.rollout.ab_page import page, sentence
from lambdas.rollout.ab_plots import Bar, Point, forest, running
from lambdas.rollout.ab_types import NothingToCompare, Period, Report
from lambdas.rollout.sequential import radius
from tests.support.observations import window
from tests.unit.lambdas.rollout.test_judge import world

pytestmark = pytest.mark.unit


def rows_of(b: np.ndarray, slices: np.ndarray | None = None, entity: np.ndarray | None = None) -> Rows:
    n = len(b)
    return Rows(
        b, np.zeros(n, np.intp) if slices is None else slices, np.arange(n) if entity is None else entity
    )


def segmented(made: Window, seed: int = 1) -> Window:
    rng = np.random.default_rng(seed)
    words = {"language": ["en", "es", "fr"], "channel": ["chat", "email"]}
    columns = {
        name: column_of([str(each) for each in rng.choice(values, len(made))])
        for name, values in words.items()
    }
    return replace(made, segments=columns)


def whole(made: Window, share: float = 0.5) -> list[Period]:
    return [Period(float(made.at.min()), float(made.at.max()) + 1, share, "r1")]


def find(effects: list[Effect], metric: str, about: str = "") -> Effect:
    return next(each for each in effects if (each.metric, each.about) == (metric, about))


# ---- effects ----------------------------------------------------------------------------------


def test_with_one_slice_and_no_repeated_entity_it_is_welchs_test() -> None:
    rng = np.random.default_rng(1)
    value, b = rng.normal(0, 1, 4000), rng.random(4000) < 0.3
    value += 0.1 * b
    found = effect_of(Metric("confidence", value, 0.03), rows_of(b))
    welch = stats.ttest_ind(value[b], value[~b], equal_var=False)
    assert found.effect == pytest.approx(value[b].mean() - value[~b].mean(), rel=1e-5)
    assert found.p_classic == pytest.approx(welch.pvalue, rel=0.03)
    low, high = welch.confidence_interval()
    assert (found.classic_low, found.classic_high) == pytest.approx((low, high), rel=0.02)
    assert found.valid_low < found.classic_low < found.classic_high < found.valid_high


def test_a_share_that_grows_while_the_traffic_changes_makes_no_effect() -> None:
    """Simpson's paradox: B has most of the traffic just when everything goes to people."""
    rng = np.random.default_rng(2)
    slices = np.repeat([0, 1], 5000)
    b = rng.random(10_000) < np.where(slices == 0, 0.01, 0.5)
    value = (rng.random(10_000) < np.where(slices == 0, 0.1, 0.4)).astype(float)
    metric = Metric("review", value, 0.03, share=True)
    pooled, within = (effect_of(metric, rows_of(b, each)) for each in (None, slices))
    assert pooled.effect > 0.1
    assert within.effect == pytest.approx(0.0, abs=0.03)


def test_entities_that_changed_sides_are_one_draw_each() -> None:
    """The variance is that of many repetitions, where each entity is in both slices with another version."""
    rng = np.random.default_rng(3)
    values, variances = [], []
    for _ in range(400):
        entity = np.tile(np.arange(100), 2)
        slices = np.repeat([0, 1], 100)
        b = (np.arange(200) + slices) % 2 == 1
        value = rng.normal(0, 1, 100)[entity] + rng.normal(0, 0.3, 200)
        raw = raw_effect(Metric("confidence", value, 0.03), rows_of(b, slices, entity))
        values.append(raw.b - raw.a)
        variances.append(raw.variance)
    assert np.mean(variances) == pytest.approx(np.var(values), rel=0.2)


def test_slices_with_one_version_only_do_not_count() -> None:
    b = np.array([True, False, True, True])
    found = effect_of(Metric("review", np.array([1.0, 0, 1, 1]), 0.03), rows_of(b, np.array([0, 0, 1, 1])))
    assert (found.n_a, found.n_b) == (1, 1)


def test_nothing_known_is_nothing_said() -> None:
    found = effect_of(Metric("latency", np.full(10, np.nan), 0.1), rows_of(np.arange(10) < 5))
    assert found.effect is None
    assert found.p_valid is None


def test_p_is_the_level_at_which_the_interval_leaves_0_out() -> None:
    variance, tuned, value = 0.0004, 900.0, 0.09
    p = p_valid(value / variance**0.5, 1 / (variance * tuned))
    assert radius(np.asarray(variance), alpha=p, tuned=tuned, sides=2) == pytest.approx(value, rel=1e-6)


def test_false_discoveries_are_held_down() -> None:
    made = [Effect(metric="review", p_valid=p) for p in (0.001, 0.012, 0.9, 0.014, 0.3, None)]
    expected = stats.false_discovery_control([0.001, 0.012, 0.9, 0.014, 0.3]) <= 0.05
    assert [each.found for each in discoveries(made)] == [*expected, False]
    assert not any(each.found for each in discoveries([Effect(metric="review")]))


def test_costs_are_weighed_by_stratum() -> None:
    rng = np.random.default_rng(4)
    n = 20_000
    stratum = rng.integers(0, 2, n)
    wrong = (rng.random(n) < np.where(stratum == 0, 0.4, 0.05)).astype(float)
    cost = np.where(rng.random(n) < np.where(stratum == 0, 0.5, 0.05), wrong, np.nan)
    found = cost_values(np.zeros(n, bool), 0.2, stratum, cost, 2)
    assert found is not None
    assert found.mean() == pytest.approx(wrong.mean(), abs=0.02)
    assert cost_values(np.zeros(n, bool), 0.2, stratum, np.full(n, np.nan), 2) is None


# ---- the report -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def worse() -> Report:
    made = segmented(world(30_000, share=0.3, wrong=0.2, slower=1.2, review=0.15))
    return report(made, "v1", "v2", periods=whole(made, 0.3))


def test_it_finds_what_is_there(worse: Report) -> None:
    assert {each.metric for each in worse.effects if each.found} == {"latency", "cost"}
    assert find(worse.effects, "latency").effect == pytest.approx(0.2, abs=0.03)
    assert find(worse.effects, "cost").effect == pytest.approx(0.085, abs=0.02)
    assert find(worse.paired, "cost").effect == pytest.approx(0.085, abs=0.04)
    assert worse.a.wrong_acted / worse.a.labelled_acted == pytest.approx(0.1, abs=0.02)


def test_it_says_how_entities_fell(worse: Report) -> None:
    assert worse.assignment.state == "fine"
    assert worse.assignment.expected_b == pytest.approx(0.3 * worse.assignment.entities)
    assert worse.assignment.p_classic > 0.001


def test_every_segment_has_its_effects(worse: Report) -> None:
    assert {(each.name, each.value) for each in worse.segments} == {
        ("language", "en"),
        ("language", "es"),
        ("language", "fr"),
        ("channel", "chat"),
        ("channel", "email"),
    }
    assert all(find(each.effects, "latency").found for each in worse.segments)


def test_the_running_effects_end_where_the_report_is(worse: Report) -> None:
    last = worse.running[-1].effects
    assert find(last, "cost").effect == pytest.approx(find(worse.effects, "cost").effect)
    first = find(worse.running[3].effects, "cost")
    assert first.valid_high - first.valid_low > 0.08


def test_the_same_model_has_no_effect() -> None:
    made = segmented(world(30_000, seed=9))
    found = report(made, "v1", "v2", periods=whole(made))
    assert not any(each.found for each in found.effects)
    assert not any(each.found for part in found.segments for each in part.effects)
    assert "No effect is surely there yet" in page(found)


def test_a_broken_split_is_said_and_nothing_else_in_short() -> None:
    made = world(8000, share=0.4, slower=2.0)
    found = report(made, "v1", "v2", periods=whole(made, 0.5))
    assert found.assignment.state == "broken"
    assert "no other figure can be trusted" in found.assignment.sentence
    assert "Surely there" not in page(found)


def test_an_entity_that_came_before_does_not_count_again_for_the_split() -> None:
    """In the second step the entities of the first are there again, with the challenger they already had."""
    rng = np.random.default_rng(5)
    place = rng.random(4000)
    first, second = rng.integers(0, 2000, 4000), rng.integers(0, 4000, 8000)
    entity = np.concatenate([first, second])
    new = place[entity] < np.where(np.arange(12_000) < 4000, 0.1, 0.5)
    word = ["challenger" if each else "champion" for each in new]
    made = window(
        12_000,
        entity=entity + 1,
        assigned=word,
        variant=word,
        version=["v2" if each else "v1" for each in new],
    )
    start = float(made.at[0])
    steps = [Period(start, start + 4000, 0.1, "r"), Period(start + 4000, start + 12_000, 0.5, "r")]
    found = report(made, "v1", "v2", periods=steps)
    assert found.assignment.state == "fine"
    assert found.assignment.p_classic > 0.001
    assert found.assignment.both > 100
    assert found.slices == 2


def test_without_a_rollouts_record_the_common_time_is_cut() -> None:
    found = report(world(8000), "v1", "v2")
    assert found.assignment.state == "unknown"
    assert found.assignment.evidence is None
    assert found.slices == 24
    assert any("No record of a rollout" in note for note in found.notes)


def test_in_shadow_only_the_pairs_are_there() -> None:
    made = world(8000, shadow=True, wrong=0.2)
    found = report(made, "v1", "v2")
    assert found.b.decisions == 0
    assert found.pairs == 8000
    assert find(found.paired, "disagreement").effect > 0.2
    assert "Asked the same" in page(found)


@pytest.mark.parametrize(
    ("made", "a", "b", "said"),
    [
        (window(0), "v1", "v2", "nothing was observed of tickets"),
        (window(10), "v1", "v1", "both A and B"),
        (window(10), "v1", "v9", r"no decision of version v9 in this time. Seen: v1 \(10\)"),
        (window(10, version=["v1"] * 5 + ["v2"] * 5), "v1", "v2", "never live at the same time"),
    ],
)
def test_what_cannot_be_compared_says_why(made: Window, a: str, b: str, said: str) -> None:
    with pytest.raises(NothingToCompare, match=said):
        report(made, a, b)


def test_few_decisions_are_no_error() -> None:
    made = window(6, version=["v1", "v2"] * 3, assigned=["champion", "challenger"] * 3)
    found = report(made, "v1", "v2")
    assert all(each.p_valid is None for each in found.effects)
    assert any("Under 50 entities" in note for note in found.notes)
    assert "too little to say" not in sentence(find(found.effects, "review"))
    assert page(found)


def test_it_is_kept_as_json(worse: Report) -> None:
    assert msgspec.json.decode(msgspec.json.encode(worse), type=Report) == worse


# ---- the page ---------------------------------------------------------------------------------


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_the_page_needs_nothing_else(worse: Report) -> None:
    tags = Tags()
    tags.feed(page(worse))
    assert {tag for tag, _ in tags.seen} & {"script", "link", "img", "iframe"} == set()
    assert not [attrs for _, attrs in tags.seen if "src" in attrs or "href" in attrs]
    assert sum(tag == "svg" for tag, _ in tags.seen) == 6


def test_the_page_says_the_figures(worse: Report) -> None:
    shown = page(worse)
    assert sentence(find(worse.effects, "cost")) in shown
    assert "language es" in shown


def test_what_callers_send_is_no_markup() -> None:
    made = replace(world(4000), segments={"language": column_of(["<script>alert(1)</script>"] * 4000)})
    assert "<script>" not in page(report(made, "v1", "v2"))


def test_a_plot_without_figures_is_no_error() -> None:
    assert "svg" in forest([Bar("review", "", None, None, None)], unit="x")
    assert running([Point(0.0, 0.0, None, None)], title="x", percent=True) == ""


def test_a_single_point_in_time_is_a_dot_and_is_said(worse: Report) -> None:
    day = 86_400.0
    first, second = (Point(at, 0.1, (-0.2, 0.4), (0.0, 0.2)) for at in (day, 2 * day))
    alone, line = (running(points, title="x", percent=True) for points in ([first], [first, second]))
    assert alone.count("<circle") == 1 and "<poly" not in alone and alone.count("02 Jan 00:00") == 1
    assert "<circle" not in line and "<polygon" in line
    one = msgspec.structs.replace(worse, running=worse.running[-1:])
    assert "one point in time so far" in page(one)
    assert "one point in time so far" not in page(worse)

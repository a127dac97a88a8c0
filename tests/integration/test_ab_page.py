"""The A/B page in a real browser: it is whole, asks nobody for anything, and fits a narrow window."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from lambdas.rollout.ab import report
from lambdas.rollout.ab_page import page
from lambdas.rollout.ab_types import Period
from tests.support.browser import browser, cut_off, fits
from tests.unit.lambdas.rollout.test_ab import segmented
from tests.unit.lambdas.rollout.test_judge import world

pytestmark = pytest.mark.integration


def test_the_page_is_whole_and_alone(tmp_path: Path) -> None:
    made = segmented(world(8000, share=0.5, slower=1.3))
    period = Period(float(made.at.min()), float(made.at.max()) + 1, 0.5)
    path = tmp_path / "ab.html"
    path.write_text(page(report(made, "v1", "v2", periods=[period])), encoding="utf-8")
    asked: list[str] = []
    wrong: list[str] = []
    with browser() as started:
        shown = started.new_page(viewport={"width": 480, "height": 800})
        shown.on("request", lambda request: asked.append(request.url))
        shown.on("console", lambda message: wrong.append(message.text))
        shown.on("pageerror", lambda error: wrong.append(str(error)))
        shown.goto(path.as_uri())
        assert shown.evaluate("document.documentElement.scrollWidth") <= 480
        plots = shown.locator("svg").all()
        boxes = [plot.bounding_box() for plot in plots]
        cut = cut_off(shown)
    assert asked == [path.as_uri()]
    assert wrong == []
    assert len(plots) == 6
    assert all(box and box["width"] > 300 and box["height"] > 50 for box in boxes)
    assert cut == []


def test_with_a_single_point_in_time_nothing_lies_on_anything_else(tmp_path: Path) -> None:
    made = segmented(world(3000, share=0.5, slower=1.3))
    found = report(made, "v1", "v2", periods=[Period(float(made.at.min()), float(made.at.max()) + 1, 0.5)])
    path = tmp_path / "ab.html"
    path.write_text(page(msgspec.structs.replace(found, running=found.running[-1:])), encoding="utf-8")
    with browser() as started:
        for width in (1280, 390):
            shown = fits(started, path, width)
            dots = shown.locator(".some svg circle")
            assert dots.count() == shown.locator(".some svg").count() > 0
            tables = shown.locator("div.wide").evaluate_all(
                "all => all.map(e => [e.scrollWidth, e.clientWidth])"
            )
            assert width < 1280 or all(whole <= seen for whole, seen in tables), "no column is cut off"

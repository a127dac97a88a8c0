"""Posts in the console: covered until asked for, and covered again; several labels in one verdict."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.console.conftest import ANA
from tests.e2e.console.person import Console, Queue

HIDE_TAB = """hidden => {
    Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def post(queue: Queue, ana: Console) -> str:
    """A grave post, claimed by Ana and on her page."""
    found = queue.waiting(queue.log.post())
    ana.claim(found)
    return found


class TestCovers:
    """Given a post whose worst policy is severe."""

    def test_nothing_is_fetched_or_readable_before_it_is_asked_for(self, ana: Console, post: str) -> None:
        asked: list[str] = []
        ana.page.on("request", lambda request: asked.append(request.url))
        expect(ana.page.locator(".covered:not(.open)")).to_have_count(5)
        assert ana.page.locator(".media-image[src], audio[src]").count() == 0
        inside = ana.page.locator(".covered .prose").first
        assert inside.evaluate("each => each.closest('[inert][aria-hidden=true]') !== null")
        assert "regret" not in ana.page.locator("#app").aria_snapshot()
        assert "blur" in inside.evaluate("each => getComputedStyle(each.parentElement).filter")
        expect(ana.page.locator(".cover").first).to_contain_text("May hold: Threat 78 %, Toxicity 55 %")
        assert not [url for url in asked if "/kept/" in url]

    def test_each_piece_is_shown_by_itself_the_picture_without_colour(self, ana: Console, post: str) -> None:
        page = ana.page
        page.get_by_role("button", name="Show the picture").click()
        image = page.get_by_alt_text("The picture under review")
        expect(image).to_be_visible()
        page.wait_for_function("document.querySelector('.media-image').naturalWidth === 640")
        assert image.evaluate("each => getComputedStyle(each).filter") == "grayscale(1)"
        expect(page.locator(".covered:not(.open)")).to_have_count(4)
        page.get_by_role("button", name="Colour", exact=True).click()
        assert image.evaluate("each => getComputedStyle(each).filter") == "none"

    def test_what_mattered_in_the_picture_is_asked_of_the_model(self, ana: Console, post: str) -> None:
        if not ana.page.locator(".chip input").count():
            pytest.skip("no content model is live, so none can be asked")
        ana.page.get_by_role("button", name="Show the picture").click()
        ana.press("h")
        expect(ana.page.locator("figcaption")).to_contain_text("Red is where", timeout=60_000)
        ana.page.wait_for_function("document.querySelector('.media-heat').naturalWidth > 0")

    def test_the_transcript_seeks_the_sound(self, ana: Console, post: str) -> None:
        page = ana.page
        page.get_by_role("button", name="Show the sound").click()
        page.get_by_role("button", name="Play from 0:02").click()
        page.wait_for_function("document.querySelector('audio').currentTime >= 2")
        expect(page.locator(".transcript .now")).to_contain_text("at your door")
        assert page.evaluate("document.querySelector('audio').volume") < 0.5
        page.get_by_role("button", name="Hide the sound").click()
        assert page.evaluate("document.querySelector('audio').paused")

    def test_the_key_shows_one_after_the_other_and_then_covers_all(self, ana: Console, post: str) -> None:
        for left in (4, 3, 2, 1, 0):
            ana.press("v")
            expect(ana.page.locator(".covered:not(.open)")).to_have_count(left)
        ana.press("v")
        expect(ana.page.locator(".covered:not(.open)")).to_have_count(5)

    @pytest.mark.parametrize("leave", ["another tab", "a reload", "the queue"])
    def test_nothing_is_remembered(self, ana: Console, post: str, leave: str) -> None:
        page = ana.page
        ana.press("v", "v")
        expect(page.locator(".covered.open")).to_have_count(2)
        if leave == "another tab":
            page.evaluate(HIDE_TAB, True)
            page.evaluate(HIDE_TAB, False)
        elif leave == "a reload":
            page.reload()
        else:
            page.evaluate("document.querySelector('.back').click()")
            ana.press("n")
        expect(page.locator(".covered:not(.open)")).to_have_count(5)
        assert page.evaluate("JSON.stringify(localStorage)") in {"{}", '{"triage.keys":"on"}'}


class TestVerdicts:
    """Given a post that is claimed."""

    def test_several_labels_go_together_and_ok_stands_alone(
        self, queue: Queue, ana: Console, post: str
    ) -> None:
        if not ana.page.locator(".chip input").count():
            pytest.skip("no content model is live, so any word will do")
        ana.press("1")
        assert ana.chosen() == ["ok"]
        ana.press("3", "2")
        assert ana.chosen() == ["toxicity", "threat"]
        ana.press("1")
        assert ana.chosen() == ["ok"]
        ana.press("2", "3", "Enter")
        queue.reaches(post, "settled")
        assert queue.label(post) == ("toxicity,threat", ANA)

    def test_the_bars_say_which_line_a_policy_is_over(self, ana: Console, post: str) -> None:
        gauges = ana.page.locator(".gauge")
        expect(gauges).to_have_count(4)
        expect(gauges.first).to_contain_text("over the review line")
        expect(gauges.last).to_contain_text("below both lines")

"""The console for everybody: by keys alone, on a phone, in the dark, for those who listen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from local.stack import Stack
from tests.e2e.console.conftest import BEN
from tests.e2e.console.person import Console, Queue

# The contrast of every text that is seen with what lies behind it (WCAG 2, success criterion 1.4.3).
CONTRAST = """() => {
    const context = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const rgba = (colour) => {
        context.clearRect(0, 0, 1, 1);
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = (top, under) => top.slice(0, 3).map((value, k) => value * top[3] + under[k] * (1 - top[3]));
    const light = (colour) => {
        const part = (value) => (value <= 10.31 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4);
        return 0.2126 * part(colour[0]) + 0.7152 * part(colour[1]) + 0.0722 * part(colour[2]);
    };
    const behind = (element) => {
        const layers = [];
        for (let each = element; each; each = each.parentElement) {
            layers.push(rgba(getComputedStyle(each).backgroundColor));
        }
        return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
    };
    const poor = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        const text = walker.currentNode.textContent.trim();
        if (!text || !element.checkVisibility({visibilityProperty: true})) continue;
        if (element.closest("[inert], .unseen, option, noscript, :disabled")) continue;
        const style = getComputedStyle(element);
        const ground = behind(element);
        const [a, b] = [light(over(rgba(style.color), ground)), light(ground)].sort((x, y) => y - x);
        const size = parseFloat(style.fontSize);
        const need = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
        const found = (a + 0.05) / (b + 0.05);
        if (found < need) poor.push(`${text.slice(0, 30)}: ${found.toFixed(2)}`);
    }
    return poor;
}"""

NAMELESS = """() => {
    const name = (each) => each.getAttribute("aria-label") || each.labels?.[0]?.textContent || each.innerText;
    return [...document.querySelectorAll("button, input, select, textarea, img, audio, [role=timer]")]
        .filter((each) => each.checkVisibility() && !each.closest("[inert]"))
        .filter((each) => (each.tagName === "IMG" ? !each.hasAttribute("alt") : !name(each)))
        .map((each) => each.outerHTML.slice(0, 120));
}"""


def wider_than_the_screen(page: Page) -> int:
    found: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_and_every_control_has_a_name(
    queue: Queue, browser: Browser, stack: Stack, scheme: str
) -> None:
    console = Console(browser, stack, color_scheme=scheme, reduced_motion="reduce").sign_in(BEN)
    for found in (queue.log.ticket(), queue.log.transaction(), queue.log.post()):
        console.claim(queue.waiting(found))
        console.press("1")
        assert console.page.evaluate(CONTRAST) == []
        assert console.page.evaluate(NAMELESS) == []
    console.press("k")
    expect(console.page.get_by_role("heading", name="Quality")).to_be_visible()
    assert console.page.evaluate(CONTRAST) == []
    console.leave()


class TestOnAPhone:
    """Given a screen of 390 by 844."""

    @pytest.fixture
    def phone(self, queue: Queue, browser: Browser, stack: Stack) -> Iterator[Console]:
        size = {"width": 390, "height": 844}
        console = Console(browser, stack, viewport=size, has_touch=True, is_mobile=True)
        yield console.sign_in(BEN)
        console.leave()

    def test_queue_and_item_take_turns_and_nothing_is_cut_off(self, queue: Queue, phone: Console) -> None:
        page = phone.page
        for found in (queue.log.post(), queue.log.transaction(), queue.log.ticket()):
            assert wider_than_the_screen(page) == 0
            phone.claim(queue.waiting(found))
            expect(page.locator(".queue")).not_to_be_visible()
            expect(page.get_by_role("button", name="Send the verdict")).to_be_in_viewport()
            assert wider_than_the_screen(page) == 0
            page.get_by_role("button", name="Put back").tap()
            expect(page.locator(".queue")).to_be_visible()

    def test_back_keeps_the_item(self, queue: Queue, phone: Console) -> None:
        ticket = queue.waiting(queue.log.ticket())
        phone.claim(ticket)
        phone.page.get_by_role("button", name="Back to the queue").tap()
        expect(phone.page.locator(".queue")).to_be_visible()
        assert queue.state(ticket) == "claimed"
        phone.page.get_by_role("button", name="Take the next item").tap()
        expect(phone.page.locator(".verdict")).to_be_visible()


class TestByKeys:
    """Given somebody without a mouse."""

    def test_the_legend_lists_the_keys_and_can_turn_them_off(self, ana: Console) -> None:
        ana.press("?")
        dialog = ana.page.get_by_role("dialog", name="Keyboard shortcuts")
        expect(dialog).to_contain_text("Take the next item")
        dialog.get_by_label("Single-key shortcuts are on").uncheck()
        ana.press("Escape")
        ana.press("k")
        expect(ana.page.locator(".quality")).not_to_be_visible()
        ana.press("?")
        dialog.get_by_label("Single-key shortcuts are on").check()
        ana.press("Escape")
        ana.press("k")
        expect(ana.page.locator(".quality")).to_be_visible()

    def test_letters_in_the_note_are_letters(self, queue: Queue, ana: Console) -> None:
        ticket = queue.waiting(queue.log.ticket())
        ana.claim(ticket)
        ana.press("m")
        ana.page.keyboard.type("sex 1 n")
        expect(ana.page.get_by_label("Note")).to_have_value("sex 1 n")
        assert ana.chosen() == []
        assert queue.state(ticket) == "claimed"

    def test_a_new_item_is_announced_by_its_heading_and_what_happens_by_a_live_region(
        self, queue: Queue, ana: Console
    ) -> None:
        ana.claim(queue.waiting(queue.log.ticket()))
        expect(ana.page.get_by_role("heading", name="Ticket")).to_be_focused()
        ana.press("1")
        expect(ana.page.locator("#polite")).to_contain_text("chosen")
        ana.press("s")
        expect(ana.page.locator("#polite")).to_contain_text("Press U to undo")

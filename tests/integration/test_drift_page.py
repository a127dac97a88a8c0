"""The drift page in a real browser: no label is cut off, and a legend's colour stays with its words."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from lambdas.drift.page import page
from tests.support.browser import browser, fits
from tests.unit.lambdas.drift.test_look import after, moved

pytestmark = pytest.mark.integration

LONG = "amount_deviation_from_what_this_card_usually_spends_30d"


def test_nothing_is_cut_off_however_long_the_names(tmp_path: Path) -> None:
    (found,) = after([moved(400, 0.8)], start=3)
    first = found.findings[0]
    bins = [f"a long name of what is counted here {number}" for number in range(len(first.bins))]
    named = msgspec.structs.replace(first, name=LONG, bins=bins)
    path = tmp_path / "drift.html"
    path.write_text(page(msgspec.structs.replace(found, findings=[named, *found.findings[1:]])), "utf-8")
    with browser() as started:
        for width in (1280, 390):
            shown = fits(started, path, width)
            assert shown.locator("svg text title", has_text=LONG).count() == 1
            heights = shown.locator(".keys > span").evaluate_all(
                "all => all.map(e => e.getClientRects().length)"
            )
            assert heights and set(heights) == {1}, "each key is on one line"

"""A real browser without a screen, for the tests of the console."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

SCRIPT = Path(__file__).resolve().parent.parent / "browser.sh"
NAMES = ("chromium", "chromium-browser", "google-chrome")

# As root, without a graphics card, and without the calls that a browser makes for itself.
_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


def executable() -> str:
    """The path of a Chromium, installed once where this is asked for; skips the test where there is none."""
    found = _found()
    if found is None and (os.environ.get("CI") == "true" or os.environ.get("TRIAGE_BROWSER_TEST") == "1"):
        with (Path(tempfile.gettempdir()) / "triage-browser.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _found() is None:
                subprocess.run(["bash", str(SCRIPT)], check=True)
        found = _found()
    if found is None:
        pytest.skip("there is no Chromium: install one, or set TRIAGE_BROWSER_TEST=1 on Debian as root")
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser of its own, with nothing in it."""
    path = executable()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, headless=True, args=list(_FLAGS))
        try:
            yield started
        finally:
            started.close()


def fits(started: Browser, path: Path, width: int) -> Page:
    """The page of a file, `width` pixels wide: no word of its pictures is cut off, nor the page itself."""
    shown = started.new_page(viewport={"width": width, "height": 800})
    shown.goto(path.as_uri())
    assert cut_off(shown) == []
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    return shown


def cut_off(shown: Page) -> list[str]:
    """The words in pictures of the page that are not wholly within their picture."""
    found: list[str] = shown.evaluate(
        "[...document.querySelectorAll('svg text')].filter(t => { const b = t.getBoundingClientRect(),"
        " s = t.ownerSVGElement.getBoundingClientRect(); return b.left < s.left - 1"
        " || b.right > s.right + 1 || b.bottom > s.bottom + 1; }).map(t => t.textContent)"
    )
    return found


def _found() -> str | None:
    return next((path for path in map(shutil.which, NAMES) if path), None)

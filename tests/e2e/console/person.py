"""The console as a person uses it: a page of a real browser on a deployed stack."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect

from local.stack import Stack
from tests.e2e.console.reviewing import Log

expect.set_options(timeout=20_000)
PASSWORD = "Correct-horse-battery-1"
UNDO_SECONDS = 5.0
"""As long as a verdict waits in `undo.js`."""


def eventually(condition: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
    """What `condition` gives once that is true; fails when it is not within `seconds`."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not happen in {seconds:.0f} s"
        pause.wait(0.1)
    return found


@dataclass(frozen=True)
class Queue:
    """The stack's queue, looked at from behind the page."""

    stack: Stack

    @property
    def log(self) -> Log:
        """Where decisions are written that wait for people."""
        return Log(
            self.stack.client("dynamodb"),
            self.stack.output("DecisionsTable"),
            self.stack.client("s3"),
            self.stack.output("UploadsBucket"),
        )

    def item(self, review_id: str) -> dict[str, Any] | None:
        """The item's attributes, if it is in the queue."""
        found = self.stack.client("dynamodb").get_item(
            TableName=self.stack.output("ReviewsTable"), Key={"id": {"S": review_id}}, ConsistentRead=True
        )
        return (
            {name: next(iter(value.values())) for name, value in found["Item"].items()}
            if "Item" in found
            else None
        )

    def waiting(self, review_id: str) -> str:
        """The id, once the item has come into the queue."""
        eventually(lambda: self.item(review_id), f"{review_id} in the queue")
        return review_id

    def state(self, review_id: str) -> str:
        """open, claimed or settled."""
        item = self.item(review_id)
        assert item is not None
        return str(item["state"])

    def reaches(self, review_id: str, state: str) -> None:
        """Wait until the item is in `state`."""
        eventually(lambda: self.state(review_id) == state, f"{review_id} to be {state}")

    def label(self, decision_id: str) -> tuple[str, str] | None:
        """The label on the decision, and by whom."""
        item = self.stack.client("dynamodb").get_item(
            TableName=self.stack.output("DecisionsTable"), Key={"id": {"S": decision_id}}, ConsistentRead=True
        )["Item"]
        return (item["label"]["S"], item["label_by"]["S"]) if "label" in item else None


class Console:
    """One person at one browser tab. What the browser complains about is in `complaints`."""

    def __init__(self, browser: Browser, stack: Stack, **context: Any) -> None:
        self.context: BrowserContext = browser.new_context(
            **{"viewport": {"width": 1360, "height": 860}, "locale": "en-GB", **context}
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.url = f"{stack.api.url}/console"
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("console", self._note)
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))

    def _note(self, message: Any) -> None:
        # An answer that is no success is in the console too, and is not the page's fault.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def sign_in(self, email: str, password: str = PASSWORD) -> Console:
        """Sign in and wait for the queue."""
        self.page.goto(self.url)
        self.give(email, password)
        expect(self.page.locator(".queue")).to_be_visible()
        return self

    def leave(self) -> None:
        """Sign out, which gives back what is held, and close the browser."""
        self.page.unroute_all()
        self.page.goto("about:blank")
        self.page.goto(self.url)
        out = self.page.get_by_role("button", name="Sign out")
        expect(out.or_(self.page.get_by_label("Email"))).to_be_visible()
        if out.is_visible():
            # What was held comes onto the desk again, if there was something.
            self.page.wait_for_load_state("networkidle")
            out.click()
            expect(self.page.get_by_label("Email")).to_be_visible()
        self.context.close()

    def give(self, email: str, password: str) -> None:
        """Fill in the first form and send it."""
        self.page.get_by_label("Email").fill(email)
        self.page.get_by_label("Password").fill(password)
        self.page.keyboard.press("Enter")

    def look(self, review_id: str) -> None:
        """Open the item by its address."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.url}#/item/{review_id}")
        expect(self.page.locator(".item")).to_be_visible()

    def claim(self, review_id: str) -> None:
        """Open the item and claim it."""
        self.look(review_id)
        self.page.get_by_role("button", name="Claim it").click()
        expect(self.page.locator(".verdict")).to_be_visible()

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def chosen(self) -> list[str]:
        """The labels that are chosen now."""
        found: list[str] = self.page.locator(".chip input:checked").evaluate_all(
            "all => all.map(each => each.value)"
        )
        return found

"""The console's fixtures: a browser, the queue with its accounts, and people who have signed in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from local.stack import Stack
from tests.e2e.console.person import PASSWORD, Console, Queue
from tests.e2e.console.reviewing import first_password, reviewer
from tests.support.browser import browser as real_browser

ANA, BEN, LEA, NEW = (f"{name}@example.com" for name in ("ana", "ben", "lea", "new"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with real_browser() as started:
        yield started


@pytest.fixture(scope="session")
def queue(stack: Stack) -> Queue:
    """The stack's queue, and the accounts of two reviewers, a lead and somebody new."""
    cognito, pool = stack.client("cognito-idp"), stack.output("ReviewerPoolId")
    for email, group in ((ANA, "reviewers"), (BEN, "reviewers"), (LEA, "leads")):
        reviewer(cognito, pool, email, PASSWORD, groups=(group,))
    first_password(cognito, pool, NEW, "Only-for-once-1", groups=("reviewers",))
    return Queue(stack)


@pytest.fixture
def new_console(browser: Browser, stack: Stack) -> Iterator[Console]:
    """A tab in which nobody has signed in."""
    console = Console(browser, stack)
    yield console
    console.context.close()


@pytest.fixture
def ana(queue: Queue, new_console: Console) -> Iterator[Console]:
    """Ana, signed in. The browser has nothing to complain about in the end."""
    yield new_console.sign_in(ANA)
    new_console.leave()
    assert new_console.complaints == []


@pytest.fixture
def ben(queue: Queue, browser: Browser, stack: Stack) -> Iterator[Console]:
    """Ben, signed in in a browser of his own."""
    console = Console(browser, stack)
    yield console.sign_in(BEN)
    console.leave()

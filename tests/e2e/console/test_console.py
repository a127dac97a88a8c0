"""The review console in a real browser, on the deployed stack: signing in, the queue, verdicts."""

from __future__ import annotations

from playwright.sync_api import Browser, Route, expect

from local.stack import Stack
from tests.e2e.console.conftest import ANA, BEN, LEA, NEW
from tests.e2e.console.person import PASSWORD, UNDO_SECONDS, Console, Queue, eventually
from tests.e2e.console.reviewing import HOSTILE


class TestSigningIn:
    """Given somebody without a session."""

    def test_the_page_is_under_a_strict_policy(self, queue: Queue, new_console: Console) -> None:
        answer = new_console.page.goto(new_console.url)
        assert answer is not None
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        expect(new_console.page.get_by_role("heading", name="Sign in to review")).to_be_visible()
        assert new_console.complaints == []

    def test_a_wrong_password_is_said_and_the_field_has_the_focus(
        self, queue: Queue, new_console: Console
    ) -> None:
        page = new_console.page
        page.goto(new_console.url)
        expect(page.get_by_label("Email")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert").filter(has_text="Email is empty.")).to_be_visible()
        new_console.give(ANA, "not-this-one-1")
        expect(page.get_by_role("alert").filter(has_text="Email or password is wrong.")).to_be_visible()
        expect(page.get_by_label("Password")).to_be_focused()

    def test_a_first_password_is_changed(self, queue: Queue, new_console: Console) -> None:
        page = new_console.page
        page.goto(new_console.url)
        new_console.give(NEW, "Only-for-once-1")
        first, again = page.get_by_label("New password"), page.get_by_label("The same again")
        first.fill(PASSWORD)
        again.fill("something-else-1A")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert").filter(has_text="The two are not the same.")).to_be_visible()
        again.fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator(".queue")).to_be_visible()

    def test_a_session_is_this_tabs_alone_and_ends_with_signing_out(self, ana: Console) -> None:
        ana.page.reload()
        expect(ana.page.locator(".queue")).to_be_visible()
        other = ana.context.new_page()
        other.goto(ana.url)
        expect(other.get_by_label("Email")).to_be_visible()
        ana.page.get_by_role("button", name="Sign out").click()
        expect(ana.page.get_by_label("Email")).to_be_visible()
        assert ana.page.evaluate("sessionStorage.length") == 0
        assert "token" not in ana.page.evaluate("JSON.stringify(localStorage)")

    def test_a_token_that_ends_is_renewed_unseen(self, ana: Console) -> None:
        with ana.page.expect_request(lambda request: request.url.endswith("reviewers:signIn")) as renewed:
            ana.page.evaluate(CHANGE_SESSION, {"until": 0})
            ana.press("l")
        assert "refresh_token" in (renewed.value.post_data or "")
        expect(ana.page.locator(".count")).to_contain_text("waiting")

    def test_a_session_that_cannot_be_renewed_leads_to_signing_in(self, ana: Console) -> None:
        ana.page.evaluate(CHANGE_SESSION, {"until": 0, "refresh": "nonsense"})
        ana.press("l")
        expect(ana.page.get_by_text("Your sign-in has ended.")).to_be_visible()


CHANGE_SESSION = """changes => sessionStorage.setItem("triage.session",
    JSON.stringify({...JSON.parse(sessionStorage.getItem("triage.session")), ...changes}))"""


class TestVerdicts:
    """Given a ticket that waits."""

    def test_a_verdict_by_keys_can_be_undone_and_is_sent_when_it_is_not(
        self, queue: Queue, ana: Console
    ) -> None:
        ticket = queue.waiting(queue.log.ticket())
        ana.claim(ticket)
        assert queue.state(ticket) == "claimed"
        ana.press("Enter")
        expect(ana.page.get_by_text("Choose what it is first.")).to_be_visible()
        ana.press("2")
        (label,) = ana.chosen()
        ana.press("m")
        ana.page.keyboard.type("they say so")
        ana.press("Control+Enter")
        expect(ana.page.locator(".toast")).to_contain_text("Verdict: ")
        ana.press("u")
        assert ana.chosen() == [label]
        expect(ana.page.get_by_label("Note")).to_have_value("they say so")
        ana.page.wait_for_timeout(UNDO_SECONDS * 1000 + 500)
        assert queue.state(ticket) == "claimed"
        assert queue.label(ticket) is None

        ana.page.get_by_role("button", name="Send the verdict").click()
        queue.reaches(ticket, "settled")
        assert queue.label(ticket) == (label, ANA)
        ana.look(ticket)
        expect(ana.page.get_by_text("This is settled.")).to_be_visible()
        ana.page.get_by_text("History").click()
        expect(ana.page.locator(".trail")).to_contain_text("they say so")
        expect(ana.page.locator(".fold .badge.good")).to_contain_text("intact")

    def test_leaving_the_page_sends_what_waits(self, queue: Queue, ana: Console) -> None:
        ticket = queue.waiting(queue.log.ticket())
        ana.claim(ticket)
        ana.press("1", "Enter")
        expect(ana.page.locator(".toast")).to_be_visible()
        ana.page.goto("about:blank")
        queue.reaches(ticket, "settled")

    def test_a_verdict_that_could_not_be_sent_comes_back(self, queue: Queue, ana: Console) -> None:
        ticket = queue.waiting(queue.log.ticket())
        ana.claim(ticket)
        ana.page.route("**/verdict", lambda route: route.abort())
        ana.press("3", "Enter")
        expect(ana.page.locator(".toast.bad")).to_contain_text("Not sent: The service cannot be reached.")
        ana.page.unroute("**/verdict")
        ana.page.get_by_role("button", name="Open it again").click()
        assert len(ana.chosen()) == 1
        ana.press("Enter")
        queue.reaches(ticket, "settled")

    def test_next_skip_and_put_back(self, queue: Queue, ana: Console) -> None:
        ids = {queue.waiting(queue.log.transaction(severity=9)) for _ in range(2)}
        ana.page.get_by_label("Service").select_option("transactions")
        ana.press("n")
        expect(ana.page.locator(".verdict")).to_be_visible()
        expect(ana.page.locator(".item-head")).to_contain_text("Transaction")
        first = eventually(lambda: {each for each in ids if queue.state(each) == "claimed"}, "a claim")
        ana.press("s")
        expect(ana.page.locator(".toast")).to_contain_text("Skipped")
        second = eventually(
            lambda: {each for each in ids if queue.state(each) == "claimed"} - first, "the next claim"
        )
        for each in first:
            queue.reaches(each, "open")
        ana.press("x")
        for each in second:
            queue.reaches(each, "open")
        expect(ana.page.get_by_text("Ready when you are")).to_be_visible()

    def test_what_a_hostile_ticket_says_is_text(self, queue: Queue, ana: Console) -> None:
        ticket = queue.waiting(queue.log.ticket(HOSTILE))
        ana.claim(ticket)
        expect(ana.page.locator(".letter .prose")).to_have_text(HOSTILE, use_inner_text=False)
        assert ana.page.locator(".letter :is(script, img, svg, a)").count() == 0
        assert ana.page.title() != "hacked"
        expect(ana.page.locator(".letter mark").first).to_be_visible()
        ana.press("x")


def test_every_reason_is_drawn_when_it_is_asked_for(queue: Queue, ana: Console) -> None:
    ana.claim(queue.waiting(queue.log.transaction()))
    ana.page.get_by_role("button", name="Draw them").click()
    drawing = ana.page.locator("img.drawing")
    expect(drawing).to_be_visible()
    ana.page.wait_for_function("document.querySelector('img.drawing').naturalWidth > 100")
    assert "what each feature adds" in (drawing.get_attribute("alt") or "")


class TestClaims:
    """Given an item that somebody holds."""

    def test_another_person_only_watches(self, queue: Queue, ana: Console, ben: Console) -> None:
        ticket = queue.waiting(queue.log.ticket())
        ana.claim(ticket)
        ben.look(ticket)
        expect(ben.page.get_by_text(f"{ANA} is looking at this.")).to_be_visible()
        assert ben.page.locator(".verdict").count() == 0
        ana.page.get_by_role("button", name="Sign out").click()
        queue.reaches(ticket, "open")

    def test_a_reload_goes_on_where_one_was(self, queue: Queue, ana: Console) -> None:
        ana.claim(queue.waiting(queue.log.ticket()))
        ana.page.reload()
        expect(ana.page.locator(".verdict")).to_be_visible()
        ana.press("x")

    def test_a_claim_that_runs_out_is_said_and_can_be_had_again(self, queue: Queue, ana: Console) -> None:
        ticket = queue.waiting(queue.log.ticket())
        ana.page.clock.install()
        ana.claim(ticket)
        ana.press("2")
        ana.page.clock.fast_forward("14:20")
        expect(ana.page.locator(".claim.soon")).to_be_visible()
        ana.page.clock.fast_forward("01:00")
        expect(
            ana.page.get_by_text("Your time for this item has run out: others can take it")
        ).to_be_visible()
        assert ana.page.locator(".verdict").count() == 0
        ana.page.get_by_role("button", name="Claim it again").click()
        expect(ana.page.locator(".verdict")).to_be_visible()
        assert len(ana.chosen()) == 1
        ana.press("x")

    def test_a_lead_settles_what_was_escalated(
        self, queue: Queue, ana: Console, browser: Browser, stack: Stack
    ) -> None:
        ticket = queue.waiting(queue.log.ticket())
        ana.claim(ticket)
        ana.press("e")
        ana.page.keyboard.type("two departments at once")
        ana.press("Control+Enter")
        queue.reaches(ticket, "open")
        ana.look(ticket)
        expect(ana.page.get_by_text("This waits for a lead.")).to_be_visible()
        ana.page.get_by_role("button", name="Claim it").click()
        expect(ana.page.get_by_text("only a lead may take it")).to_be_visible()
        lead = Console(browser, stack).sign_in(LEA)
        lead.claim(ticket)
        lead.page.get_by_text("History").click()
        expect(lead.page.locator(".trail")).to_contain_text("two departments at once")
        lead.press("1", "Enter")
        queue.reaches(ticket, "settled")
        lead.leave()


class TestAppeals:
    """Given a verdict that somebody appeals against."""

    def test_another_person_overturns_it_and_says_why(self, queue: Queue, ana: Console, ben: Console) -> None:
        stack, ticket = queue.stack, queue.waiting(queue.log.ticket())
        ana.claim(ticket)
        ana.press("1", "Enter")
        queue.reaches(ticket, "settled")
        objection = {"reason": "This was never about that.", "by": "maria"}
        assert stack.call("POST", f"/v1/decisions/{ticket}/appeal", objection).status == 200

        appeal = queue.waiting(f"{ticket}.appeal")
        ben.claim(appeal)
        expect(ben.page.locator(".appeal")).to_contain_text("This was never about that.")
        ben.press("Enter")
        expect(ben.page.get_by_text("Choose whether the decision stands.")).to_be_visible()
        ben.press("2", "Enter")
        expect(ben.page.get_by_text("Choose what it really is.")).to_be_visible()
        ben.press("4", "Enter")
        expect(ben.page.get_by_text("Say why")).to_be_visible()
        ben.page.get_by_label("Why").fill("It is about something else.")
        ben.page.get_by_role("button", name="Send the ruling").click()
        queue.reaches(appeal, "settled")
        said = stack.call("GET", f"/v1/decisions/{ticket}/appeal").json()
        assert (said["ruling"], said["why"]) == ("overturn", "It is about something else.")
        assert queue.label(ticket) == (said["label"], BEN)


def test_the_quality_page_shows_what_people_said(queue: Queue, ana: Console) -> None:
    sampled = queue.waiting(queue.log.transaction(clear=True))
    ana.claim(sampled)
    # It is judged before what the model said is seen.
    expect(ana.page.locator("[data-act=model]")).not_to_have_attribute("open", "")
    expect(ana.page.get_by_text("Approve")).not_to_be_visible()
    ana.page.locator(".chip", has_text="Fraud").click()
    ana.press("Enter")
    queue.reaches(sampled, "settled")
    ana.press("k")
    expect(ana.page.locator(".card", has_text="Transactions").first).to_contain_text("overturned")


def test_an_api_that_is_down_is_said_and_tried_again(queue: Queue, ana: Console) -> None:
    def busy(route: Route) -> None:
        route.fulfill(status=503, json={"detail": "the queue is busy"})

    ana.page.route("**/v1/reviews?**", busy)
    ana.press("l")
    expect(ana.page.get_by_role("alert").filter(has_text="the queue is busy")).to_be_visible()
    ana.page.unroute("**/v1/reviews?**")
    ana.page.get_by_role("button", name="Try again").click()
    expect(ana.page.locator(".count")).to_contain_text("waiting")

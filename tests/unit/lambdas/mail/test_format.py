"""A mail says what broke, since when, how bad, what to do and who does it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lambdas.core.notices import Links
from lambdas.mail.catalogue import ALARMS, PREFIX, describe
from lambdas.mail.format import figure, larger_story, notice_of, span
from lambdas.mail.message import AlarmMessage, alarm_in
from tests.unit.lambdas.mail.messages import alarm

AT = datetime(2026, 11, 24, 3, 10, tzinfo=UTC)


def read(text: str) -> AlarmMessage:
    return alarm_in(text)


def ago(minutes: int) -> datetime:
    return AT - timedelta(minutes=minutes)


def test_a_mail_of_an_alarm() -> None:
    notice = notice_of(read(alarm()), {PREFIX + "api-errors": AT}, None)
    assert notice.line() == "ALARM: triage-api-errors: The API answers with 5xx: callers get no decision."
    assert notice.text(Links("https://dash", "https://book")).splitlines() == [
        "The API answers with 5xx: callers get no decision.",
        "",
        "Since when: 2026-11-24 02:55 UTC, 15 minutes before the alarm started",
        "How bad: 12 answers with 5xx in 5 minutes; the alarm starts at 5",
        "What to do: Look at the errors on the dashboard; roll back the last deployment if it is the cause.",
        "",
        "- Owner: on-call engineer",
        "",
        "Dashboard: https://dash",
        "Runbook: https://book#api-errors",
    ]


def test_a_mail_that_it_is_over_says_how_long_it_lasted() -> None:
    over = alarm(state="OK", at="2026-11-24T03:33:00.000+0000", reason="Threshold Crossed: no datapoints …")
    notice = notice_of(read(over), {}, AT)
    assert notice.line() == "OK: triage-api-errors is over after 23 minutes"
    assert notice.since == "2026-11-24 03:10 UTC to 2026-11-24 03:33 UTC: it lasted 23 minutes"
    assert notice.what == "Over: The API answers with 5xx: callers get no decision."
    assert notice.how_bad == ""
    unknown = notice_of(read(over), {}, None)
    assert (unknown.line(), unknown.since) == (
        "OK: triage-api-errors is over",
        "over since 2026-11-24 03:33 UTC",
    )


@pytest.mark.parametrize(
    ("reason", "trigger", "says"),
    [
        (
            "Threshold Crossed: 1 datapoint [3834.2 (24/11/26 03:05:00)] was greater than …",
            {"Threshold": 3000.0},
            "3,834.2 ms for the slowest answer in twenty in 5 minutes; the alarm starts at 3,000",
        ),
        (
            "Threshold Crossed: Sum 12.0 GreaterThanOrEqualToThreshold 5",
            {"Period": 60},
            "12 ms for the slowest answer in twenty in 1 minute; the alarm starts at 5",
        ),
        (
            "Threshold Crossed: 2 datapoints [0.034 (x), 1.0E-2 (y)] were greater than the threshold (0.0).",
            {"Threshold": 0.0, "ComparisonOperator": "GreaterThanThreshold"},
            "0.034 ms for the slowest answer in twenty in 5 minutes; the alarm starts above 0",
        ),
        (
            "Threshold Crossed: 2 datapoints [0.3 (x), 0.2 (y)] were less than the threshold (0.5).",
            {"Threshold": 0.5, "ComparisonOperator": "LessThanThreshold"},
            "0.2 ms for the slowest answer in twenty in 5 minutes; the alarm starts below 0.5",
        ),
        ("a person set it by hand", {}, "a person set it by hand"),
        ("Unchecked: [] nothing", {}, "Unchecked: [] nothing"),
    ],
)
def test_how_bad_it_is_in_words(reason: str, trigger: dict[str, Any], says: str) -> None:
    message = alarm("triage-api-latency", reason=reason, **trigger)
    assert notice_of(read(message), {}, None).how_bad == says


def test_an_alarm_of_the_users_own_is_told_in_its_own_words() -> None:
    notice = notice_of(read(alarm("my-alarm")), {}, None)
    assert notice.what == "The API answers with 5xx. More: docs/runbook.md#api-errors"
    assert notice.how_bad.startswith("Threshold Crossed: 3 out of the last 3 datapoints [12.0")
    assert notice.anchor == "alarms"
    assert notice.details == ()


class TestParts:
    """Given rules answer, because a bundle fails."""

    def test_the_part_sends_no_mail_of_its_own(self) -> None:
        on = {PREFIX + "fallbacks": ago(1), PREFIX + "model-failures": AT}
        assert larger_story(read(alarm("triage-model-failures")), on, None) == "fallbacks"
        assert larger_story(read(alarm("triage-fallbacks")), on, None) is None
        assert larger_story(read(alarm("triage-model-failures")), {PREFIX + "drift": AT}, None) is None

    def test_the_larger_ones_mail_names_it(self) -> None:
        on = {PREFIX + "fallbacks": AT, PREFIX + "model-failures": ago(2), PREFIX + "drift": ago(600)}
        details = notice_of(read(alarm("triage-fallbacks")), on, None).details
        assert details == (
            "Owner: on-call engineer",
            "Part of it: triage-model-failures, since 2026-11-24 03:08 UTC: A bundle does not load or run. "
            "Where another one runs already, that one goes on answering.",
            "Also on: triage-drift",
        )

    def test_what_is_still_on_when_the_larger_one_ends_is_said(self) -> None:
        """Nobody had a mail of its own about it, so without this line nobody would know."""
        over = read(alarm("triage-fallbacks", "OK"))
        details = notice_of(over, {PREFIX + "model-failures": ago(5)}, ago(30)).details
        assert details[1].startswith("Still on: triage-model-failures, since 2026-11-24 03:05 UTC")

    def test_the_end_of_what_was_told_is_told_and_of_what_was_not_is_not(self) -> None:
        over = read(alarm("triage-model-failures", "OK"))
        on = {PREFIX + "fallbacks": ago(10)}
        assert larger_story(over, on, ago(20)) is None, "it started first, so its mail went out"
        assert larger_story(over, on, ago(5)) == "fallbacks"
        assert larger_story(over, {}, ago(5)) is None

    def test_no_part_is_felt_more_than_the_whole_and_none_hides_two_others_hiding_it(self) -> None:
        for name, known in ALARMS.items():
            for larger, why in known.part_of.items():
                assert larger in ALARMS and why
                assert not ALARMS[larger].part_of, f"{name} would hide behind what is hidden itself"


def test_every_alarm_has_an_owner_an_action_and_few_words() -> None:
    assert len(ALARMS) <= 10
    for name, known in ALARMS.items():
        assert known.owner and known.do and known.unit, name
        assert len(describe(name, "docs/runbook.md")) <= 1024
        assert len(f"ALARM: {PREFIX}{name}: ") < 40


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (0, "0 seconds"), (1, "1 second"), (59, "59 seconds"), (60, "1 minute"), (1380, "23 minutes"),
        (3600, "1 hour"), (3660, "1 hour and 1 minute"), (90_000, "1 day and 1 hour"), (-5, "0 seconds"),
    ],
)  # fmt: skip
def test_a_duration_in_words(seconds: int, says: str) -> None:
    assert span(timedelta(seconds=seconds)) == says


@pytest.mark.parametrize(
    ("value", "says"),
    [(5.0, "5"), (1834.25, "1,834.2"), (0.0341, "0.0341"), (12_000.0, "12,000"), (2.5, "2.5")],
)
def test_a_number_as_people_read_it(value: float, says: str) -> None:
    assert figure(value) == says

"""An alarm always arrives: formatted when it can be, as it came when it cannot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from lambdas.core.errors import DependencyDown
from lambdas.core.notices import MOST_SUBJECT, Links
from lambdas.mail.mailer import Explains, Mailer
from tests.support.events import CONTEXT, fresh_telemetry
from tests.unit.lambdas.mail.messages import alarm, event

STARTED = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


class People:
    """The topic; `down` makes it refuse."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, str, Mapping[str, str] | None]] = []
        self.down = False

    def publish(self, subject: str, message: str, attributes: Mapping[str, str] | None = None) -> None:
        if self.down:
            raise DependencyDown("sns did not answer")
        self.mails.append((subject, message, attributes))


class Alarms:
    """What CloudWatch knows; `down` makes it not answer."""

    def __init__(self, **on: datetime) -> None:
        self.started = {name.replace("_", "-"): at for name, at in on.items()}
        self.down = False

    def on(self) -> dict[str, datetime]:
        if self.down:
            raise DependencyDown("monitoring did not answer")
        return self.started

    def began(self, alarm_name: str, over: datetime) -> datetime | None:
        if self.down:
            raise DependencyDown("monitoring did not answer")
        return STARTED


class Nothing:
    """No report says anything."""

    def lines(self) -> tuple[str, ...]:
        return ()


class Tickets:
    """One service has drifted."""

    def lines(self) -> tuple[str, ...]:
        return ("tickets, bundle v1: drifts", "tickets: words: psi 0.41 (limit 0.2)")


def mailed(
    alarms: Alarms, message: str, subject: str | None = "s", drifted: Explains | None = None
) -> People:
    people = People()
    telemetry, links = fresh_telemetry("mail"), Links("https://dash")
    Mailer(people, alarms, telemetry, links, drifted or Nothing())(event(message, subject), CONTEXT)
    return people


def test_an_alarm_becomes_a_mail_with_attributes_to_filter_by() -> None:
    ((subject, text, attributes),) = mailed(Alarms(), alarm()).mails
    assert subject.startswith("ALARM: triage-api-errors: The API answers with 5xx")
    assert "How bad: 12 answers with 5xx in 5 minutes" in text
    assert "Dashboard: https://dash\nRunbook: docs/runbook.md#api-errors" in text
    assert attributes == {"alarm": "triage-api-errors", "state": "ALARM"}


def test_its_end_becomes_one_with_how_long_it_lasted() -> None:
    ((subject, _, attributes),) = mailed(Alarms(), alarm(state="OK")).mails
    assert subject == "OK: triage-api-errors is over after 10 minutes"
    assert attributes == {"alarm": "triage-api-errors", "state": "OK"}


def test_an_alarm_that_has_just_been_made_is_no_news_until_it_is_on() -> None:
    """CloudWatch tells of its first look at it, and on the laptop of the first metric."""
    assert mailed(Alarms(), alarm(state="OK", before="INSUFFICIENT_DATA")).mails == []
    assert len(mailed(Alarms(), alarm(before="INSUFFICIENT_DATA")).mails) == 1


@pytest.mark.parametrize(
    ("name", "state", "said"),
    [("drift", "ALARM", True), ("drift", "OK", False), ("low-confidence", "ALARM", False)],
)
def test_the_start_of_drift_says_what_has_drifted(name: str, state: str, said: bool) -> None:
    ((_, text, _),) = mailed(Alarms(), alarm(f"triage-{name}", state), drifted=Tickets()).mails
    lines = "- Owner: ML engineer\n- tickets, bundle v1: drifts\n- tickets: words: psi 0.41 (limit 0.2)\n"
    assert (lines in text, "tickets" in text) == (said, said)


def test_a_part_of_another_alarm_is_in_the_log_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert mailed(Alarms(triage_fallbacks=STARTED), alarm("triage-model-failures")).mails == []
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["message"], line["part_of"]) for line in lines] == [("no mail of its own", "fallbacks")]


@pytest.mark.parametrize("state", ["ALARM", "OK"])
def test_without_cloudwatch_every_alarm_is_told(state: str) -> None:
    alarms = Alarms(triage_fallbacks=STARTED)
    alarms.down = True
    assert len(mailed(alarms, alarm("triage-model-failures", state)).mails) == 1


@pytest.mark.parametrize(
    "message",
    [
        "not JSON at all",
        json.dumps({"AlarmName": "triage-api-errors"}),
        json.dumps({"AlarmName": "x", "NewStateValue": "ALARM", "StateChangeTime": "yesterday"}),
        json.dumps([1]),
        "",
    ],
)
def test_what_cannot_be_formatted_arrives_as_it_came(
    message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    subject = 'ALARM: "triage-é"\nin US East ' + "x" * 200
    ((got, text, attributes),) = mailed(Alarms(), message, subject).mails
    assert (text, attributes) == (message, None)
    assert got.startswith('ALARM: "triage-?" in US East x') and len(got) == MOST_SUBJECT
    assert "cannot be formatted" in capsys.readouterr().out


def test_a_fault_of_ours_loses_no_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("lambdas.mail.mailer.notice_of", broken)
    ((subject, text, _),) = mailed(Alarms(), alarm(), None).mails
    assert subject == "Triage: an alarm"
    assert json.loads(text)["AlarmName"] == "triage-api-errors"


def test_a_topic_that_is_down_is_an_error_so_that_lambda_tries_again() -> None:
    people = People()
    people.down = True
    mailer = Mailer(people, Alarms(), fresh_telemetry("mail"), Links(), Nothing())
    with pytest.raises(DependencyDown):
        mailer(event(alarm()), CONTEXT)

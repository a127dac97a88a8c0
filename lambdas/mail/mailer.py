"""Takes alarms from their topic and passes them on to the one that people read, as mails to act on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from lambdas.core.errors import DependencyDown
from lambdas.core.notices import MOST_SUBJECT, Links, Notice
from lambdas.core.telemetry import Telemetry
from lambdas.mail.drifted import ALARM_NAME as DRIFT
from lambdas.mail.format import larger_story, name_of, notice_of
from lambdas.mail.message import ALARM, OK, AlarmMessage, alarm_in


class Publishes(Protocol):
    """Where people hear of it; `lambdas.core.aws.Topic`."""

    def publish(self, subject: str, message: str, attributes: Mapping[str, str] | None = None) -> None:
        """Send one message. Raises DependencyDown."""
        ...


class Knows(Protocol):
    """What else is on; `lambdas.mail.alarms.Alarms`."""

    def on(self) -> dict[str, datetime]:
        """The alarms that are on, each with when it started. Raises DependencyDown."""
        ...

    def began(self, alarm_name: str, over: datetime) -> datetime | None:
        """When the alarm that was over at `over` had started. Raises DependencyDown."""
        ...


class Explains(Protocol):
    """What has drifted; `lambdas.mail.drifted.Drifted`."""

    def lines(self) -> tuple[str, ...]:
        """Lines for the mail of the alarm `drift`; none where nothing is known."""
        ...


class Mailer:
    """A Lambda handler for a topic of alarms.

    An alarm is never lost: what cannot be read or formatted goes on as it came. Only a topic that does not
    take it is an error, and then Lambda tries again and at last sends it by itself.
    """

    def __init__(
        self, people: Publishes, alarms: Knows, telemetry: Telemetry, links: Links, drifted: Explains
    ) -> None:
        self._people = people
        self._alarms = alarms
        self._telemetry = telemetry
        self._links = links
        self._drifted = drifted

    def __call__(self, event: Mapping[str, Any], context: Any) -> None:
        """Pass on each record of an SNS event. Raises DependencyDown."""
        self._telemetry.request(context)
        for record in event["Records"]:
            self._pass_on(record["Sns"])

    def _pass_on(self, sent: Mapping[str, Any]) -> None:
        raw = str(sent.get("Message") or "")
        try:
            mail = self._mail(raw)
        except Exception:  # whatever is wrong with a mail's form, its content must arrive
            self._telemetry.log.exception("an alarm that cannot be formatted", extra={"alarm": raw})
            subject = str(sent.get("Subject") or "Triage: an alarm").encode("ascii", "replace").decode()
            self._people.publish(" ".join(subject.split())[:MOST_SUBJECT], raw)
            return
        if mail is not None:
            notice, attributes = mail
            self._people.publish(notice.line(), notice.text(self._links), attributes)

    def _mail(self, raw: str) -> tuple[Notice, dict[str, str]] | None:
        """The mail and its attributes; None for what is a part of another alarm's mail, and for no news."""
        alarm = alarm_in(raw)
        if not alarm.is_news:
            return None
        on, began = self._known(alarm)
        said = {"alarm": alarm.alarm_name, "state": alarm.new_state_value}
        larger = larger_story(alarm, on, began)
        if larger:
            self._telemetry.log.info("no mail of its own", extra={**said, "part_of": larger})
            return None
        self._telemetry.log.info("mail", extra=said)
        notice = notice_of(alarm, on, began)
        if name_of(alarm.alarm_name) == DRIFT and alarm.new_state_value == ALARM:
            notice = notice._replace(details=(*notice.details, *self._drifted.lines()))
        return notice, said

    def _known(self, alarm: AlarmMessage) -> tuple[dict[str, datetime], datetime | None]:
        """The alarms that are on, and when this one started if it is over; nothing when nobody answers."""
        try:
            began = self._alarms.began(alarm.alarm_name, alarm.at()) if alarm.new_state_value == OK else None
            return self._alarms.on(), began
        except DependencyDown as error:
            self._telemetry.log.warning("the alarms' states are not known", extra={"detail": error.detail})
            return {}, None

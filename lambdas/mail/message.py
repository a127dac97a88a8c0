"""CloudWatch's own message about an alarm, as it sends it to a topic.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

ALARM: Final = "ALARM"
OK: Final = "OK"
UNKNOWN: Final = "INSUFFICIENT_DATA"


class Trigger(msgspec.Struct, frozen=True, rename="pascal"):
    """What the alarm looks at: when, and what it compares with. `period` in seconds."""

    period: float = 0.0
    evaluation_periods: int = 1
    datapoints_to_alarm: int | None = None
    threshold: float | None = None
    comparison_operator: str = ""


class AlarmMessage(msgspec.Struct, frozen=True, rename="pascal"):
    """An alarm that has changed its state."""

    alarm_name: str
    new_state_value: str
    state_change_time: str
    old_state_value: str = ""
    new_state_reason: str = ""
    alarm_description: str | None = None
    trigger: Trigger = Trigger()

    @property
    def is_news(self) -> bool:
        """False for the first look at a new alarm where nothing is wrong: CloudWatch tells of that too."""
        return not (self.new_state_value == OK and self.old_state_value == UNKNOWN)

    def at(self) -> datetime:
        """When the state changed. Raises ValueError for no time."""
        found = datetime.fromisoformat(self.state_change_time)
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    def before(self) -> timedelta:
        """How long the condition held before the alarm started: the periods that it took."""
        trigger = self.trigger
        return timedelta(seconds=trigger.period * (trigger.datapoints_to_alarm or trigger.evaluation_periods))

    def values(self) -> list[float]:
        """The values that were compared with the threshold; none where the reason has no figures."""
        listed = re.search(r"\[([^\]]*)\]", self.new_state_reason)
        if listed:  # "Threshold Crossed: 1 datapoint [12.0 (24/11/26 03:05:00)] was greater than …"
            return [float(each) for each in re.findall(rf"({_NUMBER}) \(", listed[1])]
        # The embedded AWS: "Threshold Crossed: Sum 12.0 GreaterThanOrEqualToThreshold 5"
        short = re.match(rf"Threshold Crossed: \S+ ({_NUMBER}) \w+Threshold ", self.new_state_reason)
        return [float(short[1])] if short else []


_NUMBER: Final = r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"


def alarm_in(text: str) -> AlarmMessage:
    """The alarm in a topic's message. Raises msgspec.DecodeError for anything else."""
    return msgspec.json.decode(text, type=AlarmMessage)

"""What CloudWatch knows of the app's alarms."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from lambdas.core.aws import Json
from lambdas.mail.catalogue import PREFIX
from lambdas.mail.message import ALARM

_LOOKED_AT: Final = 50
"""Changes of state: far more than one alarm makes between its start and its end."""


class Alarms:
    """Asks CloudWatch, by its JSON protocol."""

    def __init__(self, *, timeout: float = 3.0) -> None:
        self._json = Json("monitoring", "GraniteServiceVersion20100801", timeout=timeout)

    def on(self) -> dict[str, datetime]:
        """The app's alarms that are on, each with when it started. Raises DependencyDown."""
        answer = self._json.call(
            "DescribeAlarms", {"AlarmNamePrefix": PREFIX, "StateValue": ALARM, "MaxRecords": 100}
        )
        return {
            str(each["AlarmName"]): _time(
                each.get("StateTransitionedTimestamp") or each["StateUpdatedTimestamp"]
            )
            for each in answer.get("MetricAlarms") or ()
        }

    def began(self, alarm_name: str, over: datetime) -> datetime | None:
        """When the alarm that was over at `over` had started; None when CloudWatch does not say.

        Raises DependencyDown.
        """
        answer = self._json.call(
            "DescribeAlarmHistory",
            {
                "AlarmName": alarm_name,
                "HistoryItemType": "StateUpdate",
                "ScanBy": "TimestampDescending",
                "MaxRecords": _LOOKED_AT,
            },
        )
        for item in answer.get("AlarmHistoryItems") or ():
            at = _time(item["Timestamp"])
            if at <= over and _new_state(item) == ALARM:
                return at
        return None


def _new_state(item: dict[str, Any]) -> str:
    data = msgspec.json.decode(str(item.get("HistoryData") or "{}"))
    return str(data.get("newState", {}).get("stateValue", ""))


def _time(value: float | str) -> datetime:
    """Seconds since the epoch, as the protocol says, or a text."""
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    return datetime.fromtimestamp(value, UTC)

"""From an alarm to a mail that a person can act on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from lambdas.core.notices import Notice
from lambdas.mail.catalogue import ALARMS, PREFIX
from lambdas.mail.message import OK, AlarmMessage

_MOST_REASON: Final = 400


def name_of(alarm_name: str) -> str:
    """The catalogue's name of CloudWatch's alarm."""
    return alarm_name.removeprefix(PREFIX)


def larger_story(alarm: AlarmMessage, on: Mapping[str, datetime], began: datetime | None) -> str | None:
    """The alarm that `alarm` is a part of and whose mail says it all; None when this one is to be told.

    `on` are the alarms that are on, with when each started; `began` is when this one did, for one that is
    over. One that was told when it started is told when it ends.
    """
    known = ALARMS.get(name_of(alarm.alarm_name))
    for larger in known.part_of if known else ():
        since = on.get(PREFIX + larger)
        if since is None:
            continue
        told = alarm.new_state_value == OK and began is not None and began < since
        if not told:
            return larger
    return None


def notice_of(alarm: AlarmMessage, on: Mapping[str, datetime], began: datetime | None) -> Notice:
    """The mail. Raises ValueError for an alarm without a time."""
    if alarm.new_state_value == OK:
        return _over(alarm, on, began)
    name = name_of(alarm.alarm_name)
    known = ALARMS.get(name)
    what = known.broke if known else alarm.alarm_description or "The alarm has no description."
    at = alarm.at()
    seen = alarm.before()
    since = f"{moment(at - seen)}, {span(seen)} before the alarm started" if seen else moment(at)
    return Notice(
        subject=f"{alarm.new_state_value}: {alarm.alarm_name}: {what}",
        what=what,
        do=known.do if known else "See the alarm's description.",
        anchor=name if known else "alarms",
        since=since,
        how_bad=_how_bad(alarm),
        details=_details(alarm, on),
    )


def _over(alarm: AlarmMessage, on: Mapping[str, datetime], began: datetime | None) -> Notice:
    name = name_of(alarm.alarm_name)
    known = ALARMS.get(name)
    at = alarm.at()
    lasted = f"{span(at - began)}" if began else ""
    return Notice(
        subject=f"OK: {alarm.alarm_name} is over" + (f" after {lasted}" if lasted else ""),
        what=f"Over: {known.broke if known else alarm.alarm_description or alarm.alarm_name}",
        do="Nothing now. If nobody knows why it ended, it will come again: the runbook says where to look.",
        anchor=name if known else "alarms",
        since=f"{moment(began)} to {moment(at)}: it lasted {lasted}" if began else f"over since {moment(at)}",
        how_bad="",
        details=_details(alarm, on),
    )


def _details(alarm: AlarmMessage, on: Mapping[str, datetime]) -> tuple[str, ...]:
    """The owner, and what else is on: what is a part of this alarm had no mail of its own."""
    name = name_of(alarm.alarm_name)
    known = ALARMS.get(name)
    others = {each: since for each, since in on.items() if each != alarm.alarm_name}
    parts = [each for each in others if name in _part_of(each)]
    lines = [f"Owner: {known.owner}"] if known else []
    for each in sorted(parts):
        word = "Still on" if alarm.new_state_value == OK else "Part of it"
        lines.append(f"{word}: {each}, since {moment(others[each])}: {ALARMS[name_of(each)].broke}")
    rest = sorted(set(others) - set(parts))
    return (*lines, *([f"Also on: {', '.join(rest)}"] if rest else []))


def _part_of(alarm_name: str) -> Mapping[str, str]:
    known = ALARMS.get(name_of(alarm_name))
    return known.part_of if known else {}


def _how_bad(alarm: AlarmMessage) -> str:
    """The worst value against the threshold, in words; CloudWatch's own words where there are no figures."""
    known = ALARMS.get(name_of(alarm.alarm_name))
    values, trigger = alarm.values(), alarm.trigger
    if not values or trigger.threshold is None or not known:
        return alarm.new_state_reason[:_MOST_REASON]
    low = trigger.comparison_operator.startswith("LessThan")
    worst = min(values) if low else max(values)
    inclusive = "OrEqual" in trigger.comparison_operator
    start = f"{'at' if inclusive else 'below' if low else 'above'} {figure(trigger.threshold)}"
    within = f" in {span(timedelta(seconds=trigger.period))}" if trigger.period else ""
    return f"{figure(worst)} {known.unit}{within}; the alarm starts {start}"


def figure(value: float) -> str:
    """A number as people read it."""
    return (
        f"{value:,.0f}" if value == int(value) else f"{value:,.1f}" if abs(value) >= 100 else f"{value:.3g}"
    )


def moment(when: datetime) -> str:
    """To the minute, in UTC."""
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def span(length: timedelta) -> str:
    """A duration in its two largest units, the seconds only of what is under a minute."""
    seconds = max(0, round(length.total_seconds()))
    if seconds < 60:
        return _count(seconds, "second")
    days, hours, minutes = seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60
    parts = [(days, "day"), (hours, "hour"), (minutes, "minute")]
    said = [_count(n, word) for n, word in parts if n]
    return " and ".join(said[:2])


def _count(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"

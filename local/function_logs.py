"""`make logs`: what the functions wrote, newest last, without what the platform writes around it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from local.environment import client

GROUPS = "/aws/lambda/"
_PLATFORM = ("START RequestId:", "END RequestId:", "REPORT RequestId:")
# Powertools' own keys, shown in their own way or of no use beside the rest.
_KNOWN = {"level", "message", "timestamp", "location", "service", "xray_trace_id"}


@dataclass(frozen=True)
class Line:
    """One line that a function wrote; `when` is UTC."""

    when: datetime
    function: str
    text: str


def recent(endpoint: str, limit: int = 60) -> list[Line]:
    """The last `limit` lines of all functions together, oldest first."""
    logs = client("logs", endpoint)
    lines: list[Line] = []
    for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=GROUPS):
        for group in page["logGroups"]:
            lines += _lines(logs, group["logGroupName"])
    return sorted(lines, key=lambda line: line.when)[-limit:]


def _lines(logs: Any, group: str) -> list[Line]:
    found = []
    for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
        for event in page["events"]:
            text = readable(event["message"])
            if text is not None:
                when = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
                found.append(Line(when, group.removeprefix(GROUPS), text))
    return found


def readable(message: str) -> str | None:
    """A log line as a person reads it; None for metrics and for what the platform writes about each call."""
    if not message.strip() or message.startswith(_PLATFORM):
        return None
    try:
        entry = json.loads(message)
    except json.JSONDecodeError:
        return message.rstrip()
    if not isinstance(entry, dict) or "message" not in entry:
        return None if isinstance(entry, dict) and "_aws" in entry else message.rstrip()
    rest = "  ".join(f"{key}={_short(value)}" for key, value in entry.items() if key not in _KNOWN)
    return f"{entry.get('level', ''):<7} {entry['message']}{'  ' + rest if rest else ''}"


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def show(console: Console, lines: list[Line]) -> None:
    """Print `lines`, with the time of this machine's zone and the function that wrote each."""
    if not lines:
        console.print("The functions have written nothing but metrics.")
    for line in lines:
        when = line.when.astimezone().strftime("%H:%M:%S")
        colour = "red" if line.text.startswith(("ERROR", "CRITICAL")) or "Traceback" in line.text else ""
        console.print(Text.assemble((f"{when} {line.function:<16} ", "dim"), (line.text, colour)))

"""`make inbox`: the mails that the people's topic would have sent, from the queue that stands in for mail."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.text import Text

from local.environment import client

SHOWN = 20


class Mail(msgspec.Struct, frozen=True):
    """One notification of the topic. `alarm` and `state` are empty when no alarm sent it.

    `reason` is that of an alarm that came as CloudWatch sent it.
    """

    id: str
    time: str
    subject: str
    text: str
    alarm: str = ""
    state: str = ""
    reason: str = ""


def fetch(endpoint: str, queue_url: str, kept: Path) -> list[Mail]:
    """Move what waits in the queue to the file `kept`, and return those mails, oldest first.

    A message leaves the queue only after it is on disk, and one delivered twice is kept once.
    """
    sqs = client("sqs", endpoint)
    # The URL in the outputs has the port of the day it was deployed: the name is what lasts.
    url = sqs.get_queue_url(QueueName=queue_url.rstrip("/").rsplit("/", 1)[-1])["QueueUrl"]
    known = {mail.id for mail in read(kept)}
    new: list[Mail] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        mails = [parse(message["Body"], message["MessageId"]) for message in messages]
        fresh = [mail for mail in mails if mail.id not in known]
        _append(kept, fresh)
        known.update(mail.id for mail in fresh)
        new += fresh
        entries = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
        sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    return sorted(new, key=lambda mail: mail.time)


def parse(body: str, message_id: str) -> Mail:
    """The mail in an SQS message of the topic: SNS's envelope around any text, or around a raw alarm.

    A mail made of an alarm says in its attributes which one, and its state.
    """
    envelope = _object(body) or {"Message": body}
    text = str(envelope.get("Message", ""))
    mail_id = str(envelope.get("MessageId", message_id))
    time = str(envelope.get("Timestamp", ""))
    alarm = _object(text)
    if alarm is None or "AlarmName" not in alarm:
        subject = str(envelope.get("Subject") or "Notification from Triage")
        return Mail(
            mail_id, time, subject, text, _attribute(envelope, "alarm"), _attribute(envelope, "state")
        )
    name, state = str(alarm["AlarmName"]), str(alarm.get("NewStateValue", ""))
    return Mail(
        id=mail_id,
        time=str(alarm.get("StateChangeTime") or time),
        subject=str(envelope.get("Subject") or f'{state}: "{name}"'),
        text=str(alarm.get("AlarmDescription") or ""),
        alarm=name,
        state=state,
        reason=str(alarm.get("NewStateReason", "")),
    )


def _attribute(envelope: dict[str, Any], name: str) -> str:
    found = envelope.get("MessageAttributes")
    value = found.get(name) if isinstance(found, dict) else None
    return str(value.get("Value") or "") if isinstance(value, dict) else ""


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def read(kept: Path) -> list[Mail]:
    """Every mail kept so far, oldest first."""
    if not kept.is_file():
        return []
    mails = [msgspec.json.decode(line, type=Mail) for line in kept.read_bytes().splitlines() if line.strip()]
    return sorted(mails, key=lambda mail: mail.time)


def _append(kept: Path, mails: Iterable[Mail]) -> None:
    with kept.open("ab") as file:
        for mail in mails:
            file.write(msgspec.json.encode(mail) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def show(console: Console, mails: list[Mail], new: set[str]) -> None:
    """Print the newest SHOWN of `mails` as a mailbox would, the ones whose id is in `new` marked."""
    if not mails:
        console.print("The inbox is empty: no alarm has changed its state.")
        return
    if len(mails) > SHOWN:
        console.print(Text(f"({len(mails) - SHOWN} older mails are not shown)", "dim"))
    for mail in mails[-SHOWN:]:
        _show_one(console, mail, is_new=mail.id in new)
    count = len(mails)
    console.print(f"{count} mail{'s' if count != 1 else ''}, {len(new)} new.")


def _show_one(console: Console, mail: Mail, *, is_new: bool) -> None:
    colour = {"ALARM": "bold red", "OK": "green"}.get(mail.state, "bold")
    lines = [
        Text.assemble(("─" * 72, "dim")),
        Text.assemble(("Subject: ", "dim"), (mail.subject, colour), (" (new)" if is_new else "", "yellow")),
        Text.assemble(("Time:    ", "dim"), _local_time(mail.time)),
    ]
    if mail.alarm:
        lines.append(Text.assemble(("Alarm:   ", "dim"), mail.alarm))
        lines.append(Text.assemble(("State:   ", "dim"), (mail.state, colour)))
    if mail.reason:
        lines.append(Text.assemble(("Reason:  ", "dim"), mail.reason))
    if mail.text:
        lines += [Text(""), Text(mail.text.rstrip())]
    for line in lines:
        console.print(line)
    console.print()


def _local_time(time: str) -> str:
    """An AWS timestamp in this machine's time zone; as it is when it cannot be read."""
    try:
        return datetime.fromisoformat(time).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
    except ValueError:
        return time

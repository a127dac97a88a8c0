"""From verdicts to rows of the CSV that the service trains on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from model_build.clean import key_of
from model_build.parameters import DataParameters
from model_build.retrain_log import Verdict
from model_build.service import TrainingService

Row = dict[str, str]
FetchMedia = Callable[[Mapping[str, Any]], str | None]
"""The path of a kept image or sound, given what the log says of it; None when it is gone."""


def no_media(kept: Mapping[str, Any]) -> str | None:
    """A FetchMedia for services whose items have none."""
    return None


def row_of(
    verdict: Verdict,
    service: TrainingService,
    data: DataParameters,
    fetch: FetchMedia = no_media,
    groups: Sequence[str] = (),
) -> Row | None:
    """The CSV row of a verdict, by column; None when nothing of the item is left to learn from.

    `groups` are further columns, with what was declared of them.
    Labels that no person was asked for, those beside the first, are the decision's own.
    """
    values = _values(verdict, service, data, fetch)
    row: Row = {}
    for field, columns in service.text_fields(data.text).items():
        if columns:
            row |= dict.fromkeys(columns, "") | {columns[-1]: values.get(field, "")}
    for field, column in data.extra.items():
        row[column] = values.get(field, "")
    if not any(value.strip() for value in row.values()):
        return None  # its media is gone, and there was no text
    row |= _labels(verdict, service, data)
    if data.time:
        row[data.time] = _time(verdict, data.time_format)
    if data.group:
        row.setdefault(data.group, verdict.decision_id)
    for name in groups:
        row.setdefault(name, str((verdict.asked.get("attributes") or {}).get(name, "")))
    if data.language:
        row[data.language] = str(verdict.asked.get("language") or "")
    return row


def held_out(verdict: Verdict, share: float) -> bool:
    """Whether the verdict is one of those that are never trained on: the same answer every time.

    It hangs on the item's text where there is one, so that the same text never is on both sides.
    """
    said = " ".join(str(verdict.asked.get(name) or "") for name in ("subject", "body", "text")).strip()
    own = str(key_of(said)) if said else verdict.decision_id
    digest = hashlib.blake2b(f"verdict\x00{own}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64 < share


def _values(
    verdict: Verdict, service: TrainingService, data: DataParameters, fetch: FetchMedia
) -> dict[str, str]:
    """What was asked, by field of the schema, as a CSV holds it; of media also the words found in them."""
    found: dict[str, str] = {}
    for name, field in service.fields.items():
        value = verdict.asked.get(name)
        if field.kind == "file":
            value = fetch(value) if name in data.extra and isinstance(value, Mapping) else None
        elif field.kind == "words":
            value = _found_in(name, verdict.answer)
        found[name] = "" if value is None else str(value)
    return found


def _found_in(name: str, answer: Mapping[str, Any]) -> str | None:
    """The text that was read in the image, or heard in the sound."""
    if name != "audio_text":
        return answer.get(name)
    segments = (answer.get("transcript") or {}).get("segments") or ()
    return " ".join(str(segment["text"]) for segment in segments if segment.get("text"))


def _labels(verdict: Verdict, service: TrainingService, data: DataParameters) -> Row:
    """What the person said, in each label column in the words of that column."""
    binaries = service.binaries(data.label, data.positive)
    if not binaries:
        first, *others = data.label
        answered = verdict.answer.get("outputs", {})
        return {first: verdict.label} | {
            head: str(answered.get(head, {}).get("label", "")) for head in others
        }
    said = {part.strip() for part in verdict.label.split(",")}
    yes = data.positive[0] if data.positive else "1"
    no = "no" if "0" in data.positive else "0"
    row = {each.column: yes if each.yes in said else no for each in binaries if not each.listed}
    return row | {each.column: verdict.label for each in binaries if each.listed}


def _time(verdict: Verdict, pattern: str | None) -> str:
    """When the item was: what it says itself, or when it was decided."""
    said = str(verdict.asked.get("at") or verdict.answer.get("decided_at") or verdict.at)
    return datetime.fromisoformat(said).strftime(pattern) if pattern else said

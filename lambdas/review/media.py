"""Links to the pictures and sounds of an item, for the one who looks at it and for minutes only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from lambdas.core.decide import stamp, utc_now
from lambdas.review.schema import MediaLink

KEPT = "kept"


class Links(Protocol):
    """Makes links to objects; `lambdas.core.aws.Bucket`."""

    def link(self, key: str, *, seconds: int) -> str:
        """A URL that gives the object of `key` to anybody for `seconds`."""
        ...


class Media:
    """The media of an item; `links` is None where no service keeps any."""

    def __init__(self, links: Links | None, *, seconds: int, now: Callable[[], datetime] = utc_now) -> None:
        self._links = links
        self._seconds = seconds
        self._now = now

    def of(self, decision_id: str, asked: Mapping[str, Any]) -> list[MediaLink]:
        """A link for each field of `asked` that is a kept file: {"key", "type", "bytes"}.

        Only what was kept for this very decision is linked, whatever the log says.
        """
        if self._links is None:
            return []
        until = stamp(self._now() + timedelta(seconds=self._seconds))
        found = []
        for name, value in asked.items():
            if isinstance(value, dict) and isinstance(value.get("key"), str):
                key = value["key"]
                if not key.startswith(f"{KEPT}/{decision_id}/"):
                    continue
                url = self._links.link(key, seconds=self._seconds)
                kind = str(value.get("type") or "application/octet-stream")
                found.append(MediaLink(name, kind, int(value.get("bytes") or 0), url, until))
        return found

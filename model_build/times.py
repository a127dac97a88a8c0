"""Times in a CSV: ISO 8601, seconds or milliseconds since 1970, or a pattern the user gives."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC).timestamp()
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC).timestamp()


def milliseconds(text: str, pattern: str | None = None) -> int | None:
    """`text` as milliseconds since 1970 UTC; None when it cannot be read or is not in 1900 to 2200.

    A time without a zone is taken as UTC. With a strptime `pattern` only that is tried.
    """
    try:
        if pattern is not None:
            seconds = _seconds(datetime.strptime(text, pattern))  # noqa: DTZ007 - the zone is optional
        elif text.replace(".", "", 1).isdigit() and len(text.partition(".")[0]) in {9, 10, 13}:
            seconds = float(text) / (1000 if len(text.partition(".")[0]) == 13 else 1)
        else:
            seconds = _seconds(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None
    return round(seconds * 1000) if _EARLIEST <= seconds <= _LATEST else None


def _seconds(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

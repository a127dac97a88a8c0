"""What the console's function needs of its environment."""

from __future__ import annotations

import msgspec


class ConsoleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`uploads_bucket` is where the media of items are kept, if any service keeps some."""

    uploads_bucket: str | None = None

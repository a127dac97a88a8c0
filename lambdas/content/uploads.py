"""POST /v1/content/uploads: a form that stores one file below the caller's own prefix."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, Protocol

from lambdas.content.errors import UnsupportedType
from lambdas.content.media import KINDS, MOST_BYTES, UPLOADS
from lambdas.content.media_types import TYPES
from lambdas.content.schema import ContentRequest, UploadForm, UploadRequest
from lambdas.core.decide import utc_now
from lambdas.core.errors import InvalidRequest
from lambdas.core.http import Asked

SECONDS: Final = 300


class Forms(Protocol):
    """Who signs forms; `lambdas.core.aws.Bucket`."""

    def form(self, fields: Mapping[str, str], *, most_bytes: int, seconds: int) -> tuple[str, dict[str, str]]:
        """(URL, fields) of a form that stores one object."""
        ...


class Uploads:
    """Answers the route."""

    def __init__(self, forms: Forms, now: Callable[[], datetime] = utc_now) -> None:
        self._forms = forms
        self._now = now

    def __call__(self, asked: Asked) -> UploadForm:
        """The form. Raises UnsupportedType for a media type that is not taken."""
        request: UploadRequest = asked.body
        if request.type not in TYPES[request.modality]:
            raise UnsupportedType(f"send one of {', '.join(TYPES[request.modality])}", field="type")
        key = f"{prefix_of(asked.caller)}{secrets.token_hex(16)}"
        most = MOST_BYTES[request.modality]
        url, fields = self._forms.form(
            {"key": key, "Content-Type": request.type}, most_bytes=most, seconds=SECONDS
        )
        until = self._now() + timedelta(seconds=SECONDS)
        return UploadForm(url, fields, key, most, until.isoformat(timespec="seconds"))


def prefix_of(caller: str | None) -> str:
    """Where the uploads of a caller are; a hash, so that keys in logs tell nobody's key."""
    return f"{UPLOADS}/{hashlib.sha256((caller or '').encode()).hexdigest()[:32]}/"


def check_keys(request: ContentRequest, caller: str | None) -> None:
    """Raise InvalidRequest for a key that is not below the caller's own prefix, whether it exists or not."""
    mine = prefix_of(caller)
    for kind in KINDS:
        media = getattr(request, kind)
        if media is None or media.key is None or media.data is not None:
            continue
        rest = media.key.removeprefix(mine)
        if rest == media.key or not rest.isalnum():
            raise InvalidRequest("this is no key of an upload of yours", field=f"{kind}.key")

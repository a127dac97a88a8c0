"""Uploads: forms for one file below the caller's own prefix, and keys that are nobody else's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
import pytest

from lambdas.content.errors import UnsupportedType
from lambdas.content.schema import ContentRequest, Media, UploadRequest
from lambdas.content.uploads import Uploads, check_keys, prefix_of
from lambdas.core.errors import InvalidRequest
from lambdas.core.http import Asked


class Signer:
    def form(self, fields: Mapping[str, str], *, most_bytes: int, seconds: int) -> tuple[str, dict[str, str]]:
        return "https://bucket/", {**fields, "policy": f"{most_bytes} {seconds}"}


def ask(modality: str, kind: str, caller: str | None = "key-1") -> Asked:
    return Asked(UploadRequest(modality, kind), {}, {}, {}, caller)  # type: ignore[arg-type]


uploads = Uploads(Signer(), now=lambda: datetime(2026, 1, 2, tzinfo=UTC))


def test_a_form_is_for_one_file_of_the_caller() -> None:
    form, other = uploads(ask("image", "image/png")), uploads(ask("image", "image/png"))
    assert form.key.startswith(prefix_of("key-1"))
    assert form.key != other.key
    assert form.fields["key"] == form.key
    assert form.fields["Content-Type"] == "image/png"
    assert form.fields["policy"] == f"{form.most_bytes} 300"
    assert form.expires_at == "2026-01-02T00:05:00+00:00"


@pytest.mark.parametrize(
    ("modality", "kind"), [("image", "audio/wav"), ("image", "text/html"), ("audio", "")]
)
def test_other_types_are_refused(modality: str, kind: str) -> None:
    with pytest.raises(UnsupportedType) as caught:
        uploads(ask(modality, kind))
    assert (caught.value.field, caught.value.status) == ("type", 415)


def test_a_callers_own_key_is_taken() -> None:
    key = uploads(ask("image", "image/png")).key
    check_keys(ContentRequest(image=Media(key=key)), "key-1")
    check_keys(ContentRequest(text="hello"), "key-1")


@pytest.mark.parametrize(
    "key",
    [
        "{other}0123456789abcdef",
        "{mine}",
        "{mine}../0123/x",
        "{mine}a/b",
        "/{mine}abc",
        "kept/content.0123/image-0123",
        "uploads/abc",
        "x",
    ],
)
def test_any_other_key_is_refused_whether_it_exists_or_not(key: str) -> None:
    own = key.format(mine=prefix_of("key-1"), other=prefix_of("key-2"))
    for kind in ("image", "audio"):
        with pytest.raises(InvalidRequest) as caught:
            check_keys(msgspec.convert({kind: {"key": own}}, ContentRequest), "key-1")
        assert caught.value.field == f"{kind}.key"


def test_prefixes_tell_no_keys() -> None:
    assert "key-1" not in prefix_of("key-1")
    assert len({prefix_of("key-1"), prefix_of("key-2"), prefix_of(None)}) == 3

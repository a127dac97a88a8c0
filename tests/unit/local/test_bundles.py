"""Which bundles there are, built and published."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from local import bundles
from local.place import Place
from tests.support.bundles import write_bundle

EARLY, LATE = "20260101T000000Z-aaaaaaaa", "20260201T000000Z-bbbbbbbb"


def test_bundles_come_oldest_first_and_only_when_complete(place: Place) -> None:
    folder = place.build / "tickets" / "bundles"
    for version in (LATE, EARLY):
        write_bundle(folder, version)
    (folder / "20260301T000000Z-cccccccc").mkdir()
    (folder / "20260401T000000Z-dddddddd").mkdir()
    (folder / "20260401T000000Z-dddddddd" / "manifest.json").write_text("{")
    assert [manifest.version for manifest in bundles.built(place, "tickets")] == [EARLY, LATE]
    assert bundles.built(place, "content") == []


class Store:
    """Stands for S3 with one error to answer with."""

    def __init__(self, code: str) -> None:
        self.code = code

    def get_object(self, **_: str) -> None:
        raise ClientError({"Error": {"Code": self.code, "Message": "no"}}, "GetObject")


def test_nothing_published_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "client", lambda *_: Store("NoSuchKey"))
    assert bundles.published("http://127.0.0.1:1", "bucket", "tickets") is None


def test_a_refusal_is_not_taken_for_nothing_published(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "client", lambda *_: Store("AccessDenied"))
    with pytest.raises(ClientError, match="AccessDenied"):
        bundles.published("http://127.0.0.1:1", "bucket", "tickets")

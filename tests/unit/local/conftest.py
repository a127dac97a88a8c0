"""What the laptop's tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from local.place import ROOT, Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A place of its own for each test."""
    made = Place(root=ROOT, folder=tmp_path / "local", build=tmp_path / "build")
    made.create()
    return made


@pytest.fixture
def no_account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS as moto has it in this process, with nothing in it."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield

"""What the laptop's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.place import ROOT, Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A place of its own for each test."""
    made = Place(root=ROOT, folder=tmp_path / "local", build=tmp_path / "build")
    made.create()
    return made

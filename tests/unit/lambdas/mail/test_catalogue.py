"""docs/operations.md says what the catalogue says."""

from __future__ import annotations

import re
from pathlib import Path

from lambdas.mail.catalogue import ALARMS

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "operations.md").read_text("utf-8")


def test_the_table_of_the_alarms_is_the_catalogue() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| [^|]+ \| [^|]+ \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert {name: (owner, do) for name, owner, do in rows} == {
        name: (known.owner, known.do) for name, known in ALARMS.items()
    }


def test_the_table_of_the_parts_is_the_catalogue() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| `([\w-]+)` \| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert set(rows) == {
        (name, larger, why) for name, known in ALARMS.items() for larger, why in known.part_of.items()
    }

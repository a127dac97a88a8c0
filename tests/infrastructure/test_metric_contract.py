"""The metrics in docs/contracts.md are those the infrastructure counts on."""

from __future__ import annotations

import re
from pathlib import Path

from cdk.metrics import OWN, SHARED

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_of_the_contract_is_the_list() -> None:
    contract = (ROOT / "docs" / "contracts.md").read_text("utf-8")
    section = contract.partition("## Metrics")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (`service`|-) \|", section, re.MULTILINE))
    assert {name for name, dimension in rows.items() if dimension == "`service`"} == set(OWN)
    assert {name for name, dimension in rows.items() if dimension == "-"} == set(SHARED)

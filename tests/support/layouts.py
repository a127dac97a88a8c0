"""A service's fields and layouts for tests of the training pipeline."""

from __future__ import annotations

from model_build.dataset import Columns
from model_build.examine import Layout
from model_build.missing import Missing
from model_build.service import Field

FIELDS = {
    "subject": Field("text", longest=1000),
    "body": Field("text", longest=20_000),
    "channel": Field("category", longest=40),
    "previous_tickets": Field("integer", least=0, most=1_000_000),
}


def layout_of(columns: Columns, missing: Missing | None = None, time_format: str | None = None) -> Layout:
    """The first text columns are the subject, the last one is the body."""
    *before, last = columns.text
    text = {"subject": list(before), "body": [last]} if before else {"body": [last]}
    return Layout(columns, text, FIELDS, missing or Missing(), time_format)

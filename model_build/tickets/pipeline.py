"""The ticket service's share of training: what its fields are, and which functions do the work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import inspect

from lambdas.tickets.schema import TicketRequest
from model_build.service import Field

TEXT_FIELDS: Final = ("subject", "body")
EXTRA_FIELDS: Final = ("channel", "customer_tier", "previous_tickets")


def schema_fields() -> dict[str, Field]:
    """The fields that a CSV can fill, with the limits that the request schema sets at the door."""
    request = inspect.type_info(TicketRequest)
    assert isinstance(request, inspect.StructType)  # noqa: S101 - told to the type checker
    known = {field.name: field.type for field in request.fields}
    return {name: _field(name, known[name]) for name in (*TEXT_FIELDS, *EXTRA_FIELDS)}


def _field(name: str, kind: Any) -> Field:
    kind = kind.type if isinstance(kind, inspect.Metadata) else kind
    if isinstance(kind, inspect.UnionType):
        kind = next(part for part in kind.types if not isinstance(part, inspect.NoneType))
    if isinstance(kind, inspect.IntType):
        return Field("integer", least=kind.ge, most=kind.le)
    return Field("text" if name in TEXT_FIELDS else "category", longest=kind.max_length)


def text_fields(columns: Sequence[str]) -> dict[str, list[str]]:
    """Which text columns fill the subject and which the body.

    Columns of these names fill them; otherwise the last one is the body and those before it the subject.
    """
    if set(columns) <= set(TEXT_FIELDS):
        return {name: [name] for name in TEXT_FIELDS if name in columns}
    *before, last = columns
    return {"subject": before, "body": [last]} if before else {"body": [last]}


__all__ = ["Mapping", "schema_fields", "text_fields"]

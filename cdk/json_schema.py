"""JSON Schemas of msgspec types: as they are for OpenAPI 3.1, and in the dialect of API Gateway models.

API Gateway models are draft 4: no `const`, no `$defs`, bounds that exclude are flags beside the bound.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

Schema = dict[str, Any]

# Keywords that draft 4 does not know and that only inform or that API Gateway rejects.
_DROPPED = frozenset({"examples", "discriminator", "contentEncoding", "contentMediaType", "deprecated"})


def components(types: Iterable[type], ref_template: str) -> tuple[list[Schema], dict[str, Schema]]:
    """(one schema a type, the named schemas they refer to); a reference is `ref_template` with {name}."""
    schemas, named = msgspec.json.schema_components(tuple(types), ref_template=ref_template)
    return list(schemas), dict(named)


def draft4_model(kind: type) -> Schema:
    """The self-contained draft-4 schema of a msgspec struct, as an API Gateway model takes it."""
    (reference,), named = components([kind], "#/definitions/{name}")
    converted = {name: _draft4(schema) for name, schema in named.items()}
    root = converted.pop(kind.__name__) if "$ref" in reference else _draft4(reference)
    model = {"$schema": "http://json-schema.org/draft-04/schema#", "title": kind.__name__, **root}
    if converted:
        model["definitions"] = converted
    return model


def _draft4(schema: Any) -> Any:
    """`schema` (or any part of one) rewritten for draft 4."""
    if isinstance(schema, list):
        return [_draft4(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    out: Schema = {}
    for key, value in schema.items():
        if key in _DROPPED or (key == "required" and not value):  # draft 4 wants at least one
            continue
        if key == "const":
            out["enum"] = [value]
        elif key == "$defs":
            out["definitions"] = {name: _draft4(part) for name, part in value.items()}
        elif key in {"exclusiveMinimum", "exclusiveMaximum"}:
            out[key.removeprefix("exclusive").lower()] = value
            out[key] = True
        elif key == "prefixItems":
            out["items"] = [_draft4(part) for part in value]
        elif key == "items" and value is False:
            out["additionalItems"] = False
        elif key in {"properties", "definitions"}:
            out[key] = {name: _draft4(part) for name, part in value.items()}
        elif key in {"default", "enum"}:
            out[key] = value
        else:
            out[key] = _draft4(value)
    return out

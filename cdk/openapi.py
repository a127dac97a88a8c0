"""`python -m cdk.openapi`: write the OpenAPI document that `GET /v1/openapi.json` serves.

It is made of the routes in cdk/services.py and the msgspec types they name. `--check` writes nothing
and fails when the file on disk is not what the types say.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cdk.json_schema import Schema, components
from cdk.names import ROOT
from cdk.service import BINARY_TYPES, Route, Service
from cdk.services import behind_the_api
from lambdas.core.schema import Problem

DOCUMENT = ROOT / "lambdas" / "catalog" / "openapi.json"
_REF = "#/components/schemas/{name}"
_PROBLEMS = {
    "400": "The request cannot be used; `field` names what is wrong.",
    "401": "Nobody has signed in, or not any more.",
    "403": "The caller may not do this: the x-api-key header is wrong, or it is not for this reviewer.",
    "404": "There is nothing under this id, or no more.",
    "409": "It stands already, with other content.",
    "413": "The body or one of its fields is too large.",
    "415": "A file is of a type that is not taken, whatever its name says.",
    "422": "The file that is all there is to judge is damaged.",
    "429": "Too many requests; try again later.",
    "503": "Not available for now; try again later.",
}

_SEPARATORS = str.maketrans(":/.{}", "     ")
_OF_BODIES = {"400", "409", "413", "415", "422"}
_OF_MEDIA = {"415", "422"}


def document(services: Iterable[Service]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the routes of `services`."""
    routes = [(service, route) for service in services for route in service.routes if _is_api(route)]
    kinds = dict.fromkeys(
        [Problem, *(kind for _, route in routes for kind in (route.request, route.response) if kind)]
    )
    schemas, named = components(kinds, _REF)
    reference = dict(zip(kinds, schemas, strict=True))
    paths: dict[str, Any] = {}
    for service, route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(service, route, reference)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Triage",
            "version": "1",
            "description": "Decisions on streams of items: the clear ones are made in milliseconds, "
            "the others are marked for review.",
        },
        "servers": [{"url": "{base}", "variables": {"base": {"default": "https://example.com/live"}}}],
        "security": [{"apiKey": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(named.items())),
            "securitySchemes": {
                "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
                "reviewer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The id_token of POST /v1/reviewers:signIn.",
                },
            },
        },
    }


def _operation(service: Service, route: Route, reference: dict[type, Schema]) -> dict[str, Any]:
    answer = reference[route.response] if route.response else {"type": "object"}
    content: Schema = {"application/json": {"schema": answer}}
    if route.other_type:
        binary = {"format": "binary"} if route.other_type in BINARY_TYPES else {}
        content[route.other_type] = {"schema": {"type": "string", **binary}}
    problem = reference[Problem]
    operation: dict[str, Any] = {
        "operationId": operation_id(route),
        "summary": route.summary,
        "tags": [service.name],
    }
    if route.auth != "key":
        operation["security"] = [{"reviewer": []}] if route.auth == "reviewer" else []
    parameters = [(name, "path") for name in route.parameters] + [(name, "query") for name in route.query]
    if parameters:
        operation["parameters"] = [
            {"name": name, "in": where, "required": where == "path", "schema": {"type": "string"}}
            for name, where in parameters
        ]
    if route.request:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": reference[route.request]}},
        }
    operation["responses"] = {
        "200": {"description": "The answer.", "content": content},
        **{
            status: {"description": text, "content": {"application/problem+json": {"schema": problem}}}
            for status, text in _PROBLEMS.items()
            if route.request or status not in _OF_BODIES
            if (service.media and route.request) or status not in _OF_MEDIA
            if route.parameters or status != "404"
            if route.auth != "key" or status != "401"
        },
    }
    return operation


def _is_api(route: Route) -> bool:
    """Whether programs call the route; the page's files are for browsers."""
    return route.path.startswith("/v1/")


def operation_id(route: Route) -> str:
    """A name for a route that code generators can use, for example `postTicketsClassify`."""
    words = route.path.removeprefix("/v1/").translate(_SEPARATORS).split()
    return route.method.lower() + "".join(word[0].upper() + word[1:] for word in words)


def rendered(services: Iterable[Service]) -> str:
    """The document as it stands in the file."""
    return json.dumps(document(services), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None, *, path: Path = DOCUMENT) -> int:
    """Write the document, or with `--check` compare it. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m cdk.openapi", description=__doc__.split("\n\n")[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail when the file is out of date"
    )
    wanted = rendered(behind_the_api())
    shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    if parser.parse_args(arguments).check:
        if path.is_file() and path.read_text("utf-8") == wanted:
            return 0
        sys.stderr.write(f"{shown} is out of date: run `make openapi` and commit it\n")
        return 1
    path.write_text(wanted, "utf-8")
    sys.stdout.write(f"wrote {shown}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

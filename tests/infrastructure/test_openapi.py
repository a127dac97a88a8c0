"""The generated documents: draft 4 for API Gateway, OpenAPI for people; both say what the types say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest
from jsonschema import Draft4Validator
from openapi_spec_validator import validate

from cdk import openapi
from cdk.json_schema import draft4_model
from cdk.services import behind_the_api


class Leaf(msgspec.Struct, forbid_unknown_fields=True):
    """A part."""

    kind: Literal["a"]
    share: Annotated[float, msgspec.Meta(gt=0, lt=1)]
    pair: tuple[int, str] = (1, "x")


class Whole(msgspec.Struct):
    """All that schemas differ in between the dialects."""

    leaves: Annotated[list[Leaf], msgspec.Meta(min_length=1, max_length=2)]
    note: Annotated[str | None, msgspec.Meta(examples=["hello"])] = None
    const: Literal[3] = 3


def leaf(**changed: object) -> dict[str, object]:
    return {"leaves": [{"kind": "a", "share": 0.5, "pair": [1, "x"], **changed}]}


@pytest.mark.parametrize(
    ("body", "valid"),
    [
        (leaf(), True),
        (leaf(share=0), False),
        (leaf(share=1), False),
        (leaf(share=0.001), True),
        (leaf(kind="b"), False),
        (leaf(pair=[1]), False),
        (leaf(pair=[1, "x", 2]), False),
        (leaf(pair=["x", 1]), False),
        (leaf(extra=1), False),
        ({"leaves": []}, False),
        ({"leaves": [leaf()["leaves"][0]] * 3}, False),  # type: ignore[index]
        ({**leaf(), "note": None}, True),
        ({**leaf(), "note": 5}, False),
        ({**leaf(), "const": 4}, False),
    ],
)
def test_draft_4_says_what_the_type_says(body: dict[str, object], valid: bool) -> None:
    schema = draft4_model(Whole)
    Draft4Validator.check_schema(schema)
    assert Draft4Validator(schema).is_valid(body) is valid
    try:
        msgspec.convert(body, Whole)
        converted = True
    except msgspec.ValidationError:
        converted = False
    assert converted is valid


def test_draft_4_has_no_word_of_later_drafts() -> None:
    words = set(json.dumps(draft4_model(Whole)).replace('"', " ").split())
    assert not {"const:", "$defs", "prefixItems", "examples"} & words
    assert draft4_model(Leaf)["title"] == "Leaf"
    assert "definitions" not in draft4_model(Leaf)


def test_a_property_that_is_called_like_a_keyword_stays_a_property() -> None:
    odd = msgspec.defstruct("Odd", [("examples", str), ("const", int), ("items", bool)])
    assert set(draft4_model(odd)["properties"]) == {"examples", "const", "items"}


def test_the_document_is_valid_openapi() -> None:
    document = openapi.document(behind_the_api())
    assert document["openapi"] == "3.1.0"
    validate(document)


def test_it_has_every_route_with_the_types_of_the_list() -> None:
    document = openapi.document(behind_the_api())
    found = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    routes = {(r.method, r.path): r for s in behind_the_api() for r in s.routes if r.path.startswith("/v1/")}
    assert found == set(routes)
    for (method, path), route in routes.items():
        said = document["paths"][path][method.lower()].get("security")
        assert said == {"key": None, "reviewer": [{"reviewer": []}], "none": []}[route.auth]
        assert ("401" in document["paths"][path][method.lower()]["responses"]) == (route.auth != "key")
    classify = document["paths"]["/v1/tickets:classify"]["post"]
    asked = classify["requestBody"]["content"]["application/json"]["schema"]
    assert asked == {"$ref": "#/components/schemas/TicketRequest"}
    assert set(classify["responses"]) == {"200", "400", "403", "409", "413", "429", "503"}
    explanation = document["paths"]["/v1/transactions/{id}/explanation"]["get"]
    assert [(p["name"], p["in"], p["required"]) for p in explanation["parameters"]] == [("id", "path", True)]
    assert set(explanation["responses"]) == {"200", "403", "404", "429", "503"}
    assert set(explanation["responses"]["200"]["content"]) == {"application/json", "image/svg+xml"}
    problem = classify["responses"]["400"]["content"]["application/problem+json"]["schema"]
    assert problem == {"$ref": "#/components/schemas/Problem"}
    assert document["security"] == [{"apiKey": []}]


def test_the_committed_document_is_up_to_date() -> None:
    assert openapi.main(["--check"]) == 0, "run `make openapi` and commit the file"


def test_check_fails_on_drift_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "openapi.json"
    assert openapi.main(["--check"], path=path) == 1
    assert not path.exists()
    assert openapi.main([], path=path) == 0
    assert openapi.main(["--check"], path=path) == 0
    path.write_text(path.read_text("utf-8").replace("TicketRequest", "Ticket"), "utf-8")
    before = path.read_bytes()
    assert openapi.main(["--check"], path=path) == 1
    assert path.read_bytes() == before
    assert "make openapi" in capsys.readouterr().err

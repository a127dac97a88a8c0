"""The ticket service on a tiny real model: rules, terms, limits and the bundle's own check."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from lambdas.core.bundle import decode_manifest
from lambdas.core.errors import BundleError, InvalidRequest
from lambdas.core.service import Stamp
from lambdas.tickets.rules import route
from lambdas.tickets.schema import TicketRequest
from lambdas.tickets.service import TicketModel, Tickets
from tests.support.bundles import write_bundle

STAMP = Stamp("tickets.1", "2026-01-01T00:00:00.000Z", "champion", "v1")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> TicketModel:
    folder = tmp_path_factory.mktemp("bundle")
    write_bundle(folder, "v1")
    manifest = decode_manifest((folder / "v1" / "manifest.json").read_bytes(), "tickets")
    return Tickets().open(folder / "v1", manifest)


def test_a_batch_of_very_long_tickets_is_run_in_parts_with_the_same_answers(model: TicketModel) -> None:
    long = [TicketRequest(body=f"invoice {k} " + "word " * 3_900) for k in range(8)]
    parts = Tickets().predict(model, long, [STAMP] * 8)
    alone = [Tickets().predict(model, [ticket], [STAMP])[0] for ticket in long]
    assert parts == alone


def test_a_bundle_with_other_features_is_refused(tmp_path: Path) -> None:
    write_bundle(tmp_path, "v1")
    manifest = decode_manifest((tmp_path / "v1" / "manifest.json").read_bytes(), "tickets")
    with pytest.raises(BundleError, match="other features"):
        Tickets().open(tmp_path / "v1", msgspec.structs.replace(manifest, features=["x"]))


def test_a_model_that_is_not_onnx_is_refused(tmp_path: Path) -> None:
    write_bundle(tmp_path, "v1")
    manifest = decode_manifest((tmp_path / "v1" / "manifest.json").read_bytes(), "tickets")
    (tmp_path / "v1" / "model.onnx").write_bytes(b"junk")
    with pytest.raises(BundleError, match="cannot be loaded"):
        Tickets().open(tmp_path / "v1", manifest)


def test_a_model_with_other_classes_than_its_manifest_is_refused(tmp_path: Path) -> None:
    write_bundle(tmp_path, "v1")
    manifest = decode_manifest((tmp_path / "v1" / "manifest.json").read_bytes(), "tickets")
    heads = [msgspec.structs.replace(manifest.heads[0], classes=["A", "B", "C"])]
    with pytest.raises(BundleError, match="shape"):
        Tickets().open(tmp_path / "v1", msgspec.structs.replace(manifest, heads=heads))


@pytest.mark.parametrize(
    ("body", "department"),
    [
        ("I want a refund for this invoice", "Billing"),
        ("la aplicación falla con un error", "Technical"),
        ("ce service est inacceptable, je suis très déçu", "Complaint"),
        ("a suggestion: add an integration", "Feature Request"),
        ("zzz", "General"),
    ],
)
def test_rules_route_by_the_domains_terms(body: str, department: str) -> None:
    outputs, _ = route(TicketRequest(body=body))
    assert outputs["department"].label == department
    assert abs(sum(outputs["department"].probabilities.values()) - 1) < 1e-9


def test_rules_see_urgency() -> None:
    assert route(TicketRequest(body="urgent outage, production is down"))[0]["urgency"].label == "critical"
    assert route(TicketRequest(body="hello"))[0]["urgency"].label == "medium"


@pytest.mark.parametrize(
    ("ticket", "field"),
    [
        (TicketRequest(), "body"),
        (TicketRequest(subject=" ", body="\n"), "body"),
        (TicketRequest(body="a\x00b"), "body"),
        (TicketRequest(subject="a\x1b[0m", body="x"), "subject"),
        (TicketRequest(body="x", ticket_id="a\x7f"), "ticket_id"),
    ],
)
def test_what_the_types_cannot_say(ticket: TicketRequest, field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        Tickets().check([ticket])
    assert caught.value.field == field
    with pytest.raises(InvalidRequest) as caught:
        Tickets().check([TicketRequest(body="fine"), ticket])
    assert caught.value.field == f"tickets[1].{field}"

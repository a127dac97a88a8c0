"""The handlers under AWS's real runtime client and emulator, without a container."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.emulated import NOWHERE, Function, function_environment, in_process
from tests.support.events import proxy_event

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("runtime-client")]

CLASSIFY = "/v1/tickets:classify"


@pytest.fixture(scope="module")
def tickets(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Function]:
    folder = tmp_path_factory.mktemp("tickets")
    environ = function_environment(NOWHERE) | {"MODEL_CACHE_DIR": str(folder / "models")}
    with in_process(tools, "lambdas.tickets.handler.handle", environ, folder / "log") as function:
        yield function


def test_a_ticket_is_answered_by_rules(tickets: Function) -> None:
    answer = tickets.invoke(proxy_event("POST", CLASSIFY, {"body": "The app crashes with an error"}))
    assert answer["statusCode"] == 200
    decision = json.loads(answer["body"])
    assert decision["source"] == "rules"
    assert decision["outcome"] == "Technical"


def test_accents_come_through(tickets: Function) -> None:
    ticket = {"ticket_id": "numéro-ñ", "body": "La señal falló"}
    answer = tickets.invoke(proxy_event("POST", CLASSIFY, ticket))
    assert json.loads(answer["body"])["ticket_id"] == "numéro-ñ"


def test_a_bad_body_is_a_problem(tickets: Function) -> None:
    answer = tickets.invoke(proxy_event("POST", CLASSIFY, "["))
    assert answer["statusCode"] == 400
    assert answer["headers"]["Content-Type"] == "application/problem+json"


def test_the_request_id_of_lambda_is_on_the_log_lines(tickets: Function) -> None:
    tickets.invoke(proxy_event("POST", CLASSIFY, "["))
    lines = [json.loads(line) for line in tickets.logs().splitlines() if line.startswith('{"level"')]
    refused = [line for line in lines if line["message"] == "bad request"]
    assert refused
    assert all(line["request_id"] for line in refused)


def test_a_missing_setting_names_itself_at_init(tools: Path, tmp_path: Path) -> None:
    environ = function_environment(NOWHERE)
    del environ["ARTIFACTS_BUCKET"]
    with in_process(tools, "lambdas.catalog.handler.handle", environ, tmp_path / "log") as function:
        answer = function.invoke(proxy_event("GET", "/v1/models"))
    assert answer["errorType"] == "SettingsError"
    assert "ARTIFACTS_BUCKET" in answer["errorMessage"]

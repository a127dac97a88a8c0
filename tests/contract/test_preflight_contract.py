"""The pre-flight's contract suite on the models that the project trains itself: they keep every rule."""

from __future__ import annotations

import pytest

from model_build.preflight.bundles import open_bundle
from model_build.preflight.contract import contract
from model_build.preflight.held_out import test_split as held_out_rows
from model_build.services import load_service
from model_build.workspace import Workspace
from tests.conftest import Trained

pytestmark = pytest.mark.contract

RULES = {
    "probabilities", "determinism", "batch = single", "order", "missing inputs", "actionable", "serving",
    "JSON", "reasons", "rules",
}  # fmt: skip


@pytest.fixture(params=["tickets", "transactions", "content"])
def trained(request: pytest.FixtureRequest) -> Trained:
    found: Trained = request.getfixturevalue(f"trained_{request.param}")
    return found


def test_a_trained_model_keeps_every_rule_of_the_preflight(trained: Trained) -> None:
    place, service = Workspace(trained.build, trained.service), load_service(trained.service, trained.build)
    opened = open_bundle(trained.bundle, trained.service)
    rows = held_out_rows(place, service, opened.manifest)
    assert rows is not None
    found = contract(opened, service, [rows])
    assert {each.gate.removeprefix("contract: ") for each in found} == RULES
    assert [f"{each.gate}: {each.said}" for each in found if not each.passed] == []

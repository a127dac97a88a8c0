"""The functions: one image on AWS, a zip on the laptop, and otherwise the same."""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path

import aws_cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_lambda as lambda_

from cdk.constructs.function_code import Packaged
from cdk.constructs.metric_bridge import HANDLER as BRIDGE
from cdk.constructs.service_function import LoggedFunction
from cdk.services import behind_the_api
from tests.infrastructure.assembly import Assembly, Json, text
from tests.infrastructure.synthesize import more_services as listed

ROOT = Path(__file__).resolve().parents[2]
SERVED = behind_the_api()


def functions(assembly: Assembly) -> dict[str, Json]:
    """The properties of each function of the API stack by its name."""
    found = assembly.resources("AWS::Lambda::Function", "Triage-Api")
    return {r.properties["FunctionName"]: r.properties for r in found}


def test_on_aws_one_image_with_a_command_each(plain: Assembly) -> None:
    found = functions(plain)
    assert set(found) == {f"triage-{service.name}" for service in SERVED}
    assert len({text(function["Code"]["ImageUri"]) for function in found.values()}) == 1
    (tag,) = plain.assets("Triage-Api")["dockerImages"]
    for service in SERVED:
        function = found[f"triage-{service.name}"]
        assert function["PackageType"] == "Image"
        assert function["ImageConfig"] == {"Command": [service.handler]}
        assert text(function["Code"]["ImageUri"]).endswith(f"/triage:{tag}")
        assert function["Architectures"] == ["x86_64"], "onnxruntime crashes on arm64 Lambda"


def test_on_the_laptop_a_zip_and_the_same_handler(laptop: Assembly) -> None:
    found = functions(laptop)
    for service in SERVED:
        function = found[f"triage-{service.name}"]
        assert function["Handler"] == service.handler
        assert function["Runtime"].startswith("python3.")
        assert "PackageType" not in function


def test_apart_from_the_packaging_the_laptops_functions_are_the_same(
    plain: Assembly, laptop: Assembly
) -> None:
    """The laptop has its feature store named by a secret, as any user may have, and no worker to wake."""
    packaging = {"Code", "PackageType", "ImageConfig", "Handler", "Runtime"}

    def rest(assembly: Assembly) -> dict[str, Json]:
        found = {
            name: {key: value for key, value in function.items() if key not in packaging}
            for name, function in deepcopy(functions(assembly)).items()
        }
        found["triage-transactions"]["Environment"]["Variables"].pop("FEATURE_STORE_SECRET", None)
        found["triage-content"]["Environment"]["Variables"].pop("LATER_FUNCTION", None)
        found.pop("triage-exporter", None)  # off on AWS unless it is asked for
        return found

    assert rest(plain) == rest(laptop)


def test_the_environment_is_that_of_the_contract(plain: Assembly) -> None:
    contract = (ROOT / "docs" / "contracts.md").read_text("utf-8")
    section = contract.partition("## Environment of a decision function")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|$", section, re.MULTILINE)
    elsewhere = {"AWS_ENDPOINT_URL", "MODEL_CACHE_DIR"}  # the embedded AWS sets these
    promised = {name: meaning for name, meaning in rows if name not in elsewhere}
    environment = functions(plain)["triage-tickets"]["Environment"]["Variables"]
    assert set(environment) == set(promised)
    assert text(environment["ARTIFACTS_BUCKET"]) == "<Triage-Artifacts.ArtifactsBucket>"
    for name in ("ROLLOUT_REFRESH_SECONDS", "DECISION_TTL_DAYS", "REVIEW_SAMPLE"):
        assert f"({environment[name]})" in promised[name]
    assert environment["POWERTOOLS_SERVICE_NAME"] == "tickets"
    assert environment["POWERTOOLS_METRICS_NAMESPACE"] == "Triage"


def test_the_catalog_is_told_the_services(more_services: Assembly) -> None:
    environment = functions(more_services)["triage-catalog"]["Environment"]["Variables"]
    assert environment["SERVICES"] == ",".join(service.name for service in listed())


@pytest.mark.parametrize("variant", ["plain", "laptop"])
def test_every_function_logs_to_a_group_that_forgets(variant: str, request: pytest.FixtureRequest) -> None:
    assembly: Assembly = request.getfixturevalue(variant)
    retention = {
        g.logical_id: g.properties["RetentionInDays"] for g in assembly.resources("AWS::Logs::LogGroup")
    }
    for function in assembly.resources("AWS::Lambda::Function"):
        assert retention[function.properties["LoggingConfig"]["LogGroup"]["Ref"]] == 30


def test_functions_behind_the_api_are_traced_and_answer_before_the_gateway_gives_up(plain: Assembly) -> None:
    for function in functions(plain).values():
        assert function["TracingConfig"] == {"Mode": "Active"}
        assert function["Timeout"] < 29


@pytest.mark.parametrize("variant", ["plain", "everything", "kinesis", "kafka", "laptop"])
def test_nobody_else_uses_up_the_traces_that_are_free(variant: str, request: pytest.FixtureRequest) -> None:
    assembly: Assembly = request.getfixturevalue(variant)
    served = set(functions(assembly))
    for made in assembly.resources("AWS::Lambda::Function"):
        traced = made.properties.get("TracingConfig", {}).get("Mode") == "Active"
        assert traced == (made.properties.get("FunctionName") in served), made.logical_id
        assert "ReservedConcurrentExecutions" not in made.properties, "a new account may have ten in all"


def test_the_zip_holds_the_package_and_nothing_else(laptop: Assembly) -> None:
    folder = zip_folder(laptop, "lambdas")
    assert [path.name for path in folder.iterdir()] == ["lambdas"]
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert {"lambdas/tickets/handler.py", "lambdas/core/http.py", "lambdas/catalog/openapi.json"} <= names
    assert not [
        n for n in names if "__pycache__" in n or n.endswith((".pyc", "Dockerfile", "requirements.txt"))
    ]


def test_the_bridges_zip_holds_only_the_bridge(laptop: Assembly) -> None:
    folder = zip_folder(laptop, "local/emf_bridge")
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert "local/__init__.py" in names
    assert str(Path(*BRIDGE.split(".")[:-1]).with_suffix(".py")) in names
    assert all(name == "local/__init__.py" or name.startswith("local/emf_bridge/") for name in names)


def zip_folder(assembly: Assembly, display_name: str) -> Path:
    """The folder of the zip asset with that name; there is one."""
    folders = {
        assembly.folder / asset["source"]["path"]
        for stack in assembly.templates
        for asset in assembly.assets(stack)["files"].values()
        if asset.get("displayName", "").startswith(display_name)
    }
    assert len(folders) == 1
    return folders.pop()


@pytest.mark.parametrize(("storage", "said"), [(512, assertions.Match.absent()), (2048, {"Size": 2048})])
def test_a_function_may_have_a_larger_tmp(storage: int, said: object) -> None:
    stack = aws_cdk.Stack(aws_cdk.App(), "Large")
    packaged = Packaged(
        lambda_.Code.from_inline("def handle(*_): ..."), "index.handle", lambda_.Runtime.PYTHON_3_11
    )
    LoggedFunction(
        stack, "Made", name="made", packaged=packaged, environment={}, memory_mb=128, storage_mb=storage,
        timeout_seconds=3,
    )  # fmt: skip
    assertions.Template.from_stack(stack).has_resource_properties(
        "AWS::Lambda::Function", {"EphemeralStorage": said}
    )

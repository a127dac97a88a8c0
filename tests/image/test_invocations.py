"""The image answers under AWS's runtime interface emulator, on a STAND-IN for AWS's base image."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.image.emulated import MEMORY, NOWHERE, Function, function_environment, in_container
from tests.image.podman import Podman
from tests.support.events import proxy_event

pytestmark = [pytest.mark.image, pytest.mark.xdist_group("image")]

CLASSIFY = "/v1/tickets:classify"
BATCH = "/v1/tickets:classifyBatch"
INVOICE = {"subject": "Refund", "body": "I was charged twice, please refund the invoice"}


def ask(function: Function, resource: str, body: Any) -> tuple[int, dict[str, Any], str]:
    """Status, decoded body and content type of the function's answer."""
    answer = function.invoke(proxy_event("POST", resource, body))
    return answer["statusCode"], json.loads(answer["body"]), answer["headers"]["Content-Type"]


def inside(podman: Podman, function: Function, command: str) -> str:
    assert function.container
    return podman("exec", function.container, "/bin/sh", "-c", command)


def test_without_any_model_the_rules_answer(alone: Function) -> None:
    status, decision, _ = ask(alone, CLASSIFY, INVOICE)
    assert status == 200
    assert decision["source"] == "rules"
    assert decision["review"] is True
    assert decision["outcome"] == "Billing"
    assert set(decision["degraded"]) == {"model", "decision_log"}


def test_a_batch_without_any_model(alone: Function) -> None:
    status, answer, _ = ask(alone, BATCH, {"tickets": [INVOICE] * 100})
    assert status == 200
    assert [decision["source"] for decision in answer["decisions"]] == ["rules"] * 100


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("{not json", "$"),
        ("", "$"),
        ({"subject": 7}, "subject"),
        ({"subject": "Hello", "colour": "red"}, "colour"),
        ({"subject": " "}, "body"),
        ({"body": "bell \x07"}, "body"),
    ],
)
def test_a_bad_body_is_a_400_that_names_the_field(alone: Function, body: Any, field: str) -> None:
    status, problem, content_type = ask(alone, CLASSIFY, body)
    assert status == 400
    assert content_type == "application/problem+json"
    assert problem["field"] == field
    assert "Traceback" not in json.dumps(problem)


def test_a_route_that_is_not_there_is_a_404(alone: Function) -> None:
    assert ask(alone, "/v1/nothing", {})[0] == 404


def test_the_catalog_says_that_it_cannot_know(podman: Podman, image: str) -> None:
    environ = function_environment(NOWHERE)
    with in_container(podman, image, "lambdas.catalog.handler.handle", environ) as catalog:
        answer = catalog.invoke(proxy_event("GET", "/v1/models"))
        document = catalog.invoke(proxy_event("GET", "/v1/openapi.json"))
    assert answer["statusCode"] == 503
    assert json.loads(answer["body"])["title"] == "Dependency unavailable"
    assert document["statusCode"] == 200
    assert json.loads(document["body"])["openapi"].startswith("3.")


def test_a_missing_setting_names_itself(podman: Podman, image: str) -> None:
    environ = function_environment(NOWHERE)
    del environ["DECISIONS_TABLE"]
    with in_container(podman, image, "lambdas.tickets.handler.handle", environ) as function:
        answer = function.invoke(proxy_event("POST", CLASSIFY, INVOICE))
    assert answer["errorType"] == "SettingsError"
    assert "DECISIONS_TABLE" in answer["errorMessage"]


def test_it_runs_without_rights_on_a_file_system_it_cannot_write(podman: Podman, alone: Function) -> None:
    ask(alone, CLASSIFY, INVOICE)
    status = inside(podman, alone, "cat /proc/1/status")
    assert re.search(r"^Uid:\s+993\s+993", status, re.MULTILINE)
    assert re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)
    root = next(
        line.split() for line in inside(podman, alone, "cat /proc/mounts").splitlines() if " / " in line
    )
    assert "ro" in root[3].split(",")
    touch = "for d in / /var/task /tmp; do touch $d/x 2>/dev/null && echo $d; done; true"
    assert inside(podman, alone, touch).split() == ["/tmp"]


def test_metrics_and_log_lines_are_json_on_standard_output(alone: Function) -> None:
    ask(alone, CLASSIFY, INVOICE)
    lines = [json.loads(line) for line in alone.logs().splitlines() if line.startswith("{")]
    metrics = [line for line in lines if "_aws" in line]
    assert any(line.get("Fallbacks") == [1.0] for line in metrics)
    assert any("Confidence" in line and line["service"] == "tickets" for line in metrics)
    assert any(line.get("message") == "model failed" for line in lines)


def test_the_model_runtime_reports_nothing_to_its_maker(podman: Podman, image: str) -> None:
    """With its telemetry on, onnxruntime starts a thread, and complains when it cannot keep a device id."""

    def started(*flags: str) -> str:
        code = "import onnxruntime; print(open('/proc/self/status').read())"
        done = podman.run(
            "run", "--rm", "--pull=never", "--network", "none", "--read-only", *flags,
            "--entrypoint", "python", image, "-c", code,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def threads(status: str) -> int:
        return int(status.split("Threads:")[1].split(maxsplit=1)[0])

    ours, reporting = started(), started("--env", "ORT_DISABLE_TELEMETRY=0")
    assert "telemetry" not in ours
    assert "telemetry" in reporting
    assert threads(ours) < threads(reporting)


def test_the_memory_limit_holds_and_is_enough(
    podman: Podman, image: str, alone: Function, report: Callable[[str, float], None]
) -> None:
    greedy = podman.run(
        "run", "--rm", "--pull=never", "--network", "none", "--memory", MEMORY, "--memory-swap", MEMORY,
        "--entrypoint", "python", image, "-c", "bytearray(600 << 20)",
    )  # fmt: skip
    assert greedy.returncode == 137
    assert ask(alone, BATCH, {"tickets": [{"body": "no puedo entrar " * 1_000}] * 100})[0] == 200
    peaks = inside(podman, alone, "grep -h VmHWM /proc/[0-9]*/status")
    report("ticket function without a model, MB at most", max(map(int, re.findall(r"\d+", peaks))) / 1024)


def test_the_init_is_reported(alone: Function, report: Callable[[str, float], None]) -> None:
    ask(alone, CLASSIFY, INVOICE)
    assert alone.init_ms() > 0
    report("init without a model, ms", alone.init_ms())

"""API Gateway proxy events and Lambda contexts."""

from __future__ import annotations

import io
import json
import sys
import uuid
from types import SimpleNamespace
from typing import Any

from aws_lambda_powertools import Logger

from lambdas.core.telemetry import Telemetry

CONTEXT = SimpleNamespace(aws_request_id="request-1", function_name="tickets", memory_limit_in_mb=512)


def proxy_event(method: str, resource: str, body: object = None, **more: Any) -> dict[str, Any]:
    """As the REST API sends it; `body` is dumped as JSON unless it is a string already."""
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    return {
        "httpMethod": method,
        "resource": resource,
        "path": resource,
        "headers": {"Content-Type": "application/json"},
        "requestContext": {"requestId": "gateway-1", "stage": "live"},
        "body": text,
        "isBase64Encoded": False,
        **more,
    }


class _Stdout(io.StringIO):
    """Whatever sys.stdout is when a line is written: pytest changes it between set-up and test."""

    def write(self, text: str) -> int:
        return sys.stdout.write(text)


def fresh_telemetry(service: str = "tickets") -> Telemetry:
    """A telemetry whose logger is its own: Powertools keeps one a name, bound to the stream of its making."""
    telemetry = Telemetry(service)
    telemetry.log = Logger(service=f"{service}-{uuid.uuid4().hex}", stream=_Stdout())
    return telemetry

"""AWS Signature Version 4, the part of it that our two services use.

botocore does this and far more; importing it and making its S3 and DynamoDB clients is about as much
work as everything else in a cold start together, and each of its calls costs more than the model does
(`make bench` prints both). A test compares every signature here with botocore's own.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import time
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

from lambdas.core.errors import SettingsError

ALGORITHM = "AWS4-HMAC-SHA256"


class Credentials(NamedTuple):
    """An access key; `token` only for temporary ones, which is what Lambda gives a function."""

    key: str
    secret: str
    token: str | None


def credentials(environ: Mapping[str, str] | None = None) -> Credentials:
    """The credentials that Lambda puts into the environment; raises SettingsError without them."""
    environ = os.environ if environ is None else environ
    try:
        return Credentials(
            environ["AWS_ACCESS_KEY_ID"],
            environ["AWS_SECRET_ACCESS_KEY"],
            environ.get("AWS_SESSION_TOKEN") or None,
        )
    except KeyError as error:
        raise SettingsError(f"no AWS credentials: {error.args[0]} is not set") from error


def signed_headers(
    *,
    method: str,
    host: str,
    path: str,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    body: bytes,
    service: str,
    region: str,
    who: Credentials,
    now: float | None = None,
) -> dict[str, str]:
    """`headers` with `X-Amz-Date`, the token and `Authorization` added.

    `path` is the plain path; it is encoded here as S3 wants it (once). `now` is seconds since the
    epoch, the present by default.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    payload = hashlib.sha256(body).hexdigest()
    out = {**headers, "Host": host, "X-Amz-Date": stamp}
    if service == "s3":
        out["X-Amz-Content-SHA256"] = payload
    if who.token:
        out["X-Amz-Security-Token"] = who.token
    lowered = sorted((name.lower(), value.strip()) for name, value in out.items())
    names = ";".join(name for name, _ in lowered)
    canonical = "\n".join(
        (
            method,
            quote(path, safe="/-_.~"),
            query_string(query),
            *(f"{name}:{value}" for name, value in lowered),
            "",
            names,
            payload,
        )
    )
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    signature = _signature(canonical, stamp, region, service, who)
    out["Authorization"] = (
        f"{ALGORITHM} Credential={who.key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return out


def presigned_query(
    *,
    method: str,
    host: str,
    path: str,
    region: str,
    who: Credentials,
    seconds: int,
    now: float | None = None,
) -> str:
    """The query with which `method` on S3's `path` is allowed to anybody for `seconds`."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    query = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{who.key}/{stamp[:8]}/{region}/s3/aws4_request",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": "host",
        **({"X-Amz-Security-Token": who.token} if who.token else {}),
    }
    canonical = "\n".join(
        (
            method,
            quote(path, safe="/-_.~"),
            query_string(query),
            f"host:{host}",
            "",
            "host",
            "UNSIGNED-PAYLOAD",
        )
    )
    return f"{query_string(query)}&X-Amz-Signature={_signature(canonical, stamp, region, 's3', who)}"


def post_form(
    *,
    bucket: str,
    fields: Mapping[str, str],
    most_bytes: int,
    region: str,
    who: Credentials,
    seconds: int,
    now: float | None = None,
) -> dict[str, str]:
    """`fields` (the object's key among them) with what makes S3 take a form of them for `seconds`.

    The file must have 1 to `most_bytes` bytes, and the form exactly these fields.
    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html
    """
    at = time.time() if now is None else now
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
    said = {
        **fields,
        "x-amz-algorithm": ALGORITHM,
        "x-amz-credential": f"{who.key}/{stamp[:8]}/{region}/s3/aws4_request",
        "x-amz-date": stamp,
        **({"x-amz-security-token": who.token} if who.token else {}),
    }
    policy = {
        "expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at + seconds)),
        "conditions": [
            {"bucket": bucket},
            ["content-length-range", 1, most_bytes],
            *({name: value} for name, value in said.items()),
        ],
    }
    encoded = base64.b64encode(json.dumps(policy).encode()).decode()
    key = _key(who.secret, stamp[:8], region, "s3")
    signature = hmac.new(key, encoded.encode(), hashlib.sha256).hexdigest()
    return {**said, "policy": encoded, "x-amz-signature": signature}


def _signature(canonical: str, stamp: str, region: str, service: str, who: Credentials) -> str:
    """The signature of a canonical request."""
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"{ALGORITHM}\n{stamp}\n{scope}\n{digest}"
    return hmac.new(
        _key(who.secret, stamp[:8], region, service), to_sign.encode(), hashlib.sha256
    ).hexdigest()


def query_string(query: Mapping[str, str]) -> str:
    """`query` in the canonical order and encoding."""
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in query.items())
    return "&".join(f"{name}={value}" for name, value in pairs)


def _key(secret: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key

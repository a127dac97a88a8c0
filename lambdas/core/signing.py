"""AWS Signature Version 4, the part of it that our two services use.

botocore does this and far more; importing it and making its S3 and DynamoDB clients is about as much
work as everything else in a cold start together, and each of its calls costs more than the model does
(`make bench` prints both). A test compares every signature here with botocore's own.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

from lambdas.core.errors import SettingsError


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
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
    signature = hmac.new(
        _key(who.secret, stamp[:8], region, service), to_sign.encode(), hashlib.sha256
    ).hexdigest()
    out["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={who.key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return out


def query_string(query: Mapping[str, str]) -> str:
    """`query` in the canonical order and encoding."""
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in query.items())
    return "&".join(f"{name}={value}" for name, value in pairs)


def _key(secret: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key

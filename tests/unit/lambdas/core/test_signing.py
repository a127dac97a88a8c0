"""Our signatures are botocore's own."""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Mapping
from unittest import mock
from urllib.parse import parse_qsl, urlsplit

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.core.errors import SettingsError
from lambdas.core.signing import (
    Credentials,
    credentials,
    post_form,
    presigned_query,
    query_string,
    signed_headers,
)

NOW = datetime.datetime(2026, 3, 4, 5, 6, 7, tzinfo=datetime.UTC)


def botocore_authorization(
    service: str, method: str, url: str, headers: Mapping[str, str], body: bytes, who: Credentials
) -> str:
    signer = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    request = botocore.awsrequest.AWSRequest(method=method, url=url, headers=dict(headers), data=body)
    if service == "s3":
        request.context["payload_signing_enabled"] = True
    with mock.patch("botocore.auth.get_current_datetime", return_value=NOW.replace(tzinfo=None)):
        signer(botocore.credentials.Credentials(*who), service, "eu-west-1").add_auth(request)
    return str(request.headers["Authorization"])


@given(
    key=st.text("abcXYZ019 +/=~-_.éñ", min_size=1, max_size=30).map(lambda key: key.lstrip("/") or "k"),
    token=st.none() | st.just("a-session-token"),
    etag=st.sampled_from(["", '"abc"']),
)
def test_an_s3_get_is_signed_as_botocore_signs_it(key: str, token: str | None, etag: str) -> None:
    who = Credentials("AKIDEXAMPLE", "secret", token)
    host = "bucket.s3.eu-west-1.amazonaws.com"
    headers = {"If-None-Match": etag} if etag else {}
    ours = signed_headers(
        method="GET", host=host, path=f"/{key}", query={}, headers=headers, body=b"",
        service="s3", region="eu-west-1", who=who, now=NOW.timestamp(),
    )  # fmt: skip
    theirs = botocore_authorization("s3", "GET", f"https://{host}/{encode(key)}", headers, b"", who)
    assert ours["Authorization"] == theirs


@given(body=st.binary(max_size=200))
def test_a_dynamodb_call_is_signed_as_botocore_signs_it(body: bytes) -> None:
    who = Credentials("AKIDEXAMPLE", "secret", "token")
    host = "dynamodb.eu-west-1.amazonaws.com"
    headers = {"X-Amz-Target": "DynamoDB_20120810.PutItem", "Content-Type": "application/x-amz-json-1.0"}
    ours = signed_headers(
        method="POST", host=host, path="/", query={}, headers=headers, body=body,
        service="dynamodb", region="eu-west-1", who=who, now=NOW.timestamp(),
    )  # fmt: skip
    theirs = botocore_authorization("dynamodb", "POST", f"https://{host}/", headers, body, who)
    assert ours["Authorization"] == theirs


def encode(key: str) -> str:
    from urllib.parse import quote

    return quote(key, safe="/-_.~")


def test_a_query_is_sorted_and_encoded() -> None:
    assert query_string({"prefix": "a b/c", "list-type": "2"}) == "list-type=2&prefix=a%20b%2Fc"


def test_missing_credentials_name_the_variable() -> None:
    with pytest.raises(SettingsError, match="AWS_SECRET_ACCESS_KEY"):
        credentials({"AWS_ACCESS_KEY_ID": "x"})


@given(
    key=st.text("abcXYZ019+=~-_.éñ /", min_size=1, max_size=30).map(lambda key: key.strip("/ ") or "k"),
    token=st.none() | st.just("a-session/token=="),
)
def test_a_link_is_signed_as_botocore_signs_it(key: str, token: str | None) -> None:
    who = Credentials("AKIDEXAMPLE", "secret", token)
    host = "bucket.s3.eu-west-1.amazonaws.com"
    ours = presigned_query(
        method="GET", host=host, path=f"/{key}", region="eu-west-1", who=who, seconds=300, now=NOW.timestamp()
    )
    request = botocore.awsrequest.AWSRequest(method="GET", url=f"https://{host}/{encode(key)}")
    with mock.patch("botocore.auth.get_current_datetime", return_value=NOW.replace(tzinfo=None)):
        botocore.auth.S3SigV4QueryAuth(
            botocore.credentials.Credentials(*who), "s3", "eu-west-1", expires=300
        ).add_auth(request)
    assert dict(parse_qsl(ours)) == dict(parse_qsl(urlsplit(request.url).query))


@pytest.mark.parametrize("token", [None, "a-session-token"])
def test_a_form_is_signed_as_botocore_signs_it(token: str | None) -> None:
    who = Credentials("AKIDEXAMPLE", "secret", token)
    fields = {"key": "uploads/a/b", "Content-Type": "image/png"}
    ours = post_form(
        bucket="bucket", fields=fields, most_bytes=5_000, region="eu-west-1", who=who, seconds=300,
        now=NOW.timestamp(),
    )  # fmt: skip
    policy = json.loads(base64.b64decode(ours["policy"]))
    assert policy["expiration"] == "2026-03-04T05:11:07Z"
    conditions = policy["conditions"]
    assert {"bucket": "bucket"} in conditions
    assert ["content-length-range", 1, 5_000] in conditions
    assert {"key": "uploads/a/b"} in conditions
    covered = {name for condition in conditions if isinstance(condition, dict) for name in condition}
    assert set(ours) - {"policy", "x-amz-signature"} == covered - {"bucket"}
    scope = "20260304/eu-west-1/s3/aws4_request"
    assert ours["x-amz-credential"] == f"AKIDEXAMPLE/{scope}"
    signer = botocore.auth.S3SigV4PostAuth(botocore.credentials.Credentials(*who), "s3", "eu-west-1")
    request = botocore.awsrequest.AWSRequest(method="POST", url="https://bucket.s3.amazonaws.com/")
    request.context["timestamp"] = "20260304T050607Z"
    assert ours["x-amz-signature"] == signer.signature(ours["policy"], request)

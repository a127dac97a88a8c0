"""The AWS calls of the functions: S3 objects, DynamoDB and SNS, on one kept-alive connection each.

See signing.py for why this is not botocore. Everything that can go wrong is a typed error: NotFound,
PreconditionFailed, or DependencyDown, which says what did not answer.
"""

from __future__ import annotations

import http.client
import os
import ssl
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from lambdas.core.errors import DependencyDown, NotFound, PreconditionFailed
from lambdas.core.signing import Credentials, credentials, query_string, signed_headers

CHUNK = 1 << 20


class Object(NamedTuple):
    """An S3 object's content and its ETag."""

    body: bytes
    etag: str


class Connection:
    """A kept-alive HTTP connection to one AWS service that signs what it sends."""

    def __init__(
        self, service: str, *, timeout: float, region: str | None = None, who: Credentials | None = None
    ) -> None:
        """`timeout` in seconds bounds the connecting and each read."""
        self.service = service
        self.region = (
            region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION", "us-east-1")
        )
        self.endpoint = os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}") or os.environ.get(
            "AWS_ENDPOINT_URL"
        )
        self._timeout = timeout
        self._who = who or credentials()
        self._open: dict[str, http.client.HTTPConnection] = {}

    def request(
        self,
        method: str,
        host: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> http.client.HTTPResponse:
        """The answer to one signed request, its body not yet read.

        A kept-alive connection may have been closed by the other side since the last call, always so
        after Lambda froze the function; such a call is sent once more on a new one.
        """
        query = query or {}
        signed = signed_headers(
            method=method,
            host=host,
            path=path,
            query=query,
            headers=headers or {},
            body=body,
            service=self.service,
            region=self.region,
            who=self._who,
        )
        target = quote(path, safe="/-_.~") + (f"?{query_string(query)}" if query else "")
        for fresh in (False, True):
            connection = self._connection(host, fresh=fresh)
            reused = connection.sock is not None
            try:
                connection.request(method, target, body or None, signed)
                return connection.getresponse()
            except (http.client.HTTPException, OSError) as error:
                connection.close()
                if reused and not isinstance(error, TimeoutError):
                    continue
                raise DependencyDown(
                    f"{self.service} did not answer: {error or type(error).__name__}"
                ) from error
        raise AssertionError("unreachable: a fresh connection is never reused")

    def host(self, name: str) -> str:
        """The host to send to: `name` on AWS, the endpoint's own when one is set."""
        return urlsplit(self.endpoint).netloc if self.endpoint else name

    def suffix(self) -> str:
        """The DNS suffix of the region's partition."""
        return "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"

    def _connection(self, host: str, *, fresh: bool) -> http.client.HTTPConnection:
        if fresh or host not in self._open:
            if self.endpoint and urlsplit(self.endpoint).scheme == "http":
                self._open[host] = http.client.HTTPConnection(host, timeout=self._timeout)
            else:
                self._open[host] = http.client.HTTPSConnection(
                    host, timeout=self._timeout, context=ssl.create_default_context()
                )
        return self._open[host]


def read_all(response: http.client.HTTPResponse, service: str) -> bytes:
    """The whole body; raises DependencyDown when it is cut short."""
    try:
        return response.read()
    except (http.client.HTTPException, OSError) as error:
        raise DependencyDown(f"{service} stopped answering half-way: {error}") from error


class Bucket:
    """The objects of one S3 bucket."""

    def __init__(self, name: str, *, timeout: float = 5.0) -> None:
        self.name = name
        self._http = Connection("s3", timeout=timeout)

    def get(self, key: str, *, unless_etag: str | None = None) -> Object | None:
        """The object at `key`; None when its ETag is still `unless_etag`. Raises NotFound."""
        headers = {"If-None-Match": unless_etag} if unless_etag else {}
        response = self._http.request("GET", *self._address(key), headers=headers)
        body = read_all(response, "s3")
        if response.status == 304:
            return None
        if response.status == 200:
            return Object(body, response.getheader("ETag", ""))
        if response.status == 404:
            raise NotFound(f"s3://{self.name}/{key} does not exist")
        raise DependencyDown(f"s3 answered {response.status} for s3://{self.name}/{key}")

    def put(self, key: str, body: bytes, *, if_etag: str | None = None, if_new: bool = False) -> str:
        """Write the object and return its ETag.

        With `if_etag` only over the object that has it, with `if_new` only where there is none: raises
        PreconditionFailed otherwise, and DependencyDown.
        """
        headers = {"If-Match": if_etag} if if_etag else {"If-None-Match": "*"} if if_new else {}
        response = self._http.request("PUT", *self._address(key), headers=headers, body=body)
        read_all(response, "s3")
        if response.status == 200:
            return response.getheader("ETag", "")
        if response.status in {409, 412} or (response.status == 404 and if_etag):
            raise PreconditionFailed(f"s3://{self.name}/{key} is not what it was")
        raise DependencyDown(f"s3 answered {response.status} to a write of s3://{self.name}/{key}")

    def _address(self, key: str) -> tuple[str, str]:
        if self._http.endpoint:
            return self._http.host(""), f"/{self.name}/{key}"
        return f"{self.name}.s3.{self._http.region}.{self._http.suffix()}", f"/{key}"


class Dynamo:
    """Calls DynamoDB's JSON protocol."""

    def __init__(self, *, timeout: float = 1.0) -> None:
        self._http = Connection("dynamodb", timeout=timeout)
        self._host = self._http.host(f"dynamodb.{self._http.region}.{self._http.suffix()}")

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The decoded answer of `operation`.

        Raises PreconditionFailed with the decoded error as `current` when a condition was false,
        DependencyDown for everything else that is not an answer.
        """
        response = self._http.request(
            "POST",
            self._host,
            "/",
            headers={
                "X-Amz-Target": f"DynamoDB_20120810.{operation}",
                "Content-Type": "application/x-amz-json-1.0",
            },
            body=msgspec.json.encode(request),
        )
        body = read_all(response, "dynamodb")
        try:
            answer: dict[str, Any] = msgspec.json.decode(body) if body else {}
        except msgspec.DecodeError as error:
            raise DependencyDown(f"dynamodb answered {response.status} with no JSON") from error
        if response.status == 200:
            return answer
        kind = str(answer.get("__type", "")).rpartition("#")[2]
        if kind in {"ConditionalCheckFailedException", "TransactionCanceledException"}:
            raise PreconditionFailed(f"dynamodb: {kind}", current=answer)
        why = answer.get("message") or answer.get("Message")
        raise DependencyDown(f"dynamodb answered {response.status} {kind}: {why}")


class Topic:
    """Publishes to one SNS topic, by SNS's query protocol."""

    def __init__(self, arn: str, *, timeout: float = 2.0) -> None:
        self.arn = arn
        self._http = Connection("sns", timeout=timeout)
        self._host = self._http.host(f"sns.{self._http.region}.{self._http.suffix()}")

    def publish(self, subject: str, message: str, attributes: Mapping[str, str] | None = None) -> None:
        """Send `message`; an e-mail shows `subject`, a filter sees `attributes`. Raises DependencyDown."""
        fields = {
            "Action": "Publish",
            "Version": "2010-03-31",
            "TopicArn": self.arn,
            "Subject": subject,
            "Message": message,
        }
        for number, (name, value) in enumerate((attributes or {}).items(), start=1):
            entry = f"MessageAttributes.entry.{number}"
            fields |= {f"{entry}.Name": name, f"{entry}.Value.DataType": "String"}
            fields[f"{entry}.Value.StringValue"] = value
        response = self._http.request(
            "POST",
            self._host,
            "/",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(fields).encode(),
        )
        body = read_all(response, "sns")
        if response.status != 200:
            raise DependencyDown(f"sns answered {response.status}: {body[:300].decode('utf-8', 'replace')}")

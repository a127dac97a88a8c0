"""The AWS calls of the functions: S3, DynamoDB, SQS, SNS, secrets and other functions, on one kept-alive
connection each.

See signing.py for why this is not botocore. Everything that can go wrong is a typed error: NotFound,
PreconditionFailed, or DependencyDown, which says what did not answer.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from lambdas.core.errors import DependencyDown, NotFound, PreconditionFailed
from lambdas.core.signing import (
    Credentials,
    credentials,
    post_form,
    presigned_query,
    query_string,
    signed_headers,
)

CHUNK = 1 << 20


class Object(NamedTuple):
    """An S3 object's content and its ETag."""

    body: bytes
    etag: str


class Connection:
    """A kept-alive HTTP connection to one AWS service that signs what it sends."""

    def __init__(
        self,
        service: str,
        *,
        timeout: float,
        region: str | None = None,
        who: Credentials | None = None,
        signed: bool = True,
    ) -> None:
        """`timeout` in seconds bounds the connecting and each read. What anybody may ask is not `signed`."""
        self.service = service
        self.region = (
            region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION", "us-east-1")
        )
        self.endpoint = os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}") or os.environ.get(
            "AWS_ENDPOINT_URL"
        )
        self._timeout = timeout
        self.who = who or credentials()
        self._signed = signed
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
        sent = dict(headers or {})
        if self._signed:
            sent = signed_headers(
                method=method,
                host=host,
                path=path,
                query=query,
                headers=sent,
                body=body,
                service=self.service,
                region=self.region,
                who=self.who,
            )
        target = quote(path, safe="/-_.~") + (f"?{query_string(query)}" if query else "")
        for fresh in (False, True):
            connection = self._connection(host, fresh=fresh)
            reused = connection.sock is not None
            try:
                connection.request(method, target, body or None, sent)
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

    @property
    def scheme(self) -> str:
        """`http` for an endpoint that says so, `https` otherwise."""
        return "http" if self.endpoint and urlsplit(self.endpoint).scheme == "http" else "https"

    def suffix(self) -> str:
        """The DNS suffix of the region's partition."""
        return "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"

    def _connection(self, host: str, *, fresh: bool) -> http.client.HTTPConnection:
        if fresh or host not in self._open:
            if self.scheme == "http":
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


def _read_into(response: http.client.HTTPResponse, service: str, chunk: memoryview) -> int:
    try:
        return response.readinto(chunk)
    except (http.client.HTTPException, OSError) as error:
        raise DependencyDown(f"{service} stopped answering half-way: {error}") from error


class Listed(NamedTuple):
    """An object of a listing: its ETag tells whether it was written again, `written` (UTC, ISO 8601) when."""

    key: str
    etag: str
    written: str


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

    def download(self, key: str, to: Path) -> str:
        """Write the object at `key` to the file `to`, a chunk at a time; the hex sha256 of what came.

        Raises NotFound, DependencyDown.
        """
        response = self._http.request("GET", *self._address(key))
        if response.status != 200:
            read_all(response, "s3")
            if response.status == 404:
                raise NotFound(f"s3://{self.name}/{key} does not exist")
            raise DependencyDown(f"s3 answered {response.status} for s3://{self.name}/{key}")
        hashed, chunk = hashlib.sha256(), memoryview(bytearray(min(CHUNK, response.length or CHUNK)))
        with to.open("wb") as file:
            while size := _read_into(response, "s3", chunk):
                hashed.update(chunk[:size])
                file.write(chunk[:size])
        if response.length:
            raise DependencyDown(f"s3 stopped answering half-way: {response.length} bytes are missing")
        return hashed.hexdigest()

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """The keys that begin with `prefix` and come after `after`, in order. Raises DependencyDown."""
        for listed in self.listed(prefix, after):
            yield listed.key

    def listed(self, prefix: str, after: str = "") -> Iterator[Listed]:
        """The objects whose keys begin with `prefix` and come after `after`, in order.

        Raises DependencyDown.
        """
        from html import unescape  # noqa: PLC0415  its tables cost 2 ms that no decision function needs

        query = {"list-type": "2", "prefix": prefix, **({"start-after": after} if after else {})}
        while True:
            response = self._http.request("GET", *self._address(""), query=query)
            page = read_all(response, "s3").decode()
            if response.status != 200:
                raise DependencyDown(
                    f"s3 answered {response.status} to a listing of s3://{self.name}/{prefix}"
                )
            for each in re.findall("<Contents>(.*?)</Contents>", page, re.DOTALL):
                named = re.findall("<(Key|ETag|LastModified)>([^<]*)<", each)
                found = {name: unescape(text) for name, text in named}
                yield Listed(found["Key"], found.get("ETag", ""), found["LastModified"])
            more = re.search("<NextContinuationToken>([^<]*)</NextContinuationToken>", page)
            if more is None:
                return
            query["continuation-token"] = unescape(more[1])

    def size(self, key: str) -> int:
        """The bytes of the object at `key`. Raises NotFound, DependencyDown."""
        response = self._http.request("HEAD", *self._address(key))
        read_all(response, "s3")
        if response.status == 200:
            return int(response.getheader("Content-Length", "0"))
        if response.status == 404:
            raise NotFound(f"s3://{self.name}/{key} does not exist")
        raise DependencyDown(f"s3 answered {response.status} for s3://{self.name}/{key}")

    def put(
        self,
        key: str,
        body: bytes,
        *,
        if_etag: str | None = None,
        if_new: bool = False,
        content_type: str | None = None,
    ) -> str:
        """Write the object and return its ETag.

        With `if_etag` only over the object that has it, with `if_new` only where there is none: raises
        PreconditionFailed otherwise, and DependencyDown.
        """
        headers = {"If-Match": if_etag} if if_etag else {"If-None-Match": "*"} if if_new else {}
        if content_type:
            headers["Content-Type"] = content_type
        response = self._http.request("PUT", *self._address(key), headers=headers, body=body)
        read_all(response, "s3")
        if response.status == 200:
            return response.getheader("ETag", "")
        if response.status in {409, 412} or (response.status == 404 and if_etag):
            raise PreconditionFailed(f"s3://{self.name}/{key} is not what it was")
        raise DependencyDown(f"s3 answered {response.status} to a write of s3://{self.name}/{key}")

    @property
    def origin(self) -> str:
        """Where its objects are read from: scheme and host, as a browser compares them."""
        return f"{self._http.scheme}://{self._address('')[0]}"

    def link(self, key: str, *, seconds: int) -> str:
        """A URL under which anybody may read the object at `key` for `seconds`."""
        host, path = self._address(key)
        http = self._http
        query = presigned_query(
            method="GET", host=host, path=path, region=http.region, who=http.who, seconds=seconds
        )
        return f"{http.scheme}://{host}{quote(path, safe='/-_.~')}?{query}"

    def form(self, fields: Mapping[str, str], *, most_bytes: int, seconds: int) -> tuple[str, dict[str, str]]:
        """(URL, fields) of a form by which anybody may store one object, `fields["key"]`, for `seconds`.

        The file goes into the field `file`, after the others.
        """
        http = self._http
        host, path = self._address("")
        signed = post_form(
            bucket=self.name,
            fields=fields,
            most_bytes=most_bytes,
            region=http.region,
            who=http.who,
            seconds=seconds,
        )
        return f"{http.scheme}://{host}{path}", signed

    def _address(self, key: str) -> tuple[str, str]:
        if self._http.endpoint:
            return self._http.host(""), f"/{self.name}/{key}"
        return f"{self.name}.s3.{self._http.region}.{self._http.suffix()}", f"/{key}"


class Json:
    """Calls one AWS service that speaks the JSON protocol."""

    def __init__(
        self, service: str, target: str, *, version: str = "1.0", timeout: float, signed: bool = True
    ) -> None:
        self._http = Connection(service, timeout=timeout, signed=signed)
        self._host = self._http.host(f"{service}.{self._http.region}.{self._http.suffix()}")
        self._target = target
        self._type = f"application/x-amz-json-{version}"

    def ask(self, operation: str, request: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """The status and the decoded answer of `operation`, errors too. Raises DependencyDown."""
        response = self._http.request(
            "POST",
            self._host,
            "/",
            headers={"X-Amz-Target": f"{self._target}.{operation}", "Content-Type": self._type},
            body=msgspec.json.encode(request),
        )
        service = self._http.service
        body = read_all(response, service)
        try:
            return response.status, msgspec.json.decode(body) if body else {}
        except msgspec.DecodeError as error:
            raise DependencyDown(f"{service} answered {response.status} with no JSON") from error

    def call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """The decoded answer of `operation`. Raises DependencyDown for everything but success."""
        status, answer = self.ask(operation, request)
        if status != 200:
            raise self.down(status, answer)
        return answer

    def down(self, status: int, answer: Mapping[str, Any]) -> DependencyDown:
        """The error for an answer that is one."""
        why = answer.get("message") or answer.get("Message")
        return DependencyDown(f"{self._http.service} answered {status} {kind_of(answer)}: {why}")


def kind_of(answer: Mapping[str, Any]) -> str:
    """The name of the error in a JSON answer."""
    return str(answer.get("__type", "")).rpartition("#")[2]


class Dynamo:
    """Calls DynamoDB's JSON protocol."""

    def __init__(self, *, timeout: float = 1.0) -> None:
        self._json = Json("dynamodb", "DynamoDB_20120810", timeout=timeout)

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The decoded answer of `operation`.

        Raises PreconditionFailed with the decoded error as `current` when a condition was false,
        DependencyDown for everything else that is not an answer.
        """
        status, answer = self._json.ask(operation, request)
        if status == 200:
            return answer
        kind = kind_of(answer)
        if kind in {"ConditionalCheckFailedException", "TransactionCanceledException"}:
            raise PreconditionFailed(f"dynamodb: {kind}", current=answer)
        raise self._json.down(status, answer)


_GROUP = re.compile("[\x21-\x7e]{1,128}")
"""What SQS takes as a message group."""


def message_group(name: str) -> str:
    """`name` as the group of a message: itself, or a hash of what SQS would refuse as one."""
    if _GROUP.fullmatch(name):
        return name
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:32]


class Message(NamedTuple):
    """A message for a queue. A FIFO queue wants both: one `group` is delivered in order, one `id` only once
    in 5 minutes. No name or value of `attributes` may be empty."""

    body: str
    group: str | None = None
    id: str | None = None
    attributes: Mapping[str, str] = {}

    def entry(self, number: int) -> dict[str, Any]:
        """As SendMessageBatch takes it."""
        entry: dict[str, Any] = {"Id": str(number), "MessageBody": self.body}
        if self.group is not None:
            entry["MessageGroupId"] = self.group
        if self.id is not None:
            entry["MessageDeduplicationId"] = self.id
        if self.attributes:
            entry["MessageAttributes"] = {
                name: {"DataType": "String", "StringValue": value} for name, value in self.attributes.items()
            }
        return entry


class Queue:
    """Sends to one SQS queue, and takes from it. `timeout` bounds each call, a waiting one too."""

    BATCH = 10
    BATCH_BYTES = 240_000  # SQS takes 256 kB, the attributes counted

    def __init__(self, url: str, *, timeout: float = 1.0) -> None:
        self.url = url
        self._json = Json("sqs", "AmazonSQS", timeout=timeout)

    def send(self, messages: Sequence[Message]) -> dict[int, str]:
        """Send `messages` in order; returns why, by index, for each that was not taken. Does not raise.

        After a batch that got no answer the rest is not tried: the caller has waited long enough.
        """
        refused: dict[int, str] = {}
        start = 0
        while start < len(messages):
            entries, size = [messages[start].entry(start)], len(messages[start].body.encode())
            for index in range(start + 1, min(start + self.BATCH, len(messages))):
                size += len(messages[index].body.encode()) + 1_000
                if size > self.BATCH_BYTES:
                    break
                entries.append(messages[index].entry(index))
            try:
                answer = self._json.call("SendMessageBatch", {"QueueUrl": self.url, "Entries": entries})
            except DependencyDown as error:
                return refused | dict.fromkeys(range(start, len(messages)), error.detail)
            for failed in answer.get("Failed") or ():
                refused[int(failed["Id"])] = f"{failed.get('Code')}: {failed.get('Message')}"
            start += len(entries)
        return refused

    def receive(self, *, most: int, wait_seconds: int = 0) -> list[dict[str, Any]]:
        """Up to `most` messages (10 at most) as SQS gives them, with all their attributes; none after
        `wait_seconds` in which none came. Raises DependencyDown.

        They come again when they are not deleted within the queue's visibility timeout.
        """
        request = {
            "QueueUrl": self.url,
            "MaxNumberOfMessages": most,
            "WaitTimeSeconds": wait_seconds,
            "AttributeNames": ["All"],
            "MessageAttributeNames": ["All"],
        }
        found: list[dict[str, Any]] = self._json.call("ReceiveMessage", request).get("Messages") or []
        return found

    def delete(self, receipts: Sequence[str]) -> None:
        """Delete the messages with these receipt handles, 10 at most. Raises DependencyDown naming one that
        is still there."""
        entries = [{"Id": str(number), "ReceiptHandle": each} for number, each in enumerate(receipts)]
        answer = self._json.call("DeleteMessageBatch", {"QueueUrl": self.url, "Entries": entries})
        for failed in answer.get("Failed") or ():
            raise DependencyDown(
                f"sqs did not delete a message: {failed.get('Code')}: {failed.get('Message')}"
            )

    def depth(self) -> int:
        """About how many messages the queue holds, those under work included. Raises DependencyDown."""
        names = [f"ApproximateNumberOfMessages{part}" for part in ("", "NotVisible", "Delayed")]
        answer = self._json.call("GetQueueAttributes", {"QueueUrl": self.url, "AttributeNames": names})
        return sum(int(count) for count in answer.get("Attributes", {}).values())


class Started:
    """Starts another Lambda function, and does not wait for it."""

    def __init__(self, name: str, *, timeout: float = 1.0) -> None:
        self.name = name
        self._http = Connection("lambda", timeout=timeout)
        self._host = self._http.host(f"lambda.{self._http.region}.{self._http.suffix()}")

    def start(self, event: Mapping[str, Any]) -> None:
        """Have it run with `event`. Raises DependencyDown when Lambda does not take that."""
        response = self._http.request(
            "POST",
            self._host,
            f"/2015-03-31/functions/{self.name}/invocations",
            headers={"X-Amz-Invocation-Type": "Event"},
            body=msgspec.json.encode(event),
        )
        body = read_all(response, "lambda")
        if response.status != 202:
            why = body[:300].decode("utf-8", "replace")
            raise DependencyDown(f"lambda answered {response.status}: {why}")


class Secrets:
    """Reads from Secrets Manager."""

    def __init__(self, *, timeout: float = 2.0) -> None:
        self._json = Json("secretsmanager", "secretsmanager", version="1.1", timeout=timeout)

    def get(self, name: str) -> str:
        """The current value of the secret `name`. Raises DependencyDown."""
        answer = self._json.call("GetSecretValue", {"SecretId": name})
        if "SecretString" not in answer:
            raise DependencyDown(f"the secret {name} is not text")
        return str(answer["SecretString"])


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

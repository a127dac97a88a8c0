"""The artifacts bucket through boto3, which knows every way a person signs in; functions use core/aws.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.core.aws import Object
from lambdas.core.errors import DependencyDown, NotFound, PreconditionFailed


class BotoObjects:
    """What `lambdas.core.aws.Bucket` is to a function. Raises what that raises."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def get(self, key: str, *, unless_etag: str | None = None) -> Object | None:
        """The object at `key`; None when its ETag is still `unless_etag`. Raises NotFound, DependencyDown."""
        condition = {"IfNoneMatch": unless_etag} if unless_etag else {}
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=key, **condition)
            return Object(found["Body"].read(), found["ETag"])
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in {"304", "NotModified"}:
                return None
            if code in {"NoSuchKey", "404"}:
                raise NotFound(f"s3://{self._bucket}/{key} does not exist") from error
            raise self._down(key, error) from error
        except BotoCoreError as error:
            raise self._down(key, error) from error

    def put(
        self,
        key: str,
        body: bytes,
        *,
        if_etag: str | None = None,
        if_new: bool = False,
        content_type: str | None = None,
    ) -> str:
        """Write the object; its ETag. Raises PreconditionFailed, DependencyDown."""
        more = {"IfMatch": if_etag} if if_etag else {"IfNoneMatch": "*"} if if_new else {}
        if content_type:
            more["ContentType"] = content_type
        try:
            done = self._client.put_object(Bucket=self._bucket, Key=key, Body=body, **more)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"} or (
                if_etag and code in {"NoSuchKey", "404"}
            ):
                raise PreconditionFailed(f"s3://{self._bucket}/{key} is not what it was") from error
            raise self._down(key, error) from error
        except BotoCoreError as error:
            raise self._down(key, error) from error
        return str(done["ETag"])

    def keys(self, prefix: str, after: str = "") -> Iterator[str]:
        """The keys that begin with `prefix` and come after `after`, in order. Raises DependencyDown."""
        pages = self._client.get_paginator("list_objects_v2")
        try:
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix, StartAfter=after):
                yield from (entry["Key"] for entry in page.get("Contents", []))
        except (ClientError, BotoCoreError) as error:
            raise self._down(prefix, error) from error

    def _down(self, key: str, error: Exception) -> DependencyDown:
        return DependencyDown(f"s3://{self._bucket}/{key}: {error}")

"""A moto server for single AWS calls and what points our client at it, an embedded AWS, and a Valkey."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import boto3
import pytest
import redis
from moto.server import ThreadedMotoServer
from rich.console import Console

from local import running
from local.daemon import free_port
from local.place import ROOT, Place
from local.progress import Steps
from tests.support.review import create_tables, drop_tables
from tests.support.valkey import Valkey, valkey


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    for name, value in {
        "AWS_ENDPOINT_URL": moto_url,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    return moto_url


@pytest.fixture
def bucket(aws: str) -> Iterator[Any]:
    """A client of S3 with the bucket `triage-test`, which is empty again for the next test."""
    client = boto3.client("s3")
    client.create_bucket(Bucket="triage-test")
    yield client
    boto3.resource("s3", endpoint_url=aws).Bucket("triage-test").objects.all().delete()


@pytest.fixture
def table(aws: str) -> Iterator[Any]:
    client = boto3.client("dynamodb")
    client.create_table(
        TableName="decisions",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
    )
    yield client
    client.delete_table(TableName="decisions")


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where an embedded AWS of the module's own answers, with nothing in it."""
    place = Place(root=ROOT, folder=tmp_path_factory.mktemp("aws"), build=tmp_path_factory.mktemp("build"))
    place.create()
    started = running.start(place, free_port(), Steps(Console(file=StringIO())))
    try:
        yield started.endpoint
    finally:
        running.stop(place, started)


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A Valkey for the whole run; a test that stops its server starts one of its own."""
    with valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def valkey_url(valkey_server: Valkey) -> str:
    """The URL of an empty Valkey."""
    with redis.Redis.from_url(valkey_server.url) as client:
        client.flushall()
    return valkey_server.url


@pytest.fixture
def feature_table(aws: str) -> Iterator[str]:
    """The name of an empty DynamoDB feature store."""
    client = boto3.client("dynamodb")
    client.create_table(
        TableName="features",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
    )
    yield "features"
    client.delete_table(TableName="features")


@pytest.fixture
def queue_tables(aws: str) -> Iterator[Any]:
    """The empty tables of the review queue and the decision log; a client to look into them."""
    client = boto3.client("dynamodb")
    create_tables(client)
    yield client
    drop_tables(client)

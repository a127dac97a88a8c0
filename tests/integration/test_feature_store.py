"""What every feature store promises, on a real Valkey and on a DynamoDB."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest

from lambdas.core.aws import Dynamo
from lambdas.core.errors import DependencyDown, PreconditionFailed, SettingsError
from lambdas.transactions.profile import MOST_BYTES
from lambdas.transactions.store.choice import StoreSettings, open_store
from lambdas.transactions.store.dynamo import DynamoStore
from lambdas.transactions.store.interface import ABSENT, Change, FeatureStore, Versioned
from lambdas.transactions.store.redis import RedisStore

pytestmark = pytest.mark.integration
Open = Callable[[], FeatureStore]
BYTES = bytes(range(256))


@pytest.fixture(params=["valkey", "dynamodb"])
def open_one(request: pytest.FixtureRequest) -> Open:
    """Makes a store of its own each time, all on the same data."""
    if request.param == "valkey":
        url = request.getfixturevalue("valkey_url")
        return lambda: RedisStore(lambda: url, timeout=5.0)
    table = request.getfixturevalue("feature_table")
    return lambda: DynamoStore(table, lambda: Dynamo(timeout=10.0))


@pytest.fixture
def store(open_one: Open) -> FeatureStore:
    return open_one()


def test_where_nothing_stands_is_version_0(store: FeatureStore) -> None:
    assert store.read(["card:a", "terminal:b"]) == [ABSENT, ABSENT]
    assert store.read([]) == []
    assert store.write([]) == []


def test_what_was_written_is_read_in_the_order_asked(store: FeatureStore) -> None:
    names = ["card:a", "card:b", "terminal:Café №1", "card:with space:and:colons"]
    assert store.write([Change(key, 0, BYTES + key.encode()) for key in names]) == [True] * 4
    asked = [names[3], "card:none", names[0], names[2], names[0]]
    found = store.read(asked)
    assert found == [Versioned(1, BYTES + key.encode()) if key in names else ABSENT for key in asked]


def test_only_who_read_the_newest_version_may_write(store: FeatureStore) -> None:
    assert store.write([Change("card:a", 0, b"1"), Change("card:b", 0, b"1")]) == [True, True]
    assert store.write([Change("card:a", 0, b"x")]) == [False]
    assert store.write([Change("card:a", 2, b"x")]) == [False]
    mixed = [Change("card:a", 1, b"2"), Change("card:b", 0, b"x"), Change("card:c", 1, b"x")]
    assert store.write([*mixed, Change("card:d", 0, b"1")]) == [True, False, False, True]
    found = store.read(["card:a", "card:b", "card:c", "card:d"])
    assert found == [Versioned(2, b"2"), Versioned(1, b"1"), ABSENT, Versioned(1, b"1")]


def test_a_batch_may_be_large(store: FeatureStore) -> None:
    names = [f"card:{k}" for k in range(230)]
    assert all(store.write([Change(key, 0, bytes(MOST_BYTES)) for key in names]))
    assert store.read(names) == [Versioned(1, bytes(MOST_BYTES))] * 230


def test_no_update_is_lost_between_writers(open_one: Open) -> None:
    def add(times: int) -> None:
        mine, done = open_one(), 0
        while done < times:
            found = mine.read(["card:a"])[0]
            total = int(found.data or b"0") + 1
            done += mine.write([Change("card:a", found.version, b"%d" % total)])[0]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, [10] * 4))
    assert open_one().read(["card:a"])[0] == Versioned(40, b"40")


def test_dynamodb_lets_old_profiles_go(feature_table: str) -> None:
    DynamoStore(feature_table, Dynamo, clock=lambda: 1_000.0).write([Change("card:a", 0, b"x")])
    item = boto3.client("dynamodb").get_item(TableName=feature_table, Key={"id": {"S": "card:a"}})["Item"]
    assert item["expires"] == {"N": str(1_000 + 400 * 86_400)}


class Half:
    """A table that answers to some keys only."""

    def __init__(self) -> None:
        self.dead = {"card:b"}
        self.reads = 0

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if operation == "BatchGetItem":
            self.reads += 1
            left = request["RequestItems"] if self.reads < 3 else {}
            return {"Responses": {}, "UnprocessedKeys": left}
        if request["Item"]["id"]["S"] in self.dead:
            raise DependencyDown("told to fail")
        if request["Item"]["v"]["N"] != "1":
            raise PreconditionFailed("taken")
        return {}


def test_a_change_without_an_answer_is_a_lost_race_unless_all_are() -> None:
    table = Half()
    store = DynamoStore("t", lambda: table)
    assert store.write([Change(f"card:{name}", 0, b"x") for name in "abc"]) == [True, False, True]
    table.dead = {"card:a", "card:b"}
    with pytest.raises(DependencyDown):
        store.write([Change("card:a", 0, b"x"), Change("card:b", 0, b"x")])
    with pytest.raises(DependencyDown):
        store.write([Change("card:a", 0, b"x")])


def test_keys_left_unprocessed_are_asked_for_again_but_not_for_ever() -> None:
    table = Half()
    assert DynamoStore("t", lambda: table).read(["card:a"]) == [ABSENT]
    assert table.reads == 3
    table.reads = -10
    with pytest.raises(DependencyDown, match="throttled"):
        DynamoStore("t", lambda: table).read(["card:a"])


def test_the_secret_goes_before_the_table(aws: str, valkey_url: str, feature_table: str) -> None:
    boto3.client("secretsmanager").create_secret(Name="store-url", SecretString=valkey_url)
    both = StoreSettings(
        catch_up_queue_url="q", feature_table=feature_table, feature_store_secret="store-url",
        feature_store_timeout_ms=5_000,
    )  # fmt: skip
    open_store(both).write([Change("card:a", 0, b"x")])
    assert RedisStore(lambda: valkey_url, timeout=5.0).read(["card:a"]) == [Versioned(1, b"x")]
    by_table = StoreSettings(
        catch_up_queue_url="q", feature_table=feature_table, feature_store_timeout_ms=5_000
    )
    assert open_store(by_table).read(["card:a"]) == [ABSENT]


def test_a_secret_that_is_not_there_or_no_url_is_a_store_that_is_down(aws: str) -> None:
    boto3.client("secretsmanager").create_secret(Name="no-url", SecretString="http://x:secret@host")
    for name, says in (("nowhere", "ResourceNotFound"), ("no-url", "must be redis://")):
        store = open_store(StoreSettings(catch_up_queue_url="q", feature_store_secret=name))
        with pytest.raises(DependencyDown, match=says) as found:
            store.read(["card:a"])
        assert "secret@" not in str(found.value)


def test_no_store_at_all_is_said_at_the_start() -> None:
    with pytest.raises(SettingsError, match="FEATURE_TABLE or FEATURE_STORE_SECRET"):
        open_store(StoreSettings(catch_up_queue_url="q"))

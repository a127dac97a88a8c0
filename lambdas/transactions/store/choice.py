"""Which feature store a function uses."""

from __future__ import annotations

import msgspec

from lambdas.core.aws import Dynamo, Secrets
from lambdas.core.errors import SettingsError
from lambdas.transactions.store.dynamo import DynamoStore
from lambdas.transactions.store.interface import FeatureStore
from lambdas.transactions.store.redis import RedisStore


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a function with a feature store needs. `feature_store_secret` goes before `feature_table`."""

    catch_up_queue_url: str
    feature_table: str = ""
    feature_store_secret: str = ""
    feature_store_timeout_ms: float = 50.0
    """Of one call to the store. Connecting to Redis may take twice as long; so may any call to DynamoDB,
    which is a few milliseconds further away and has TLS."""


def open_store(settings: StoreSettings) -> FeatureStore:
    """The store that `settings` name; nothing is connected yet. Raises SettingsError when they name none."""
    timeout = settings.feature_store_timeout_ms / 1e3
    if settings.feature_store_secret:
        secrets = Secrets()
        return RedisStore(lambda: secrets.get(settings.feature_store_secret), timeout=timeout)
    if settings.feature_table:
        return DynamoStore(settings.feature_table, lambda: Dynamo(timeout=2 * timeout))
    raise SettingsError("set the environment variable FEATURE_TABLE or FEATURE_STORE_SECRET")

"""Puts the live cards of a function together from its environment."""

from __future__ import annotations

from lambdas.core.aws import Queue
from lambdas.core.settings import load
from lambdas.transactions.cards import Cards
from lambdas.transactions.later import CatchUpQueue, Log
from lambdas.transactions.store.choice import StoreSettings, open_store


def live_cards(log: Log, settings: StoreSettings | None = None) -> Cards:
    """The cards of the configured store. Raises SettingsError that names a missing variable."""
    settings = settings or load(StoreSettings)
    later = CatchUpQueue(Queue(settings.catch_up_queue_url), log)
    return Cards(open_store(settings), later, log)

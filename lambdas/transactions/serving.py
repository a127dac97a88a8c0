"""Puts the service of a decision function together from its environment."""

from __future__ import annotations

from aws_lambda_powertools import Logger

from lambdas.transactions.live import live_cards
from lambdas.transactions.service import Transactions


def live_service() -> Transactions:
    """The service over the live cards. Raises SettingsError that names a missing variable."""
    return Transactions(live_cards(Logger(service=Transactions.name)))

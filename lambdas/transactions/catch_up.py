"""Behind the catch-up queue: folds the updates that waited while the feature store was down.

While it is still down the messages go back to the queue, which keeps the order per card.
"""

from __future__ import annotations

from typing import Any

import msgspec
from aws_lambda_powertools import Logger

from lambdas.core.drain import drained
from lambdas.transactions.cards import Cards
from lambdas.transactions.later import Update, update_of
from lambdas.transactions.live import live_cards


class CatchUp:
    """The handler of the queue's batches."""

    def __init__(self, cards: Cards, log: Logger) -> None:
        self._cards = cards
        self._log = log

    def __call__(self, event: dict[str, Any], context: object) -> dict[str, Any]:
        """Fold the batch; answers with the messages that must be tried again, always all of a card.

        A body that is no update never will be one: it is logged whole and not tried again.
        """
        waiting: list[tuple[str, Update]] = []
        for record in event["Records"]:
            try:
                waiting.append((record["messageId"], update_of(record["body"])))
            except msgspec.DecodeError as error:
                extra = {"detail": str(error), "body": record["body"]}
                self._log.error("not a profile update", extra=extra)
        done = self._cards.catch_up([update for _, update in waiting])
        failed = [name for (name, _), folded in zip(waiting, done, strict=True) if not folded]
        self._log.info("caught up", extra={"folded": sum(done), "waiting": len(failed)})
        return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}


_log = Logger(service="transactions")
handle = drained(CatchUp(live_cards(_log), _log))

"""Takes labels in, tells the terminals, and now and then tries a better meta-model.

There is one writer: the label queue is FIFO with one group a service. A batch is taken in whole, or fails and
comes again; a label that was taken in before changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

import msgspec
import numpy as np

from lambdas.core.bundle import MANIFEST, decode_manifest
from lambdas.core.decide import utc_now
from lambdas.core.decision_log import DecisionLog, Label, Logged
from lambdas.core.errors import BundleError, Conflict, DependencyDown, NotFound, PreconditionFailed
from lambdas.core.labels import GivenLabel
from lambdas.core.telemetry import Telemetry
from lambdas.transactions.learning.holdout import Holdout
from lambdas.transactions.learning.meta import logits_of, noise_in, updated
from lambdas.transactions.learning.publish import HOLDOUT, SCORES, SERVICE, Champion, base_of, read_live
from lambdas.transactions.learning.state import Attempt, Memory, Objects, Row, State
from lambdas.transactions.schema import TransactionDecision, TransactionRequest
from lambdas.transactions.verdict import FRAUD, LEGITIMATE

LEAST_OF_EACH: Final = 20
"""Frauds and others among the labels, before there is anything to learn from them."""
MOST_NOISE: Final = 0.1
"""More labels that are the wrong way round, as far as can be told, and none of them is believed: better on
the holdout or not, somebody is mistaken or means harm, and a person has to look."""
MOST_BASES: Final = 50


class Terminals(Protocol):
    """Who keeps the terminals' risk; `lambdas.transactions.cards.Cards`."""

    def label(self, merchant_id: str, at: float, fraud: bool, decision_id: str | None = None) -> None:
        """Tell the terminal whether its transaction of the time `at` was fraud. Raises DependencyDown.

        The same decision's label counts once, and a corrected one replaces the first.
        """
        ...


class Learner:
    """A Lambda handler over the label queue."""

    def __init__(
        self,
        log: DecisionLog,
        objects: Objects,
        terminals: Terminals,
        telemetry: Telemetry,
        *,
        after: int,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """`after` is how many new labels there are to be before another meta-model is tried."""
        self._log = log
        self._objects = objects
        self._terminals = terminals
        self._telemetry = telemetry
        self._after = after
        self._now = now
        self._bases: dict[str, str | None] = {}

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """The partial batch response: from the first label on that has to come again."""
        self._telemetry.request(context)
        records = list(event.get("Records") or ())
        try:
            failed = self._take_in(records)
        finally:
            self._telemetry.flush()
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failed]}

    def _take_in(self, records: list[Any]) -> list[Any]:
        """The records that have to come again."""
        memory = Memory(self._objects)
        done = 0
        try:
            state = memory.read()
            for done, record in enumerate(records):  # noqa: B007 - where it stopped
                self._label(record, state)
            done = len(records)
        except DependencyDown as error:
            self._telemetry.log.warning("labels wait", extra={"detail": error.detail})
            if not done:
                return records
        try:
            if state.new >= self._after:
                self._learn(state)
            memory.write(state)
        except (DependencyDown, PreconditionFailed) as error:
            self._telemetry.log.warning("labels wait", extra={"detail": error.detail})
            return records
        return records[done:]

    def _label(self, record: Mapping[str, Any], state: State) -> None:
        """Take in one message; what can never be used is logged and passed over. Raises DependencyDown."""
        try:
            given = msgspec.json.decode(record["body"], type=GivenLabel)
            if given.service != SERVICE:
                return
            if given.label not in {FRAUD, LEGITIMATE}:
                raise Conflict(f"'{given.label}' is no label of a transaction")
            decision = self._log.get(given.decision_id)
            if decision.label is None or decision.label.label != given.label:
                # It came by the queue alone, or is older than what stands on the decision by now.
                self._newer(given, decision.label)
                label = Label(given.label, given.at.isoformat(), given.by)
                decision = self._log.label(given.decision_id, label)
        except (msgspec.DecodeError, NotFound, Conflict) as error:
            self._telemetry.log.warning("a label that cannot be used", extra={"detail": str(error)})
            return
        fraud = given.label == FRAUD
        if state.knows(given.decision_id, fraud):
            return
        self._tell_terminal(decision, fraud)
        if (row := self._row(decision, fraud)) is not None:
            state.add(row)

    @staticmethod
    def _newer(given: GivenLabel, stands: Label | None) -> None:
        """Raise Conflict unless `given` is newer than the label that stands."""
        if stands is not None and given.at <= datetime.fromisoformat(stands.at):
            raise Conflict(f"'{given.label}' is older than '{stands.label}', which stands")

    def _tell_terminal(self, decision: Logged, fraud: bool) -> None:
        asked = msgspec.json.decode(decision.asked, type=TransactionRequest)
        answer = msgspec.json.decode(decision.answer, type=TransactionDecision)
        at = asked.at or datetime.fromisoformat(answer.decided_at)
        if asked.merchant_id is not None:
            self._terminals.label(asked.merchant_id, at.timestamp(), fraud, decision.decision_id)

    def _row(self, decision: Logged, fraud: bool) -> Row | None:
        """The labelled scores; without any when the rules decided or the version's bundle is gone."""
        if decision.version is None or (base := self._base(decision.version)) is None:
            return None
        scores = list(msgspec.json.decode(decision.answer, type=TransactionDecision).scores.values())
        return Row(decision.decision_id, base, scores, fraud) if len(scores) == SCORES else None

    def _base(self, version: str) -> str | None:
        """The version whose models `version` has; None when its bundle cannot be read."""
        if version not in self._bases:
            if len(self._bases) >= MOST_BASES:
                self._bases.clear()
            try:
                found = self._objects.get(f"{SERVICE}/bundles/{version}/{MANIFEST}")
                self._bases[version] = base_of(decode_manifest(found.body if found else b"", SERVICE))
            except (NotFound, BundleError) as error:
                self._telemetry.log.warning("labels of a lost version", extra={"detail": error.detail})
                self._bases[version] = None
        return self._bases[version]

    def _learn(self, state: State) -> None:
        """Try a meta-model on the labels of the champion's models. Raises DependencyDown."""
        try:
            live = read_live(self._objects)
            if live.rollout.challenger is not None:
                return  # its turn first: the labels wait
            champion = Champion(self._objects, live)
            rows = [row for row in state.rows.values() if row.base == champion.base]
            fraud = np.array([row.fraud for row in rows], dtype=bool)
            if min(fraud.sum(), (~fraud).sum()) < LEAST_OF_EACH:
                return
            holdout = Holdout(champion.file(HOLDOUT))
            logits = logits_of([row.scores for row in rows])
            candidate = updated(champion.meta, logits, fraud, holdout.logits)
            found = holdout.compare(champion.meta, candidate)
            noise = noise_in(champion.meta, logits, fraud, holdout.logits)
            published = None
            if found.better and noise <= MOST_NOISE:
                published = champion.publish(candidate, found, len(rows), self._now())
        except (NotFound, BundleError) as error:
            self._telemetry.log.error("nothing to learn on", extra={"detail": error.detail})
            return
        state.new = 0
        state.last = Attempt(self._now().isoformat(), champion.version, len(rows), noise, found, published)
        self._telemetry.log.info("learned", extra=msgspec.to_builtins(state.last))

"""Puts a label on a decision of any service, and tells whoever learns from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from lambdas.core.aws import Message
from lambdas.core.bundle import MANIFEST, Manifest, decode_manifest
from lambdas.core.bundle_cache import ObjectReader
from lambdas.core.decide import utc_now
from lambdas.core.decision_log import DecisionLog, Label
from lambdas.core.errors import BundleError, DependencyDown, InvalidRequest, NotFound
from lambdas.core.labels import GivenLabel, message_of
from lambdas.core.variant import ROLLOUT, decode_rollout

MOST_KNOWN = 100


class Sends(Protocol):
    """Where labels go; `lambdas.core.aws.Queue`."""

    def send(self, messages: Sequence[Message]) -> dict[int, str]:
        """Send each message; returns why, by index, for each that was not taken."""
        ...


class Vocabulary(NamedTuple):
    """The words that people label a service's items with.

    With `several` a label may be some of them joined by commas; the first, which says that nothing is wrong,
    stands alone then. No words means that nobody knows, and any label is taken.
    """

    words: tuple[str, ...] = ()
    several: bool = False

    def checked(self, label: str) -> str:
        """`label`, its parts in the order of the words. Raises InvalidRequest for what is none of them."""
        if not self.words:
            return label
        parts = [part.strip() for part in label.split(",")] if self.several else [label]
        for part in parts:
            if part not in self.words:
                joined = " (several with commas)" if self.several else ""
                raise InvalidRequest(f"'{part}' is none of {', '.join(self.words)}{joined}", field="label")
        if len(set(parts)) != len(parts):
            raise InvalidRequest("the same word stands twice", field="label")
        if len(parts) > 1 and self.words[0] in parts:
            raise InvalidRequest(f"'{self.words[0]}' stands alone", field="label")
        return ",".join(sorted(parts, key=self.words.index))


class Labelling:
    """Gives decisions their labels."""

    def __init__(
        self, log: DecisionLog, reader: ObjectReader, queue: Sends, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._log = log
        self._reader = reader
        self._queue = queue
        self._now = now
        self._known: dict[tuple[str, str], Vocabulary] = {}

    def give(self, decision_id: str, label: str, by: str) -> GivenLabel:
        """The label as it stands now, the decision's item and the learner told of it.

        Raises NotFound for an unknown decision, InvalidRequest for a label that is no word of the
        service's, Conflict when somebody else gave another label, and DependencyDown. After the last the
        label may stand already; giving it again is safe.
        """
        decision = self._log.get(decision_id)
        label = self.words_of(decision.service, decision.version).checked(label)
        at = self._now()
        self._log.label(decision.decision_id, Label(label, at.isoformat(), by))
        given = GivenLabel(decision.decision_id, decision.service, label, at, by)
        self.tell(given)
        return given

    def tell(self, given: GivenLabel) -> None:
        """Tell whoever learns of a label that stands on its decision already. Raises DependencyDown."""
        refused = self._queue.send([message_of(given)])
        if refused:
            raise DependencyDown(f"the label stands, but learning was not told: {refused[0]}; send it again")

    def words_of(self, service: str, version: str | None) -> Vocabulary:
        """The words of the model that decided, or of the live one; none when neither can be read."""
        for wanted in (version, None):
            try:
                name = wanted or self._live(service)
                if (service, name) not in self._known:
                    if len(self._known) >= MOST_KNOWN:
                        self._known.clear()
                    self._known[service, name] = self._read(service, name)
                return self._known[service, name]
            except (NotFound, BundleError, DependencyDown):
                continue
        return Vocabulary()

    def _live(self, service: str) -> str:
        found = self._reader.get(f"{service}/{ROLLOUT}")
        return decode_rollout(found.body if found else b"", service).champion.version

    def _read(self, service: str, version: str) -> Vocabulary:
        found = self._reader.get(f"{service}/bundles/{version}/{MANIFEST}")
        return vocabulary_of(decode_manifest(found.body if found else b"", service))


def vocabulary_of(manifest: Manifest) -> Vocabulary:
    """The words of `settings["labels"]`, several at a time; else the classes of the first head."""
    words = manifest.settings.get("labels")
    if isinstance(words, list) and words:
        return Vocabulary(tuple(str(word) for word in words), several=True)
    return Vocabulary(tuple(manifest.heads[0].classes))

"""Behind the queue of `later.py`: transcribes what took too long, and makes the decision final."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from lambdas.content.channels import as_signals
from lambdas.content.deciding import decide
from lambdas.content.errors import Unreadable
from lambdas.content.item import Seen
from lambdas.content.keeping import KeptPost
from lambdas.content.later import ToTranscribe
from lambdas.content.looking import NoModel, transcript_of
from lambdas.content.media import MediaStore
from lambdas.content.model import ContentModel
from lambdas.content.schema import ContentDecision, Reading
from lambdas.content.service import Content, given_up
from lambdas.core.decision_log import DecisionLog, Logged
from lambdas.core.errors import BundleError, DependencyDown, NotFound, TriageError
from lambdas.core.model_store import ModelStore
from lambdas.core.service import Stamp
from lambdas.core.telemetry import Telemetry

TRIES: Final = 3
"""After so many the decision goes to people. A try that ran out of time or memory counts."""


class Transcribing:
    """A Lambda handler over the queue."""

    def __init__(
        self,
        service: Content,
        media: MediaStore,
        store: ModelStore[ContentModel],
        log: DecisionLog,
        telemetry: Telemetry,
        *,
        sample: float,
    ) -> None:
        self._service = service
        self._media = media
        self._store = store
        self._log = log
        self._telemetry = telemetry
        self._sample = sample
        self._decoder = msgspec.json.Decoder(ContentDecision)

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """The partial batch response: the messages that have to come again."""
        self._telemetry.request(context)
        failed = []
        try:
            for record in event.get("Records") or ():
                try:
                    self._work(record)
                except TriageError as error:
                    self._telemetry.log.warning("a transcript waits", extra={"detail": error.detail})
                    failed.append({"itemIdentifier": record["messageId"]})
        finally:
            self._telemetry.flush()
        return {"batchItemFailures": failed}

    def _work(self, record: Mapping[str, Any]) -> None:
        """Work off one message. Raises TriageError when it is to come again."""
        received = int((record.get("attributes") or {}).get("ApproximateReceiveCount", 1))
        try:
            wanted = msgspec.json.decode(record["body"], type=ToTranscribe)
        except msgspec.DecodeError as error:
            self._telemetry.log.error("not a sound to transcribe", extra={"detail": str(error)})
            return
        try:
            before = self._log.get(wanted.decision_id)
        except NotFound:
            if received > TRIES:  # it was refused after it had been handed over, or has expired
                return
            raise
        if "audio" not in before.pending:
            return
        answer = self._decoder.decode(before.answer)
        if received > TRIES:
            self._amend(before, given_up(answer, f"its speech could not be transcribed in {TRIES} tries"))
            return
        try:
            self._amend(before, self._final(before, answer))
        except (NotFound, Unreadable, NoModel) as error:  # trying again would not help
            self._amend(before, given_up(answer, f"its speech was not transcribed: {error.detail}"))

    def _amend(self, before: Logged, answer: ContentDecision) -> None:
        marks = self._service.marks(answer)
        amended = self._log.amend(before, answer, marks, sample=self._sample)
        said = {"decision_id": answer.decision_id, "outcome": answer.outcome, "amended": amended}
        self._telemetry.log.info("transcribed", extra=said)

    def _final(self, before: Logged, answer: ContentDecision) -> ContentDecision:
        """The decision with the transcript. Raises NotFound, Unreadable, BundleError, DependencyDown."""
        post = msgspec.json.decode(before.asked, type=KeptPost)
        if post.audio is None or post.audio.key is None:
            raise NotFound("the sound was not kept")
        model = self._model(answer)
        if model.audio is None:
            raise NoModel("the bundle has no models for sounds")
        ears = model.audio.get()
        sound = self._media.bring("audio", post.audio.key)
        said = ears.transcribe(sound, ears.listen(sound).speech)
        seen = Seen(
            post.content_id,
            post.text or "",
            {**answer.modalities, "audio": Reading("read")},
            signals=as_signals(answer.channels),
            image_text=answer.image_text,
            transcript=transcript_of(said),
            degraded=answer.degraded,
        )
        stamp = Stamp(answer.decision_id, answer.decided_at, answer.variant, answer.model_version)
        return decide(model, [seen], [stamp])[0]

    def _model(self, answer: ContentDecision) -> ContentModel:
        """The version that decided; the live one when it is gone. Raises BundleError, DependencyDown."""
        self._store.refresh()
        if answer.model_version is not None:
            try:
                return self._store.version(answer.model_version).model
            except (NotFound, BundleError):
                self._telemetry.log.warning("another version decides", extra={"was": answer.model_version})
        champion = self._store.champion()
        if champion is None:
            raise DependencyDown("no model is live")
        return champion.model

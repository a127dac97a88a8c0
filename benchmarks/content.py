"""The content service beside its own models: cold and warm, each kind of post, the fusion."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.content_setup import ENCODED, TEXTS, Content, event, post, prepared
from benchmarks.table import Table

COLD_RUNS, WARM_RUNS, MEDIA_RUNS = 25, 400, 12
OURS, TICKETS = "lambdas.content.handler", "lambdas.tickets.handler"
EVERY, ONE = "every core", "one core"
ONCE = """
import json, os, sys, importlib
if sys.argv[3] == "one core":
    os.sched_setaffinity(0, {0})
handler = importlib.import_module(sys.argv[1])
answer = handler.handle(json.loads(sys.argv[2]), None)
assert answer["statusCode"] == 200, answer
print("answered", flush=True)
import psutil
print(psutil.Process().memory_info().rss)
"""


def run() -> None:
    """Measure and save the table."""
    table = Table("content", "python -m benchmarks content")
    with prepared() as setup:
        _cold(table, setup)
        os.environ["POWERTOOLS_SERVICE_NAME"] = "content"
        handler = importlib.import_module(OURS)
        with _answered_here(handler):
            _text(table, handler)
            _fusion(table, handler)
            _media(table, handler)
    table.notes += [
        "Cold: from the start of a fresh process to its first answer, import and download from the embedded "
        "S3 included, compiling not, as the functions' image is compiled; the sides take turns. Content and "
        "tickets are what `make up` trains: content's text model has a multilingual encoder (a bundle of 37 "
        "MB), the tickets' has none; the third side is tickets with the same one. "
        "On one core, as a Lambda function below 1,769 MB has less than two, nothing that is done beside "
        "something else is for free; the embedded S3 may use the other core.",
        "Warm: whole handlers, their calls to DynamoDB and S3 answered in the process.",
        "Raw model of a text: `TextModel.read` and the fusion, as the graph cannot tokenise. Raw sessions: "
        "the time inside `OnnxModel.run` during the very same calls; the rest is decoding, resizing, finding "
        "boxes and beams, and the path itself.",
    ]
    table.save()


def _cold(table: Table, setup: Content) -> None:
    ticket = event("/v1/tickets:classify", {"body": TEXTS[3]})
    sides = {
        "content": (OURS, post(text=TEXTS[0]), os.environ["ARTIFACTS_BUCKET"]),
        "tickets": (TICKETS, ticket, os.environ["ARTIFACTS_BUCKET"]),
        "tickets with its encoder": (TICKETS, ticket, ENCODED),
    }
    # The functions' image is compiled ahead, so compiling is no part of a start.
    compiled = {**os.environ, "PYTHONPYCACHEPREFIX": str(setup.folder / "bytecode")}
    compiled.pop("PYTHONDONTWRITEBYTECODE", None)
    times: dict[tuple[str, str], list[float]] = {}
    memory: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(COLD_RUNS + 1):
        for cores in (EVERY, ONE):
            for name, (module, said, bucket) in sides.items():
                setup.forget_downloads()
                seconds, used = _once(module, said, {**compiled, "ARTIFACTS_BUCKET": bucket}, cores)
                if turn:  # the first turn only warms the file cache, and compiles
                    times.setdefault((name, cores), []).append(seconds)
                    memory[name].append(used)
    _cold_rows(table, {side: statistics.median(taken) for side, taken in times.items()})
    held = {name: statistics.median(used) for name, used in memory.items()}
    for other in list(sides)[1:]:
        table.add("memory after it", f"{held['content']:.0f} MB", against=f"{other} {held[other]:.0f} MB")


def _cold_rows(table: Table, took: dict[tuple[str, str], float]) -> None:
    for cores, what in ((EVERY, "cold start of a text to first answer"), (ONE, "on one core")):
        for other in ("tickets", "tickets with its encoder"):
            asked = "1.5x" if (cores, other) == (EVERY, "tickets") else ""
            ours, theirs = took["content", cores], took[other, cores]
            table.add(
                what, f"{ours * 1e3:.0f} ms", asked=asked,
                against=f"{other} {theirs * 1e3:.0f} ms: {ours / theirs:.2f}x",
                reached=ours <= 1.5 * theirs if asked else None,
            )  # fmt: skip


def _once(module: str, said: object, env: dict[str, str], cores: str = EVERY) -> tuple[float, float]:
    """The seconds from the start of a process to its answer, and the MB that it held then."""
    started = time.perf_counter()
    command = [sys.executable, "-c", ONCE, module, json.dumps(said), cores]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        answered = any(line == "answered\n" for line in process.stdout)
        seconds = time.perf_counter() - started
        rest = process.stdout.read()
    if not answered or process.returncode:
        raise RuntimeError(f"{module} did not answer")
    return seconds, int(rest) / 1e6


def _text(table: Table, handler: Any) -> None:
    model = _model(handler)
    events = [post(text=text) for text in TEXTS]

    def raw(k: int) -> None:
        read = model.text.read([TEXTS[k % len(TEXTS)]])
        signals = np.full((1, 4, 5), np.nan, dtype=np.float32)
        signals[0, :, 0] = read.signals[0]
        model.fusion.probabilities(signals)

    whole, alone = _in_turn(lambda k: handler.handle(events[k % len(events)], None), raw, runs=WARM_RUNS)
    table.add(
        "one text, warm, p50", f"{whole:.2f} ms", against=f"raw model {alone:.2f} ms: {whole / alone:.2f}x",
        asked="1.3x", reached=whole <= 1.3 * alone,
    )  # fmt: skip


def _fusion(table: Table, handler: Any) -> None:
    signals = np.random.default_rng(0).normal(size=(1, 4, 5)).astype(np.float32)
    model = _model(handler)
    (taken,) = _in_turn(lambda _: model.fusion.probabilities(signals), runs=WARM_RUNS)
    table.add("fusion of one post, p50", f"{taken:.3f} ms", asked="0.2 ms", reached=taken < 0.2)


def _media(table: Table, handler: Any) -> None:
    from local.media import picture
    from tests.support.posts import as_data, jpeg, voice, wav

    posts = {
        "one picture of 640 x 480": post(image=as_data(jpeg(size=(640, 480)))),
        "one picture of 480 x 320 with words": post(image=as_data(picture("What a wonderful day"))),
        "10 s of sound without speech": post(audio=as_data(wav(10.0))),
        "6 s of speech, transcribed at once": post(audio=as_data(voice(6.0))),
        "60 s of speech, left to the worker": post(audio=as_data(voice(60.0))),
        "a text, a picture and a sound": post(
            text=TEXTS[1], image=as_data(picture("Nice")), audio=as_data(wav(2.0))
        ),
    }
    for name, said in posts.items():
        with _session_time() as inside:
            whole, raw = [], []
            for turn in range(MEDIA_RUNS + 1):
                inside[0], started = 0.0, time.perf_counter()
                answer = handler.handle(said, None)
                assert answer["statusCode"] == 200, answer
                if turn:
                    whole.append(time.perf_counter() - started)
                    raw.append(inside[0])
        taken, sessions = statistics.median(whole) * 1e3, statistics.median(raw) * 1e3
        table.add(
            f"{name}, warm, p50", f"{taken:.0f} ms",
            against=f"raw sessions {sessions:.0f} ms: {taken / sessions:.2f}x",
        )  # fmt: skip


def _model(handler: Any) -> Any:
    return handler._decider.store.champion().model


@contextlib.contextmanager
def _session_time() -> Iterator[list[float]]:
    """The seconds spent inside ONNX sessions, in a list of one."""
    from lambdas.core.model import OnnxModel

    spent, run = [0.0], OnnxModel.run

    def timed(self: OnnxModel, *given: Any, **more: Any) -> Any:
        started = time.perf_counter()
        try:
            return run(self, *given, **more)
        finally:
            spent[0] += time.perf_counter() - started

    OnnxModel.run = timed  # type: ignore[method-assign]
    try:
        yield spent
    finally:
        OnnxModel.run = run  # type: ignore[method-assign]


@contextlib.contextmanager
def _answered_here(handler: Any) -> Iterator[None]:
    """The handler's calls to DynamoDB, S3 and SQS answered in the process; what it prints goes nowhere."""

    class Table:
        def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
            return {}

    class Kept:
        def put(self, key: str, body: bytes, **more: Any) -> str:
            return ""

    class Taken:
        def send(self, messages: Any) -> dict[int, str]:
            return {}

    handler._decider.log._dynamo = Table()
    handler._parts.media._objects = Kept()
    handler._parts.service._later._queue = Taken()
    with contextlib.redirect_stdout(io.StringIO()):
        yield


def _in_turn(*sides: Callable[[int], object], runs: int, block: int = 50, warm_up: int = 10) -> list[float]:
    """The p50 of each side in ms; they take turns in blocks, the first calls of which do not count."""
    times: list[list[float]] = [[] for _ in sides]
    for first in range(0, runs, block):
        for side, taken in zip(sides, times, strict=True):
            for k in range(warm_up + block):
                started = time.perf_counter()
                side(first + k)
                if k >= warm_up:
                    taken.append(time.perf_counter() - started)
    return [statistics.median(taken) * 1e3 for taken in times]


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parent.parent)
    run()

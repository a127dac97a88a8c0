"""What the rollout benchmark runs on: the whole app in a folder of its own, and three ticket models."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.embedded import run_module
from benchmarks.rollout_answers import Said
from lambdas.core.bundle import MANIFEST, decode_manifest
from lambdas.core.service import Stamp
from lambdas.tickets.schema import TicketRequest
from lambdas.tickets.service import Tickets
from local import running
from local.daemon import free_port
from local.environment import aws_environment
from local.place import ROOT, Place
from local.process import Commands
from local.progress import Steps
from local.stack import Stack
from local.up import Up

SERVICE, FUNCTION = "tickets", "triage-tickets"
ROWS, MORE_ROWS, TICKETS = 4_000, 6_000, 1_000
APART = 1e-3
"""By as much two versions' confidence must differ, where they agree, for a ticket to tell them apart."""
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made there
"""Where the embedded AWS keeps its files, if the machine has it: a disk that others write to holds it up."""
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
_FIELDS = ("subject", "body", "language", "channel", "customer_tier")


@dataclass(frozen=True)
class World:
    """The deployed app with `champion` live, two more versions built, and what each says of each ticket."""

    place: Place
    stack: Stack
    champion: str
    better: str
    worse: str
    tickets: list[dict[str, Any]]
    said: Mapping[str, list[Said]]

    def function_environment(self, cache: Path) -> dict[str, str]:
        """What the deployed function sees, with a folder of its own for models, as each has on AWS."""
        found = self.stack.client("lambda").get_function_configuration(FunctionName=FUNCTION)
        around = aws_environment({k: os.environ[k] for k in _KEPT if k in os.environ}, self.stack.endpoint)
        own = {"MODEL_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT), "AWS_LAMBDA_FUNCTION_NAME": FUNCTION}
        return {**around, **found["Environment"]["Variables"], **own}

    def make(self, *words: str) -> int:
        """Run a command of the laptop on this place, as the Makefile does; its exit code."""
        folders = {"TRIAGE_STATE_DIR": str(self.place.folder), "TRIAGE_BUILD_DIR": str(self.place.build)}
        print(f"$ python -m local {' '.join(words)}", flush=True)
        return subprocess.run(
            [sys.executable, "-m", "local", *words], cwd=ROOT, check=False,
            env={**os.environ, **folders, "PYTHONPATH": str(ROOT)},
        ).returncode  # fmt: skip


@contextmanager
def deployed() -> Iterator[World]:
    """The app, deployed by what `make up` runs. All of it is stopped and deleted at the end."""
    with tempfile.TemporaryDirectory(
        prefix="triage-bench-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None
    ) as folder:
        place = Place(root=ROOT, folder=Path(folder) / "place", build=Path(folder) / "build")
        place.create()
        try:
            champion = _trained(place, ROWS)
            stack = Up(place, (SERVICE,), Steps(Console()), Commands()).run(free_port())
            yield _world(place, stack, champion, Path(folder) / "tickets.csv")
        finally:
            found = running.find(place)
            if found is not None:
                running.stop(place, found)
            running.stop_beside(place)


def _world(place: Place, stack: Stack, champion: str, asked: Path) -> World:
    from tests.support.other_versions import another

    better = _trained(place, MORE_ROWS)
    worse = another(place.build, "a turned one", turned=True, of=better)
    run_module("model_build.tickets.synthetic", "--rows", str(TICKETS), "--seed", "11", "--out", str(asked))
    with asked.open(newline="", encoding="utf-8") as file:
        tickets = [{name: row[name] for name in _FIELDS if row[name]} for row in csv.DictReader(file)]
    said = {version: _said(place, version, tickets) for version in (champion, better, worse)}
    kept = [k for k in range(len(tickets)) if _tells_apart([each[k] for each in said.values()])]
    return World(
        place, stack, champion, better, worse, [tickets[k] for k in kept],
        {version: [each[k] for k in kept] for version, each in said.items()},
    )  # fmt: skip


def _trained(place: Place, rows: int) -> str:
    """The version of a model trained anew on so many generated rows."""
    print(f"training a ticket model on {rows:,} rows ...", flush=True)
    given = ["--build-dir", str(place.build), "--no-tracking"]
    run_module("model_build", "train", SERVICE, "--rows", str(rows), *given)
    return max(path.name for path in (place.build / SERVICE / "bundles").iterdir())


def _said(place: Place, version: str, tickets: list[dict[str, Any]]) -> list[Said]:
    """What the bundle says of each ticket by itself, opened here and whole."""
    folder = place.build / SERVICE / "bundles" / version
    service = Tickets()
    model = service.open(folder, decode_manifest((folder / MANIFEST).read_bytes(), SERVICE))
    stamp = Stamp("benchmark", "2026-01-01T00:00:00Z", "champion", version)
    answers = [service.predict(model, [TicketRequest(**ticket)], [stamp])[0] for ticket in tickets]
    return [Said(answer.outcome, answer.confidence) for answer in answers]


def _tells_apart(said: list[Said]) -> bool:
    pairs = [(a, b) for k, a in enumerate(said) for b in said[:k]]
    return all(a.outcome != b.outcome or abs(a.confidence - b.confidence) > APART for a, b in pairs)

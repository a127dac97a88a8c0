"""What every kind of test may ask for."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.once import once

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class TrainedTickets:
    """A ticket model trained by the project's own command on generated tickets."""

    build: Path

    @property
    def bundle(self) -> Path:
        """The bundle's folder."""
        return next((self.build / "tickets" / "bundles").iterdir())


@pytest.fixture(scope="session")
def trained_tickets(tmp_path_factory: pytest.TempPathFactory) -> TrainedTickets:
    """The default model on 4,000 generated tickets, trained once a run."""

    def train(folder: Path) -> None:
        command = [
            sys.executable, "-m", "model_build", "train", "tickets", "--rows", "4000",
            "--build-dir", str(folder), "--no-tracking",
        ]  # fmt: skip
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"training failed:\n{done.stdout}\n{done.stderr}")

    return TrainedTickets(once(tmp_path_factory, "trained-tickets", train))

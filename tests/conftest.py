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


PRETRAINED = ROOT / "build" / "pretrained"
"""Where the packaged models are converted to, once a machine."""
QUICK_CONTENT = ("split.folds=2", "model.regularisation=[0.1]", "model.embedding_weights=[0.5]")
QUICK_TRANSACTIONS = ("split.folds=2", "model.xgboost.trees=80", "model.lightgbm.trees=80")


@dataclass(frozen=True)
class Trained:
    """A model trained by the project's own command on generated data."""

    build: Path
    service: str

    @property
    def bundle(self) -> Path:
        """The bundle's folder."""
        return next((self.build / self.service / "bundles").iterdir())


TrainedTickets = TrainedTransactions = TrainedContent = Trained


@pytest.fixture(scope="session")
def trained_tickets(tmp_path_factory: pytest.TempPathFactory) -> TrainedTickets:
    """The default model on 4,000 generated tickets, trained once a run."""
    return TrainedTickets(_trained(tmp_path_factory, "tickets", "--rows", "4000"), "tickets")


@pytest.fixture(scope="session")
def trained_transactions(tmp_path_factory: pytest.TempPathFactory) -> TrainedTransactions:
    """An ensemble with fewer trees on 24,000 generated transactions, trained once a run."""
    changes = [part for change in QUICK_TRANSACTIONS for part in ("--set", change)]
    return Trained(_trained(tmp_path_factory, "transactions", "--rows", "24000", *changes), "transactions")


@pytest.fixture(scope="session")
def trained_content(tmp_path_factory: pytest.TempPathFactory) -> TrainedContent:
    """The content model on 3,000 generated posts, one candidate, trained once a run."""
    changes = [part for change in QUICK_CONTENT for part in ("--set", change)]
    return Trained(_trained(tmp_path_factory, "content", "--rows", "3000", *changes), "content")


def _trained(factory: pytest.TempPathFactory, service: str, *options: str) -> Path:
    """The build folder of a training of `service`."""

    def train(folder: Path) -> None:
        command = [
            sys.executable, "-m", "model_build", "train", service, *options, "--build-dir", str(folder),
            "--no-tracking",
        ]  # fmt: skip
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT), "TRIAGE_PRETRAINED": str(PRETRAINED)},
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"training failed:\n{done.stdout}\n{done.stderr}")

    return once(factory, f"trained-{service}", train)

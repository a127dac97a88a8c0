"""Answers of the ticket function's own code to rows of a dataset."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lambdas.core.bundle import Manifest
from lambdas.tickets.service import Tickets
from model_build.dataset import Batch
from model_build.service import Answered, stamps
from model_build.tickets.reader import tickets_of


def answered(folder: Path, manifest: Manifest, batch: Batch) -> Answered:
    """See `TrainingService.answered`."""
    service, asked = Tickets(), tickets_of(batch)
    said = service.predict(
        service.open(folder, manifest), asked, stamps(len(asked), "champion", manifest.version)
    )
    probabilities = {
        head.name: np.array([list(each.outputs[head.name].probabilities.values()) for each in said])
        for head in manifest.heads
    }
    return Answered(batch, said, service.rules(asked, stamps(len(asked), "none", None)), probabilities)

"""More versions of a trained tickets model, for rollouts: as good as it, or surely worse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from lambdas.core.bundle import CARD, MODEL
from model_build.bundle import Draft, read_bundle, write_bundle


def another(build: Path, note: str, *, turned: bool = False, of: str | None = None) -> str:
    """The ticket bundle `of` in the folder `build`, or the oldest, once more as the version that is returned.

    `turned`, each class has another's name.
    """
    bundles = build / "tickets" / "bundles"
    folder = bundles / of if of else min(bundles.iterdir())
    known = read_bundle(folder, "tickets")
    files = {name: folder / name for name in known.files if name != CARD}
    if turned:
        files[MODEL] = build / "turned.onnx"
        model = onnx.load(folder / MODEL)
        _turn(model, known.heads[0].output, len(known.heads[0].classes))
        onnx.save(model, files[MODEL])
    draft = Draft(
        "tickets", known.seed, known.training_data, known.heads, known.features,
        {**known.settings, "note": note}, known.metrics, files,
    )  # fmt: skip
    return write_bundle(bundles, draft, lambda path, _: path.write_text("# a copy\n") and None).version


def _turn(model: onnx.ModelProto, output: str, classes: int) -> None:
    for node in model.graph.node:
        for at, name in enumerate(node.output):
            if name == output:
                node.output[at] = "as_trained"
        for at, name in enumerate(node.input):
            if name == output:
                node.input[at] = "as_trained"
    places = np.roll(np.arange(classes), 1)
    model.graph.initializer.append(numpy_helper.from_array(places, "places"))
    model.graph.node.append(helper.make_node("Gather", ["as_trained", "places"], [output], axis=1))

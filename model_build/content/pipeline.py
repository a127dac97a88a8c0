"""The content service's share of training: what its fields are, and which functions do the work.

Whatever is heavy is imported by the method that needs it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import numpy.typing as npt

from lambdas.content.schema import MOST_TEXT
from lambdas.core.bundle import Head, Manifest
from model_build.content.labels import binaries
from model_build.dataset import Batch, Binary, Dataset
from model_build.service import Answered, CandidateScores, Exported, Field, Fitted, Progress, Serve

if TYPE_CHECKING:
    from model_build.calibration import Calibration
    from model_build.card import Story
    from model_build.clean import Cleaned
    from model_build.content.model import FittedContent
    from model_build.examine import Derived, Layout
    from model_build.task import Task

MOST_FOUND: Final = 20_000
"""Characters of a text found in a file, or given in its place."""


class ContentTraining:
    """Implements `model_build.service.TrainingService`."""

    name = "content"
    delayed = False
    yes_or_no = True

    def __init__(self, build: Path = Path("build")) -> None:
        self._build = build

    @property
    def task(self) -> Task:
        """Which policies a post breaks."""
        from model_build.moderation.task import Moderation

        return Moderation()

    @property
    def fields(self) -> Mapping[str, Field]:
        """The fields that a CSV can fill: the post's own, and what was found in its media by other means."""
        from model_build.content.adapters import audio_flaw, image_flaw

        return {
            "text": Field("text", longest=MOST_TEXT),
            "image": Field("file", alone=True, flaw=image_flaw),
            "audio": Field("file", alone=True, flaw=audio_flaw),
            "image_text": Field("words", longest=MOST_FOUND, alone=True),
            "audio_text": Field("words", longest=MOST_FOUND, alone=True),
            "image_risk": Field("number", least=0.0, most=1.0, alone=True),
            "audio_risk": Field("number", least=0.0, most=1.0, alone=True),
        }

    def binaries(self, labels: Sequence[str], positive: Sequence[str]) -> list[Binary]:
        """See labels.py."""
        return binaries(labels, positive)

    def text_fields(self, columns: Sequence[str]) -> dict[str, list[str]]:
        """All text columns are the post's text."""
        return {"text": list(columns)} if columns else {}

    def write_synthetic(self, path: Path, *, rows: int, seed: int) -> None:
        """Write seeded posts."""
        from model_build.content.synthetic import PostParameters, write_csv

        write_csv(path, PostParameters(rows=rows, seed=seed))

    def look(
        self,
        files: Mapping[str, Sequence[Path]],
        layout: Layout,
        model: Mapping[str, Any],
        folder: Path,
        progress: Progress,
    ) -> list[Derived]:
        """Look at images and sounds with the models that serve."""
        from model_build.content.media import Place, look
        from model_build.content.parameters import read_content

        parameters = read_content(model)
        words = {"image": parameters.media.read_text, "audio": parameters.media.transcribe}
        return look(files, layout, words, parameters.networks, Place(folder, self._build), progress)

    def replay(self, cleaned: Cleaned, test: Cleaned | None, dataset: Dataset, progress: Progress) -> None:
        """Give each row what was seen in its media."""
        from model_build.content.media import write_numbers

        write_numbers(cleaned, test, dataset, dataset.folder.parents[1] / "media", progress)

    def feature_names(self) -> list[str]:
        """The names that serving compares with its own."""
        from lambdas.content.text.features import FEATURE_NAMES

        return list(FEATURE_NAMES)

    def handmade(self, batch: Batch, model: Mapping[str, Any]) -> npt.NDArray[np.float32]:
        """The hand-made features of all texts of each post together, by the served function."""
        from lambdas.core.ngrams import words_of
        from model_build.content.parameters import read_content
        from model_build.content.texts import PostReader

        reader = PostReader(self._build, read_content(model).networks)
        items = reader.items(batch)
        return reader.handmade(items, [words_of(text) for text in reader.texts(items)])

    def texts(self, batch: Batch) -> list[str]:
        """All texts of each post together."""
        from model_build.content.texts import whole_texts

        return whole_texts(batch)

    def words(self, batch: Batch) -> list[list[str]]:
        """The words as the model reads them."""
        from lambdas.core.ngrams import words_of
        from model_build.content.texts import PostReader

        reader = PostReader(self._build)
        return [words_of(text) for text in reader.texts(reader.items(batch))]

    def beside(self, fitted: Fitted, batch: Batch) -> Mapping[str, npt.NDArray[Any]]:
        """The signals, what is seen by single kinds of channel, and what others say."""
        from model_build.content.beside import beside

        return beside(cast("FittedContent", fitted), batch)

    def cross_validate(
        self, dataset: Dataset, model: Mapping[str, Any], progress: Progress
    ) -> CandidateScores:
        """Choose the text heads' regularisation, and what the encoder counts."""
        from model_build.content.model import cross_validate

        return cross_validate(dataset, model, self._build, progress)

    def fit(
        self, dataset: Dataset, model: Mapping[str, Any], chosen: CandidateScores, progress: Progress
    ) -> Fitted:
        """Fit the heads and the fusion."""
        from model_build.content.model import fit

        return fit(dataset, model, chosen, self._build, progress)

    def export(
        self,
        fitted: Fitted,
        calibrations: Mapping[str, Calibration],
        dataset: Dataset,
        folder: Path,
        costs: Mapping[str, Any],
    ) -> Exported:
        """Write the graphs, and leave the weights of others where publishing finds them."""
        from model_build.content.export import export
        from model_build.moderation.costs import decode_costs

        model = cast("FittedContent", fitted)
        return export(model, calibrations, folder, decode_costs(costs), self._build)

    def served(self, folder: Path, heads: Sequence[Head], settings: Mapping[str, Any]) -> Serve:
        """The graphs in `folder`, run as the content function runs them."""
        from model_build.content.export import served

        return served(folder, heads, settings, self._build)

    def answered(self, folder: Path, manifest: Manifest, batch: Batch) -> Answered:
        """See answered.py."""
        from model_build.content.answered import answered

        return answered(folder, manifest, batch, self._build)

    def story(self, settings: Mapping[str, Any]) -> Story:
        """What the model is for, whose weights are in it, and what none of them covers."""
        from model_build.content.story import story

        return story(settings)

    def rules(self, batch: Batch) -> list[str] | None:
        """They score policies: see `beside`."""
        return None

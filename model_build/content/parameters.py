"""The section `model` of the content service's parameters: the text model's keys, and what is its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

import msgspec

from model_build.content.fusion import FusionParameters
from model_build.errors import ParametersError
from model_build.text.parameters import ModelParameters, read_parameters

Count = Annotated[int, msgspec.Meta(ge=1)]
HUB: Final = "hf:"
"""Begins the name of a model of the hub, or of a local folder in its layout."""


class MediaParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A head on the embedding of images, or sounds, is trained from `least_rows` rows with one on, for
    policies that `least_broken` of them break; `regularisation` is its C. `read_text` reads what is written
    in images, `transcribe` what is said in sounds (slow: about a second for ten), where no column says
    it."""

    least_rows: Count = 200
    least_broken: Count = 50
    regularisation: Annotated[float, msgspec.Meta(gt=0)] = 0.01
    read_text: bool = True
    transcribe: bool = True


class Networks(msgspec.Struct, frozen=True):
    """The networks of others that look, listen and read: the packaged ones, or `hf:<model>`.

    `text_classifier_languages`: what a classifier of the user's own reads, of those that
    lambdas/content/text/features.py tells apart.
    """

    image_encoder: str = "lite0"
    audio_encoder: str = "sound"
    text_classifier: str = "toxic-en"
    text_classifier_languages: tuple[Literal["en", "es", "fr", "other"], ...] = ("en",)


OURS: Final = Networks()
"""The packaged ones."""


class ContentParameters(msgspec.Struct, frozen=True):
    """`text` is what the shared text model is given, `rows_for_fusion` bounds the train rows that the fusion
    and the media heads learn from. `reweigh`: rows of the text heads count by whom they name and what they
    are; see model_build/fairness/reweigh.py."""

    text: ModelParameters
    raw_text: dict[str, Any]
    fusion: FusionParameters = FusionParameters()
    media: MediaParameters = MediaParameters()
    rows_for_fusion: Count = 20_000
    networks: Networks = OURS
    reweigh: bool = False


class _Own(Networks, frozen=True, forbid_unknown_fields=True):
    fusion: FusionParameters = FusionParameters()
    media: MediaParameters = MediaParameters()
    rows_for_fusion: Count = 20_000
    reweigh: bool = False


def read_content(model: Mapping[str, Any]) -> ContentParameters:
    """`model` as ContentParameters; raises ParametersError naming the key."""
    own = {name: model[name] for name in _Own.__struct_fields__ if name in model}
    text = {name: value for name, value in model.items() if name not in own}
    try:
        found = msgspec.convert(own, _Own)
    except msgspec.ValidationError as error:
        raise ParametersError(f"params.yaml, section model: {error}") from error
    return ContentParameters(
        read_parameters(text),
        text,
        found.fusion,
        found.media,
        found.rows_for_fusion,
        _networks(found),
        found.reweigh,
    )


def _networks(found: _Own) -> Networks:
    names = Networks.__struct_fields__
    for name, packaged in zip(names, Networks.__struct_defaults__, strict=True):
        chosen = getattr(found, name)
        if isinstance(packaged, str) and chosen != packaged and not _of_the_hub(chosen):
            raise ParametersError(
                f"params.yaml, section model: {name} is '{chosen}': choose {packaged} or "
                f"{HUB}<model id or local folder>"
            )
    return Networks(**{name: getattr(found, name) for name in names})


def _of_the_hub(name: str) -> bool:
    return name.startswith(HUB) and name != HUB

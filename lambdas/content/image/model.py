"""What a picture says by itself: named scores, features, and log-odds of risk by policy."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from lambdas.content.image import heat as heats
from lambdas.content.image import networks, seen
from lambdas.content.image.hiding import HeatMap, by_hiding
from lambdas.content.image.networks import CELLS, EMBEDDING, LOGITS, MAP
from lambdas.content.image.ocr import TextReader
from lambdas.content.image.picture import Floats, Picture, Pixels
from lambdas.content.image.resize import enough, resized
from lambdas.content.image.seen import Said
from lambdas.content.image.signals import Opinion
from lambdas.content.image.views import FINE, parts, quarters, views
from lambdas.content.policies import MOST, POLICIES
from lambdas.core.model import OnnxModel

PACKAGED: Final[Mapping[str, Any]] = {"kind": "lite0"}
DEFAULT: Final[Mapping[str, Any]] = {"encoder": PACKAGED, "head": None}
BUNDLE: Final = "bundle"
FEATURES: Final = "features"


@dataclass(frozen=True)
class Looked:
    """What was seen in a picture.

    `scores`: 0 to 1 by name, each the most of what was looked at. `features` [D]: what a trained head is
    given, of the first frame. `signals` [policies]: log-odds of risk, the most of what was looked at; NaN
    where nothing here tells of that policy. `frames`: by policy, in which of the picture's frames (an index)
    that was.
    """

    scores: dict[str, float]
    features: Floats
    signals: Floats
    frames: dict[str, int]


class ImageModel:
    """The image channel. `folders` may be lazy: a folder is asked for when its network is first run.

    `folders` by name: `nsfwjs`, `opennsfw`, `lite0`, `ocr`, and `bundle` when `settings["head"]` names a
    trained head, `{"file": "image.onnx", "policies": [...]}`: its logits, one a policy of POLICIES, then
    stand in the place of what the packaged networks say of the policies listed. `settings["encoder"]`: see
    `networks.encoder`; one of the user's own gives the embedding, and weapons are told by `lite0` as ever. Of
    what is missing nothing is said. All methods raise BundleError when a graph cannot be opened or run.
    """

    def __init__(self, folders: Mapping[str, Path], settings: Mapping[str, Any] | None = None) -> None:
        self._folders = folders
        self._settings = {**DEFAULT, **(settings or {})}
        encoder = self._settings["encoder"]
        own = encoder is not None and encoder["kind"] != PACKAGED["kind"]
        made = {
            "nsfwjs": networks.nsfwjs(folders),
            "opennsfw": networks.open_nsfw(folders),
            seen.ENCODER: networks.encoder(folders, PACKAGED if own else encoder),
            seen.OWN: networks.encoder(folders, encoder) if own else None,
        }
        self._trained_for: Sequence[str] = (self._settings["head"] or {"policies": ()})["policies"]
        self._fine = max(FINE, 2 * int(encoder["size"])) if own else FINE
        self._networks = {name: network for name, network in made.items() if network is not None}

    @cached_property
    def _head(self) -> OnnxModel:
        return OnnxModel(self._folders[BUNDLE], self._settings["head"]["file"])

    @cached_property
    def _reader(self) -> TextReader:
        return TextReader(self._folders["ocr"])

    def look(self, picture: Picture) -> Looked:
        """What is seen in `picture`."""
        shown = views(picture, self._fine)
        said = [self._said(view.pixels, LOGITS, EMBEDDING) for view in shown]
        scores = [seen.scores(one) for one in said]
        values = np.stack([self._signals(one) for one in said])
        known = ~np.isnan(values[0])
        worst = np.where(known, values, -np.inf).argmax(axis=0)
        return Looked(
            scores={name: max(one[name] for one in scores) for name in scores[0]},
            features=seen.features(said[0], seen.opinions(said[0])),
            signals=values[worst, np.arange(len(POLICIES))].astype(np.float32),
            frames={policy: shown[worst[k]].frame for k, policy in enumerate(POLICIES) if known[k]},
        )

    def read_text(self, picture: Picture) -> str:
        """The text in `picture`, line by line; empty when there is none, or nothing to read with."""
        return self._reader.read(picture) if "ocr" in self._folders else ""

    def heat(self, picture: Picture, policy: str, frame: int = 0, until: float = math.inf) -> HeatMap:
        """Where in that frame `policy` is seen; 0 everywhere when nothing here tells of the policy.

        In which frame it is seen most, `look` says. A user's own encoder is slow to ask: by `until`, in the
        time of `time.perf_counter`, it is as fine as could be had. Raises TooSlow.
        """
        shown = picture.frames[frame]
        shown_parts, maps = parts(shown), []
        for number, part in enumerate(shown_parts):
            now = time.perf_counter()
            maps.append(
                self._heat(
                    enough(part, self._fine), policy, now + (until - now) / (len(shown_parts) - number)
                )
            )
        axis = 0 if shown.pixels.shape[0] >= shown.pixels.shape[1] else 1
        note = next((each.note for each in maps if each.note), None)
        return HeatMap(np.concatenate([each.values for each in maps], axis=axis), note)

    def _said(self, pixels: Pixels, *outputs: str) -> Said:
        """What every network says of one view, the encoder also of its quarters."""
        squares: dict[int, Pixels] = {}
        said = {
            name: network.look(pixels, *([EMBEDDING] if name == seen.OWN else outputs), squares=squares)
            for name, network in self._networks.items()
        }
        if LOGITS in said.get(seen.ENCODER, {}):
            encoder = self._networks[seen.ENCODER]
            wanted = [name for name in outputs if name in (LOGITS, CELLS)]
            for name, quarter in zip(seen.QUARTERS, quarters(pixels), strict=False):
                said[name] = encoder.look(quarter, *wanted)
        return said

    def _signals(self, said: Said) -> Floats:
        """[policies], NaN where nothing tells."""
        told = seen.opinions(said)
        made = np.full(len(POLICIES), np.nan, dtype=np.float32)
        for policy, opinion in told.items():
            made[POLICIES.index(policy)] = opinion.value
        if self._trained_for:
            rows = [POLICIES.index(policy) for policy in self._trained_for]
            made[rows] = self._trained(seen.features(said, told)[None])[0, rows]
        return made

    def _trained(self, features: Floats) -> Floats:
        """The trained head's log-odds, [rows, policies], of `features` [rows, D]."""
        return np.clip(self._head.run({FEATURES: features}, (LOGITS,))[LOGITS], -MOST, MOST)

    def _heat(self, pixels: Pixels, policy: str, until: float) -> HeatMap:
        """The heat map of one part."""
        said = self._said(pixels, LOGITS, EMBEDDING, CELLS, MAP)
        told = seen.opinions(said)
        if policy not in self._trained_for and policy not in told:
            return HeatMap(np.zeros((heats.GRID, heats.GRID), dtype=np.float32))
        if policy not in self._trained_for and heats.can_tell(said, told[policy]):
            return HeatMap(self._packaged_heat(said, policy))
        if policy in self._trained_for and self._head_can_tell(said, told):
            return HeatMap(self._heat_of_head(said, policy))
        row = POLICIES.index(policy)
        if policy in self._trained_for and seen.OWN in said:
            return self._heat_of_own(pixels, said, row, until)
        return by_hiding(
            pixels, lambda part: float(self._signals(self._said(part, LOGITS, EMBEDDING))[row]), until
        )

    def _heat_of_own(self, pixels: Pixels, said: Said, row: int, until: float) -> HeatMap:
        """What the trained head's log-odds lose when a place is hidden from the user's own encoder: the slow
        network is run for each place, so what the packaged ones say of the whole view stands."""
        told, own = seen.opinions(said), self._networks[seen.OWN]

        def value(part: Pixels) -> float:
            features = seen.features({**said, seen.OWN: own.look(part, EMBEDDING)}, told)
            return float(self._trained(features[None])[0, row])

        return by_hiding(pixels, value, until)

    def _packaged_heat(self, said: Said, policy: str) -> Floats:
        if policy == "violence":
            return heats.of_weapons(said)
        return heats.by_cells(said, seen.opinions(said)[policy])

    def _head_can_tell(self, said: Said, told: Mapping[str, Opinion]) -> bool:
        """Whether there is for each place all that the head is given for the whole."""
        places = seen.OWN not in said and MAP in said.get(seen.ENCODER, {})
        return places and all(heats.can_tell(said, each) for each in told.values())

    def _heat_of_head(self, said: Said, policy: str) -> Floats:
        """The trained head, asked of each place as if it were the whole view."""
        places = said[seen.ENCODER][MAP]
        side = places.shape[0]
        told = seen.opinions(said)
        maps = {name: self._packaged_heat(said, name) for name in told}
        empty = np.zeros((side, side), dtype=np.float32)
        packaged = [resized(maps[name], (side, side)) if name in maps else empty for name in seen.OPINIONS]
        rows = np.concatenate([places, np.stack(packaged, axis=-1)], axis=-1).astype(np.float32)
        trained = self._trained(rows.reshape(side * side, -1))[:, POLICIES.index(policy)]
        return heats.on_grid(trained.reshape(side, side), 0)

"""A content bundle in memory. What looks at images and sounds is opened with the first of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import msgspec

from lambdas.content.fusion import Fusion
from lambdas.content.policies import POLICIES, Severity
from lambdas.content.text.model import TextModel
from lambdas.content.verdict import bounds_of
from lambdas.core.assets import Assets, assets_of
from lambdas.core.breaker import Breaker
from lambdas.core.bundle import Manifest
from lambdas.core.errors import BundleError

if TYPE_CHECKING:
    from lambdas.content.audio.model import AudioModel
    from lambdas.content.image.model import ImageModel

IMAGE_ASSETS: Final = ("nsfwjs", "opennsfw", "lite0", "ocr")
AUDIO_ASSETS: Final = ("whisper", "vad", "sound")
T = TypeVar("T")


class Lazy(Generic[T]):
    """Something that is opened when it is first asked for, and left alone for a while when that fails."""

    def __init__(self, name: str, make: Callable[[], T]) -> None:
        self._make = make
        self._made: T | None = None
        self._breaker = Breaker(name)

    def get(self) -> T:
        """It. Raises what opening it raises: BundleError, DependencyDown."""
        if self._made is None:
            self._made = self._breaker.call(self._make)
        return self._made


class PolicySettings(msgspec.Struct, frozen=True):
    """What `manifest.settings["policies"]` says of one."""

    severity: Severity
    text: str | None = None


class ContentModel:
    """`image` and `audio` are None where the bundle was made without.

    Raises BundleError for a bundle that cannot be used.
    """

    def __init__(self, folder: Path, manifest: Manifest, assets: Assets) -> None:
        self.version = manifest.version
        self.bounds = bounds_of(manifest.heads)
        self.severities = _severities(manifest)
        self.text = TextModel(folder, manifest.settings)
        self.fusion = Fusion(folder)
        known = assets_of(manifest.settings)

        def folders(names: tuple[str, ...]) -> Mapping[str, Path]:
            return {name: assets.folder(name, known[name].files) for name in names if name in known}

        self.image = _lazy(manifest.settings, "image", lambda s: _image(folder, folders(IMAGE_ASSETS), s))
        self.audio = _lazy(manifest.settings, "audio", lambda s: _audio(folder, folders(AUDIO_ASSETS), s))


def _lazy(settings: Mapping[str, Any], kind: str, make: Callable[[Mapping[str, Any]], T]) -> Lazy[T] | None:
    own = settings.get(kind)
    return Lazy(f"the {kind} models", lambda: make(own)) if own else None


def _image(folder: Path, folders: Mapping[str, Path], settings: Mapping[str, Any]) -> ImageModel:
    from lambdas.content.image.model import ImageModel  # noqa: PLC0415 - paid with the first image

    return ImageModel(folders, settings)


def _audio(folder: Path, folders: Mapping[str, Path], settings: Mapping[str, Any]) -> AudioModel:
    from lambdas.content.audio.model import AudioModel  # noqa: PLC0415 - paid with the first sound

    return AudioModel(folders, settings)


def _severities(manifest: Manifest) -> dict[str, Severity]:
    try:
        found = msgspec.convert(manifest.settings.get("policies"), dict[str, PolicySettings])
    except msgspec.ValidationError as error:
        raise BundleError(f"bundle {manifest.version}: its policies cannot be read: {error}") from error
    missing = [policy for policy in POLICIES if policy not in found]
    if missing:
        raise BundleError(f"bundle {manifest.version} does not say how severe {', '.join(missing)} is")
    return {policy: found[policy].severity for policy in POLICIES}

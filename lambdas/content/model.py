"""A content bundle in memory. What looks at images and sounds is opened with the first of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import msgspec

from lambdas.content.fusion import Fusion
from lambdas.content.policies import POLICIES, Severity
from lambdas.content.text.features import FEATURE_NAMES
from lambdas.content.text.model import TextModel
from lambdas.content.verdict import bounds_of
from lambdas.core.assets import Asset, Assets, assets_of
from lambdas.core.bundle import Manifest
from lambdas.core.errors import BundleError

if TYPE_CHECKING:
    from lambdas.content.audio.model import AudioModel
    from lambdas.content.image.model import ImageModel

IMAGE_ASSETS: Final = ("nsfwjs", "opennsfw", "lite0", "ocr", "hub-image")
AUDIO_ASSETS: Final = ("whisper", "vad", "sound", "hub-sound")
OTHER_WRITING: Final = "other-writing"
"""What the encoder needs for texts that are not everyday ones."""
TEXT_ASSETS: Final = ("hub-text", OTHER_WRITING)
BUNDLE: Final = "bundle"
T = TypeVar("T")


class Lazy(Generic[T]):
    """Something that is opened when it is first asked for."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: T | None = None

    def get(self) -> T:
        """It. Raises what opening it raises: BundleError, DependencyDown."""
        if self._made is None:
            self._made = self._make()
        return self._made


class Folders(Mapping[str, Path]):
    """The folders of some assets by name, each fetched when it is first asked for; and the bundle's own.

    They are held for as long as this is. Asking raises BundleError, DependencyDown.
    """

    def __init__(self, folder: Path, known: Mapping[str, Asset], assets: Assets) -> None:
        self._folder = folder
        self._known = known
        self._assets = assets
        self._hold = assets.hold(known)

    def __getitem__(self, name: str) -> Path:
        return self._folder if name == BUNDLE else self._assets.folder(name, self._known[name].files)

    def __contains__(self, name: object) -> bool:
        return name == BUNDLE or name in self._known

    def __iter__(self) -> Iterator[str]:
        return iter((*self._known, BUNDLE))

    def __len__(self) -> int:
        return len(self._known) + 1


class PolicySettings(msgspec.Struct, frozen=True):
    """What `manifest.settings["policies"]` says of one."""

    severity: Severity
    text: str | None = None


class ContentModel:
    """`image` and `audio` are None where the bundle was made without.

    Raises BundleError for a bundle that cannot be used.
    """

    def __init__(self, folder: Path, manifest: Manifest, assets: Assets) -> None:
        if tuple(manifest.features) != FEATURE_NAMES:
            raise BundleError(f"bundle {manifest.version} was trained with other features: train it again")
        self.version = manifest.version
        self.bounds = bounds_of(manifest.heads)
        self.severities = _severities(manifest)
        known = assets_of(manifest.settings)
        self.folders = Folders(folder, known, assets)
        """All that this model may ever ask for."""

        def folders(names: tuple[str, ...]) -> Folders:
            return Folders(folder, {name: known[name] for name in names if name in known}, assets)

        own = manifest.settings
        self.fusion = Fusion(folder)
        self.text = TextModel(folder, own, folders(TEXT_ASSETS))
        self.image = (
            Lazy(lambda: _image(folders(IMAGE_ASSETS), own["image"]))
            if own.get("image") is not None
            else None
        )
        self.audio = (
            Lazy(lambda: _audio(folders(AUDIO_ASSETS), own["audio"]))
            if own.get("audio") is not None
            else None
        )


def _image(folders: Mapping[str, Path], settings: Mapping[str, Any]) -> ImageModel:
    from lambdas.content.image.model import ImageModel  # noqa: PLC0415 - paid with the first image

    return ImageModel(folders, settings)


def _audio(folders: Mapping[str, Path], settings: Mapping[str, Any]) -> AudioModel:
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

"""The image and the sound models at training: from a file to what is kept of it, by the code that serves."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from lambdas.content.errors import Refused, Unreadable
from model_build.content.records import Record

if TYPE_CHECKING:
    from lambdas.content.audio.model import AudioModel
    from lambdas.content.image.model import ImageModel

TEXTS: Final = {"image": "image_text", "audio": "audio_text"}
"""The field that the words found in a file fill."""
MOST_READ: Final = 2_000
"""Characters of the text in an image that count, as lambdas/content/looking.py has it."""


class Adapter(Protocol):
    """Looks at files of one kind."""

    def read(self, data: bytes) -> Record:
        """What is known of a file. Raises Refused or Unreadable."""


def recipe(kind: str, folders: Mapping[str, Path], *, words: bool) -> str:
    """A hash of all that decides what `Adapter.read` says: the weights, and the code that serves them."""
    digest = hashlib.sha256(f"{kind} {words}".encode())
    code = Path(__file__).parents[2] / "lambdas" / "content" / kind
    for path in sorted(code.glob("*.py")):
        digest.update(path.read_bytes())
    for name in sorted(folders):
        digest.update((folders[name] / "made.json").read_bytes())
    return digest.hexdigest()[:16]


def open_adapter(
    kind: str, folders: Mapping[str, Path], settings: Mapping[str, Any], *, words: bool
) -> Adapter:
    """The models of `kind`, as the manifest's `settings` of it say; with `words` what is written or said is
    found too."""
    if kind == "image":
        from lambdas.content.image.model import ImageModel

        return _Eyes(ImageModel(folders, settings), words)
    from lambdas.content.audio.model import AudioModel

    return _Ears(AudioModel(folders, settings, threads=2), words)


def image_flaw(path: Path) -> str | None:
    """Why the image cannot be read, None when it can."""
    return _flaw("image", path, path.stat().st_mtime_ns)


def audio_flaw(path: Path) -> str | None:
    """Why the sound cannot be read, None when it can."""
    return _flaw("audio", path, path.stat().st_mtime_ns)


@lru_cache(maxsize=200_000)  # validating and cleaning ask the same
def _flaw(kind: str, path: Path, changed: int) -> str | None:
    try:
        _decode(kind, path.read_bytes())
    except (Refused, Unreadable) as error:
        return error.detail
    return None


def _decode(kind: str, data: bytes) -> Any:
    if kind == "image":
        from lambdas.content.image.decode import decode as image

        return image(data)
    from lambdas.content.audio.decode import decode as sound

    return sound(data)


class _Eyes:
    def __init__(self, model: ImageModel, words: bool) -> None:
        self.model, self.words = model, words

    def read(self, data: bytes) -> Record:
        picture = _decode("image", data)
        looked = self.model.look(picture)
        text = self.model.read_text(picture)[:MOST_READ] if self.words else ""
        return Record.of(looked.signals, looked.features, text)


class _Ears:
    def __init__(self, model: AudioModel, words: bool) -> None:
        self.model, self.words = model, words

    def read(self, data: bytes) -> Record:
        sound = _decode("audio", data)
        heard = self.model.listen(sound)
        text = ""
        if self.words and heard.speech:
            said = self.model.transcribe(sound, heard.speech)
            text = " ".join(part.text for part in said.segments if part.text)
        return Record.of(heard.signals, heard.features, text)

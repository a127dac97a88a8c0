"""Which networks look, listen and read beside what is trained here: packaged ones, or models of the hub."""

from __future__ import annotations

import hashlib
import shutil
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from lambdas.content.text.toxic import LABELS
from model_build.content.parameters import HUB, Networks
from model_build.content.pretrained import home_of, locked, packaged
from model_build.encoders.errors import EncoderUnsupported
from model_build.hub.folder import BINS, WANTED, locate
from model_build.hub.load import Kind, load
from model_build.pretrained.base import DONE, About, Pretrained

PACKAGED: Final[dict[str, tuple[str, ...]]] = {
    "image": ("nsfwjs", "opennsfw", "lite0", "ocr"),
    "audio": ("whisper", "vad", "sound"),
}
"""The packaged models that each kind of media is looked at with; lambdas/content/model.py fetches these."""
ASSETS: Final = {"image": "hub-image", "audio": "hub-sound", "text": "hub-text"}
"""What the weights of a model of the hub are called among the assets, which the same file fetches too."""
KINDS: Final[dict[str, Kind]] = {"image": "image", "audio": "sound", "text": "text"}
SAME: Final[dict[str, tuple[str, ...]]] = {
    "toxic": ("toxic", "toxicity"),
    "severe_toxic": ("severe_toxic", "severe_toxicity"),
    "obscene": ("obscene", "obscenity"),
    "threat": ("threat", "threatening"),
    "insult": ("insult", "insulting"),
    "identity_hate": ("identity_hate", "identity_attack", "hate"),
}
"""What classifiers call each of LABELS."""
DOES: Final = {
    "image": "an encoder of images",
    "audio": "an encoder of sounds",
    "text": "a classifier of texts",
}


class Weights(NamedTuple):
    """The weights for a kind of media by the name of their asset, and the settings that name the encoder."""

    models: dict[str, Pretrained]
    settings: dict[str, Any]

    @property
    def folders(self) -> dict[str, Path]:
        """Where each is."""
        return {name: model.folder for name, model in self.models.items()}


class Hub(NamedTuple):
    """A model of the hub, made into ONNX, and how it is fed."""

    model: Pretrained
    settings: dict[str, Any]


class _Made(msgspec.Struct):
    about: About
    files: list[str]
    settings: dict[str, Any]


def weights_of(kind: str, networks: Networks, build: Path) -> Weights:
    """What looks at images, or listens to sounds. Raises PretrainedError, EncoderError."""
    chosen = networks.image_encoder if kind == "image" else networks.audio_encoder
    own = chosen.startswith(HUB)
    # An embedding of sounds is all that the packaged `sound` gives; `lite0` tells weapons too.
    names = [name for name in PACKAGED[kind] if not (own and name == "sound")]
    models = {name: packaged(name, build) for name in names}
    if not own:
        return Weights(models, {"encoder": {"kind": "lite0"}} if kind == "image" else {"encoder": None})
    hub = hub_model(kind, chosen, build)
    settings = {"encoder": {**hub.settings, "folder": ASSETS[kind]}}
    return Weights({**models, ASSETS[kind]: hub.model}, settings)


def classifier_of(networks: Networks, build: Path) -> Hub | None:
    """The text classifier that stands in the place of the packaged one, with what
    `manifest.settings["classifier"]` says of it; None for the packaged one. Raises EncoderError."""
    if not networks.text_classifier.startswith(HUB):
        return None
    hub = hub_model("text", networks.text_classifier, build)
    labels = hub.settings["labels"]
    reads = reads_of(labels)
    if not reads:
        raise EncoderUnsupported(
            f"{networks.text_classifier} tells {', '.join(labels)}: none of them is called like one of "
            f"{', '.join(LABELS)}"
        )
    tokeniser = {key: hub.settings[key] for key in ("name", "kind", "file", "max_tokens", "pad")}
    settings = {
        "name": hub.settings["name"],
        "folder": ASSETS["text"],
        "file": next(name for name in hub.model.files if name.endswith(".onnx")),
        "tokeniser": tokeniser,
        "labels": labels,
        "reads": reads,
        "many": hub.settings["many"],
        "languages": list(networks.text_classifier_languages),
    }
    return Hub(hub.model, settings)


def reads_of(labels: list[str]) -> dict[str, int]:
    """Which of a classifier's `labels` each of LABELS is, by place; without those that it does not have.

    Of one that tells two apart, such as toxic and neutral, or hate and not hate, the bad one is `toxic`.
    """
    plain = [label.strip().casefold().replace(" ", "_").replace("-", "_") for label in labels]
    found = {
        label: next(place for place, name in enumerate(plain) if name in names)
        for label, names in SAME.items()
        if set(names) & set(plain)
    }
    if len(plain) == 2 and len(found) == 1:
        return {"toxic": next(iter(found.values()))}
    return found


def hub_model(kind: str, name: str, build: Path) -> Hub:
    """The model `name` (hf:<model>) of the hub or of a local folder, exported once a machine.

    Raises EncoderError.
    """
    home = home_of(build)
    with locked(home):
        return _hub_model(kind, name.removeprefix(HUB), home)


@lru_cache(maxsize=8)  # its files are hashed to know it again
def _hub_model(kind: str, model: str, home: Path) -> Hub:
    folder = home / f"{ASSETS[kind]}-{_recipe(kind, locate(model, bins=True).folder)}"
    known = _known(folder)
    if known is not None:
        return known
    landing = home / f".{folder.name}.part"
    shutil.rmtree(landing, ignore_errors=True)
    landing.mkdir(parents=True)
    made = load(KINDS[kind], model, landing)
    about = About(made.name, made.name, made.version, made.licence, DOES[kind])
    done = _Made(about, sorted(made.files), made.settings)
    (landing / DONE).write_bytes(msgspec.json.encode(done, order="deterministic"))
    shutil.rmtree(folder, ignore_errors=True)
    landing.rename(folder)
    return _hub(done, folder)


def _recipe(kind: str, folder: Path) -> str:
    """A hash of the model's files, and of the code that exports them."""
    digest = hashlib.sha256(kind.encode())
    code = sorted((Path(__file__).parents[1] / "hub").glob("*.py"))
    for path in [*code, *sorted({path for pattern in (*WANTED, *BINS) for path in folder.glob(pattern)})]:
        digest.update(path.name.encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def _known(folder: Path) -> Hub | None:
    try:
        done = msgspec.json.decode((folder / DONE).read_bytes(), type=_Made)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return _hub(done, folder) if all((folder / file).is_file() for file in done.files) else None


def _hub(done: _Made, folder: Path) -> Hub:
    return Hub(Pretrained(done.about, folder, {file: folder / file for file in done.files}), done.settings)

"""The model bundle: what training hands to serving, and the check that nobody changed it on the way.

A bundle is a folder: ``manifest.json``, ``model.onnx``, ``reference.json``, ``card.md`` and whatever
else the service needs (a tokeniser, say). The manifest lists every other file with its sha256;
``rollout.json`` holds the sha256 of the manifest. So one trusted file vouches for the whole folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec

from lambdas.core.errors import BundleError

FORMAT = 1
MANIFEST = "manifest.json"
MODEL = "model.onnx"
CARD = "card.md"
REFERENCE = "reference.json"
UNSERVED = frozenset({CARD, REFERENCE})
"""What people and the drift job read: a function that decides neither fetches nor checks it."""
TIMINGS = "timings"
"""The key of `metrics` whose values may differ between two runs of the same training."""
UNHASHED = ("version", "created_at", "bundle_hash", "git_commit")


class FileEntry(msgspec.Struct, frozen=True):
    """One file of the bundle."""

    sha256: str
    bytes: int


class Conformal(msgspec.Struct, frozen=True):
    """Split-conformal prediction: the set of every class with probability >= `threshold`."""

    coverage: float
    threshold: float


class Head(msgspec.Struct, frozen=True):
    """One output of the model: a probability for each of `classes`, already calibrated in the graph.

    `output` is the name of the ONNX output, shape [rows, len(classes)]. `thresholds` maps a
    predicted class to the confidence from which it is acted on without a person.
    """

    name: str
    output: str
    classes: list[str]
    thresholds: dict[str, float]
    conformal: Conformal | None = None


class TrainingData(msgspec.Struct, frozen=True):
    """Where the model came from: enough to find, and to recognise, the data again.

    `base` is there for a retraining only: the file that people's verdicts stand beside in `source`. It stays
    the same from one retraining to the next.
    """

    source: str
    sha256: str
    rows: int
    synthetic: bool = False
    base: TrainingData | msgspec.UnsetType = msgspec.UNSET


class Manifest(msgspec.Struct, frozen=True):
    """Everything serving needs to know about a bundle; see docs/contracts.md."""

    format: int
    service: str
    version: str
    created_at: str
    bundle_hash: str
    git_commit: str
    seed: int
    training_data: TrainingData
    heads: list[Head]
    features: list[str]
    settings: dict[str, Any]
    metrics: dict[str, Any]
    files: dict[str, FileEntry]

    def head(self, name: str) -> Head:
        """The head called `name`; raises BundleError when the bundle has none."""
        for head in self.heads:
            if head.name == name:
                return head
        raise BundleError(f"bundle {self.version} has no head '{name}'")


def sha256_of(path: Path) -> str:
    """The hex sha256 of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def decode_manifest(data: bytes, service: str) -> Manifest:
    """`data` as a Manifest of `service`; raises BundleError saying what is wrong with it."""
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BundleError(f"the manifest cannot be read: {error}") from error
    if manifest.format != FORMAT:
        raise BundleError(f"the manifest has format {manifest.format}, this code reads {FORMAT}")
    if manifest.service != service:
        raise BundleError(f"the bundle is for service '{manifest.service}', not '{service}'")
    if not manifest.heads or MODEL not in manifest.files:
        raise BundleError(f"bundle {manifest.version} has no head or lists no {MODEL}")
    for name in manifest.files:
        if "/" in name or "\\" in name or name in {"", ".", "..", MANIFEST}:
            raise BundleError(f"bundle {manifest.version} lists a file outside its folder: '{name}'")
    return manifest


def bundle_hash(manifest: Manifest) -> str:
    """What two trainings of the same data, parameters and seed have in common; see docs/contracts.md."""
    files = {name: entry.sha256 for name, entry in manifest.files.items() if name != CARD}
    said = msgspec.to_builtins(manifest)
    said["files"] = files
    said["metrics"] = {name: value for name, value in manifest.metrics.items() if name != TIMINGS}
    for name in UNHASHED:
        del said[name]
    return hashlib.sha256(msgspec.json.encode(said, order="deterministic")).hexdigest()


def served(manifest: Manifest) -> list[str]:
    """The names of the files that a function which decides needs, the graph first."""
    return sorted(manifest.files.keys() - UNSERVED, key=lambda name: (name != MODEL, name))


def verify_files(folder: Path, manifest: Manifest, names: Collection[str] | None = None) -> None:
    """Raise BundleError unless every listed file, or each of `names`, is there with its size and sha256."""
    for name in manifest.files if names is None else names:
        path = folder / name
        if not path.is_file():
            raise BundleError(f"bundle {manifest.version}: {name} is missing")
        check_file(manifest, name, path.stat().st_size, sha256_of(path))


def check_file(manifest: Manifest, name: str, size: int, sha256: str) -> None:
    """Raise BundleError unless the file `name` of `size` bytes with this sha256 is the one that is listed."""
    entry = manifest.files[name]
    if size != entry.bytes:
        raise BundleError(
            f"bundle {manifest.version}: {name} has {size} bytes, the manifest says {entry.bytes}"
        )
    if sha256 != entry.sha256:
        raise BundleError(f"bundle {manifest.version}: {name} does not match its sha256")

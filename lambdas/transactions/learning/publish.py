"""The champion's bundle, and a new bundle that differs from it in the meta-model alone."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from lambdas.core.bundle import CARD, MANIFEST, MODEL, FileEntry, Manifest, bundle_hash, decode_manifest
from lambdas.core.errors import BundleError, NotFound, PreconditionFailed
from lambdas.core.variant import ROLLOUT, BundleRef, Rollout, decode_rollout
from lambdas.transactions.learning.holdout import Comparison
from lambdas.transactions.learning.meta import Meta
from lambdas.transactions.learning.onnx_floats import floats, with_floats
from lambdas.transactions.learning.state import Objects

SERVICE: Final = "transactions"
HOLDOUT: Final = "holdout.json"
WEIGHTS, BIAS = "meta_weights", "meta_bias"
LEARNED: Final = "learned"
SCORES: Final = 4


class Live(NamedTuple):
    """What rollout.json says, and its ETag."""

    rollout: Rollout
    etag: str


def read_live(objects: Objects) -> Live:
    """rollout.json as it stands. Raises NotFound when nothing is live, BundleError, DependencyDown."""
    found = objects.get(f"{SERVICE}/{ROLLOUT}")
    if found is None:
        raise NotFound(f"{SERVICE}/{ROLLOUT} is not there")
    return Live(decode_rollout(found.body, SERVICE), found.etag)


class Champion:
    """The bundle that rollout.json names, each file checked against the sha256 that vouches for it."""

    def __init__(self, objects: Objects, live: Live) -> None:
        """Raises NotFound for a bundle that is gone, BundleError for a damaged one, DependencyDown."""
        self._objects = objects
        self.rollout, self.etag = live
        self.version = self.rollout.champion.version
        raw = self._read(MANIFEST, self.rollout.champion.manifest_sha256)
        self.manifest: Manifest = decode_manifest(raw, SERVICE)
        self.model = self.file(MODEL)
        weights, bias = floats(self.model, WEIGHTS), floats(self.model, BIAS)
        if (len(weights), len(bias)) != (SCORES, 1):
            raise BundleError(f"bundle {self.version} has a meta-model of another form")
        self.meta = Meta(weights.astype("f8"), float(bias[0]))

    @property
    def base(self) -> str:
        """The version whose models these are: this one, or the one that it learned from."""
        return base_of(self.manifest)

    def file(self, name: str) -> bytes:
        """A file of the bundle. Raises BundleError when it is not listed or not what was listed."""
        if name not in self.manifest.files:
            raise BundleError(f"bundle {self.version} has no {name}")
        return self._read(name, self.manifest.files[name].sha256)

    def _read(self, name: str, sha256: str) -> bytes:
        found = self._objects.get(f"{SERVICE}/bundles/{self.version}/{name}")
        if found is None or hashlib.sha256(found.body).hexdigest() != sha256:
            raise BundleError(f"bundle {self.version}: {name} does not match its sha256")
        return found.body

    def publish(self, candidate: Meta, comparison: Comparison, labels: int, now: datetime) -> str | None:
        """Write the candidate's bundle, name it as the challenger with share 0, and return its version.

        None when rollout.json has changed meanwhile: then nothing names the bundle. Raises DependencyDown.
        """
        model = with_floats(with_floats(self.model, WEIGHTS, candidate.weights), BIAS, [candidate.bias])
        files = {name: self.file(name) for name in self.manifest.files if name not in {MODEL, CARD}}
        files[MODEL] = model
        manifest = self._manifest(files, comparison, labels, now)
        files[CARD] = self.file(CARD) + _section(self.version, manifest, comparison, labels).encode()
        entries = {name: _entry(body) for name, body in sorted(files.items())}
        raw = msgspec.json.encode(msgspec.structs.replace(manifest, files=entries))
        prefix = f"{SERVICE}/bundles/{manifest.version}"
        for name, body in files.items():
            self._objects.put(f"{prefix}/{name}", body)
        self._objects.put(f"{prefix}/{MANIFEST}", raw)
        named = BundleRef(manifest.version, hashlib.sha256(raw).hexdigest())
        rollout = msgspec.structs.replace(self.rollout, challenger=named, share=0.0, shadow=False)
        try:
            self._objects.put(f"{SERVICE}/{ROLLOUT}", msgspec.json.encode(rollout), if_etag=self.etag)
        except PreconditionFailed:
            return None
        return manifest.version

    def _manifest(
        self, files: dict[str, bytes], comparison: Comparison, labels: int, now: datetime
    ) -> Manifest:
        learned = {"base": self.base, "from": self.version, "labels": labels}
        unnamed = msgspec.structs.replace(
            self.manifest,
            files={name: _entry(body) for name, body in sorted(files.items())},
            settings={**self.manifest.settings, LEARNED: learned},
            metrics={**self.manifest.metrics, LEARNED: msgspec.to_builtins(comparison)},
        )
        digest = bundle_hash(unnamed)
        moment = now.replace(microsecond=0)
        return msgspec.structs.replace(
            unnamed,
            version=f"{moment:%Y%m%dT%H%M%SZ}-{digest[:8]}",
            created_at=f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            bundle_hash=digest,
        )


def base_of(manifest: Manifest) -> str:
    """The version that was trained whole: this one, or the one whose meta-model learning has changed."""
    learned = manifest.settings.get(LEARNED)
    return str(learned["base"]) if isinstance(learned, dict) and "base" in learned else manifest.version


def _entry(body: bytes) -> FileEntry:
    return FileEntry(hashlib.sha256(body).hexdigest(), len(body))


def _section(champion: str, manifest: Manifest, comparison: Comparison, labels: int) -> str:
    """What the model card says of the update."""
    return (
        f"\n\n## Learned from labels\n\nVersion {manifest.version} is {champion} with the meta-model moved "
        f"by {labels} labels; the four models are the same, and all figures above are those of before.\n\n"
        f"| on the frozen holdout ({comparison.rows:,} rows, {comparison.frauds:,} frauds) "
        "| champion | this version |\n|---|---|---|\n"
        f"| average precision | {comparison.champion_precision:.4f} "
        f"| {comparison.candidate_precision:.4f} |\n"
        f"| log-loss | {comparison.champion_loss:.5f} | {comparison.candidate_loss:.5f} |\n"
    )

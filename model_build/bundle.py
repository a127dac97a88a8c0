"""Writing a bundle, whole or not at all, and finding those that are there."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from lambdas.core.bundle import (
    CARD,
    FORMAT,
    MANIFEST,
    FileEntry,
    Head,
    Manifest,
    TrainingData,
    bundle_hash,
    decode_manifest,
    sha256_of,
    verify_files,
)
from lambdas.core.errors import BundleError


@dataclass(frozen=True)
class Draft:
    """A bundle to be written: everything but its version. `files` are by their name in the bundle."""

    service: str
    seed: int
    training_data: TrainingData
    heads: list[Head]
    features: list[str]
    settings: dict[str, Any]
    metrics: dict[str, Any]
    files: Mapping[str, Path]


WriteCard = Callable[[Path, Manifest], None]
"""Writes card.md at the path, for the manifest as far as it is known."""


def write_bundle(
    bundles: Path, draft: Draft, write_card: WriteCard, *, now: datetime | None = None
) -> Manifest:
    """Write `draft` as `bundles`/<version> and return its manifest.

    The folder appears under its name only when it is complete.
    """
    moment = (now or datetime.now(UTC)).replace(microsecond=0)
    landing = bundles.parent / "bundle.part"
    shutil.rmtree(landing, ignore_errors=True)
    landing.mkdir(parents=True)
    for name, path in draft.files.items():
        shutil.copyfile(path, landing / name)
    files = {name: _entry(landing / name) for name in sorted(draft.files)}
    unnamed = Manifest(
        format=FORMAT,
        service=draft.service,
        version="",
        created_at=f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        bundle_hash="",
        git_commit=_git_commit(),
        seed=draft.seed,
        training_data=draft.training_data,
        heads=draft.heads,
        features=draft.features,
        settings=draft.settings,
        metrics=draft.metrics,
        files=files,
    )
    digest = bundle_hash(unnamed)
    named = msgspec.structs.replace(
        unnamed, version=f"{moment:%Y%m%dT%H%M%SZ}-{digest[:8]}", bundle_hash=digest
    )
    write_card(landing / CARD, named)
    manifest = msgspec.structs.replace(named, files={**files, CARD: _entry(landing / CARD)})
    (landing / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    target = bundles / manifest.version
    shutil.rmtree(target, ignore_errors=True)
    bundles.mkdir(parents=True, exist_ok=True)
    landing.rename(target)
    return manifest


def read_bundle(folder: Path, service: str) -> Manifest:
    """The manifest of the intact bundle in `folder`; raises BundleError."""
    try:
        raw = (folder / MANIFEST).read_bytes()
    except FileNotFoundError as error:
        raise BundleError(f"{folder} is not a bundle: it has no {MANIFEST}") from error
    manifest = decode_manifest(raw, service)
    verify_files(folder, manifest)
    return manifest


def built_bundles(bundles: Path, service: str) -> list[Manifest]:
    """The manifests of the bundles in `bundles`, oldest first; what cannot be read is passed over."""
    found = []
    for path in sorted(bundles.glob(f"*/{MANIFEST}")):
        try:
            found.append(decode_manifest(path.read_bytes(), service))
        except BundleError:
            continue
    return sorted(found, key=lambda manifest: (manifest.created_at, manifest.version))


def find_bundle(bundles: Path, service: str, version: str | None = None) -> Path:
    """The folder of the newest bundle, or of the one called `version` (its beginning is enough).

    Raises BundleError saying how to get one.
    """
    known = built_bundles(bundles, service)
    if not known:
        raise BundleError(f"there is no bundle in {bundles}: make train SERVICE={service}")
    if version is None:
        return bundles / known[-1].version
    matching = [manifest.version for manifest in known if manifest.version.startswith(version)]
    if len(matching) != 1:
        many = f"{len(matching)} bundles start with" if matching else "there is no bundle"
        listed = ", ".join(manifest.version for manifest in known[-5:])
        raise BundleError(f"{many} '{version}' in {bundles}: it has {listed}")
    return bundles / matching[0]


def _entry(path: Path) -> FileEntry:
    return FileEntry(sha256_of(path), path.stat().st_size)


def _git_commit() -> str:
    """The commit of this checkout, with "-dirty" when tracked files differ from it; "none" without git."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--match="],
            capture_output=True,
            text=True,
            check=False,
            cwd=Path(__file__).parent,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "none"
    return done.stdout.strip() if done.returncode == 0 else "none"

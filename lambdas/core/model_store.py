"""From the cache folder into memory: the bundles that rollout.json names, kept fresh between requests."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from lambdas.core.bundle import Manifest
from lambdas.core.bundle_cache import BundleCache
from lambdas.core.errors import BundleError, DependencyDown, NotFound, TriageError
from lambdas.core.variant import BundleRef, Rollout, Variant, assign, decode_rollout, is_compared

M = TypeVar("M")

DAMAGED_REST = 60.0
"""Seconds until a damaged bundle is downloaded again: a big one would slow each refresh otherwise."""


class Loaded(NamedTuple, Generic[M]):
    """A bundle in memory."""

    manifest: Manifest
    model: M


class Picked(NamedTuple, Generic[M]):
    """The bundle that answers for one entity, and as which variant."""

    variant: Variant
    manifest: Manifest
    model: M


class Route(NamedTuple, Generic[M]):
    """How a decision is made: `assigned` is the variant that its entity falls to, `version` its bundle.

    `answers` is the bundle that answers: the champion's when the challenger's could not be loaded, None for
    no model at all. `spare` is who answers when that one fails. `other` is the bundle that is run as well,
    None where the one of `other_version` could not be loaded; without `other_version` none is.
    """

    assigned: Variant = "champion"
    version: str | None = None
    answers: Picked[M] | None = None
    spare: Picked[M] | None = None
    other: Picked[M] | None = None
    other_version: str | None = None


class _Live(Generic[M]):
    """A rollout with its bundles in memory; it never changes, another takes its place."""

    def __init__(self, rollout: Rollout, loaded: dict[str, Loaded[M]]) -> None:
        self.rollout = rollout
        self.loaded = loaded
        champion = self._picked("champion", rollout.champion)
        challenger = self._picked("challenger", rollout.challenger) if rollout.challenger else None
        aim = rollout.challenger.version if rollout.challenger else None
        first = rollout.champion.version
        stays: Route[M] = Route("champion", first, champion)
        moves: Route[M] = Route("challenger", aim, challenger or champion, champion if challenger else None)
        # By whether the entity falls to the challenger, and whether both are run.
        self.routes: dict[tuple[bool, bool], Route[M]] = {
            (False, False): stays,
            (False, True): stays._replace(other=challenger, other_version=aim),
            (True, False): moves,
            # A challenger that is not there is no comparison: it shows in who answered in its place.
            (True, True): moves._replace(other=champion, other_version=first) if challenger else moves,
        }

    def _picked(self, variant: Variant, ref: BundleRef) -> Picked[M] | None:
        loaded = self.loaded.get(ref.version)
        return Picked(variant, loaded.manifest, loaded.model) if loaded else None


class ModelStore(Generic[M]):
    """The live bundles of one service.

    Only what BundleCache found intact is opened. A bundle that fails leaves the running one in place and
    is told to `on_failure`. While S3 does not answer, what is in memory goes on answering.
    """

    def __init__(
        self,
        bundles: BundleCache,
        *,
        open_model: Callable[[Path, Manifest], M],
        on_failure: Callable[[TriageError], None],
        refresh_seconds: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bundles = bundles
        self._open = open_model
        self._on_failure = on_failure
        self._refresh_seconds = refresh_seconds
        self._clock = clock
        self._next_look: float | None = None
        self._etag: str | None = None
        self._live: _Live[M] | None = None
        self._rest_until: dict[str, float] = {}
        self._former: Loaded[M] | None = None

    def refresh(self) -> None:
        """Look at rollout.json again when it is time to. Never raises: failures go to `on_failure`."""
        now = self._clock()
        if self._next_look is not None and now < self._next_look:
            return
        self._next_look = now + self._refresh_seconds
        try:
            found = self._bundles.rollout(self._etag)
            if found is not None:
                complete = self._adopt(decode_rollout(found.body, self._bundles.service))
                self._etag = found.etag if complete else None
        except (BundleError, DependencyDown, NotFound) as error:
            self._on_failure(error)

    def pick(self, entity: str) -> Picked[M] | None:
        """The bundle that answers for `entity`, or None when no champion could ever be loaded."""
        return self.route(entity, "").answers

    def route(self, entity: str, decision_id: str) -> Route[M]:
        """How the decision about `entity` is made."""
        live = self._live
        if live is None:
            return Route()
        moves = assign(live.rollout, entity) == "challenger"
        return live.routes[moves, is_compared(live.rollout, decision_id)]

    @property
    def trying(self) -> bool:
        """Whether a challenger answers for some, or is run beside the champion."""
        return self._live is not None and max(self._live.rollout.share, self._live.rollout.compared) > 0.0

    def champion(self) -> Loaded[M] | None:
        """The champion, or None when none could ever be loaded."""
        return self._live.loaded.get(self._live.rollout.champion.version) if self._live else None

    def version(self, version: str) -> Loaded[M]:
        """The bundle of `version`, live or not, from the bucket when need be; the last such one is kept.

        Raises NotFound when it is not in the bucket, BundleError, DependencyDown.
        """
        for known in (self._loaded.get(version), self._former):
            if known is not None and known.manifest.version == version:
                return known
        self._former = self._load(self._bundles.reference(version))
        return self._former

    def _adopt(self, rollout: Rollout) -> bool:
        """Make `rollout` the live one; True when all of it is loaded.

        Its champion must load; a challenger that does not is left out, and tried again later.
        """
        wanted = {rollout.champion.version: self._load(rollout.champion)}
        complete = True
        if rollout.challenger is not None:
            try:
                wanted[rollout.challenger.version] = self._load(rollout.challenger)
            except (BundleError, DependencyDown, NotFound) as error:
                self._on_failure(error)
                complete = False
        self._live = _Live(rollout, wanted)
        self._bundles.forget_others(wanted)
        return complete

    @property
    def _loaded(self) -> dict[str, Loaded[M]]:
        return self._live.loaded if self._live else {}

    def _load(self, ref: BundleRef) -> Loaded[M]:
        if ref.version in self._loaded:
            return self._loaded[ref.version]
        if self._clock() < self._rest_until.get(ref.manifest_sha256, 0.0):
            raise BundleError(f"bundle {ref.version} was found damaged and is left alone for a while")
        try:
            return self._load_now(ref)
        except BundleError:
            self._rest_until = {ref.manifest_sha256: self._clock() + DAMAGED_REST}
            raise

    def _load_now(self, ref: BundleRef) -> Loaded[M]:
        folder, manifest = self._bundles.folder(ref, self._loaded)
        return Loaded(manifest, self._open(folder, manifest))
